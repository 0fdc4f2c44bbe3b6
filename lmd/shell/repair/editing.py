"""Carries out what `lmd.shell.repair.messages` asks for. Pure."""

import re
from collections.abc import Iterator

from lmd.shell.language import Invocation, Word
from lmd.shell.repair.case import Case, operands, quoted
from lmd.shell.repair.failure import Repair
from lmd.shell.repair.messages import MESSAGES
from lmd.shell.repair.verbs import SUBCOMMANDS

_OPENERS = frozenset(("open", "xdg-open", "gnome-open", "kde-open"))
_ADVISED = 0.3
"""Below `lmd.shell.suggest.weights.THRESHOLD`."""
_ADVICE = re.compile(r"^[ \t]+((?:sudo )?([\w-]+) [\w ./@:=+~,'\"-]{3,160})$", re.MULTILINE)


def answered_messages(case: Case) -> Iterator[Repair]:
    """Rows that fit."""
    for message in MESSAGES:
        if message.pattern and not case.has_error:
            continue
        part = _part(case, message.topic)
        match = case.says(message.pattern) if part is not None and message.edit else None
        if part is None or match is None:
            continue
        line = _edited(case, part, message.edit, match)
        if line and line != case.line:
            yield Repair(line, "message", message.why, message.confidence)


def quoted_advice(case: Case) -> Iterator[Repair]:
    """A line of the error that is the whole command to run instead.

    Whoever wrote the error chose every word of it, so it is offered and never sure.
    """
    names = {part.name for part in case.programs}
    for match in _ADVICE.finditer(case.error):
        said = match[1].strip()
        is_prose = "help" in said or re.search(r"\s{2,}|\.\.\.|, ", said)
        if match[2] in names and said != case.line and not is_prose:
            yield Repair(said, "advice", "the error says so", _ADVISED)
            return


def _part(case: Case, topic: str) -> Invocation | None:
    wanted = topic.split()
    for part in case.programs:
        name = "open" if part.name in _OPENERS else part.name
        words = [name, *(word.text for word in operands(part))]
        if not wanted or words[: len(wanted)] == wanted:
            return part
        if wanted == ["python"] and re.fullmatch(r"python[\d.]*", part.name):
            return part
        if wanted == ["gcc"] and part.name in ("g++", "cc", "clang", "c++"):
            return part
    return None


def _edited(case: Case, part: Invocation, edit: str, match: re.Match[str]) -> str:
    if edit[0] == "+":
        return case.insert(_topic_end(part), edit[1:])
    if edit[0] == "@":
        return _special(case, part, edit[1:], match)
    text = edit
    for name, value in match.groupdict().items():
        value = value or ""
        text = text.replace(f"{{{name}!}}", value.strip()).replace(f"{{{name}}}", quoted(value))
    return text.replace("{line}", case.line)


def _topic_end(part: Invocation) -> Word:
    words = list(operands(part))
    has_sub = words and words[0].text in SUBCOMMANDS.get(part.name, frozenset())
    return words[0] if has_sub else part.words[0]


def _special(case: Case, part: Invocation, edit: str, match: re.Match[str]) -> str:
    """Edits of one word: ``old>new``, or one that has a name."""
    named = _NAMED_EDITS.get(edit)
    if named is not None:
        return named(case, part, match)
    old, _, new = edit.partition(">")
    for word in part.words:
        if word.text == old:
            return case.replace(word, new, is_quoted=True)
    return ""


def _quote_globs(case: Case, part: Invocation, _: re.Match[str]) -> str:
    line = case.line
    for word in reversed(part.words[1:]):
        if re.search(r"[*?]", word.raw) and not word.quoted:
            line = f"{line[: word.start]}'{word.raw}'{line[word.end :]}"
    return line


def _close_sed(case: Case, part: Invocation, _: re.Match[str]) -> str:
    for word in part.words[1:]:
        script = re.fullmatch(r"((?:-e)?['\"]?)(s(.).*?)(['\"]?)", word.raw, re.DOTALL)
        if script and script[2].count(script[3]) == 2:
            return case.replace(
                word, f"{script[1]}{script[2]}{script[3]}{script[4]}", is_quoted=True
            )
    return ""


def _sed_in_place(case: Case, part: Invocation, _: re.Match[str]) -> str:
    flag = next((word for word in part.words if word.text == "-i"), None)
    return case.insert(flag, "''") if flag else ""


def _host(case: Case, part: Invocation, _: re.Match[str]) -> str:
    for word in operands(part):
        address = re.match(r"\w+://([^/:]+)", word.text) or re.match(r"([\w.-]+\.\w+)/", word.text)
        if address:
            return case.replace(word, address[1])
    return ""


def _without_carriage_returns(case: Case, part: Invocation, _: re.Match[str]) -> str:
    script = part.program if "/" in part.program else next((w.raw for w in operands(part)), "")
    in_place = "-i ''" if case.failure.platform == "macos" else "-i"
    return case.first(f"sed {in_place} 's/\\r$//' {script}") if script else ""


def _join_setting(case: Case, part: Invocation, _: re.Match[str]) -> str:
    return re.sub(r"(\w)\s*=\s+|(\w)\s+=\s*", lambda m: f"{m[1] or m[2]}=", case.line, count=1)


def _flag_first(case: Case, part: Invocation, match: re.Match[str]) -> str:
    words = [word for word in part.words if word.text == match["flag"]]
    if not words:
        return ""
    word, end = words[0], _topic_end(part)
    rest = f"{case.line[end.end : word.start].rstrip()}{case.line[word.end :]}"
    return f"{case.line[: end.end]} {word.raw}{rest}"


def _upper_case(case: Case, part: Invocation, _: re.Match[str]) -> str:
    """``pacman -sv``: operations are capitals."""
    for word in part.words[1:]:
        if re.match(r"-[a-z]", word.text):
            return case.replace(word, f"-{word.text[1].upper()}{word.text[2:]}")
    return ""


def _address(case: Case, part: Invocation, _: re.Match[str]) -> str:
    for word in operands(part):
        if re.fullmatch(r"(?:[\w-]+\.)+[a-z]{2,6}(?:/\S*)?", word.text):
            return case.replace(word, f"http://{word.text}")
    return ""


def _without_gzip(case: Case, part: Invocation, _: re.Match[str]) -> str:
    for word in part.words[1:]:
        if re.fullmatch(r"-?[a-z]*z[a-z]*", word.text):
            return case.replace(word, word.text.replace("z", "", 1))
    return ""


_NAMED_EDITS = {
    "quote-globs": _quote_globs,
    "close-sed": _close_sed,
    "sed-in-place": _sed_in_place,
    "host": _host,
    "line-ends": _without_carriage_returns,
    "join-setting": _join_setting,
    "flag-first": _flag_first,
    "upper-case": _upper_case,
    "address": _address,
    "no-gzip": _without_gzip,
}
