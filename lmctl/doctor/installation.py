"""Checks of what was installed: configuration, llama.cpp, the built-in model and its lexicon."""

import os
import re
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing

from lmctl.commands.connection import ANSWER_SECONDS, Target, open_checked
from lmctl.doctor.finding import CHILD_SECONDS, Finding, ask_process
from lmctl.failures import Failure
from lmctl.screen.reply import text
from lmctl.screen.text import clean
from lmd import __version__
from lmd.paths import builtin_model_path, config_path, lexicon_path

_GGUF_MAGIC = b"GGUF"
REINSTALL = "reinstall the package lmd"
MARK = "LMD-DOCTOR "
_LLAMA = f"""
import llama_cpp, llama_cpp.llama_cpp as C
features = C.llama_print_system_info().decode("utf-8", "replace")
gpu = C.llama_supports_gpu_offload()
print({MARK!r} + llama_cpp.__version__ + " ; " + ("gpu" if gpu else "cpu") + " ; " + features)
"""
_SPEED = ("AVX", "AVX2", "FMA", "F16C", "AVX512", "AMX_INT8", "NEON", "DOTPROD", "SVE")
_FLAGS = {"AVX": "avx", "AVX2": "avx2", "FMA": "fma", "F16C": "f16c"}
"""What x86 calls the features whose absence from the build costs speed."""
_BACK_ENDS = ("CUDA", "Metal", "MTL", "Vulkan", "ROCm", "HIP", "SYCL", "CANN", "OpenCL")


def check_versions(target: Target) -> Finding:
    """Python and this client."""
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding("versions", "ok", f"lmctl {__version__}, Python {python}, {sys.platform}")


def check_configuration(target: Target) -> Finding:
    """``lmd check`` accepts the configuration file: the running daemon's, or the usual one."""
    said = ask_process([sys.executable, "-m", "lmd", "check", *_daemons_file(target)])
    if said.status == 0:
        return Finding("configuration", "ok", clean(said.last) or "accepted")
    if said.status is None:
        detail = f"lmd check did not end in {CHILD_SECONDS:g} s"
    else:
        detail = " | ".join(map(clean, said.lines[-4:])) or f"ended with status {said.status}"
    return Finding("configuration", "fail", detail, "correct the file and run: lmd check")


def _daemons_file(target: Target) -> list[str]:
    """The file that a running daemon has read, which may be another one than the usual."""
    try:
        with open_checked(target) as connection:
            path = text(connection.call("status", {}, ANSWER_SECONDS), "config")
    except Failure:
        return []
    return [path] if os.path.isfile(path) else []


def check_permissions(target: Target) -> Finding:
    """Nobody else may change the configuration, which names files and commands."""
    path = config_path()
    for name in (path, os.path.dirname(path)):
        try:
            facts = os.stat(name)
        except OSError:
            continue
        if facts.st_uid not in (os.geteuid(), 0):
            return Finding(
                "permissions", "fail", f"{name} belongs to uid {facts.st_uid}",
                "copy it, so that it is yours",
            )  # fmt: skip
        if facts.st_mode & 0o022:
            return Finding("permissions", "fail", f"others may change {name}", f"chmod go-w {name}")
    return Finding("permissions", "ok", "only you may change the configuration")


def check_llama_cpp(target: Target) -> Finding:
    """llama.cpp loads; in a process of its own, because it may abort."""
    said = ask_process([sys.executable, "-c", _LLAMA])
    marked = [line[len(MARK) :] for line in said.lines if line.startswith(MARK)]
    if said.status != 0 or not marked:
        detail = clean(said.last) or f"ended with status {said.status}"
        return Finding(
            "llama.cpp", "fail", detail,
            "reinstall it: pip install --force-reinstall llama-cpp-python",
        )  # fmt: skip
    version, offload, features = marked[0].split(" ; ", 2)
    gpus = [name for name in ("/dev/nvidia0", "/dev/kfd") if os.path.exists(name)]
    return judge_build(version, offload == "gpu", read_features(features), cpu_flags(), gpus)


