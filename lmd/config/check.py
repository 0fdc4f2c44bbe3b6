"""What is wrong between keys of a configuration. Pure."""

import difflib
from collections.abc import Iterable, Iterator

from lmd.config.addresses import is_http_url, parse_address
from lmd.config.lines import Key
from lmd.config.problems import Problem, spelled
from lmd.config.schema import Config, MetricsConfig, TracingConfig


def check(config: Config) -> list[Problem]:
    """Every contradiction, each with what to do about it."""
    owner: dict[str, str] = {}
    return [
        *_names(config, owner),
        *_models(config),
        *_prefixes(config),
        *_preloads(config),
        *_references(config, owner),
        *_metrics(config.metrics),
        *_tracing(config.tracing),
    ]


def notes(config: Config) -> list[str]:
    """What one key has to do with another, and is no contradiction."""
    return [
        f"{spelled(('models', name, 'flash_attention'))} is on, because "
        f"{spelled(('models', name, 'cache_type_v'))} is {model.cache_type_v!r}"
        for name, model in config.models.items()
        if model.cache_type_v != "f16" and model.flash_attention == "auto"
    ]


def _names(config: Config, owner: dict[str, str]) -> Iterator[Problem]:
    """Names and aliases that mean two models; ``owner`` gets the model of each."""
    for name, model in config.models.items():
        for spelling in (name, *model.aliases):
            if spelling in owner and owner[spelling] != name:
                both = f"{spelled(('models', owner[spelling]))} and {spelled(('models', name))}"
                culprit = name if spelling != name else owner[spelling]
                key = ("models", culprit, "aliases")
                yield Problem(
                    key,
                    f"{spelled(key)}: {spelling!r} names both {both}",
                    "take it out of one of them: a name means one model",
                )
            owner.setdefault(spelling, name)


def _models(config: Config) -> Iterator[Problem]:
    for name, model in config.models.items():
        key = ("models", name)
        if not model.path:
            yield Problem(
                (*key, "path"),
                f"{spelled((*key, 'path'))} is missing",
                'name the GGUF file: path = "~/models/some.gguf"',
            )
        for adapter, lora in model.lora.items():
            if not lora.path:
                yield Problem(
                    (*key, "lora", adapter, "path"),
                    f"{spelled((*key, 'lora', adapter, 'path'))} is missing",
                    'name the GGUF file of the adapter: path = "~/models/style.gguf"',
                )
        if model.batch < model.slots:
            yield Problem(
                (*key, "batch"),
                f"{spelled((*key, 'batch'))} is {model.batch}, less than its {model.slots} slots",
                f"a step has a token for each slot: set it to {model.slots} or more",
            )
        if model.cache_type_v != "f16" and model.flash_attention == "off":
            key_v = (*key, "cache_type_v")
            yield Problem(
                key_v,
                f"{spelled(key_v)} is {model.cache_type_v!r}, which needs flash attention",
                'set flash_attention = "auto" beside it, or cache_type_v = "f16"',
            )
    for name, persona in config.personas.items():
        if persona == type(persona)():
            yield Problem(
                ("personas", name),
                f"{spelled(('personas', name))} says nothing",
                'give it a system prompt: system = "Answer in one sentence."',
            )


def _prefixes(config: Config) -> Iterator[Problem]:
    """Prefixes that say nothing, or two things."""
    for name, prefix in config.prefixes.items():
        key = ("prefixes", name)
        if prefix.text and prefix.file:
            what, hint = "has a `text` and a `file`", "take one of them out"
        elif not (prefix.text.strip() or prefix.file):
            what, hint = "says nothing", 'give it a text = "..." or a file = "~/notes.md"'
        else:
            continue
        yield Problem(key, f"{spelled(key)} {what}", hint)


def _preloads(config: Config) -> Iterator[Problem]:
    for key in ("preload", "pinned"):
        wanted = sum(getattr(model, key) for model in config.models.values())
        if wanted > config.limits.loaded_models:
            yield Problem(
                ("limits", "loaded_models"),
                f"limits.loaded_models is {config.limits.loaded_models}, "
                f"but {wanted} models have `{key}`",
                f"set it to {wanted}, or take `{key}` from a model",
            )


def _references(config: Config, owner: Iterable[str]) -> Iterator[Problem]:
    """Names of models that no model has."""
    owners = list(owner)
    chosen: dict[Key, str] = {
        ("daemon", "default_model"): config.daemon.default_model,
        ("daemon", "suggest_model"): config.daemon.suggest_model,
    }
    for name, persona in config.personas.items():
        if persona.model is not None:
            chosen["personas", name, "model"] = persona.model
    for name, prefix in config.prefixes.items():
        for index, model in enumerate(prefix.models):
            chosen["prefixes", name, "models", str(index)] = model
    for key, model in chosen.items():
        if model not in owners:
            near = difflib.get_close_matches(model, owners, n=1)
            yield Problem(
                key,
                f"{spelled(key)} is {model!r}, which no model is called",
                f"did you mean {near[0]!r}?" if near else f"models: {', '.join(owners)}",
            )


def _metrics(metrics: MetricsConfig) -> Iterator[Problem]:
    """An address that is none, one that others can reach unsaid, and no token."""
    if not metrics.listen:
        return
    try:
        address = parse_address(metrics.listen)
    except ValueError as error:
        yield Problem(("metrics", "listen"), f"metrics.listen: {error}", 'write "127.0.0.1:9187"')
        return
    if not address.is_loopback and not metrics.remote:
        yield Problem(
            ("metrics", "listen"),
            f"metrics.listen: other machines can reach {address.host}",
            'listen on "127.0.0.1", or say that it is meant: remote = true',
        )
    if metrics.token is None:
        yield Problem(
            ("metrics", "listen"),
            "metrics.token is missing: whoever can connect could read the figures",
            'keep one in a file of mode 0600: token = { file = "~/.config/lmd/metrics.token" }',
        )


def _tracing(tracing: TracingConfig) -> Iterator[Problem]:
    if tracing.endpoint and not is_http_url(tracing.endpoint):
        yield Problem(
            ("tracing", "endpoint"),
            "tracing.endpoint is no URL of HTTP without a password in it",
            'write "http://127.0.0.1:4318/v1/traces"; secrets go into [tracing.headers]',
        )
