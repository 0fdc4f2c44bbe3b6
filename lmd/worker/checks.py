"""Whether a file can be loaded, and a model run by this engine."""

import os
import stat

from lmd.worker.llama.model import Model
from lmd.worker.service import LoadError


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
