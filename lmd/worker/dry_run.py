"""What a model would take: llama.cpp lays out everything and allocates nothing (``no_alloc``).

Its C interface has no call that tells the sizes (llama_get_memory_breakdown returns a
``std::map``), so they are read from what it logs. This runs in a process of its own, which the
daemon measures before it lets it end: what it has by then (interpreter, libraries, vocabulary, the
graph) is what every worker of this model has besides its buffers.
"""

from lmd.protocol.worker import Load, Weighed
from lmd.worker.llama.context import Buffers
from lmd.worker.llama.log import LlamaError
from lmd.worker.llama.model import Model, offloads, repacks
from lmd.worker.load import check_file, lay_out, open_context, open_embedding_context
from lmd.worker.service import LoadError

UNTOLD = Buffers(cache=0, compute=0, complete=True)


def weigh(load: Load) -> Weighed:
    """Lay a model out as `lmd.worker.load.load_model` does. Raises LoadError."""
    check_file(load.path)
    try:
        model = Model(load.path, load.gpu_layers, dry=True)
        # The template's process, too, is there for as long as the model is.
        layout = lay_out(load, model, [])
        context = open_context(model, layout.sizes)
        further = open_embedding_context(model, layout.sizes)
    except LlamaError as error:
        raise LoadError(f"llama.cpp cannot lay out {load.path}: {error}") from error
    if context:
        further.free()
    main = context.buffers if context else further.buffers
    extra = further.buffers if context else UNTOLD
    return Weighed(
        cache=main.cache,
        compute=main.compute,
        embedding=extra.cache + extra.compute,
        device_share=_device_share(load.gpu_layers, model.layers),
        repacked=repacks(),
        complete=main.complete and extra.complete,
    )


def _device_share(gpu_layers: int, layers: int) -> float:
    """llama.cpp counts the output as a layer more."""
    if not offloads(gpu_layers):
        return 0.0
    return 1.0 if gpu_layers < 0 else min(1.0, gpu_layers / (layers + 1))
