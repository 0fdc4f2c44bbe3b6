"""What programs say when they fail, and what that asks for, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """On what a program says, the line becomes what, and why.

    ``edit`` is a template: ``{line}`` is the failed line, ``{name}`` a group of the pattern quoted
    as a word, ``{name!}`` the same as it stands. One that begins with ``+`` is an option that goes
    behind the program and its subcommand; ``@old>new`` is another word; other ``@`` edits are
    named in `lmd.shell.repair.editing`.
    """

    topic: str
    """``git push``, ``sed``; "" for any."""
    pattern: str
    edit: str
    why: str
    confidence: float = 0.9


_STASH = r"(?:commit your changes|commit|stash) (?:or (?:stash|commit) )?(?:them|to proceed|before)"
_UNSTAGED = r"cannot pull with rebase|would be overwritten by merge"
_SSH_KEY = (
    r"remote host identification has changed[\s\S]*ssh-keygen -f \"(?P<file>[^\"\n]+)\""
    r" -R \"(?P<host>[^\"\n]+)\""
)
_NEEDS_UPSTREAM = r"git branch --set-upstream-to=(?P<remote>[\w.-]+)/<branch> (?P<name>[\w./-]+)"
_NO_HOST = r"name or service not known|unknown host|cannot resolve|could not be resolved"
_SED_MACOS = (
    r"extra characters at the end of|expects \\ followed by|undefined label|invalid command code"
)
_RAILS = r"migrations are pending[\s\S]*?(?P<fix>(?:bin/)?rails db:migrate RAILS_ENV=\w+)"

MESSAGES = (
    Message("git commit", "no changes added to commit", "+-a", "nothing is staged"),
    Message("git commit", "nothing added to commit but untracked", "git add -A && {line}",
            "nothing is staged"),
    Message("git commit", "pathspec '(?P<name>[^']+)' did not match",
            "git add -- {name} && {line}", "git does not know the file yet"),
    Message("git submodule", "pathspec '(?P<name>[^']+)' did not match",
            "git add -- {name} && {line}", "git does not know the file yet"),
    Message("git checkout", "pathspec 'master' did not match", "@master>main",
            "the branch may be called main", 0.85),
    Message("git checkout", "pathspec 'main' did not match", "@main>master",
            "the branch may be called master", 0.85),
    Message("git checkout", "pathspec '(?P<name>[^']+)' did not match any", "+-b",
            "there is no such branch yet", 0.75),
    Message("git pull", _UNSTAGED, "git stash && {line} && git stash pop",
            "there are changes that are not committed", 0.92),
    Message("git stash pop", "would be overwritten", "git add --update && {line} && git reset .",
            "changes stand in the way", 0.92),
    Message("git", _STASH, "git stash && {line}", "there are changes that are not committed", 0.88),
    Message("git branch", r"not fully merged[\s\S]*git branch -D (?P<name>[^'\s]+)",
            "git branch -D {name}", "the branch is not merged"),
    Message("git branch", "cannot delete branch '(?P<name>[^']+)' (?:checked out|used by)",
            "git switch - && {line}", "the branch is checked out", 0.75),
    Message("git merge", "unrelated histories", "{line} --allow-unrelated-histories",
            "the histories have no common commit"),
    Message("git pull", "unrelated histories", "{line} --allow-unrelated-histories",
            "the histories have no common commit"),
    Message("git pull", "need to specify how to reconcile|divergent branches", "+--rebase",
            "the branches went apart"),
    Message("git pull", _NEEDS_UPSTREAM,
            "git branch --set-upstream-to={remote!}/{name!} {name!} && {line}",
            "the branch follows none of the remote"),
    Message("git pull", r"--set-upstream-to=<remote>/<branch> (?P<name>[\w./-]+)",
            "git branch --set-upstream-to=origin/{name!} {name!} && {line}",
            "the branch follows none of the remote", 0.83),
    Message("git pull", "not a git repository", "@pull>clone", "there is no repository here", 0.75),
    Message("git add", "use -f if you really want|ignored by one of your", "+--force",
            "the files are ignored"),
    Message("git rm", "not removing .* recursively without -r", "+-r", "it is a folder"),
    Message("git rm", "use --cached to keep the file", "+--cached", "the file has changes"),
    Message("git rm", "or -f to force removal", "+-f", "the file has changes", 0.6),
    Message("git tag", "tag '[^']+' already exists", "+--force", "the tag is there already"),
    Message("git", "^fatal: not a git repository", "git init", "there is no repository here", 0.6),
    Message("git remote add", "remote .* already exists", "@add>set-url",
            "the remote is there already"),
    Message("git remote set-url", "no such remote", "@set-url>add", "there is no such remote yet"),
    Message("git", r"(?P<fix>git config --global --add safe\.directory [\w./~'@:+-]+)",
            "{fix!} && {line}", "the folder belongs to somebody else"),
    Message("git", r"git config --global user\.email", "git config --global --edit",
            "git does not know who you are", 0.7),
    Message("git push", r"src refspec \S+ does not match any",
            "git commit -m 'Initial commit' && {line}", "there is no commit yet", 0.8),
    Message("git push", r"(?P<fix>git push [\w./-]+ HEAD:[\w./-]+)", "{fix!}",
            "the branches have other names"),
    Message("git help", r"is aliased to .(?P<name>[\w-]+)", "git help {name}", "it is an alias"),
    Message("git rebase", "no changes - did you forget", "git rebase --skip",
            "nothing is left of it"),
    Message("git rebase", "rebase-(?:merge|apply) directory", "git rebase --continue",
            "a rebase is going on already", 0.85),
    Message("git", "(?:bad flag|option) '(?P<flag>-[^']+)' (?:used after|must come before)",
            "@flag-first", "options come before files", 0.93),
    Message("ssh", _SSH_KEY, "ssh-keygen -f {file} -R {host}", "the host's key changed", 0.75),
    Message("ssh", "illegal option -- P|unknown option -- P", "@-P>-p", "ssh's port is -p"),
    Message("tar", "not in gzip format", "@no-gzip", "the archive is not compressed by gzip", 0.8),
    Message("find", "paths must precede expression|unknown primary or operator", "@quote-globs",
            "the shell expanded the pattern", 0.88),
    Message("sed", "unterminated .s. command", "@close-sed", "a slash is missing", 0.93),
    Message("sed", _SED_MACOS, "@sed-in-place", "macOS's sed wants a suffix behind -i", 0.85),
    Message("mkdir", "file exists", "+-p", "the folder is there already", 0.7),
    Message("ln", "file exists", "+-f", "the link is there already", 0.75),
    Message("ping", _NO_HOST, "@host", "ping takes a host, no address of a page"),
    Message("whois", "", "@host", "whois takes a name, no address of a page"),
    Message("kill", "arguments must be process or job ids|failed to parse|(?:illegal|invalid) pid",
            "@kill>pkill", "kill takes numbers", 0.93),
    Message("pacman", "invalid option", "@upper-case", "pacman's operations are capitals", 0.92),
    Message("open", "(?:file|path) .* does not exist", "@address",
            "it looks like an address", 0.85),
    Message("", r"\^M\b|\\r['\u2019]?: command not found", "@line-ends",
            "lines end as on Windows", 0.85),
    Message("", r"(?P<fix>sudo apt(?:-get)? install [\w.+-]+)", "{fix!}",
            "the program is not installed"),
    Message("", r"^(?P<fix>nix-env -iA [\w.+-]+)$", "{fix!} && {line}",
            "the program is not installed"),
    Message("python", r"^ModuleNotFoundError: No module named '(?P<name>\w+)",
            "pip install {name} && {line}", "a module is missing", 0.8),
    Message("", r"^ModuleNotFoundError: No module named '(?P<name>\w+)",
            "pip install {name} && {line}", "a module is missing", 0.75),
    Message("npm", "enoent.*package\\.json", "npm init -y && {line}",
            "there is no package.json", 0.6),
    Message("terraform", "terraform init", "terraform init && {line}", "modules are not installed"),
    Message("vagrant", "vagrant up", "vagrant up && {line}", "the machine is not running"),
    Message("docker", "docker login", "docker login && {line}", "you are not logged in"),
    Message("ag", "run ag with -Q", "+-Q", "the pattern is meant literally"),
    Message("grep", "unmatched|unbalanced|invalid preceding|missing terminating", "+-F",
            "the pattern is meant literally", 0.8),
    Message("brew", r"(?:use|run) .?(?P<fix>brew upgrade [\w@.+-]+)", "{fix!}",
            "it is installed already"),
    Message("brew", r"(?P<fix>brew install --cask [\w@.+-]+)", "{fix!}", "it is a cask"),
    Message("apt", "apt list --upgradable", "apt list --upgradable", "there are upgrades", 0.6),
    Message("", _RAILS, "{fix!} && {line}", "migrations are pending"),
    Message("export", "not a valid identifier", "@join-setting", "no blanks may stand around ="),
    Message("gcc", "undefined reference to .(?:sqrt|pow|sin|cos|floor|exp|log)", "{line} -lm",
            "the mathematics library is missing"),
    Message("gcc", "undefined reference to .pthread", "{line} -pthread", "threads are missing"),
    Message("git diff", "not a git repository", "+--no-index", "there is no repository here", 0.8),
)  # fmt: skip
"""Rows of one program stand from the likeliest to the least likely."""
