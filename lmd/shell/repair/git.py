"""Rules for git that look at the repository. Pure."""

import re
from collections.abc import Iterator

from lmd.shell.facts import GitState
from lmd.shell.language import Invocation, Word
from lmd.shell.repair.case import Case, operands, quoted
from lmd.shell.repair.distance import assurance, nearest
from lmd.shell.repair.failure import Repair

_BRANCH_TAKERS = frozenset(
    ("checkout", "switch", "merge", "rebase", "branch", "cherry-pick", "log")
)
_NEW_BRANCH = ("-b", "-B", "-c", "-C", "--create", "--orphan")


def git_rules(case: Case) -> Iterator[Repair]:
    """All of them, on the invocations of git in the line."""
    for part in case.programs:
        words = list(operands(part))
        if part.name != "git" or not words:
            continue
        state = case.facts.git
        if words[0].text == "push":
            yield from _push(case, part, words, state)
        if words[0].text == "pull":
            yield from _pull(case, part, words, state)
        if words[0].text in _BRANCH_TAKERS and len(words) > 1 and state is not None:
            yield from _branch(case, part, words, state)
        if words[0].text in ("push", "pull", "fetch") and len(words) > 1 and state is not None:
            yield from _remote(case, words, state)


def _push(
    case: Case, part: Invocation, words: list[Word], state: GitState | None
) -> Iterator[Repair]:
    said = case.says(r"^\s*git push (?:--set-upstream|-u) (\S+) (\S.*?)\s*$")
    if said:
        behind = part.words[part.words.index(words[0]) + 1 :]
        kept = [w.raw for w in behind if w.raw[0] == "-" and w.raw not in ("-u", "--set-upstream")]
        text = " ".join(["push --set-upstream", quoted(said[1]), quoted(said[2]), *kept])
        line = f"{case.line[: words[0].start]}{text}{case.line[part.words[-1].end :]}"
        yield Repair(line, "upstream", "the branch has no upstream", 0.97)
        return
    if case.says(r"rejected|non-fast-forward|fetch first|tip of your current branch is behind"):
        pull = " ".join(["git pull", *(word.raw for word in words[1:])])
        yield Repair(
            f"{pull} && {case.line}", "pull-first", "the remote has commits that are not here", 0.92
        )
        return
    if state is None or not state.branch or case.has_error:
        return
    remote = _default_remote(state)
    if state.upstream is None and len(words) == 1 and remote and not _sets_upstream(part):
        line = case.insert(words[0], f"--set-upstream {remote} {quoted(state.branch)}")
        yield Repair(line, "upstream", f"{state.branch} has no upstream", 0.95)
    elif state.upstream and len(words) == 1 and case.failure.status == 1:
        yield Repair(
            case.first("git pull"),
            "pull-first",
            "the remote may have commits that are not here",
            0.6,
        )


def _pull(
    case: Case, part: Invocation, words: list[Word], state: GitState | None
) -> Iterator[Repair]:
    if state is None or not state.branch or len(words) > 1:
        return
    remote = _default_remote(state)
    is_told = case.says(r"no tracking information|specify which branch")
    if remote and state.upstream is None and (is_told or not case.has_error):
        yield Repair(
            _in_place(case, part, f"git pull {remote} {quoted(state.branch)}"), "upstream",
            f"{state.branch} follows no branch of a remote", 0.85,
        )  # fmt: skip


def _branch(case: Case, part: Invocation, words: list[Word], state: GitState) -> Iterator[Repair]:
    name = words[1]
    options = {word.text for word in part.words}
    if name.text in state.branches:
        if options & set(_NEW_BRANCH) and words[0].text in ("checkout", "switch"):
            bare = next(word for word in part.words if word.text in _NEW_BRANCH)
            yield Repair(case.without(bare), "branch", f"{name.text} is there already", 0.92)
        return
    if options & set(_NEW_BRANCH) or not re.fullmatch(r"[\w./-]+", name.text):
        return
    if words[0].text == "branch" and not options & {"-d", "-D", "-m", "-M", "--delete"}:
        return
    if case.has_error and not case.says(
        r"did not match|invalid reference|not something|not found|bad rev|unknown rev"
    ):
        return
    swapped = {"main": "master", "master": "main", "develop": "dev"}.get(name.text)
    near = nearest(name.text, state.branches)
    if swapped in state.branches:
        near = [(str(swapped), 0.98), *near]
    for branch, confidence in assurance(near, 0.93):
        yield Repair(
            case.replace(name, branch), "branch", f"there is a branch {branch}", confidence
        )
    is_file = name.text in case.facts.entries(".")
    if words[0].text in ("checkout", "switch") and len(words) == 2 and not is_file:
        flag = "-b" if words[0].text == "checkout" else "-c"
        yield Repair(case.before(name, flag), "new-branch", f"there is no branch {name.text} yet",
                     0.6 if near else 0.85)  # fmt: skip


def _remote(case: Case, words: list[Word], state: GitState) -> Iterator[Repair]:
    remote = words[1]
    if not state.remotes or remote.text in state.remotes or re.search(r"[:/]", remote.text):
        return
    if case.has_error and not case.says("does not appear to be a git repository|not found"):
        return
    near = assurance(nearest(remote.text, state.remotes), 0.93)
    for name, confidence in near or [(state.remotes[0], 0.6)]:
        yield Repair(
            case.replace(remote, name), "remote", f"the remote is called {name}", confidence
        )


def _default_remote(state: GitState) -> str:
    return "origin" if "origin" in state.remotes else next(iter(state.remotes), "")


def _sets_upstream(part: Invocation) -> bool:
    return any(word.text in ("-u", "--set-upstream") for word in part.words)


def _in_place(case: Case, part: Invocation, text: str) -> str:
    return f"{case.line[: part.words[0].start]}{text}{case.line[part.words[-1].end :]}"
