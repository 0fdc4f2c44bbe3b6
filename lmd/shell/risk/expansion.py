"""Braces in words are expanded before anything runs, so rules must see what they become. Pure."""

import re
from dataclasses import replace

from lmd.shell.language import SimpleCommand, Word

_INNERMOST = re.compile(r"(?<![$\\])\{([^{}]*,[^{}]*)\}")
_MOST_WORDS = 64
_MOST_STEPS = 64
_LONGEST = 1024


def expand_braces(command: SimpleCommand) -> SimpleCommand:
    """The command with ``{rm,-r}`` as two words; what is quoted or too much stays as it is."""
    if not any("{" in word.text for word in command.words):
        return command
    words: list[Word] = []
    for word in command.words:
        words += _expanded(word) if "{" in word.raw and "," in word.raw else [word]
    return replace(command, words=tuple(words))


def _expanded(word: Word) -> list[Word]:
    if word.raw[:1] in "\"'" or len(word.raw) > _LONGEST:
        return [word]
    texts = [word.text]
    for _ in range(_MOST_STEPS):
        at = next((i for i, text in enumerate(texts) if _INNERMOST.search(text)), None)
        if at is None or len(texts) > _MOST_WORDS:
            break
        match = _INNERMOST.search(texts[at])
        if match is None:
            break
        before, after = texts[at][: match.start()], texts[at][match.end() :]
        texts[at : at + 1] = [f"{before}{choice}{after}" for choice in match[1].split(",")]
    return [replace(word, text=text) for text in texts]
