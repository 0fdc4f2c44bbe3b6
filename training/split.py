"""Keep rows apart for judging: single examples, whole pages, whole command groups."""

import hashlib
from collections.abc import Iterable

from training.rows import Pair

ROW_SHARE = 0.017  # of the tldr rows, their pages' other rows stay: about 500
PAGE_SHARE = 0.01  # of the tldr pages, with every row of theirs: about 70 pages
GROUP_SHARE = 0.03  # of the NL2Bash commands, with every request for them: about 300
CALIBRATION_SHARE = 0.5  # of what is kept apart sets the confidence; the rest judges


def chance(text: str) -> float:
    """Return a number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def kept_apart(pair: Pair) -> str:
    """Name the part of the held-out rows that a pair belongs to; empty for training rows."""
    if pair.source == "tldr":
        if chance("page " + pair.page) < PAGE_SHARE:
            return "pages"
        return "rows" if chance(bare(pair.command) + pair.request) < ROW_SHARE else ""
    if pair.source == "nl2bash" and chance(bare(pair.command)) < GROUP_SHARE:
        return "groups"
    return ""


def split_pairs(pairs: Iterable[Pair]) -> tuple[list[Pair], dict[str, list[Pair]]]:
    """Return (training, held out by part). No command and no page of a part is trained on.

    Paraphrases in other sources go with the command they share; so do rows of held-out pages that
    other sources have.
    """
    parts: dict[str, list[Pair]] = {"rows": [], "pages": [], "groups": []}
    rest: list[Pair] = []
    for pair in pairs:
        part = kept_apart(pair)
        (parts[part] if part else rest).append(pair)
    commands = {bare(pair.command) for held in parts.values() for pair in held}
    requests = {pair.request.lower() for pair in parts["groups"]}
    pages = {pair.page for pair in parts["pages"]}
    training = [
        pair
        for pair in rest
        if bare(pair.command) not in commands
        and pair.request.lower() not in requests
        and not any(
            bare(pair.command).startswith(page + " ")
            for page in pages & {pair.program, *_prefixes(pair)}
        )
    ]
    return training, parts


def bare(command: str) -> str:
    """A command without the braces of its placeholders: paraphrases spell them differently."""
    return command.replace("{{", "").replace("}}", "")


def _prefixes(pair: Pair) -> set[str]:
    words = bare(pair.command).split()
    return {" ".join(words[:length]) for length in range(1, min(4, len(words)) + 1)}
