"""The lines that shell hooks read, composed in one place. Pure.

    sure|unsure|none TAB message
    POINT TAB MARK TAB COMMAND        for each candidate that may be inserted

POINT is where the cursor goes, in characters; MARK is what has to be said of the candidate, or
empty. No field holds a tab, a newline or another control character.
"""

from collections.abc import Sequence

from lmd.protocol.results import Candidate, ExplainedPart
from lmd.shell.risk.insertable import is_visible, what_forbids

MAX_MESSAGE = 400
MAX_SHOWN = 100
"""Characters of a command that is only shown."""
MAX_LINES = 12
MAX_LINE = 200
NOTHING = "nothing found; say it in other words"


def candidate_lines(candidates: Sequence[Candidate], *, sure: bool) -> str:
    """What `suggest` and `fix` answer to a widget; each line ends with a newline."""
    insertable = [candidate for candidate in candidates if candidate.insertable]
    state = "none" if not insertable else "sure" if sure else "unsure"
    lines = [f"{state}\t{shown(_message(candidates, state), MAX_MESSAGE)}"]
    lines += [
        f"{point(candidate)}\t{shown(mark(candidate), MAX_MESSAGE)}\t{candidate.command}"
        for candidate in insertable
    ]
    return "".join(f"{line}\n" for line in lines)


def explanation_lines(summary: str, parts: Sequence[ExplainedPart], risk: Sequence[str]) -> str:
    """What `explain` answers to a widget: at most `MAX_LINES` lines."""
    lines = [summary] if summary else []
    lines += [f"not checked: {reason}" for reason in risk]
    lines += [f"{part.text}  {part.meaning}" for part in parts]
    if not lines:
        lines = ["nothing is known of this command"]
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], "..."]
    return "".join(f"{shown(line, MAX_LINE)}\n" for line in lines)


def mark(candidate: Candidate) -> str:
    """What has to be said of a candidate; "" for nothing."""
    said = []
    if candidate.risk:
        said.append("not checked: " + ", ".join(candidate.risk))
    if candidate.missing:
        said.append("not installed: " + ", ".join(candidate.missing))
    if candidate.why:
        said.append(candidate.why)
    return "; ".join(said)


def point(candidate: Candidate) -> int:
    """Where the cursor goes: to the first placeholder, else to the end."""
    if candidate.placeholders:
        return candidate.placeholders[0][0]
    return len(candidate.command)


def shown(text: str, longest: int) -> str:
    """A text on one line that no terminal acts on: what is not plain is written as an escape."""
    plain = "".join(map(_plain, text[: longest + 1]))
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _message(candidates: Sequence[Candidate], state: str) -> str:
    shut_out = [candidate for candidate in candidates if not candidate.insertable]
    said = []
    if state == "unsure":
        said.append("not sure")
    if not candidates:
        said.append(NOTHING)
    for candidate in shut_out[:3]:
        command = shown(candidate.command, MAX_SHOWN)
        reasons = "; ".join(filter(None, (what_forbids(candidate.command), mark(candidate))))
        said.append(f"not inserted: {command}" + (f" ({reasons})" if reasons else ""))
    return "; ".join(said)


def _plain(character: str) -> str:
    return character if is_visible(character) else f"\\u{{{ord(character):x}}}"
