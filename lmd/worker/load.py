"""From `Load` to a model with its context, or to a `LoadError` that says what to do."""

import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lmd.protocol.params import Message
from lmd.protocol.results import RequestWarning
from lmd.protocol.worker import Load, Loading
from lmd.worker.adapters import Adapters, load_adapters
from lmd.worker.attention import Attention, choose_attention
from lmd.worker.channel import Send
from lmd.worker.cpus import default_threads
from lmd.worker.governor import Governor, open_governor
from lmd.worker.llama.context import MAX_SEQUENCES, Context, ContextShape
from lmd.worker.llama.log import LlamaError
from lmd.worker.llama.model import Model, build
from lmd.worker.pace import GAP
from lmd.worker.pins import PrefixTokens, Reserve, reserve_for, tokenize_prefixes
from lmd.worker.prompts import Prompts
from lmd.worker.sandbox import Setup
from lmd.worker.saved.identity import identity
from lmd.worker.saved.store import SavedStates
from lmd.worker.service import LoadError
from lmd.worker.template import ChatTemplate, Source, TemplateFailed, choose_template

DEFAULT_CONTEXT = 4096
MAX_CELLS = 1 << 26
MAX_THREADS = 512
EMBED_SEQUENCES = 64
PROGRESS_STEP = 0.05


@dataclass(slots=True)
class Sizes:
    """The numbers of a context, within what llama.cpp takes without aborting."""

    context: int
    slots: int
    parked: int
    parked_bytes: int | None
    batch: int
    prefill_chunk: int
    threads: int
    interactive_gap: float = GAP
    reserve: Reserve = field(default_factory=Reserve)
    """For declared prefixes, on top of what the slots need."""

    @property
    def cells(self) -> int:
        return self.context * self.slots + self.reserve.cells

    @property
    def sequences(self) -> int:
        return self.slots + self.parked + self.reserve.sequences


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be known before a context is created."""

    sizes: Sizes
    attention: Attention
    source: Source
    prompts: Prompts
    prefixes: list[PrefixTokens]


@dataclass(slots=True)
class Loaded:
    """A model that can serve."""

    model: Model
    sizes: Sizes
    context: Context | None
    """None for a model that only embeds."""
    source: Source
    pooling: str
    warnings: list[RequestWarning]
    prompts: Prompts
    saved: SavedStates | None = None
    """None where nothing is kept on disk."""
    prefixes: list[PrefixTokens] = field(default_factory=list)
    flash: bool = False
    """Attention is fused."""
    adapters: Adapters = field(default_factory=lambda: Adapters({}, ()))
    governor: Governor | None = None
    """None where the number of threads is fixed."""


def load_model(load: Load, send: Send) -> Loaded:
    """Load the file, create the context, try the chat template. Raises LoadError."""
    check_file(load.path)
    warnings: list[RequestWarning] = []
    try:
        model = Model(load.path, load.gpu_layers, _progress(send))
        plan = plan_context(load, model, warnings)
        context = open_context(model, plan.sizes, plan.attention)
    except LlamaError as error:
        raise _not_loaded(load, error) from error
    adapters = load_adapters(model, load.adapters)
    pooling = _choose_pooling(load.pooling, model.pooling, warnings)
    saved = _open_saved(load, model, context) if context and load.saved else None
    governor = open_governor(load, plan.sizes.threads, send)
    if context is not None:
        context.governor = governor
    return Loaded(
        model,
        plan.sizes,
        context,
        plan.source,
        pooling,
        warnings,
        plan.prompts,
        saved,
        plan.prefixes,
        plan.attention.flash,
        adapters,
        governor,
    )


def plan_context(load: Load, model: Model, warnings: list[RequestWarning]) -> Plan:
    """How large the context must be, declared prefixes included, for which the template has to
    run. Raises LoadError."""
    check_kind(model)
    attention = choose_attention(load, prefers_flash=model.prefers_flash, warnings=warnings)
    sizes = choose_sizes(load, model.training_context, warnings)
    source = choose_template(load.chat_template, model.chat_template, model.vocabulary.specials)
    prompts = Prompts(model.vocabulary, try_template(model, source))
    return Plan(sizes, attention, source, prompts, set_room_aside(load, sizes, prompts))


def set_room_aside(load: Load, sizes: Sizes, prompts: Prompts) -> list[PrefixTokens]:
    """Tokenize the declared prefixes, and enlarge the context that is to be opened by them."""
    prefixes = tokenize_prefixes(prompts, load.prefixes, sizes.context)
    room = MAX_SEQUENCES - sizes.slots - sizes.parked
    sizes.reserve = reserve_for(prefixes, MAX_CELLS - sizes.context * sizes.slots, room)
    return prefixes


def _not_loaded(load: Load, error: LlamaError) -> LoadError:
    return LoadError(
        f"llama.cpp cannot load {load.path}: {error}",
        "check the file, the context size, the cache types and the memory that is free",
    )


def choose_sizes(load: Load, training_context: int, warnings: list[RequestWarning]) -> Sizes:
    """Bound every number; what is changed is reported. Pure. Raises LoadError."""
    wanted = load.context or min(training_context or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
    context = min(wanted, training_context) if training_context else wanted
    if context < wanted:
        detail = f"{wanted} asked for; the model was trained on {training_context}"
        warnings.append(RequestWarning("context", "clamped", detail))
    slots = min(max(load.slots, 1), MAX_SEQUENCES - 1)
    if context * slots > MAX_CELLS:
        raise LoadError(
            f"{slots} slots of {context} tokens are more than {MAX_CELLS} cells",
            "lower slots or context",
        )
    batch = max(1, min(load.batch, context * slots))
    return Sizes(
        context=context,
        slots=slots,
        parked=max(0, min(load.parked, MAX_SEQUENCES - slots)),
        parked_bytes=load.parked_bytes,
        batch=batch,
        prefill_chunk=max(1, min(load.prefill_chunk, batch)),
        threads=min(load.threads, MAX_THREADS) if load.threads > 0 else default_threads(),
        interactive_gap=load.interactive_gap,
    )


def open_embedding_context(model: Model, sizes: Sizes, *, flash: bool) -> Context:
    """The context for embeddings; a model that reads in both directions needs one batch for an
    input, so its batch is as large as its context. Raises LlamaError.

    Its cache is f16: what is read once and kept as one vector had better be exact.
    """
    attention = Attention(flash=flash)
    probe = ContextShape(
        sizes.context, sizes.batch, EMBED_SEQUENCES, sizes.threads, True, attention
    )
    context = Context(model, probe)
    if context.causal or sizes.batch >= sizes.context:
        return context
    context.free()
    return Context(model, probe._replace(batch=sizes.context))


def check_file(path: str) -> None:
    """Raises LoadError for what is no readable file."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise LoadError(f"cannot read {path}: {error.strerror}", "check the path") from error
    if not stat.S_ISREG(mode):
        raise LoadError(f"{path} is no file", "name a GGUF file")
    if not os.access(path, os.R_OK):
        raise LoadError(f"{path} may not be read by this user", "check its permissions")


