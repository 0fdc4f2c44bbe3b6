"""A job after intake: everything that can be decided before it runs."""

from dataclasses import dataclass

from lmd.protocol.adapters import AdapterSet
from lmd.protocol.results import RequestWarning
from lmd.worker.jobs import Job
from lmd.worker.llama.samplers import Grammar
from lmd.worker.pins import PrefixTokens
from lmd.worker.sampling import Plan


@dataclass(slots=True)
class PreparedText:
    """A generation, tokenized and checked."""

    job: Job
    tokens: list[int]
    plan: Plan
    grammar: Grammar | None
    stops: list[str]
    max_tokens: int
    logprobs: int | None
    shift: bool
    warnings: list[RequestWarning]
    private: bool = False
    adapters: AdapterSet = ()
    interactive: bool = True
    sought: bool = False
    """Whether something of it is saved on disk has been seen to."""

    def close(self) -> None:
        """Free what llama.cpp holds for a job that will not run."""
        if self.grammar is not None:
            self.grammar.free()


@dataclass(slots=True)
class PreparedEmbedding:
    """Texts to embed, tokenized; each has at least one token."""

    job: Job
    inputs: list[list[int]]
    normalize: bool


@dataclass(slots=True)
class PreparedPrefixes:
    """Declared prefixes, tokenized."""

    prefixes: list[PrefixTokens]


Prepared = PreparedText | PreparedEmbedding
