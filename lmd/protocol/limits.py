"""Declared bounds of the wire; design rule 1: nothing is unbounded."""

PROTOCOL_VERSION = 1

MAX_MESSAGE_BYTES = 1 << 20
"""Largest message a client may send."""
MAX_DEPTH = 64
"""Deepest nesting of arrays and maps in a message."""
MAX_REPLY_BYTES = 8 << 20
"""Largest message the daemon sends (a batch of embeddings)."""
MAX_WORKER_FRAME_BYTES = 16 << 20
"""Largest frame between daemon and worker."""
MAX_SCHEMA_BYTES = 64 << 10
"""Largest JSON schema or grammar in a request."""
MAX_EMBED_INPUTS = 64
MAX_STOP_STRINGS = 16
MAX_SHELL_TEXT = 16 << 10
"""Characters of a request, a command line or an error text for `suggest`, `explain` and `fix`."""
MAX_COMMAND_NAMES = 16 << 10
"""Names of installed commands in a request."""
MAX_CANDIDATES = 10
"""Candidates of `suggest` and `fix`."""
MAX_LISTED_REQUESTS = 100
"""Requests that `status` lists."""
