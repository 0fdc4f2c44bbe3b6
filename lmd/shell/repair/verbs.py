"""Subcommands that rules know without asking anybody, as data."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SUBCOMMANDS = {
    "git": _names("""
        add am apply archive bisect blame branch bundle cat-file checkout cherry-pick clean
        clone commit config describe diff difftool fetch format-patch gc grep help init log
        ls-files merge mergetool mv notes pull push range-diff rebase reflog remote reset
        restore revert rev-parse rm shortlog show show-ref stash status submodule switch tag
        worktree
    """),
    "docker": _names("""
        attach build builder commit compose container context cp create diff events exec export
        history image images import info inspect kill load login logout logs network pause
        plugin port ps pull push rename restart rm rmi run save search start stats stop swarm
        system tag top unpause update version volume wait
    """),
    "apt": _names("""
        autoclean autoremove clean depends download dist-upgrade edit-sources full-upgrade help
        install list policy purge reinstall remove search show source update upgrade
    """),
    "apt-get": _names("""
        autoclean autoremove build-dep check clean dist-upgrade download install purge remove
        source update upgrade
    """),
    "dnf": _names("""
        autoremove check-update clean help upgrade-minimal downgrade group history info install
        list makecache provides reinstall remove repolist search update upgrade
    """),
    "brew": _names("""
        autoremove cask cleanup config deps doctor edit fetch home info install leaves link list
        outdated pin reinstall search services tap uninstall unlink untap update upgrade uses
    """),
    "systemctl": _names("""
        cat daemon-reload disable edit enable halt is-active is-enabled is-failed kill
        list-timers list-unit-files list-units mask poweroff reboot reload reset-failed restart
        show start status stop suspend try-restart unmask
    """),
    "npm": _names("""
        access audit cache ci config dedupe docs exec help info init install link list login
        logout ls outdated pack ping prune publish rebuild repo root run run-script search set
        start stop test uninstall unlink update upgrade version view whoami
    """),
    "yarn": _names("""
        add audit cache config create dlx exec global info init install link list outdated
        publish remove run start test unlink up upgrade why workspace workspaces
    """),
    "pip": _names("""
        cache check config debug download freeze help index inspect install list search show
        uninstall wheel
    """),
    "cargo": _names("""
        add bench build check clean clippy doc fetch fix fmt help init install login new owner
        package publish remove run search test tree uninstall update vendor version
    """),
    "go": _names("""
        build clean doc env fix fmt generate get help install list mod run test tool version vet
        work
    """),
    "kubectl": _names("""
        annotate api-resources apply attach auth autoscale cluster-info completion config cordon
        cp create debug delete describe diff drain edit exec explain expose get label logs patch
        port-forward proxy replace rollout run scale set taint top uncordon version wait
    """),
    "conda": _names("""
        activate clean config create deactivate env info init install list remove run search
        uninstall update upgrade
    """),
    "tmux": _names("""
        attach attach-session detach kill-pane kill-server kill-session kill-window list-keys
        list-panes list-sessions list-windows ls new new-session new-window rename-session
        send-keys source-file split-window switch-client
    """),
    "terraform": _names("""
        apply console destroy fmt force-unlock get graph import init login output plan providers
        refresh show state taint test untaint validate version workspace
    """),
    "gh": _names("""
        alias api auth browse cache codespace completion config extension gist gpg-key issue
        label org pr project release repo ruleset run search secret ssh-key status variable
        workflow
    """),
    "ip": _names("addr address link route neigh rule tunnel maddr netns monitor"),
    "adb": _names("""
        connect devices disconnect emu forward install kill-server logcat pull push reboot
        reverse root shell sideload start-server tcpip uninstall usb version wait-for-device
    """),
    "git stash": _names("apply branch clear create drop list pop push save show store"),
    "git remote": _names("""
        add get-url prune remove rename rm set-branches set-head set-url show update
    """),
    "git submodule": _names("add deinit foreach init status summary sync update"),
    "mvn": _names("clean compile deploy install package site test validate verify"),
    "pyenv": _names("""
        commands exec global help hook init install local prefix rehash root shell shims
        uninstall version versions virtualenv which whence
    """),
    "docker compose": _names("""
        build config cp create down events exec images kill logs ls pause port ps pull push
        restart rm run start stop top up version
    """),
}  # fmt: skip
_SAME = {
    "pip3": "pip", "yum": "dnf", "podman": "docker", "mamba": "conda", "tofu": "terraform",
    "docker-compose": "docker compose",
}  # fmt: skip
for _alias, _name in _SAME.items():
    SUBCOMMANDS[_alias] = SUBCOMMANDS[_name]

SYNONYMS = {
    ("apt", "uninstall"): "remove", ("apt", "delete"): "remove", ("apt", "find"): "search",
    ("apt-get", "uninstall"): "remove", ("apt-get", "delete"): "remove",
    ("dnf", "uninstall"): "remove", ("yum", "uninstall"): "remove", ("dnf", "find"): "search",
    ("pip", "remove"): "uninstall", ("pip3", "remove"): "uninstall", ("pip", "delete"): "uninstall",
    ("brew", "add"): "install", ("brew", "delete"): "uninstall", ("brew", "find"): "search",
    ("npm", "upgrade-all"): "update", ("yarn", "rm"): "remove", ("yarn", "uninstall"): "remove",
    ("docker", "list"): "ps", ("docker", "ls"): "ps", ("docker", "remove"): "rm",
    ("docker", "delete"): "rm", ("docker", "log"): "logs", ("kubectl", "log"): "logs",
    ("kubectl", "list"): "get", ("kubectl", "remove"): "delete", ("systemctl", "reset"): "restart",
    ("git", "undo"): "restore", ("git", "remove"): "rm", ("git", "delete"): "rm",
    ("git", "update"): "pull", ("git", "download"): "pull", ("git", "upload"): "push",
    ("git", "history"): "log", ("git", "rename"): "mv", ("git", "unstage"): "restore --staged",
    ("git remote", "delete"): "remove", ("pyenv", "remove"): "uninstall",
    ("git stash", "delete"): "drop", ("cargo", "start"): "run",
    ("go", "compile"): "build", ("conda", "add"): "install",
}  # fmt: skip
"""What others call a subcommand."""
