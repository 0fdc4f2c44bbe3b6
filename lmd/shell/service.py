"""The shell's part of the daemon, put together: one of these for each daemon."""

from functools import partial

from lmd.models.catalogue import Catalogue
from lmd.scheduler.broker import Broker
from lmd.shell.documentation import Library
from lmd.shell.suggest.explaining import Explainer
from lmd.shell.suggest.knowledge import Knowledge, Lexicon
from lmd.shell.suggest.pipeline import Suggester
from lmd.shell.suggest.reference import Reference, documented_flags
from lmd.shell.suggest.repairing import Repairer
from lmd.shell.suggest.sampling import Sampler


class ShellService:
    """What the handlers of `suggest`, `explain` and `fix` work with."""

    def __init__(
        self, broker: Broker, catalogue: Catalogue, lexicon: Lexicon, library: Library
    ) -> None:
        knowledge = Knowledge(lexicon, partial(documented_flags, library))
        sampler = Sampler(broker, catalogue)
        reference = Reference(library, knowledge)
        self.suggester = Suggester(sampler, catalogue, knowledge, reference)
        self.explainer = Explainer(sampler, catalogue, reference)
        self.repairer = Repairer(knowledge, reference)
