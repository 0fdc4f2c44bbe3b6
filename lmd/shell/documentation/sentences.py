"""The first sentence of a description. Pure."""

import re

LONGEST = 300
"""Characters of a sentence."""
_END = re.compile(r"[.!?][\"')\]]*(?=\s+[A-Z(\"'<`-]|\s*$)")
_ABBREVIATIONS = ("e.g.", "i.e.", "etc.", "vs.", "cf.", "approx.", "resp.", "incl.", "no.", " ...")
_IS_ASIDE = re.compile(r"\([^()]*\)\Z")
"""A sentence in parentheses says when another one holds."""
_SPACES = re.compile(r"\s+")


def first_sentence(text: str) -> str:
    """The first sentence, with blanks made single; a long one is cut after a word."""
    text = _SPACES.sub(" ", text[: 4 * LONGEST]).strip()
    end = sentence_end(text)
    sentence = (text if end is None else text[:end]).rstrip(":;, ")
    if len(sentence) > LONGEST:
        sentence = sentence[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    return sentence


def sentence_end(text: str) -> int | None:
    """Where the first sentence of a text ends; None where it goes on."""
    for match in _END.finditer(text):
        before = text[: match.end()].lower()
        if before.endswith((*_ABBREVIATIONS, " .")) or _IS_ASIDE.match(before):
            continue
        return match.end()
    return None