def check_kind(model: Model) -> None:
    """Raises LoadError for a model that this engine does not run."""
    if model.encoder_decoder:
        raise LoadError("encoder-decoder models are not supported", "use a decoder-only model")
    if model.diffusion:
        raise LoadError("diffusion models are not supported", "use an autoregressive model")
    if not model.vocabulary.size:
        raise LoadError("the file has no vocabulary", "use a complete GGUF file")


def open_context(model: Model, sizes: Sizes, attention: Attention) -> Context | None:
    """The context to generate with; None for a model that only embeds. Raises LlamaError."""
    shape = ContextShape(
        sizes.cells, sizes.batch, sizes.sequences, sizes.threads, attention=attention
    )
    context = Context(model, shape)
    if context.has_memory and context.causal:
        return context
    context.free()
    return None


def _open_saved(load: Load, model: Model, context: Context) -> SavedStates:
    assert load.saved is not None
    try:
        key = identity(load.path, context.flags, build())
    except OSError as error:
        raise LoadError(f"cannot read {load.path}: {error.strerror}", "check the path") from error
    saved = SavedStates(load.saved, key, window=model.window, recurrent=model.recurrent)
    saved.scan()
    return saved


def _choose_pooling(configured: str | None, own: str | None, warnings: list[RequestWarning]) -> str:
    pooling = configured or own or "mean"
    if pooling != "none":
        return pooling
    if configured:
        detail = "an embedding is one vector, not one per token; mean is used"
        warnings.append(RequestWarning("pooling", "replaced", detail))
    return "mean"


def try_template(model: Model, source: Source) -> ChatTemplate:
    """Start the chat template's process and render something. Raises LoadError."""
    vocabulary = model.vocabulary
    try:
        bos, eos = vocabulary.text(vocabulary.bos), vocabulary.text(vocabulary.eos)
        template = ChatTemplate(Setup(source.text, bos, eos), vocabulary.specials)
        template.render([Message("user", "hello")])
    except TemplateFailed as error:
        raise LoadError(
            f"the chat template fails: {error}", "set chat_template in the model's configuration"
        ) from error
    return template


def _progress(send: Send) -> Callable[[float], None]:
    last = -1.0

    def report(fraction: float) -> None:
        nonlocal last
        if fraction - last >= PROGRESS_STEP or fraction >= 1.0 > last:
            last = fraction
            send(Loading(fraction))

    return report


def milliseconds_since(started: float) -> float:
    """Elapsed time of `time.monotonic`."""
    return (time.monotonic() - started) * 1000
