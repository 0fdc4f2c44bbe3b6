"""Failed commands of an ordinary day, most of them without a word of what they printed."""

import pytest

from lmd.shell.facts import GitState
from lmd.shell.repair import Failure, repairs
from tests.shell.repair.place import Place

FOLDERS = {
    ".": ("Documents", "Downloads", "notes.txt", "my file.txt", "script.sh", "src", "main.py",
          "archive.tar.gz", "old"),
    "Documents": ("letter.odt",),
    "Downloads": ("cv.pdf",),
    "src": ("app.py", "lib"),
    "src/lib": ("a.py",),
    "old": ("x",),
}  # fmt: skip
FLAGS = {
    "ls": frozenset(
        ("-l", "-a", "-h", "-t", "-r", "--all", "--color", "--human-readable", "--reverse")
    ),
    "tar": frozenset(("-x", "-z", "-f", "-c", "-v", "--extract", "--file", "--verbose", "--gzip")),
    "rm": frozenset(("-r", "-f", "-i", "-v", "--recursive", "--force", "--verbose")),
    "find": frozenset(("-name", "-iname", "-type", "-size", "-mtime", "-mmin", "-print")),
    "git commit": frozenset(
        ("-m", "-a", "--amend", "--all", "--message", "--no-verify", "--no-edit")
    ),
}
GIT = GitState("feature", None, ("origin",), ("main", "feature", "bugfix/login"))
PLACE = Place(git=GIT, folders=FOLDERS, known_flags=FLAGS)

EVERYDAY = [
    ("gti status", 127, "", "git status"),
    ("sl -la", 127, "", "ls -la"),
    ("pyhton3 main.py", 127, "", "python3 main.py"),
    ("python main.py", 127, "", "python3 main.py"),
    ("grpe -r foo src", 127, "", "grep -r foo src"),
    ("dokcer ps -a", 127, "", "docker ps -a"),
    ("cd..", 127, "", "cd .."),
    ("ls-la", 127, "", "ls -la"),
    ("git-status", 127, "", "git status"),
    ("git comit -m 'fix it'", 1, "", "git commit -m 'fix it'"),
    ("git psuh", 1, "", "git push"),
    ("git push", 128, "", "git push --set-upstream origin feature"),
    ("git push", 128, "fatal: The current branch feature has no upstream branch.\n"
     "To push the current branch and set the remote as upstream, use\n\n"
     "    git push --set-upstream origin feature\n", "git push --set-upstream origin feature"),
    ("git checkout fature", 1, "", "git checkout feature"),
    ("git checkout master", 1, "error: pathspec 'master' did not match any file(s) known to git",
     "git checkout main"),
    ("git commit -m x --ammend", 129, "", "git commit -m x --amend"),
    ("apt install vim", 100, "", "sudo apt install vim"),
    ("systemctl restart nginx", 1, "", "sudo systemctl restart nginx"),
    ("sudo systemctl nginx restart", 1, "", "sudo systemctl restart nginx"),
    ("brew install htop", 127, "", "sudo apt install htop"),
    ("docker imagse", 1, "", "docker images"),
    ("cat my file.txt", 1, "", "cat 'my file.txt'"),
    ("cd Docments", 1, "", "cd Documents"),
    ("cat src/ap.py", 1, "", "cat src/app.py"),
    ("rm old", 1, "", "rm -r old"),
    ("cp src backup", 1, "", "cp -r src backup"),
    ("mkdir a/b/c", 1, "mkdir: cannot create directory 'a/b/c': No such file or directory",
     "mkdir -p a/b/c"),
    ("./script.sh", 126, "", "chmod +x script.sh && ./script.sh"),
    ("script.sh", 127, "", "./script.sh"),
    ("ls --colour", 2, "ls: unrecognized option '--colour'", "ls --color"),
    ("tar -extract -f archive.tar.gz", 2, "", "tar --extract -f archive.tar.gz"),
    ("rm -recursive old", 1, "", "rm --recursive old"),
    ("cat /etc/shadow", 1, "cat: /etc/shadow: Permission denied", "sudo cat /etc/shadow"),
    ("echo x > /etc/motd", 1, "bash: /etc/motd: Permission denied",
     "echo x | sudo tee /etc/motd > /dev/null"),
    ("grep foo src", 2, "grep: src: Is a directory", "grep -r foo src"),
    ("$ ls -l", 127, "", "ls -l"),
    ("git commit -m \u201cfix\u201d", 1, "", 'git commit -m "fix"'),
    ("x = 5", 127, "", "x=5"),
    ("kill firefox", 1, "bash: kill: firefox: arguments must be process or job IDs",
     "pkill firefox"),
    ("npm isntall", 1, "", "npm install"),
    ("systemctl restart nginx", 1, "Failed to restart nginx.service: Interactive authentication "
     "required.", "sudo systemctl restart nginx"),
    ("find . -nmae '*.py'", 1, "find: unknown predicate `-nmae'", "find . -name '*.py'"),
    ("find . -nmae '*.py'", 1, "find: -nmae: unknown primary or operator", "find . -name '*.py'"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "status", "error", "expected"), EVERYDAY)
def test_everyday_failures_are_repaired_at_first(
    command: str, status: int, error: str, expected: str
):
    found = repairs(Failure(command, status, error), PLACE)
    assert [repair.command for repair in found[:1]] == [expected]
    assert found[0].confidence >= 0.7
    assert found[0].why
