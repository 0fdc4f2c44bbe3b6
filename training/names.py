"""Values that stand in for placeholders, so that the model learns to copy and not to recall."""

import random
import re
from pathlib import Path


def _read_names() -> dict[str, list[str]]:
    text = (Path(__file__).parent / "names.txt").read_text(encoding="utf-8")
    kinds = re.findall(r"^(\w+): ((?:.+\n)(?: .+\n)*)", text, re.MULTILINE)
    return {kind: words.split() for kind, words in kinds}


NAMES = _read_names()
KIND_OF_NOUN = {"unit": "service", "domain": "host", "server": "host"}
FILE_NOUNS = {"file", "archive", "image"}


def bare_file_name(rng: random.Random, extension: str = "") -> str:
    """Return a plausible file name without a folder."""
    stem = rng.choice(NAMES["stem"] + NAMES["folder"])
    return f"{stem}.{extension or rng.choice(NAMES['extension'])}"


def file_name(rng: random.Random, extension: str = "") -> str:
    """Return a plausible file name, in one case of five with a folder before it."""
    name = bare_file_name(rng, extension)
    where = rng.random()
    if where < 0.12:
        return f"{rng.choice(NAMES['folder'])}/{name}"
    return f"{rng.choice(NAMES['root'])}/{name}" if where < 0.22 else name


def folder_name(rng: random.Random) -> str:
    """Return a plausible folder, absolute or relative."""
    where = rng.random()
    if where < 0.5:
        return rng.choice(NAMES["root"])
    return rng.choice(NAMES["folder"]) + ("/" if where < 0.6 else "")


def identifier(rng: random.Random) -> str:
    """Return a word like those people give to files, tables and variables."""
    word = rng.choice(NAMES["stem"] + NAMES["word"] + NAMES["user"])
    return word + rng.choice(["", "", "", "1", "2", "_old", "_new", "-test"])


def number(rng: random.Random) -> str:
    """Return a small count, seldom a large one."""
    return str(rng.choice([rng.randint(2, 20), rng.randint(2, 99), rng.randint(100, 999)]))


def value_for(noun: str, placeholder: str, rng: random.Random) -> str:
    """Return a value for the placeholder that the request calls by this noun."""
    kind = KIND_OF_NOUN.get(noun, noun)
    if kind in {"directory", "folder"}:
        return folder_name(rng)
    if kind in NAMES:
        return rng.choice(NAMES[kind])
    if "/" not in placeholder and kind not in FILE_NOUNS:
        return identifier(rng)
    return file_name(rng, placeholder.rsplit("/", 1)[-1].partition(".")[2])
