"""From TOML files to a checked `Config`, or to an error that says where and what to write."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from lmd import paths
from lmd.config.check import check
from lmd.config.conversion import convert
from lmd.config.machine import memory_bytes
from lmd.config.prefix_files import with_prefix_files
from lmd.config.problems import ConfigError, Problem
from lmd.config.schema import BUILTIN_MODEL, Config, ModelConfig, SamplingConfig
from lmd.config.sources import Merged, Source, merge, read_sources
from lmd.config.written import Surroundings

BUILTIN_MAX_TOKENS = 192
BUILTIN_SHAPE = {"slots": 12, "threads": 1, "speculation": "off"}
"""The samples of one `suggest` are decoded in one batch, and a model this small loses more to
threads that wait for one another than it gains: with one busy core of two, 8 times as much."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, and where each of its keys was found."""

    config: Config
    merged: Merged
    files: tuple[str, ...]


def load(path: str, *, required: bool) -> Config:
    """Read, check and complete the file at ``path`` and those of ``conf.d`` beside it.

    A missing file means the defaults, unless ``required``. Raises `ConfigError`.
    """
    return load_all(path, required=required).config


def load_all(path: str, *, required: bool, instead: Source | None = None) -> Loaded:
    """As `load`, with the places of keys. ``instead`` is the text of one of the files, or of a
    further one, as it would be. Raises `ConfigError`."""
    return _combine(read_sources(path, required=required, instead=instead), path)


def parse(text: str, source: str) -> Config:
    """Turn TOML text into a `Config`, the built-in model included.

    Raises `ConfigError` with all problems that can be told.
    """
    return _combine([Source(source, text)], source).config


def _combine(sources: Sequence[Source], path: str) -> Loaded:
    merged = merge(sources)
    surroundings = Surroundings(os.environ, memory_bytes())
    config, problems = convert(merged.tables, Config, surroundings)
    if config is not None:
        config = _with_builtin(config, merged.tables)
        problems = check(config)
        if not problems:
            config, problems = with_prefix_files(config)
        if not problems:
            return Loaded(config, merged, tuple(source.path for source in sources))
    raise ConfigError(path, in_place(problems, merged))


def in_place(problems: Sequence[Problem], merged: Merged) -> list[Problem]:
    """The problems with their files and lines, in the order in which they are read."""
    order = {place.path: None for place in merged.places.values()}
    ranks = {path: rank for rank, path in enumerate(order)}
    found = []
    for problem in problems:
        place = merged.place_of(problem.key)
        if place and not problem.line:
            problem = replace(problem, source=place.path, line=place.line)
        found.append(problem)
    return sorted(found, key=lambda problem: (ranks.get(problem.source, 0), problem.line))


def _with_builtin(config: Config, tables: dict[str, Any]) -> Config:
    """Add the built-in model, and keep what the file says of it."""
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
    return msgspec.structs.replace(config, models=models)


def _builtin_sampling(chosen: SamplingConfig) -> SamplingConfig:
    """Its most likely command is its best, and no command is longer than this: what goes on has
    lost its way."""
    temperature = 0.0 if chosen.temperature is None else chosen.temperature
    return msgspec.structs.replace(
        chosen, temperature=temperature, max_tokens=chosen.max_tokens or BUILTIN_MAX_TOKENS
    )
