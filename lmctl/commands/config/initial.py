"""`lmctl config init`: every key with its default, commented out, and what this machine has."""

import os
import re
import sys
from collections.abc import Iterator
from itertools import islice

from lmctl.commands.config.checking import check, short
from lmctl.commands.config.writing import alone, read, write
from lmctl.commands.tables import size
from lmctl.failures import EXIT_DATA, EXIT_OK, Failure
from lmctl.output import Messages, print_text
from lmctl.share import read_shared
from lmd.paths import config_path

_PLACES = (
    "~/models",
    "~/Models",
    "~/.cache/huggingface/hub",
    "~/.cache/llama.cpp",
    "~/.lmstudio/models",
    "~/.cache/lm-studio/models",
    "~/.local/share/models",
    "~/Library/Caches/llama.cpp",
    "~/Downloads",
)
"""Where other programs keep GGUF files."""
MAX_FOLDERS = 2000
MAX_DEPTH = 6
MAX_MODELS = 20
_LATER_SHARD = re.compile(r"-(?!0*1-of)\d+-of-\d+\.gguf$", re.IGNORECASE)
_NOT_CHAT = re.compile(r"mmproj|imatrix", re.IGNORECASE)
_TOP = """\
# lmd.toml: everything that lmd does is declared here. A line behind a # shows a default: take the
# sign away to change it, or type `lmctl config set KEY VALUE`. `lmd check` says what is wrong,
# `lmctl config show` what holds and why.
"""


def init(file: str | None, force: bool, to_stdout: bool) -> int:
    """Write a configuration to start from, or print it. Raises Failure where there is one."""
    if to_stdout:
        print_text(initial_text())
        return EXIT_OK
    path = os.path.abspath(file or config_path())
    with alone(path):
        old = read(path)
        if old is not None and not force:
            raise Failure(
                f"{path} exists: nothing was written",
                EXIT_DATA,
                "look at it: lmctl config show   (--force replaces it)",
            )
        text = initial_text()
        check(file, text=text, of=path).refuse()
        write(path, text, instead_of=old)
    Messages().receipt(f"wrote {short(path)}; change it with: lmctl config edit")
    return EXIT_OK


def initial_text() -> str:
    """The example with everything commented out, behind what is known of this machine."""
    example = read_shared("config.example.toml").decode()
    explained = example[example.index("# Durations:") :] if "# Durations:" in example else example
    body = "".join(map(_commented, explained.splitlines(keepends=True)))
    found = "".join(f"#\n{_model(path)}" for path in find_models())
    models = f"\n# GGUF files on this machine:\n{found}" if found else ""
    return f"{_TOP}#\n# This machine: {_machine()}.\n#\n{body}{models}"


def find_models() -> list[str]:
    """GGUF files in the usual places, the largest folders left unfinished; links are followed
    once, as the Hugging Face cache needs."""
    found: dict[str, str] = {}
    for place in _PLACES:
        for path in _gguf_files(os.path.expanduser(place)):
            found.setdefault(os.path.realpath(path), path)
            if len(found) == MAX_MODELS:
                return list(found.values())
    return list(found.values())


def _gguf_files(top: str) -> Iterator[str]:
    for folder, inside, names in islice(os.walk(top), MAX_FOLDERS):
        if folder[len(top) :].count(os.sep) >= MAX_DEPTH:
            inside.clear()
        inside.sort()
        for name in sorted(names):
            whole = name.lower().endswith(".gguf") and not _LATER_SHARD.search(name)
            path = os.path.join(folder, name)
            if whole and not _NOT_CHAT.search(name) and name.isprintable() and os.path.isfile(path):
                yield path


def _commented(line: str) -> str:
    is_key = line.strip() and not line.startswith(("#", "["))
    is_named_table = line.startswith(("[models.", "[personas.", "[prefixes."))
    return f"# {line}" if is_key or is_named_table else line


def _model(path: str) -> str:
    name = re.sub(r"[^a-z0-9_-]+", "-", os.path.basename(path)[: -len(".gguf")].lower()).strip("-")
    shown = short(path).replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    weight = size(os.stat(path).st_size)
    return f'# [models.{name}]\n# path = "{shown}"  # {weight}\n'


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    count = os.cpu_count() or 1
    processors = "1 processor" if count == 1 else f"{count} processors"
    return f"{processors}, {size(memory)} of memory{_gpu()}"


def _gpu() -> str:
    if sys.platform == "darwin" and os.uname().machine == "arm64":
        return ", a GPU that shares it (gpu_layers = -1)"
    if any(os.path.exists(device) for device in ("/dev/nvidia0", "/dev/kfd")):
        return ", a GPU (gpu_layers = -1, if llama.cpp was built for it)"
    return ""
