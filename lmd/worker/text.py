"""Tokens to text: whole characters only, and nothing that may become a stop string. Pure."""

import codecs


class Characters:
    """Joins the bytes of tokens into whole characters.

    An incomplete character is held back until its last byte arrives; bytes that can never become
    one turn into U+FFFD as soon as that is certain.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def continues(self, piece: bytes) -> bool:
        """Whether these bytes, too, are UTF-8 so far. Changes nothing."""
        begun, _ = self._decoder.getstate()
        data = begun + piece
        try:
            _, used = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            return False
        # Python waits for the third byte of an encoded surrogate before it says no.
        return not (data[used : used + 1] == b"\xed" and data[used + 1 : used + 2] >= b"\xa0")

    def push(self, piece: bytes) -> str:
        """Add the bytes of a token; return the characters that are now whole."""
        return self._decoder.decode(piece)

    def finish(self) -> str:
        """The end: what is left incomplete becomes U+FFFD."""
        return self._decoder.decode(b"", final=True)


class StopFilter:
    """Passes text on until a stop string appears; holds back what may be the start of one.

    The text before the stop string that ends first is passed on, the stop string and what
    follows are dropped; of two that end together the longer one counts.
    """

    def __init__(self, stops: list[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """Add text; return what is certain not to belong to a stop string."""
        if self.stopped:
            return ""
        if not self._stops:
            return text
        self._held += text
        end = self._find_stop()
        if end is not None:
            passed, self._held, self.stopped = self._held[:end], "", True
            return passed
        keep = self._longest_beginning()
        passed = self._held[: len(self._held) - keep]
        self._held = self._held[len(passed) :]
        return passed

    def finish(self) -> str:
        """The end: what was held back was no stop string."""
        held, self._held = self._held, ""
        return held

    def _find_stop(self) -> int | None:
        """Where the text ends that comes before the stop string that is complete first."""
        hits = [
            (start + len(stop), start)
            for stop in self._stops
            if (start := self._held.find(stop)) >= 0
        ]
        return min(hits)[1] if hits else None

    def _longest_beginning(self) -> int:
        """How many characters at the end are the beginning of some stop string."""
        held = self._held
        longest = max(len(stop) for stop in self._stops) - 1
        for size in range(min(longest, len(held)), 0, -1):
            tail = held[-size:]
            if any(stop.startswith(tail) for stop in self._stops):
                return size
        return 0
