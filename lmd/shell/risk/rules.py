"""Which programs are risky with which arguments, as data."""

from collections.abc import Callable
from dataclasses import dataclass

from lmd.shell.risk.arguments import Arguments
from lmd.shell.risk.paths import is_far, is_startup, is_system, is_wide


@dataclass(frozen=True, slots=True)
class Rule:
    """Holds where the program and everything else that is given fit."""

    name: str
    programs: frozenset[str]
    reason: str
    """``{what}`` stands for the operands, shortened; ``{program}`` for the program."""
    options: tuple[str, ...] = ()
    """One of these must be given."""
    unless: tuple[str, ...] = ()
    """None of these may be given."""
    begins: tuple[str, ...] = ()
    """The operands begin with one of these, words separated by spaces."""
    contains: tuple[str, ...] = ()
    """One operand or option equals one of these."""
    operand: Callable[[str], bool] | None = None
    """An operand for which this is true; ``{what}`` is only those."""
    test: Callable[[Arguments], bool] | None = None
    """Whatever else must be so."""


def _is_world_writable(mode: str) -> bool:
    if mode.isdecimal():
        return len(mode) <= 5 and mode[-1] in "2367"
    return any(
        "w" in part.partition("+")[2]
        and part.partition("+")[0] in ("", "a", "o", "go", "ugo", "uo")
        for part in mode.split(",")
        if "+" in part
    )


def _is_set_user_id(mode: str) -> bool:
    if mode.isdecimal():
        return len(mode.lstrip("0")) == 4 and mode.lstrip("0")[0] in "4567"
    return any(part[:1] in "ugoa+" and "+" in part and "s" in part for part in mode.split(","))


def _is_everything(arguments: Arguments) -> bool:
    """``kill -9 -1`` and ``kill 1``; but ``kill -1 99`` is only a hang-up."""
    return "1" in arguments.operands or "-1" in arguments.texts[1:] or arguments.texts == ("-1",)


def _is_a_program(address: str) -> bool:
    return address.lower().startswith(("exec:", "system:", "shell:"))


def _replaces_ref(arguments: Arguments) -> bool:
    """``git push origin +main`` and ``:main``."""
    return arguments.operands[:1] == ("push",) and any(
        text[0] in "+:" for text in arguments.operands[1:] if text
    )


def _is_of_a_user(arguments: Arguments) -> bool:
    return bool({"-u", "-U", "--user", "--euid", "--uid"} & set(arguments.texts))


def _rule(name: str, programs: str, reason: str, begins: str = "", options: str = "",
           unless: str = "", contains: str = "",
           operand: Callable[[str], bool] | None = None,
           test: Callable[[Arguments], bool] | None = None) -> Rule:  # fmt: skip
    return Rule(
        name,
        frozenset(programs.split()),
        reason,
        tuple(options.split()),
        tuple(unless.split()),
        tuple(part.strip() for part in begins.split(",") if part.strip()),
        tuple(contains.split()),
        operand,
        test,
    )


_MODE_REASON = "changes who may use everything below {what}"
_DEVICE_TOOLS = """
    mkfs mke2fs mkswap newfs newfs_apfs newfs_hfs newfs_msdos mkntfs mkdosfs mkfs.ext2 mkfs.ext3
    mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.fat mkfs.exfat mkfs.ntfs mkfs.f2fs mkfs.minix
    blkdiscard sgdisk cgdisk gdisk cfdisk
"""

