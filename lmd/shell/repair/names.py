"""Names of programs that rules know without asking anybody, as data."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


USUAL = _names("""
        7z adb alias ansible apt apt-cache apt-get ar at awk aws base64 bash bat bc bg brew bun
        bunzip2 bzip2 cal cargo cat cd chgrp chmod chown chsh cksum clang clear cmake cmp code
        column comm conda convert cp cpio crontab curl cut date dd deno df diff dig dirname
        disown dmesg dnf docker dpkg du echo egrep emacs env eval exit export expand expr false
        fdisk ffmpeg fg fgrep file find firefox flatpak fold free fsck ftp g++ gcc gdb gem gh
        git go gpg gradle grep groupadd groups gunzip gzip head heroku hg history host hostname
        htop iconv id ifconfig info install ip iptables java javac jobs join journalctl jq kill
        killall kubectl less ln locate login ls lsblk lscpu lsof lsusb make man md5sum mkdir
        mkfs more mount mv mvn mysql nano nc netstat nice nl nmap node nohup npm npx nslookup
        nvim open openssl pacman passwd paste patch perl pgrep php ping pip pip3 pkill pnpm
        podman poetry popd poweroff printenv printf ps psql pushd pwd python python3 R rails
        read readlink realpath reboot rg rm rmdir rsync ruby rustc rustup scp screen sed seq
        service sftp sh sha256sum shuf shutdown sleep snap sort source split sqlite3 ss ssh
        ssh-add ssh-copy-id ssh-keygen stat strace strings su sudo svn sync systemctl tac tail
        tar tee terraform test time timeout tmux top touch tr traceroute tree true type ufw
        ulimit umount unalias uname uniq unset unxz unzip uptime useradd usermod uv vi vim wait
        watch wc wget whereis which who whoami whois xargs xdg-open xz yarn yes yum zip zsh
        zypper
    """)

ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "python": ("python3",), "pip": ("pip3", "python3 -m pip"), "python3": ("python",),
    "pip3": ("python3 -m pip", "pip"), "node": ("nodejs",), "ll": ("ls -l",), "la": ("ls -A",),
    "l": ("ls",), "cls": ("clear",), "dir": ("ls",), "md": ("mkdir",), "rd": ("rmdir",),
    "copy": ("cp",), "move": ("mv",), "ren": ("mv",), "rename": ("mv",), "del": ("rm",),
    "erase": ("rm",), "ipconfig": ("ip addr", "ifconfig"), "ifconfig": ("ip addr",),
    "ip": ("ifconfig",), "netstat": ("ss",), "ss": ("netstat",), "tracert": ("traceroute",),
    "nslookup": ("dig", "host"), "dig": ("host", "nslookup"), "route": ("ip route",),
    "arp": ("ip neigh",), "iwconfig": ("iw dev",), "open": ("xdg-open",), "xdg-open": ("open",),
    "start": ("xdg-open", "open"), "pbcopy": ("wl-copy", "xclip -selection clipboard"),
    "pbpaste": ("wl-paste", "xclip -selection clipboard -o"),
    "vi": ("vim", "nvim", "nano"), "vim": ("vi", "nvim"), "nvim": ("vim", "vi"),
    "edit": ("nano", "vim"), "notepad": ("nano", "vim"), "more": ("less",), "less": ("more",),
    "wget": ("curl -LO",), "curl": ("wget -qO-",), "docker-compose": ("docker compose",),
    "egrep": ("grep -E",), "fgrep": ("grep -F",), "gmake": ("make",), "gsed": ("sed",),
    "gawk": ("awk",), "sha256sum": ("shasum -a 256",), "sha1sum": ("shasum",),
    "md5sum": ("md5",), "md5": ("md5sum",), "tac": ("tail -r",), "fd": ("fdfind",),
    "bat": ("batcat",), "ag": ("rg", "grep -rn"), "rg": ("grep -rn",), "ack": ("rg", "grep -rn"),
    "htop": ("top",), "unrar": ("7z x",), "exa": ("eza", "ls"), "eza": ("exa", "ls"),
    "lsb_release": ("cat /etc/os-release",), "tasklist": ("ps aux",), "taskkill": ("kill",),
    "shasum": ("sha1sum",), "gcc": ("cc", "clang"), "cc": ("gcc", "clang"),
    "g++": ("c++", "clang++"),
    "nproc": ("sysctl -n hw.ncpu",), "free": ("vm_stat",), "lsblk": ("diskutil list",),
    "quit": ("exit",), "bye": ("exit",), "where": ("which",), "mailx": ("mail",), "gtac": ("tac",),
}  # fmt: skip
"""Programs that do nearly the same, where the first is not installed."""

PACKAGES = {
    "convert": "imagemagick", "magick": "imagemagick", "identify": "imagemagick", "rg": "ripgrep",
    "fd": "fd-find", "dig": "dnsutils", "nslookup": "dnsutils", "ifconfig": "net-tools",
    "netstat": "net-tools", "pip": "python3-pip", "pip3": "python3-pip", "python": "python3",
    "psql": "postgresql-client", "mysql": "mysql-client", "gcc": "build-essential",
    "g++": "build-essential", "7z": "p7zip-full", "ag": "silversearcher-ag", "node": "nodejs",
    "nc": "netcat-openbsd", "killall": "psmisc", "pstree": "psmisc", "sqlite3": "sqlite3",
    "java": "default-jre", "javac": "default-jdk", "xclip": "xclip", "docker": "docker.io",
    "make": "make", "unzip": "unzip", "zip": "zip", "jq": "jq", "tree": "tree", "htop": "htop",
}  # fmt: skip
"""Debian's packages of programs; others are called like their program."""
