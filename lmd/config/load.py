"""From a TOML file to a checked `Config`, or to an error that says where and what to write."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from lmd import paths
from lmd.config.lines import Key
from lmd.config.problems import (
    KIND,
    MOST,
    ConfigError,
    Problem,
    at_fault,
    from_schema,
    located,
    spelled,
    without,
)
from lmd.config.schema import BUILTIN_MODEL, MOST_MODELS, Config, ModelConfig, SamplingConfig
from lmd.config.units import convert_units

MAX_CONFIG_BYTES = 1 << 20
BUILTIN_MAX_TOKENS = 192
BUILTIN_SHAPE = {"slots": 12, "threads": 1}
"""The samples of one `suggest` are decoded in one batch, and a model this small loses more to
threads that wait for one another than it gains: with one busy core of two, 8 times as much."""
_PLACE = re.compile(r"\(at line (\d+), column \d+\)")


def load(path: str, *, required: bool) -> Config:
    """Read, check and complete the file at ``path``.

    A missing file means the defaults, unless ``required``. Raises `ConfigError`.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        if required:
            raise at_fault(
                path, "there is no such file", "copy config.example.toml there"
            ) from None
        return parse("", "(defaults)")
    except OSError as error:
        raise at_fault(path, f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_CONFIG_BYTES:
        raise at_fault(path, f"is larger than {MAX_CONFIG_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise at_fault(path, f"is not UTF-8 text (byte {error.start})") from error
    return parse(text, path)


def parse(text: str, source: str) -> Config:
    """Turn TOML text into a `Config`, the built-in model included.

    Raises `ConfigError` with all problems that can be told.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, [_syntax_problem(str(error), text)]) from error
    except RecursionError:
        raise at_fault(source, "is nested too deeply") from None
    problems = list(islice(_schema_problems(tables), MOST))
    if problems:
        raise ConfigError(source, located(problems, text))
    config = _with_builtin(_convert(tables), tables)
    problems = check(config)
    if problems:
        raise ConfigError(source, located(problems, text))
    return config


def _syntax_problem(error: str, text: str) -> Problem:
    place = _PLACE.search(error)
    line = int(place[1]) if place else text.rstrip("\n").count("\n") + 1
    return Problem((), f"is not valid TOML: {error}", line=line)


def _schema_problems(tables: dict[str, Any]) -> Iterator[Problem]:
    """Every problem of the tables, one model after the other, so that its name is known.

    The schema check stops at the first problem: what it complains of is left out, and the rest
    is checked again.
    """
    models = tables.get("models")
    rest = {key: value for key, value in tables.items() if key != "models"}
    parts: list[tuple[str | None, dict[str, Any]]] = [(None, rest)]
    if isinstance(models, dict):
        parts += [(name, {"models": {name: model}}) for name, model in models.items()]
        if len(models) > MOST_MODELS:
            yield Problem(("models",), f"models: there are {len(models)}, at most {MOST_MODELS}")
    elif "models" in tables:
        parts.append((None, {"models": models}))
    for name, part in parts:
        while True:
            try:
                _convert(part)
                break
            except ValueError as error:
                problem = from_schema(str(error), name, part)
            yield problem
            less = without(part, problem.key)
            if less == part:
                break
            part = less


def _convert(tables: dict[str, Any]) -> Config:
    """Check TOML's values against the schema. Raises ValueError; msgspec's errors are such."""
    return msgspec.convert(convert_units(tables, KIND), Config)


def _with_builtin(config: Config, tables: dict[str, Any]) -> Config:
    """Add the built-in model, keep what the file says of it, and expand every path."""
    written = tables.get("models", {}).get(BUILTIN_MODEL, {})
    shape = {key: value for key, value in BUILTIN_SHAPE.items() if key not in written}
    models = {BUILTIN_MODEL: ModelConfig(), **config.models}
    builtin = models[BUILTIN_MODEL]
    if not builtin.path:
        models[BUILTIN_MODEL] = msgspec.structs.replace(
            builtin,
            path=paths.builtin_model_path(),
            **shape,
            sampling=_builtin_sampling(builtin.sampling),
        )
    for name, model in models.items():
        models[name] = msgspec.structs.replace(model, path=_expand(model.path))
    log = msgspec.structs.replace(config.log, file=_expand(config.log.file))
    return msgspec.structs.replace(config, models=models, log=log)


def _expand(path: str) -> str:
    return os.path.expandvars(os.path.expanduser(path))


def _builtin_sampling(chosen: SamplingConfig) -> SamplingConfig:
    """Its most likely command is its best, and no command is longer than this: what goes on has
    lost its way."""
    temperature = 0.0 if chosen.temperature is None else chosen.temperature
    return msgspec.structs.replace(
        chosen, temperature=temperature, max_tokens=chosen.max_tokens or BUILTIN_MAX_TOKENS
    )


def check(config: Config) -> list[Problem]:
    """What is wrong between keys."""
    problems: list[Problem] = []

    def complain(key: Key, message: str, hint: str = "") -> None:
        problems.append(Problem(key, f"{spelled(key)}{message}", hint))

    owner: dict[str, str] = {}
    for name, model in config.models.items():
        key = ("models", name)
        if not model.path:
            complain((*key, "path"), " is missing", "name the GGUF file")
        elif not os.path.isabs(model.path):
            complain((*key, "path"), f" is {model.path!r}: it must be absolute or start with ~")
        for spelling in (name, *model.aliases):
            if spelling in owner and owner[spelling] != name:
                both = f"{spelled(('models', owner[spelling]))} and {spelled(key)}"
                culprit = name if spelling != name else owner[spelling]
                place = ("models", culprit, "aliases")
                problems.append(Problem(place, f"{spelling!r} names both {both}", "rename one"))
            owner.setdefault(spelling, name)
        if model.batch < model.slots:
            complain(
                (*key, "batch"),
                f" is {model.batch}, less than its {model.slots} slots",
                "a step has a token for each slot",
            )
        if "\0" in model.path:
            complain((*key, "path"), " must not contain a NUL character")
    preloads = sum(model.preload for model in config.models.values())
    if preloads > config.limits.loaded_models:
        complain(
            ("limits", "loaded_models"),
            f" is {config.limits.loaded_models}, but {preloads} models have `preload`",
            f"set it to {preloads}, or take `preload` from a model",
        )
    if config.log.file and not os.path.isabs(config.log.file):
        complain(("log", "file"), " must be absolute or start with ~")
    for setting in ("default_model", "suggest_model"):
        chosen = getattr(config.daemon, setting)
        if chosen not in owner:
            near = difflib.get_close_matches(chosen, owner, n=1)
            complain(
                ("daemon", setting),
                f" is {chosen!r}, which no model is called",
                f"did you mean {near[0]!r}?" if near else f"models: {', '.join(owner)}",
            )
    return problems
