"""Operators, redirections, reserved words and expansions of shells, in our own words. Data."""

import re

OPERATORS = {
    "|": "hands the output of the command before it to the one after it",
    "|&": "hands output and errors of the command before it to the one after it",
    "&&": "runs what follows only if what stands before it succeeded",
    "||": "runs what follows only if what stands before it failed",
    ";": "runs one command after the other",
    ";;": "ends a branch of the case",
    "&": "runs the command before it in the background",
    "(": "runs the commands inside in a shell of their own",
    "!": "turns success into failure and failure into success",
    "if": "runs what follows `then` only if this command succeeds",
    "elif": "another condition, tried where those before it failed",
    "else": "runs what follows where no condition held",
    "while": "repeats what follows `do` as long as this command succeeds",
    "until": "repeats what follows `do` until this command succeeds",
    "for": "repeats what follows `do` for each of the words",
    "select": "lets the user choose one of the words",
    "case": "chooses by pattern what runs",
    "{": "groups commands",
}
REDIRECTIONS = {
    ">": "writes the output to the file, which is overwritten",
    ">|": "writes the output to the file, which is overwritten even under noclobber",
    ">>": "appends the output to the file",
    "<": "reads the input from the file",
    "<>": "opens the file for reading and writing",
    "&>": "writes output and errors to the file, which is overwritten",
    ">&": "sends the output to the same place as the descriptor",
    "&>>": "appends output and errors to the file",
    "<&": "reads the input from the same place as the descriptor",
    "<<": "reads the input from the lines that follow, up to the word",
    "<<-": "reads the input from the lines that follow, tabs removed, up to the word",
    "<<<": "reads the input from the text",
}
_STREAMS = {"0": "input", "1": "output", "2": "errors"}
_PATTERNS = (
    (re.compile(r"\$\(\(.*?\)\)", re.DOTALL), "is replaced by the result of the calculation"),
    (re.compile(r"\$\(<"), "is replaced by the content of the file"),
    (re.compile(r"\$\("), "is replaced by the output of the command inside"),
    (re.compile(r"`"), "is replaced by the output of the command inside"),
    (re.compile(r"[<]\("), "is replaced by a file that holds the output of the command inside"),
    (re.compile(r"[>]\("), "is replaced by a file whose content goes to the command inside"),
)
_SPECIAL_VARIABLES = {
    "?": "the exit status of the last command", "$": "the process ID of this shell",
    "!": "the process ID of the last background job", "#": "the number of arguments",
    "@": "all arguments", "*": "all arguments", "0": "the name of the shell or script",
    "-": "the options of this shell", "_": "the last argument of the command before",
    "HOME": "the home folder", "PWD": "the current folder", "OLDPWD": "the folder before",
    "USER": "the name of the user", "PATH": "the folders where programs are looked for",
    "RANDOM": "a random number", "HOSTNAME": "the name of this machine",
    "SHELL": "the login shell of the user", "UID": "the number of the user",
    "EDITOR": "the preferred editor", "SECONDS": "how many seconds the shell has run",
}  # fmt: skip
_VARIABLE = re.compile(
    r"\$(?:\{(?P<length>\#?)(?:!?)(?P<braced>\w+|[?$!#@*-])(?:\[[^]]{0,40}\])?"
    r"(?P<change>[^{}]{0,200})\}|(?P<bare>\w+|[?$!#@*-]))"
)
_CHANGES = (
    (":-", ", or a default"), (":=", ", or a default, which is kept"), (":?", ", or an error"),
    (":+", ", or a replacement if it is set"), ("%", ", without an ending"),
    ("#", ", without a beginning"), ("/", ", with a text replaced"), (":", ", a piece of it"),
    ("^", ", in upper case"), (",", ", in lower case"), ("-", ", or a default"),
)  # fmt: skip
_GLOB = re.compile(r"\*\*|[*?]|\[[^\]\s]{1,80}\]")
_BRACES = re.compile(r"\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")


def redirection_meaning(operator: str, descriptor: str, target: str) -> str:
    """What a redirection does."""
    if operator in (">&", "<&") and target == "-":
        return f"closes {_STREAMS.get(descriptor or '1', 'descriptor ' + descriptor)}"
    meaning = REDIRECTIONS.get(operator, "redirects input or output")
    if operator == ">&" and not target.isdigit():
        meaning = REDIRECTIONS["&>"]
    elif operator == ">&":
        place = _STREAMS.get(target, f"descriptor {target}")
        which = _STREAMS.get(descriptor or "1", f"descriptor {descriptor}")
        return f"sends {which} to the same place as {place}"
    if target == "/dev/null" and operator in (">", ">>", "&>", "&>>", ">&"):
        which = "output and errors" if "&" in operator else _STREAMS.get(descriptor or "1", "")
        return f"throws {which or 'descriptor ' + descriptor} away"
    if descriptor not in ("", "0", "1"):
        which = _STREAMS.get(descriptor, f"descriptor {descriptor}")
        meaning = meaning.replace("the output", which).replace("the input", which)
    return meaning


def expansions(raw: str, *, is_quoted: bool) -> list[tuple[int, int, str]]:
    """Start, end and meaning of what a shell replaces in a word.

    ``is_quoted``: some of it is in quotes, so that patterns for file names are not looked for.
    """
    if raw[:1] == "'" and raw[-1:] == "'":
        return []
    found: list[tuple[int, int, str]] = []
    for pattern, meaning in _PATTERNS:
        match = pattern.search(raw)
        if match and not any(start <= match.start() < end for start, end, _ in found):
            found.append((match.start(), _closing(raw, match), meaning))
    for match in _VARIABLE.finditer(raw):
        if not any(start <= match.start() < end for start, end, _ in found):
            found.append((*match.span(), f"is replaced by {_named(match)}"))
    if not is_quoted and not found:
        if raw == "~" or raw.startswith("~/"):
            found.append((0, 1, "is replaced by the home folder"))
        if _BRACES.search(raw):
            found.append((0, len(raw), "is replaced by a word for each alternative in the braces"))
        elif _GLOB.search(raw):
            found.append((0, len(raw), "is replaced by the names that match the pattern"))
    return sorted(found)


def _closing(raw: str, match: re.Match[str]) -> int:
    """Where a substitution ends."""
    if match[0].startswith("$(("):
        return match.end()
    end = raw.rfind("`" if match[0] == "`" else ")")
    return end + 1 if end >= match.end() else len(raw)


def _named(match: re.Match[str]) -> str:
    name = match["braced"] or match["bare"]
    if match["length"]:
        return f"the length of the variable {name}"
    change = match["change"] or ""
    said = next((said for sign, said in _CHANGES if change.startswith(sign)), "")
    if said:
        return f"the value of the variable {name}{said}"
    if name in _SPECIAL_VARIABLES:
        return _SPECIAL_VARIABLES[name]
    if name.isdigit():
        return f"argument {name} of the script"
    return f"the value of the variable {name}"
