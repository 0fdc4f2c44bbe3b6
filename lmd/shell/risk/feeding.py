"""Programs of a line that run what others print or fetch. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from lmd.shell.language import Invocation, SimpleCommand, Word, invocations
from lmd.shell.risk.arguments import Arguments, arguments_of, program_name

SHELLS = frozenset(
    ("sh", "bash", "zsh", "dash", "ksh", "mksh", "fish", "ash", "csh", "tcsh", "rbash", "yash")
)
_OTHERS = (
    "perl",
    "ruby",
    "node",
    "php",
    "lua",
    "pypy",
    "osascript",
    "pwsh",
    "deno",
    "bun",
    "tclsh",
)
INTERPRETERS = SHELLS | frozenset(("python", *_OTHERS))
_SOURCES = frozenset(("source", ".", "eval"))
_NETWORK = """
    curl wget fetch aria2c http https xh lynx w3m links elinks nc ncat netcat socat ssh ftp sftp
    tftp lwp-request telnet rsh axel httpie scp rsync openssl gsutil ipfs dig host nslookup
"""
NETWORK = frozenset(_NETWORK.split())
PIPES = ("|", "|&")
_MOST_FED = 64
"""Programs that read commands from others; past that nobody looks from whom."""
SUBSTITUTION = re.compile(r"\$\(|`|<\(|\A=?\(")
_UNDER_A_FOLDER = re.compile(r"[)`]/[\w./-]+\Z")
_CODE = re.compile(
    r"\bsystem\s*\(|\bsystem\s+[\"'q]|\bexec[lv]?p?e?\s*[(\"' ]|\bpopen|subprocess|child_process"
    r"|rmtree|os\.(?:remove|unlink|rmdir)|\bunlink|FileUtils|shell_exec|passthru|`|\|\s*getline"
    r"|do shell script|\bsocket\b|urlopen|\beval\b|__import__|\brequests\."
    r"|os\.execute|(?:rm|rmdir|unlink)Sync"
)
_SED_RUNS = re.compile(r"(?:^|[;{}\n])[\d,$! ]*+e\s+\S")
_SED_SUBSTITUTES = re.compile(r"(?<![A-Za-z])s([^\w\s\\])")
_SED_FLAGS = re.compile(r"[gpIiMm\d]*+e")
_MOST_SUBSTITUTIONS = 32
_CODE_OPTIONS = ("-c", "-e", "-E", "-r", "-n", "-p", "--eval", "--execute")


def runs_output(commands: Sequence[SimpleCommand]) -> str | None:
    """ "network" or "output" where the line runs what programs of it print; None if it does not."""
    fed = [at for at, command in enumerate(commands) if _is_fed(command)]
    network = {at for at, command in enumerate(commands) if _is_network(command)}
    if network:
        if any(not network.isdisjoint(_feeders(commands, at)) for at in fed[:_MOST_FED]):
            return "network"
        if len(fed) > _MOST_FED or _compound_is_fed(commands):
            return "network"
    return "output" if fed else None


def downloads_and_runs(commands: Sequence[SimpleCommand]) -> bool:
    """Whether a download is followed by a run of a file: ``wget URL && sh file``."""
    downloaded = False
    for command in commands:
        for part in invocations(command):
            name = program_name(part.program)
            operands = arguments_of(part).operands
            if downloaded and (part.program.startswith(("./", "/tmp/", "~/", "/var/tmp/")) or (
                name in INTERPRETERS | _SOURCES and operands)):  # fmt: skip
                return True
            downloaded = downloaded or name in ("curl", "wget", "fetch", "aria2c", "scp", "git")
    return False


def runs_code(arguments: Arguments) -> bool:
    """Whether the text of another language in the arguments runs programs or deletes files."""
    if arguments.name in ("awk", "gawk", "mawk", "nawk"):
        return any(_CODE.search(text) for text in arguments.operands[:1])
    if arguments.name == "sed":
        scripts = [arguments.value("-e", "--expression"), *arguments.operands[:1]]
        return any(_sed_runs(text) for text in scripts if text)
    if arguments.name not in INTERPRETERS - SHELLS:
        return False
    code = arguments.value(*_CODE_OPTIONS)
    return code is not None and bool(_CODE.search(code))


def _sed_runs(script: str) -> bool:
    """GNU sed's command ``e``, or its flag: ``s/a/b/e`` runs what it has made."""
    if _SED_RUNS.search(script):
        return True
    for match in islice(_SED_SUBSTITUTES.finditer(script), _MOST_SUBSTITUTIONS):
        parts = script[match.end() :].split(match[1], 2)
        if len(parts) == 3 and _SED_FLAGS.match(parts[2]):
            return True
    return False


def _is_fed(command: SimpleCommand) -> bool:
    """Whether a program reads commands from a pipe, or from a substitution in its arguments."""
    for part in invocations(command):
        if SUBSTITUTION.match(part.program):
            return not _UNDER_A_FOLDER.search(part.program)
        name = program_name(part.program)
        if name in INTERPRETERS | _SOURCES:
            arguments = arguments_of(part)
            if command.operator in PIPES and name != "eval" and _reads_input(arguments):
                return True
            if any(_is_dynamic(word) for word in part.words[1:]) and _is_code(name, part):
                return True
            if any(r.target and r.operator in ("<", "<<<") and _is_dynamic(r.target)
                   for r in command.redirects):  # fmt: skip
                return True
    return False


def _compound_is_fed(commands: Sequence[SimpleCommand]) -> bool:
    """``curl URL | if true; then sh; fi``, ``curl URL > >(sh)``: a shell inside of what is fed."""
    downloads = piped = False
    for command in commands:
        piped = piped or (downloads and (command.operator in PIPES or command.depth > 0))
        parts = [arguments_of(part) for part in invocations(command)]
        if piped and any(part.name in INTERPRETERS and _reads_input(part) for part in parts):
            return True
        downloads = downloads or any(part.name in NETWORK for part in parts)
    return False


def _reads_input(arguments: Arguments) -> bool:
    if arguments.has(("-m", *_CODE_OPTIONS[:3])) and arguments.name not in SHELLS:
        return False
    if arguments.value("-c") is not None:
        return False
    inputs = ("-", "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0")
    return not arguments.operands or arguments.operands[0] in inputs or arguments.has(("-s",))


def _is_code(name: str, part: Invocation) -> bool:
    """Whether a substitution among the arguments is commands, not data for a script."""
    if name in _SOURCES:
        return True
    words = part.words[1:]
    for at, word in enumerate(words):
        if word.text[:1] == "-" and not _is_dynamic(word):
            continue
        option = words[at - 1].text if at else ""
        takes_code = option[:1] == "-" and option[-1:] in "ceEr"
        return _is_dynamic(word) and (takes_code or word.raw.startswith(("<(", "=(")))
    return False


def _is_dynamic(word: Word) -> bool:
    return bool(SUBSTITUTION.search(word.raw)) and not (word.raw[:1] == "'" == word.raw[-1:])


def _feeders(commands: Sequence[SimpleCommand], at: int) -> Iterator[int]:
    """The pipe before a command, and what is nested in it and in the pipe, as indexes."""
    depth = commands[at].depth
    first = at
    while first and (commands[first].operator in PIPES or commands[first].depth > depth):
        first -= 1
    yield from range(first, at)
    for after in range(at + 1, len(commands)):
        if commands[after].depth <= depth:
            break
        yield after


def _is_network(command: SimpleCommand) -> bool:
    return any(program_name(part.program) in NETWORK for part in invocations(command))
