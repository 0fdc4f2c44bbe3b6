"""From a TOML file to a checked `Config`, or to an error that says where and what to write."""

import difflib
import json
import os
import re
import tomllib
from typing import Any

import msgspec
import msgspec.inspect

from lmd import paths
from lmd.config.schema import BUILTIN_MODEL, Config, ModelConfig, SamplingConfig
from lmd.config.units import convert_units

MAX_CONFIG_BYTES = 1 << 20
BUILTIN_MAX_TOKENS = 192
BUILTIN_SHAPE = {"slots": 12, "threads": 1}
"""The samples of one `suggest` are decoded in one batch, and a model this small loses more to
threads that wait for one another than it gains: with one busy core of two, 8 times as much."""
_KIND = msgspec.inspect.type_info(Config)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<key>[^`]*)`(?: - at `(?P<path>[^`]*)`)?")


class ConfigError(Exception):
    """A configuration that cannot be used: ``message`` says why, ``hint`` what to change."""

    def __init__(self, source: str, message: str, hint: str = "") -> None:
        super().__init__(f"{source}: {message}")
        self.source = source
        self.message = message
        self.hint = hint


def load(path: str, *, required: bool) -> Config:
    """Read, check and complete the file at ``path``.

    A missing file means the defaults, unless ``required``. Raises `ConfigError`.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        if required:
            raise ConfigError(
                path, "there is no such file", "copy config.example.toml there"
            ) from None
        return parse("", "(defaults)")
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(path, f"is larger than {MAX_CONFIG_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(path, f"is not UTF-8 text (byte {error.start})") from error
    return parse(text, path)


def parse(text: str, source: str) -> Config:
    """Turn TOML text into a `Config`, the built-in model included. Raises `ConfigError`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, f"is not valid TOML: {error}") from error
    except RecursionError:
        raise ConfigError(source, "is nested too deeply") from None
    try:
        config = _convert(tables)
    except ValueError as error:
        message, hint = _explain(str(error))
        raise ConfigError(source, _name_model(message, tables), hint) from error
    config = _with_builtin(config, tables)
    problems = check(config)
    if problems:
        raise ConfigError(source, "; ".join(problems))
    return config


def _convert(tables: dict[str, Any]) -> Config:
    """Check TOML's values against the schema. Raises ValueError; msgspec's errors are such."""
    return msgspec.convert(convert_units(tables, _KIND), Config)


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


def check(config: Config) -> list[str]:
    """What is wrong between fields; one sentence each."""
    problems: list[str] = []
    owner: dict[str, str] = {}
    for name, model in config.models.items():
        if not model.path:
            problems.append(f"models.{name}.path is missing: name the GGUF file")
        elif not os.path.isabs(model.path):
            problems.append(f"models.{name}.path must be absolute or start with ~")
        for spelling in (name, *model.aliases):
            if spelling in owner and owner[spelling] != name:
                problems.append(f"{spelling!r} names both models.{owner[spelling]} and {name}")
            owner.setdefault(spelling, name)
        if model.batch < model.slots:
            problems.append(
                f"models.{name}.batch is {model.batch}, less than its {model.slots} slots: "
                "a step has a token for each"
            )
        if "\0" in model.path:
            problems.append(f"models.{name}.path must not contain a NUL character")
    preloads = sum(model.preload for model in config.models.values())
    if preloads > config.limits.loaded_models:
        problems.append(
            f"{preloads} models have `preload`, but limits.loaded_models is "
            f"{config.limits.loaded_models}"
        )
    if config.log.file and not os.path.isabs(config.log.file):
        problems.append("log.file must be absolute or start with ~")
    for key in ("default_model", "suggest_model"):
        chosen = getattr(config.daemon, key)
        if chosen not in owner:
            problems.append(f"daemon.{key} is {chosen!r}, which no model is called")
    return problems


def _explain(error: str) -> tuple[str, str]:
    """Message and hint for a schema error, with key paths as TOML writes them."""
    unknown = _UNKNOWN_FIELD.search(error)
    if unknown is None:
        return re.sub(r"`\$\.?([^`]*)`", r"`\1`", error).replace("object", "table"), ""
    path = (unknown["path"] or "$").removeprefix("$").removeprefix(".")
    where = f" in [{path}]" if path else ""
    valid = _keys_at(path)
    near = difflib.get_close_matches(unknown["key"], valid, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"valid keys: {', '.join(valid)}"
    return f"unknown key `{unknown['key']}`{where}", hint


def _name_model(message: str, tables: dict[str, Any]) -> str:
    """Put the model's name where msgspec, which knows no keys of maps, writes ``[...]``."""
    if "models[...]" not in message:
        return message
    for name, model in tables["models"].items():
        try:
            _convert({"models": {name: model}})
        except ValueError:
            key = name if _BARE_KEY.fullmatch(name) else json.dumps(name)
            return message.replace("models[...]", f"models.{key}", 1)
    return message


def _keys_at(path: str) -> list[str]:
    """Names of the keys that the schema has at a path such as ``models[...].sampling``."""
    kind: msgspec.inspect.Type = _KIND
    for part in filter(None, re.split(r"[.\[\]]+", path)):
        assert isinstance(kind, msgspec.inspect.StructType)
        kind = next(field.type for field in kind.fields if field.encode_name == part)
        if isinstance(kind, msgspec.inspect.Metadata):
            kind = kind.type
        if isinstance(kind, msgspec.inspect.DictType):
            kind = kind.value_type
    return (
        [field.encode_name for field in kind.fields]
        if isinstance(kind, msgspec.inspect.StructType)
        else []
    )
