"""`lmctl completion bash|zsh|fish`."""

from lmctl.failures import EXIT_OK
from lmctl.output import STDOUT, write_all
from lmctl.share import read_shared

FILES = {"bash": "lmctl.bash", "zsh": "_lmctl", "fish": "lmctl.fish"}
"""Under the names that each shell's own directories want."""


def print_completion(shell: str) -> int:
    """Print the file that teaches a shell to complete lmctl. Raises Failure."""
    write_all(STDOUT, read_shared(f"shell/completions/{FILES[shell]}"))
    return EXIT_OK