def judge_build(
    version: str,
    offloads: bool,
    features: Mapping[str, str],
    flags: frozenset[str],
    gpus: list[str],
) -> Finding:
    """Whether the build uses what the machine has. Pure."""
    fast = [name for name in _SPEED if features.get(name) == "1"]
    back_ends = [name for name in _BACK_ENDS if name in features]
    with_gpu = f"GPU: {', '.join(back_ends) or 'yes'}" if offloads else "no GPU"
    detail = f"{version}; {', '.join(fast) or 'no vector instructions'}; {with_gpu}"
    missing = [name for name, flag in _FLAGS.items() if flag in flags and name not in fast]
    if missing:
        return Finding(
            "llama.cpp", "warn", f"{detail}; built without {', '.join(missing)} of this CPU",
            "build it here: CMAKE_ARGS=-DGGML_NATIVE=ON pip install --force-reinstall "
            "--no-binary llama-cpp-python llama-cpp-python",
        )  # fmt: skip
    if gpus and not offloads:
        back_end = "GGML_CUDA" if "/dev/nvidia0" in gpus else "GGML_HIP"
        return Finding(
            "llama.cpp", "warn", f"{detail}; there is one here ({', '.join(gpus)})",
            f"build it with: CMAKE_ARGS=-D{back_end}=ON pip install --force-reinstall "
            "--no-binary llama-cpp-python llama-cpp-python",
        )  # fmt: skip
    return Finding("llama.cpp", "ok", detail)


def read_features(said: str) -> dict[str, str]:
    """``CPU : AVX = 1 | AVX2 = 1 | CUDA : ARCHS = 800`` as a map, back ends with their first
    word as key too. Pure."""
    found: dict[str, str] = {}
    for part in said.split("|"):
        back_end, colon, rest = part.rpartition(" : ")
        if colon and back_end.strip() != "CPU":
            found[back_end.strip()] = "1"
        name, equals, value = rest.partition("=")
        if equals:
            found[name.strip()] = value.strip()
    return found


def cpu_flags() -> frozenset[str]:
    """What the kernel says this processor can do; empty where it does not say."""
    try:
        with open("/proc/cpuinfo") as file:
            found = re.search(r"^flags\s*:(.*)$", file.read(1 << 16), re.MULTILINE)
    except OSError:
        return frozenset()
    return frozenset(found[1].split()) if found else frozenset()


def check_builtin_model(target: Target) -> Finding:
    """The model that ships in the package is there and begins like a GGUF file."""
    path = builtin_model_path()
    try:
        with open(path, "rb") as file:
            magic = file.read(len(_GGUF_MAGIC))
    except OSError as error:
        return Finding("built-in model", "fail", f"{path}: {error.strerror}", REINSTALL)
    if magic != _GGUF_MAGIC:
        return Finding("built-in model", "fail", f"{path} is no GGUF file", REINSTALL)
    return Finding("built-in model", "ok", path)


def check_lexicon(target: Target) -> Finding:
    """SQLite finds every page of what is known of commands as it was written."""
    return judge_lexicon(lexicon_path())


def judge_lexicon(path: str) -> Finding:
    """The same for any file."""
    version = f"SQLite {sqlite3.sqlite_version}"
    if not os.path.exists(path):
        return Finding("lexicon", "fail", f"{path} is missing", REINSTALL)
    try:
        url = f"file:{path.replace('?', '%3f').replace('#', '%23')}?mode=ro&immutable=1"
        with closing(sqlite3.connect(url, uri=True)) as database:
            said = str(database.execute("pragma integrity_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return Finding("lexicon", "fail", f"{version}: {path}: {error}", REINSTALL)
    if said != "ok":
        return Finding("lexicon", "fail", f"{path} is damaged: {clean(said)}", REINSTALL)
    return Finding("lexicon", "ok", f"{version}; {path} is whole")
