"""What a model would take: llama.cpp lays out everything and allocates nothing (``no_alloc``).

Its C interface has no call that tells the sizes (llama_get_memory_breakdown returns a
``std::map``), so they are read from what it logs. This runs in a process of its own, which the
daemon measures before it lets it end: what it has by then (interpreter, libraries, vocabulary, the
graph) is what every worker of this model has besides its buffers.
"""

from lmd.protocol.worker import Load, Weighed
from lmd.worker.llama.context import Buffers, Context
from lmd.worker.llama.log import LlamaError
from lmd.worker.llama.model import Model, offloads, repacks
from lmd.worker.load import check_file, open_context, open_embedding_context, plan_context
from lmd.worker.service import LoadError

UNTOLD = Buffers(cache=0, compute=0, complete=True)
HALF_BYTES = 2


def weigh(load: Load) -> Weighed:
    """Lay a model out as `lmd.worker.load.load_model` does. Raises LoadError."""
    check_file(load.path)
    try:
        model = Model(load.path, load.gpu_layers, dry=True)
        plan = plan_context(load, model, [])
        context = open_context(model, plan.sizes, plan.attention)
        further = open_embedding_context(model, plan.sizes, flash=plan.attention.flash)
    except LlamaError as error:
        raise LoadError(f"llama.cpp cannot lay out {load.path}: {error}") from error
    main = _whole(model, context or further)
    extra = _whole(model, further) if context else UNTOLD
    # What is measured of this process shall have nothing of the further context, nor the states
    # of recurrent layers, which a dry run does allocate.
    for one in (context, further):
        if one and (model.recurrent or (one is further and context)):
            one.free()
    return Weighed(
        cache=main.cache,
        compute=main.compute,
        embedding=extra.cache + extra.compute,
        device_share=_device_share(load.gpu_layers, model.layers),
        repacked=repacks(),
        complete=main.complete and extra.complete,
    )


def _whole(model: Model, context: Context) -> Buffers:
    """What a context allocates, with what it does not log: the work buffer of the CPU.

    In it ggml converts what is multiplied (ggml_graph_plan in ggml-cpu.c). The largest is the
    attention of a full batch to a full cache, as half-precision numbers for V, all heads at once;
    flash attention goes without.
    """
    found = context.buffers
    if context.has_memory and not context.flash:
        size = context.batch.capacity * context.cells * model.heads * HALF_BYTES
        return found._replace(compute=found.compute + size)
    return found


def _device_share(gpu_layers: int, layers: int) -> float:
    """llama.cpp counts the output as a layer more."""
    if not offloads(gpu_layers):
        return 0.0
    return 1.0 if gpu_layers < 0 else min(1.0, gpu_layers / (layers + 1))
