"""Regular expressions of JSON schemas as grammar expressions for the text of a JSON string. Pure.

A pattern counts as anchored at both ends: what matches it whole also contains a match.
"""

MAX_PATTERN = 1000
MAX_REPEAT = 2000
"""llama.cpp's own limit."""
MAX_NESTING = 16
_TOP = 0x10FFFF
Ranges = list[tuple[int, int]]
DIGIT: Ranges = [(0x30, 0x39)]
WORD: Ranges = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
SPACE: Ranges = [(0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20)]
LINE_ENDS: Ranges = [(0x0A, 0x0A), (0x0D, 0x0D)]
PLAIN: Ranges = [(0x20, 0x21), (0x23, 0x5B), (0x5D, 0xD7FF), (0xE000, _TOP)]
"""What stands unescaped in a JSON string."""
ESCAPED = {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}
"""What is written with a backslash."""
_CLASSES = {"d": DIGIT, "w": WORD, "s": SPACE}
_CONTROLS = {"n": 0x0A, "r": 0x0D, "t": 0x09, "f": 0x0C, "v": 0x0B, "0": 0}


class PatternUnsupported(Exception):
    """The pattern is malformed, or no grammar can express it."""


def pattern_to_grammar(pattern: str) -> str:
    """An expression for the inside of a JSON string. Raises PatternUnsupported."""
    if len(pattern) > MAX_PATTERN:
        raise PatternUnsupported(f"it is longer than {MAX_PATTERN} characters")
    return _Parser(pattern).parse()


def literal(text: str) -> str:
    """A grammar literal that matches the text itself."""
    return '"' + "".join(_quoted(ord(character)) for character in text) + '"'


def _quoted(code: int) -> str:
    if code in (0x22, 0x5C):
        return "\\" + chr(code)
    if code < 0x20:
        return f"\\x{code:02X}"
    return chr(code)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def parse(self) -> str:
        expression = self._alternatives()
        if self._at < len(self._pattern):
            raise PatternUnsupported("a closing parenthesis is too many")
        return expression

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        if self._at >= len(self._pattern):
            raise PatternUnsupported("it ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _alternatives(self) -> str:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise PatternUnsupported("it is nested too deep")
        parts = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._sequence())
        self._depth -= 1
        return " | ".join(parts)

    def _sequence(self) -> str:
        parts: list[str] = []
        while self._peek() not in ("", "|", ")"):
            start = self._at
            if (character := self._next()) in "^$":
                self._check_anchor(character, start)
                continue
            parts.append(self._quantified(self._atom(character)))
        return " ".join(parts) or '""'

    def _check_anchor(self, character: str, at: int) -> None:
        before, after = self._pattern[:at], self._pattern[at + 1 :]
        if character == "^" and before.strip("(?:|^"):
            raise PatternUnsupported("^ stands inside")
        if character == "$" and after.strip(")|$") and not after.startswith("|"):
            raise PatternUnsupported("$ stands inside")

    def _atom(self, character: str) -> str:
        if character == "(":
            return self._group()
        if character == "[":
            return _one_of(self._class())
        if character == ".":
            return _one_of(_complement(LINE_ENDS))
        if character == "\\":
            return _one_of(self._escape())
        if character in "*+?{":
            raise PatternUnsupported(f"{character} has nothing to repeat")
        return _one_of([(ord(character), ord(character))])

    def _group(self) -> str:
        if self._peek() == "?":
            self._at += 1
            if self._next() != ":":
                raise PatternUnsupported("it looks around, or names a group")
        inner = self._alternatives()
        if self._next() != ")":
            raise PatternUnsupported("a parenthesis is not closed")
        return f"({inner})"

    def _quantified(self, atom: str) -> str:
        low, high = self._quantifier()
        if self._peek() in ("?", "+") and (low, high) != (1, 1):
            self._at += 1
        if (low, high) == (1, 1):
            return atom
        if max(low, high or 0) > MAX_REPEAT or (high is not None and high < low):
            raise PatternUnsupported(f"it repeats {low} to {high} times")
        if high == 0:
            return '""'
        return f"{atom}{{{low},{'' if high is None else high}}}"

    def _quantifier(self) -> tuple[int, int | None]:
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(self._peek())
        if simple is not None:
            self._at += 1
            return simple
        if self._peek() != "{":
            return 1, 1
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at + 1 : end].partition(",")
        if end < 0 or not (low or "0").isdecimal() or not (high or "0").isdecimal():
            raise PatternUnsupported("a repetition is malformed")
        self._at = end + 1
        if not comma:
            return int(low or 0), int(low or 0)
        return int(low or 0), int(high) if high else None

    def _escape(self) -> Ranges:
        character = self._next()
        if character in _CLASSES:
            return _CLASSES[character]
        if character.lower() in _CLASSES:
            return _complement(_CLASSES[character.lower()])
        if character in _CONTROLS:
            return [(_CONTROLS[character], _CONTROLS[character])]
        if character in "xu":
            code = self._hex(2 if character == "x" else 4)
            return [(code, code)]
        if character.isalnum():
            raise PatternUnsupported(f"\\{character} cannot be expressed")
        return [(ord(character), ord(character))]

    def _hex(self, digits: int) -> int:
        text = self._pattern[self._at : self._at + digits]
        self._at += digits
        try:
            return int(text, 16)
        except ValueError:
            raise PatternUnsupported("a character code is malformed") from None

    def _class(self) -> Ranges:
        negated = self._peek() == "^"
        self._at += negated
        ranges: Ranges = []
        while (character := self._next()) != "]":
            item = self._escape() if character == "\\" else [(ord(character), ord(character))]
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                end = self._next()
                last = self._escape() if end == "\\" else [(ord(end), ord(end))]
                item = [(item[0][0], last[-1][1])]
            ranges += item
        return _complement(ranges) if negated else ranges


def _complement(ranges: Ranges) -> Ranges:
    gaps: Ranges = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = max(start, high + 1)
    return [*gaps, (start, _TOP)] if start <= _TOP else gaps


def _one_of(ranges: Ranges) -> str:
    """One character of these, as it is written in a JSON string."""
    plain = [
        (max(low, first), min(high, last))
        for low, high in ranges
        for first, last in PLAIN
        if max(low, first) <= min(high, last)
    ]
    parts = ["[" + "".join(_range(low, high) for low, high in plain) + "]"] if plain else []
    parts += [
        literal(text)
        for code, text in ESCAPED.items()
        if any(low <= code <= high for low, high in ranges)
    ]
    if not parts:
        raise PatternUnsupported("a class matches no character of a JSON string")
    return parts[0] if len(parts) == 1 else f"({' | '.join(parts)})"


def _range(low: int, high: int) -> str:
    return _code(low) if low == high else f"{_code(low)}-{_code(high)}"


def _code(code: int) -> str:
    if chr(code).isascii() and chr(code).isalnum():
        return chr(code)
    return f"\\x{code:02X}" if code < 0x100 else f"\\U{code:08X}"
