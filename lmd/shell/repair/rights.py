"""Rules for what needs other rights. Pure."""

import re
from collections.abc import Iterator

from lmd.shell.language import Invocation, SimpleCommand
from lmd.shell.repair.case import Case, operands, quoted
from lmd.shell.repair.failure import Repair

_DENIED = (
    r"permission denied|operation not permitted|are you root|must be (?:run as )?root|as root\b"
    r"|eacces|superuser|access denied|authentication (?:is )?required|not permitted|requires root"
    r"|could not open lock file|unable to lock|need to be root|only root can|root privileges"
    r"|you cannot perform this operation unless|use sudo|with sudo|sudo privileges"
)
_ROOT_WANTED = r"are you root|as root\b|be root|only root|superuser|root privileges|sudo"
_REFUSED = (
    r"(?:cannot|can't|do not|don't|should not|must not|refus\w+)\b.{0,40}\bas root"
    r"|running \S+ as root is"
)
_ROOTS_NAMES = """
    apt apt-get aptitude dnf yum pacman zypper apk snap systemctl service mount umount useradd
    userdel usermod groupadd adduser deluser visudo ufw iptables modprobe sysctl fdisk mkfs
    parted swapon shutdown reboot poweroff halt dpkg rpm update-grub a2ensite a2enmod chroot
    dmidecode nft lvcreate cryptsetup hostnamectl timedatectl launchctl ip
"""
_ROOTS = frozenset(_ROOTS_NAMES.split())
"""Programs that do their work for root only, but for `_HARMLESS`."""
_HARMLESS_NAMES = """
    list search show status info help policy depends -l -L --list --help --version -V -h -n
    --dry-run -Ss -Si -Q -Qs -Ql -Qi is-active is-enabled is-failed list-units list-unit-files
    list-timers cat cache -a a addr address link route r print get find --user -s -q
    check-update
"""
_HARMLESS = frozenset(_HARMLESS_NAMES.split())
_POINTLESS = 0.3
"""Of sudo for root, who has the right already; below `lmd.shell.suggest.weights.THRESHOLD`."""
_OWN = re.compile(r"^(?:\./|[\w.-]+/|~/|/home/|/tmp/)")


def missing_rights(case: Case) -> Iterator[Repair]:
    """What only root may do is tried again with sudo."""
    said = case.says(_DENIED)
    if case.has_error and not said:
        return
    for part in case.programs:
        command = case.command_of(part)
        if case.is_privileged(part) or part.name in ("ssh", "scp", "git", "pip", "pip3", "docker"):
            continue
        if _OWN.match(part.program) and said:
            continue
        if not said and (case.facts.is_root or part.name not in _ROOTS or not _is_change(part)):
            continue
        if not said and case.failure.status == 127:
            continue
        confidence = _confidence(case, is_said=bool(said))
        why = "it needs root's rights"
        if said and command.redirects and _writes_elsewhere(command):
            yield from _through_tee(case, command, why)
        elif part.name in ("cd", "export", "source", "alias"):
            yield Repair(f"sudo sh -c {quoted(case.line)}", "sudo", why, min(0.6, confidence))
        else:
            yield Repair(case.before(command.words[0], "sudo"), "sudo", why, confidence)
        return


def _confidence(case: Case, *, is_said: bool) -> float:
    """Root is told of it where that is asked for: the command may have run as somebody else."""
    if case.facts.is_root:
        return 0.9 if case.says(_ROOT_WANTED) else _POINTLESS
    return 0.92 if is_said else 0.85


def needless_rights(case: Case) -> Iterator[Repair]:
    """Programs that refuse root, and builtins that sudo cannot run."""
    refused = case.says(_REFUSED)
    for command, part in case.parts:
        if part.name != "sudo" or not part.is_transparent:
            continue
        bare = f"{case.line[: command.words[0].start]}{case.line[part.words[-1].end :].lstrip()}"
        if refused:
            yield Repair(bare, "no-sudo", "it does not want to run as root", 0.94)
        elif any(other.program == "cd" for _, other in case.parts):
            yield Repair(bare, "no-sudo", "cd is part of the shell, sudo cannot run it", 0.85)


def not_executable(case: Case) -> Iterator[Repair]:
    """A file that is there may not be run, or not by that name."""
    denied = case.failure.status == 126 or case.says("permission denied")
    for command, part in case.parts:
        path = part.program
        if "/" not in path or not denied or (case.has_error and not case.says("permission denied")):
            continue
        if command.words[0].text == path or case.failure.status == 126:
            target = path.removeprefix("./")
            yield Repair(
                case.first(f"chmod +x {quoted(target)}"),
                "executable",
                f"{path} may not be run",
                0.93,
            )


def docker_daemon(case: Case) -> Iterator[Repair]:
    """Docker's socket belongs to root, or nobody listens on it."""
    for part in case.programs:
        if part.name != "docker":
            continue
        if case.says("permission denied") and not case.is_privileged(part):
            yield Repair(case.before(case.command_of(part).words[0], "sudo"), "sudo",
                         "docker's socket belongs to root", 0.92)  # fmt: skip
        elif case.says("cannot connect to the docker daemon"):
            start = (
                "open -a Docker"
                if case.failure.platform == "macos"
                else "sudo systemctl start docker"
            )
            yield Repair(case.first(start), "docker", "docker is not running", 0.85)


def _is_change(part: Invocation) -> bool:
    words = [word.text for word in part.words[1:]]
    if part.name in ("mount", "launchctl", "swapon", "visudo") and not words:
        return part.name == "visudo"
    if part.name == "ip":
        return any(word in ("add", "del", "set", "flush", "replace") for word in words)
    if part.name == "sysctl":
        return "-w" in words or any("=" in word for word in words)
    if part.name == "dpkg":
        return any(word in ("-i", "-r", "-P", "--install", "--configure") for word in words)
    if part.name == "rpm":
        return any(word[:2] in ("-i", "-U", "-e", "-F") for word in words)
    if part.name == "pacman":
        return any(re.match(r"-[SRU](?![sil])", word) for word in words)
    if part.name in ("hostnamectl", "timedatectl"):
        return any(word.startswith("set-") for word in words)
    first = next((word.text for word in operands(part)), "")
    return (
        bool(words)
        and first not in _HARMLESS
        and not set(words) & {"--user", "--help", "--version"}
    )


def _writes_elsewhere(command: SimpleCommand) -> bool:
    return any(
        redirect.operator in (">", ">>") and redirect.target is not None
        and not redirect.target.text.startswith("/dev/")
        for redirect in command.redirects
    )  # fmt: skip


def _through_tee(case: Case, command: SimpleCommand, why: str) -> Iterator[Repair]:
    """``echo x > /etc/y``: the shell opens the file, so sudo must."""
    redirect = next(r for r in command.redirects if r.operator in (">", ">>") and r.target)
    if redirect.target is None:
        return
    line = case.line
    before, after = line[: redirect.start].rstrip(), line[redirect.target.end :]
    append = " -a" if redirect.operator == ">>" else ""
    said = f"{before} | sudo tee{append} {redirect.target.raw} > /dev/null{after}"
    yield Repair(said, "sudo-tee", why, 0.92)
    yield Repair(f"sudo sh -c {quoted(line)}", "sudo", why, 0.6)
