"""Opens a draft model, if one is named and can guess for the model that it is named for."""

from lmd.worker.attention import Attention
from lmd.worker.checks import check_file
from lmd.worker.llama.context import Context, ContextShape
from lmd.worker.llama.log import LlamaError
from lmd.worker.llama.model import Model
from lmd.worker.llama.vocabulary import Vocabulary
from lmd.worker.service import LoadError
from lmd.worker.speculation.draft_model import DraftModel

PADDING = 128
"""Files of one family differ by so many unused tokens at the end of their vocabulary at most."""


def load_draft(path: str, model: Model, *, dry: bool = False) -> Model:
    """The weights of a draft model. Raises LoadError where it cannot guess for ``model``."""
    check_file(path)
    try:
        draft = Model(path, model.gpu_layers, dry=dry)
    except LlamaError as error:
        text = f"llama.cpp cannot load the draft model {path}: {error}"
        raise LoadError(text, "check draft_model") from error
    if draft.recurrent or draft.encoder_decoder or draft.diffusion:
        raise LoadError(
            f"the draft model {path} cannot take back a wrong guess",
            "name a draft_model with plain attention, or none",
        )
    if different := _difference(draft.vocabulary, model.vocabulary):
        raise LoadError(
            f"the draft model {path} has another vocabulary: {different}",
            "name a smaller model of the same family in draft_model, or none",
        )
    return draft


def open_draft_context(draft: Model, target: ContextShape, *, length: int, slots: int) -> Context:
    """A text of ``length`` tokens for each slot, and beside it one that has ended; otherwise as
    that of the model it guesses for. Raises LlamaError."""
    return Context(
        draft,
        ContextShape(
            length * slots,
            target.batch,
            2 * slots,
            target.threads,
            attention=Attention(flash=draft.prefers_flash),
        ),
    )


def open_draft_model(
    path: str, model: Model, target: ContextShape, *, length: int, slots: int
) -> DraftModel:
    """Raises LoadError, and LlamaError when the memory is not to be had."""
    draft = load_draft(path, model)
    return DraftModel(
        open_draft_context(draft, target, length=length, slots=slots),
        cells=length * slots,
        length=min(length, draft.training_context or length),
        vocabulary=min(draft.vocabulary.size, model.vocabulary.size),
        slots=slots,
    )


def _difference(draft: Vocabulary, model: Vocabulary) -> str:
    """What a token means to one and not to the other; empty where they agree."""
    if abs(draft.size - model.size) > PADDING:
        return f"{draft.size} tokens, not {model.size}"
    if (draft.bos, draft.eos, draft.adds_bos) != (model.bos, model.eos, model.adds_bos):
        return "other tokens begin and end a text"
    for token in range(min(draft.size, model.size)):
        if draft.text(token) != model.text(token):
            return f"token {token} is {draft.text(token)!r}, not {model.text(token)!r}"
    return ""