RULES = (
    _rule("recursive-delete", "rm srm", "deletes everything below {what}",
           options="-r -R --recursive"),
    _rule("delete", "rm unlink srm", "deletes {what}",
           unless="-r -R --recursive", operand=is_wide),
    _rule("delete", "rm unlink", "deletes {what}", unless="-r -R", operand=is_startup),
    _rule("delete", "shred wipe srm scrub", "overwrites {what} beyond recovery", unless="--help"),
    _rule("delete", "find gfind", "deletes what it finds below {what}", contains="-delete"),
    _rule("delete", "rsync", "deletes at the destination what the source does not have",
           options="--delete --delete-after --delete-before --delete-excluded --del"),
    _rule("delete", "rsync", "deletes its source files", options="--remove-source-files"),
    _rule("delete", "crontab", "deletes all scheduled commands", options="-r"),
    _rule("delete", "userdel deluser", "deletes a user with all files",
           options="-r --remove --remove-home --remove-all-files"),
    _rule("delete", "docker podman", "deletes what no container uses now",
           "system prune, volume prune, image prune, container prune, volume rm"),
    _rule("delete", "kubectl oc", "deletes resources of the cluster", "delete, drain"),
    _rule("delete", "terraform tofu pulumi", "destroys what it manages", "destroy"),
    _rule("delete", "terraform tofu", "changes what it manages without asking",
           "apply", options="-auto-approve --auto-approve"),
    _rule("delete", "aws", "deletes objects of a bucket", "s3 rm, s3 rb, s3api delete-bucket"),
    _rule("delete", "dropdb dropuser", "deletes a database or a user of it"),
    _rule("delete", "mysqladmin", "deletes a database", contains="drop"),
    _rule("delete", "redis-cli", "deletes every key", "flushall, FLUSHALL, flushdb, FLUSHDB"),
    _rule("delete", "history", "deletes the shell's history", options="-c"),
    _rule("moves-system", "mv", "moves {what}", operand=is_system),
    _rule("discards", "mv", "puts files where nothing is kept", contains="/dev/null"),
    _rule("git", "git", "discards changes that are not committed", "reset",
           options="--hard --merge"),
    _rule("git", "git", "deletes files that git does not track", "clean", options="-f --force",
           unless="-n --dry-run"),
    _rule("git", "git", "overwrites what others may have pushed", "push",
           options="-f --force --force-with-lease --mirror"),
    _rule("git", "git", "overwrites or deletes what others may have pushed", test=_replaces_ref),
    _rule("git", "git", "deletes a branch of the remote", "push", options="-d --delete"),
    _rule("git", "git", "discards changes that are not committed",
           "checkout ., checkout *, restore ., restore *"),
    _rule("git", "git", "discards changes that are not committed", "checkout",
           options="-f --force"),
    _rule("git", "git", "deletes branches that may not be merged", "branch", contains="-D"),
    _rule("git", "git", "discards stashed changes", "stash drop, stash clear"),
    _rule("git", "git", "rewrites the history", "filter-branch, filter-repo, reflog expire"),
    _rule("disk", _DEVICE_TOOLS, "erases or repartitions {what}", unless="--help"),
    _rule("disk", "fdisk sfdisk", "changes the partitions of {what}",
           unless="-l --list -d --dump -V --help -s"),
    _rule("disk", "parted", "changes partitions",
           contains="mklabel mktable mkpart rm resizepart name set rescue"),
    _rule("disk", "wipefs", "erases the signatures of {what}", options="-a --all -o --offset"),
    _rule("disk", "badblocks", "overwrites {what}", options="-w"),
    _rule("disk", "hdparm", "changes or erases {what}",
           options="--security-erase --trim-sector-ranges"),
    _rule("disk", "nvme", "erases {what}", "format, sanitize"),
    _rule("disk", "cryptsetup", "erases {what}", "luksFormat, erase, luksErase, reencrypt"),
    _rule("disk", "diskutil", "erases or repartitions a disk",
           "eraseDisk, eraseVolume, partitionDisk, zeroDisk, secureErase, randomDisk, reformat,"
           " apfs deleteContainer, apfs deleteVolume, apfs eraseVolume"),
    _rule("disk", "asr", "overwrites a volume", "restore"),
    _rule("disk", "mdadm", "changes a disk array",
           options="--create -C --zero-superblock --remove --fail"),
    _rule("disk", "lvremove vgremove pvremove lvreduce pvcreate", "removes or overwrites {what}"),
    _rule("disk", "zpool zfs", "destroys {what}", "destroy, labelclear, rollback"),
    _rule("disk", "btrfs", "deletes a subvolume", "subvolume delete, device remove"),
    _rule("disk", "efibootmgr", "changes what the machine boots", options="-B --delete-bootnum"),
    _rule("disk", "flashrom", "writes firmware", options="-w --write -E --erase"),
    _rule("system-permissions", "chmod chown chgrp setfacl chattr chflags xattr", _MODE_REASON,
           options="-R --recursive -r", operand=is_far),
    _rule("system-permissions", "chmod chown chgrp", "changes who may use {what}",
           unless="-R", operand=is_system),
    _rule("world-writable", "chmod", "lets everybody change files", operand=_is_world_writable),
    _rule("set-user-id", "chmod", "lets others run it with its owner's rights",
           operand=_is_set_user_id),
    _rule("power", "shutdown reboot halt poweroff telinit", "stops or restarts the machine",
           unless="-c --help --show"),
    _rule("power", "init", "stops or restarts the machine", "0, 6"),
    _rule("power", "systemctl loginctl", "stops or restarts the machine",
           "poweroff, reboot, halt, kexec, rescue, emergency"),
    _rule("kill-all", "kill", "ends all processes", test=_is_everything),
    _rule("kill-all", "killall5", "ends all processes"),
    _rule("kill-all", "pkill killall", "ends all processes of a user", test=_is_of_a_user),
    _rule("protection", "iptables ip6tables", "removes firewall rules", options="-F --flush -X"),
    _rule("protection", "nft", "removes firewall rules", "flush ruleset"),
    _rule("protection", "ufw", "switches the firewall off", "disable, reset", unless="--dry-run"),
    _rule("protection", "setenforce", "switches a protection off", "0, permissive, Permissive"),
    _rule("protection", "csrutil", "switches a protection off", "disable"),
    _rule("protection", "spctl", "switches a protection off",
           options="--master-disable --global-disable"),
    _rule("remote-shell", "nc ncat netcat", "gives a program to another machine",
           options="-e --exec -c --sh-exec"),
    _rule("remote-shell", "socat", "gives a program to another machine", operand=_is_a_program),
    _rule("crontab", "crontab", "replaces all scheduled commands", unless="-l -e -r -u"),
    _rule("forced-package", "dpkg", "ignores what packages need",
           options="--force-all --force-depends"),
    _rule("forced-package", "pacman", "ignores what packages need", options="-Rdd --nodeps"),
    _rule("hidden-program", "tar", "lets tar run a program",
           options="--checkpoint-action --to-command --rmt-command --rsh-command"),
)  # fmt: skip
