"""llama.cpp's log: kept for error messages, passed on to stderr."""

import sys
from collections import deque

import llama_cpp.llama_cpp as C

LEVEL_WARN, LEVEL_ERROR = 3, 4
LINE = 500
"""Longest line that is kept, in characters."""


class LlamaError(Exception):
    """llama.cpp refused; the message holds what it logged."""


class Log:
    """Keeps llama.cpp's last complaints, and passes them to stderr, which the daemon reads."""

    def __init__(self) -> None:
        self.complaints: deque[str] = deque(maxlen=8)
        self.sizes: deque[str] = deque(maxlen=64)
        """The last lines that told sizes of buffers."""
        self._callback = C.llama_log_callback(self._receive)
        C.llama_log_set(self._callback, None)

    def _receive(self, level: int, text: bytes, _data: object) -> None:
        if b" size = " in text:
            self.sizes.append(text.decode("utf-8", "replace").strip()[:LINE])
        if level in (LEVEL_WARN, LEVEL_ERROR):
            line = text.decode("utf-8", "replace").strip()[:LINE]
            sys.stderr.write(f"llama.cpp: {line}\n")
            if level == LEVEL_ERROR:
                self.complaints.append(line)

    def take(self) -> str:
        """The errors since the last call."""
        text = "; ".join(self.complaints)
        self.complaints.clear()
        return text


log = Log()
