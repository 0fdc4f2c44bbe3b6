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
