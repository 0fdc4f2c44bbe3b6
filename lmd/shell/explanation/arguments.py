"""The arguments of one program, flag by flag. Pure."""

from collections.abc import Iterator, Sequence

from lmd.shell.explanation.builtins import SHELLS
from lmd.shell.explanation.operands import operand_meaning, signal_meaning
from lmd.shell.explanation.part import Part
from lmd.shell.explanation.reference import KnownFlag, Reference
from lmd.shell.language import Word
from lmd.shell.language.wrappers import RUNNING_PRIMARIES

MOST_LETTERS = 32
_LONGEST_NAME = 40
_LETTERED = {"ps": False, "tar": True, "ar": True, "unrar": True, "7z": True}
"""Programs that take letters without a dash; True: in the first argument alone."""
_RUNNERS = {
    "bash": 1, "sh": 1, "dash": 1, "zsh": 1, "fish": 1, "python": 1, "python3": 1, "perl": 1,
    "ruby": 1, "node": 1, "lua": 1, "php": 1, "java": 1, "ssh": 2, "npx": 1, "su": 1,
    "docker run": 1, "docker exec": 1, "podman run": 1, "podman exec": 1, "go run": 1,
}  # fmt: skip
"""After so many arguments, everything belongs to what they run: ``python3 SCRIPT --flag``."""
_RUNNING_FLAGS = dict.fromkeys(("python", "python3"), frozenset(("-m", "-c")))
"""Flags whose value is what is run, so that everything behind it belongs to that."""
_TURNING_OFF = frozenset(("set", "declare", "typeset", "local", *SHELLS))
"""Programs for which ``+x`` takes back ``-x``."""


class ArgumentReader:
    """Reads the words behind a program's name."""

    def __init__(self, line: str, words: Sequence[Word], reference: Reference) -> None:
        self._line = line
        self._words = words
        self._reference = reference
        self._at = 0
        self._runs = RUNNING_PRIMARIES.get(reference.program, frozenset())
        self.operands: list[Word] = []
        """Words that are neither flags nor values of flags, so far."""

    def read(self) -> Iterator[Part]:
        """The parts of all words, in order; operands of which nothing is known have none."""
        while self._at < len(self._words):
            word = self._words[self._at]
            self._at += 1
            if len(self.operands) >= _RUNNERS.get(self._reference.program, len(self._words)):
                yield from self._foreign(word)
            elif word.text == "--":
                yield self._part(word, "ends the flags: what follows are arguments", "shell")
                self._at = len(self._words)
            elif self._is_lettered(word):
                yield from self._letters(word, word.text, 0)
            elif self._is_flag(word.text):
                yield from self._flag(word)
            else:
                yield from self._operand(word)

    def _is_flag(self, text: str) -> bool:
        """``+x`` is one only where the program is known to have it."""
        if len(text) < 2 or text[0] not in "-+":
            return False
        return text[0] == "-" or self._reference.flag(text) is not None or self._takes_back(text)

    def _takes_back(self, text: str) -> bool:
        name = f"-{text[1:]}"
        return self._reference.program in _TURNING_OFF and self._reference.flag(name) is not None

    def _foreign(self, word: Word) -> Iterator[Part]:
        if word.text[:1] == "-" and len(word.text) > 1:
            runs = self.operands[-1].text
            named = runs if len(runs) <= _LONGEST_NAME and runs.isprintable() else "what is run"
            yield self._part(word, f"is handed to {named}", "shell")

    def _flag(self, word: Word) -> Iterator[Part]:
        text, reference = word.text, self._reference
        meaning = signal_meaning(reference.program, text) or (
            operand_meaning(reference.program, text) if reference.flag(text) is None else None
        )
        if meaning is not None:
            yield self._part(word, meaning, "shell")
            return
        name, equals, _ = text.partition("=")
        known = reference.flag(text)
        if known is None and text.startswith("--"):
            known = reference.long_flag(name)
        elif known is None and equals:
            known = reference.flag(name)
        if known is not None:
            yield self._known(word, known, is_complete=bool(equals))
        elif text[0] == "+" and (taken := reference.flag(f"-{text[1:]}")) is not None:
            yield self._part(word, f"turns off: {reference.meaning(taken)}", taken.source)
        elif text.startswith("--"):
            yield self._part(word, reference.unknown, "")
        elif (joined := reference.joined_flag(text)) is not None:
            yield self._known(word, joined, is_complete=True)
        else:
            yield from self._letters(word, text[1:], 1)

    def _letters(self, word: Word, letters: str, offset: int) -> Iterator[Part]:
        """Short flags in one word; the value of one may be the rest of it."""
        known = [self._letter(letter, offset) for letter in letters[:MOST_LETTERS]]
        if not any(known) or len(letters) > MOST_LETTERS:
            yield self._part(word, self._reference.unknown, "")
            return
        is_exact = word.raw == word.text
        for index, flag in enumerate(known):
            start = word.start + offset + index
            end = start + 1
            if flag is None:
                span = (start, end) if is_exact else (word.start, word.end)
                yield self._span(*span, f"-{letters[index]}: {self._reference.unknown}", "")
                continue
            is_last = index == len(letters) - 1
            takes_rest = not is_last and bool(offset) and flag.takes_attached
            if takes_rest:
                end = word.end
            elif flag.takes_next and is_last:
                end = self._value_end(end)
            elif flag.takes_next and not offset:
                self._value_end(end)  # the values come in the order of the letters
            start = word.start if index == 0 else start
            span = (start, end) if is_exact else (word.start, max(end, word.end))
            yield self._span(*span, self._reference.meaning(flag), flag.source)
            if takes_rest:
                return

    def _letter(self, letter: str, offset: int) -> KnownFlag | None:
        """A short flag; where letters stand alone, the one without a dash counts."""
        bare = None if offset else self._reference.flag(letter)
        return bare or self._reference.flag(f"-{letter}")

    def _known(self, word: Word, flag: KnownFlag, *, is_complete: bool) -> Part:
        end = word.end
        if not is_complete and flag.takes_next and flag.name not in self._runs:
            end = self._value_end(end)
            if flag.name in _RUNNING_FLAGS.get(self._reference.program, ()):
                self.operands.append(self._words[self._at - 1])
        return self._span(word.start, end, self._reference.meaning(flag), flag.source)

    def _value_end(self, end: int) -> int:
        """The end of a flag with its value, which is the next word."""
        if self._at < len(self._words):
            end = self._words[self._at].end
            self._at += 1
        return end

    def _operand(self, word: Word) -> Iterator[Part]:
        self.operands.append(word)
        name, equals, _ = word.text.partition("=")
        named = f"{name}=" if equals else "-"
        known = self._reference.flag(named) if equals or word.text == "-" else None
        if known is not None:
            yield self._part(word, self._reference.meaning(known), known.source)
            return
        meaning = operand_meaning(self._reference.program, word.text)
        if meaning is not None:
            yield self._part(word, meaning, "shell")

    def _is_lettered(self, word: Word) -> bool:
        first_only = _LETTERED.get(self._reference.program)
        if first_only is None or not word.text.isalpha() or word.raw != word.text:
            return False
        return not self.operands if not first_only else word is self._words[0]

    def _part(self, word: Word, meaning: str, source: str) -> Part:
        return self._span(word.start, word.end, meaning, source)

    def _span(self, start: int, end: int, meaning: str, source: str) -> Part:
        return Part(self._line[start:end], start, end, meaning, source)
