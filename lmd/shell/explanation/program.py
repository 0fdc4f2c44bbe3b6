"""One program with its subcommands and arguments. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from lmd.shell.documentation.records import Documentation
from lmd.shell.explanation.arguments import ArgumentReader
from lmd.shell.explanation.builtins import BUILTINS, SHELLS
from lmd.shell.explanation.part import Part
from lmd.shell.explanation.reference import Reference
from lmd.shell.language import Invocation, Word

_MOST_LEVELS = 3


def program_parts(
    line: str, invocation: Invocation, documentation: Mapping[str, Documentation]
) -> Iterator[Part]:
    """The name, the subcommands and the arguments of a program."""
    name, words = invocation.name, invocation.words
    first = words[0]
    meaning, source = _program_meaning(invocation.program, name, documentation)
    yield Part(line[first.start : first.end], first.start, first.end, meaning, source)
    topic, rest = name, words[1:]
    for _ in range(_MOST_LEVELS):
        at = _subcommand_at(topic, rest, documentation)
        if at is None:
            break
        yield from ArgumentReader(line, rest[:at], _reference(name, topic, documentation)).read()
        word = rest[at]
        yield _subcommand_part(line, topic, word, documentation)
        topic, rest = f"{topic} {word.text}", rest[at + 1 :]
    yield from ArgumentReader(line, rest, _reference(name, topic, documentation)).read()


def _program_meaning(
    program: str, name: str, documentation: Mapping[str, Documentation]
) -> tuple[str, str]:
    builtin, page = BUILTINS.get(name), documentation.get(name)
    if builtin is not None and program == name:
        return builtin.meaning, "shell"
    if page is not None and page.summary:
        return page.summary, page.source
    if page is not None:
        return "a program; its documentation has no summary", page.source
    if program.startswith(("./", "../", "/", "~")):
        return "runs this file; there is no documentation of it here", ""
    return f"there is no documentation of {name} here", ""


def _reference(name: str, topic: str, documentation: Mapping[str, Documentation]) -> Reference:
    """What is known of flags at a place: those of the subcommand, then those above it."""
    reference = Reference(topic)
    if name in BUILTINS:
        reference.add_builtin(BUILTINS[name])
    words = topic.split(" ")
    for length in range(len(words), 0, -1):
        page = documentation.get(" ".join(words[:length]))
        if page is not None:
            reference.add_documentation(page)
    if name in SHELLS:
        reference.add_builtin(BUILTINS["set"])
    return reference


def _subcommand_at(
    topic: str, words: Sequence[Word], documentation: Mapping[str, Documentation]
) -> int | None:
    """Where the subcommand stands: the first argument, if it is one."""
    reference = _reference(topic.split(" ")[0], topic, documentation)
    is_value = False
    for index, word in enumerate(words):
        if is_value:
            is_value = False
        elif word.text[:1] == "-":
            known = reference.flag(word.text)
            is_value = known is not None and known.takes_next
        else:
            is_known = _subcommand_meaning(topic, word.text, documentation) is not None
            return index if is_known else None
    return None


def _subcommand_meaning(
    topic: str, word: str, documentation: Mapping[str, Documentation]
) -> tuple[str, str] | None:
    """What a subcommand does and who says so; None for a word that is none."""
    page, above = documentation.get(f"{topic} {word}"), documentation.get(topic)
    if page is not None and page.summary:
        return page.summary, page.source
    named = dict(above.subcommands).get(word) if above is not None else None
    if named and above is not None:
        return named, above.source
    if page is not None or named is not None:
        return f"a subcommand of {topic}", page.source if page else "manual"
    return None


def _subcommand_part(
    line: str, topic: str, word: Word, documentation: Mapping[str, Documentation]
) -> Part:
    meaning, source = _subcommand_meaning(topic, word.text, documentation) or ("", "")
    return Part(line[word.start : word.end], word.start, word.end, meaning, source)
