"""What a path in a command refers to, as far as its spelling tells. Pure."""

import posixpath
import re

_HOME = re.compile(r"^(?:\$HOME|\$\{HOME\}|~\w*)(?=/|$)")
_GLOB = re.compile(r"[*?\[]")
_TOP = """
    bin boot dev etc home lib lib32 lib64 media mnt opt proc root run sbin srv sys usr var
    System Library Applications Users Volumes private cores nix snap
"""
_SYSTEM = frozenset(_TOP.split())
_PEOPLES = frozenset(("home", "Users", "media", "mnt", "Volumes", "srv", "opt", "run"))
"""Folders of the system whose subfolders belong to somebody else."""
_SHARED = frozenset(
    ("/var/tmp", "/var/folders", "/private/tmp", "/private/var/folders", "/dev/shm")
)
_HARMLESS_DEVICE = re.compile(
    r"/dev/(?:null|zero|full|stdin|stdout|stderr|tty\w*|pts/\d+|fd/\d+|(?:tc|ud)p/.*|u?random|shm(?:/.*)?)$"
)
_STARTUP = re.compile(
    r"(?:^|/)(?:\.(?:bashrc|bash_\w+|profile|z(?:shrc|shenv|profile|login|logout)|[kct]*shrc|login"
    r"|inputrc|xinitrc|xprofile|vimrc|exrc|emacs|gitconfig|git-credentials|netrc|npmrc|pypirc|curlrc"
    r"|wgetrc|tmux\.conf|screenrc|my\.cnf|pgpass|Xauthority|rhosts|forward|env|envrc)"
    r"|\.(?:ssh|gnupg|aws|kube|docker)(?:/.*)?"
    r"|\.config/(?:fish|autostart|systemd|environment\.d|git|zsh|nvim)(?:/.*)?"
    r"|\.git/(?:hooks(?:/.*)?|config)|Library/Launch(?:Agents|Daemons)(?:/.*)?"
    r"|authorized_keys|sudoers(?:\.d/.*)?)$"
)
_SECRET = re.compile(
    r"\.ssh/(?:id_|\*)|\bid_(?:rsa|dsa|ecdsa|ed25519)\b|\.aws/credentials|\.gnupg|/etc/shadow"
    r"|\.netrc|\.pgpass|\.kube/config|\.git-credentials|_history\b|\.docker/config|\.npmrc|\.pypirc"
)


def normal(path: str) -> str:
    """The path without doubled slashes, dots and a slash at the end; home written ``~``."""
    path = _HOME.sub("~", path)
    if not path:
        return path
    clean = posixpath.normpath(path)
    clean = clean[1:] if clean.startswith("//") else clean
    return "~/.." if clean == "." and path.startswith("~/") and ".." in path else clean


def is_system(path: str) -> bool:
    """Whether a path is the root, or a folder of the system or something in it."""
    clean = normal(path)
    if not clean.startswith("/") or any(
        clean == shared or clean.startswith(f"{shared}/") for shared in _SHARED
    ):
        return False
    parts = clean.strip("/").split("/")
    first = parts[0]
    if not first or _GLOB.search(first):
        return True
    if first not in _SYSTEM and first.lower() not in _SYSTEM:
        return False
    return first not in _PEOPLES or len(parts) == 1 or bool(_GLOB.match(parts[1]))


def is_wide(path: str) -> bool:
    """Whether a path takes in many things: those of `is_far`, and everything here."""
    return is_far(path) or normal(path) in (".", "*", ".*", "$PWD", "./*")


def is_far(path: str) -> bool:
    """Whether a path takes in what is not this folder's: a system folder, home, ``..``."""
    clean = normal(path)
    if is_system(clean) or clean in ("~/*", "~/.*"):
        return True
    if clean.split("/")[0] == ".." and all(part in ("..", "*") for part in clean.split("/")):
        return True
    return clean.startswith("~/..") or is_home(clean)


def is_home(path: str) -> bool:
    """Whether a path is somebody's home folder."""
    clean = normal(path)
    return clean == "~" or bool(re.fullmatch(r"/(?:home|Users)/[^/]+(?:/\*)?", clean))


def is_device(path: str) -> bool:
    """Whether writing to a path goes to a disk or another device."""
    clean = normal(path)
    return clean.startswith("/dev/") and not _HARMLESS_DEVICE.match(clean)


def is_startup(path: str) -> bool:
    """Whether a file says what runs, or who may log in: rc files, keys, hooks, units."""
    return bool(_STARTUP.search(normal(path)))


def is_secret(text: str) -> bool:
    """Whether a text names a file of keys or passwords."""
    return bool(_SECRET.search(text))
