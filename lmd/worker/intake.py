"""The intake thread: renders, tokenizes and checks jobs, so that the decoding loop never waits.

Tokenize is answered here; everything else goes on to the engine. A job that was cancelled
meanwhile has been answered already and is dropped.
"""

import queue
import secrets
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from lmd.defects import trace_of
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Message
from lmd.protocol.results import RequestWarning
from lmd.protocol.worker import Embed, Generate, Prefixes, Tokenize, Tokenized
from lmd.worker.constraints.grammar import check_grammar
from lmd.worker.constraints.schema import schema_to_grammar
from lmd.worker.jobs import Job, OpenJobs
from lmd.worker.llama.log import LlamaError
from lmd.worker.llama.samplers import Grammar
from lmd.worker.load import Loaded
from lmd.worker.overflow import fit_prompt
from lmd.worker.pins import tokenize_prefixes
from lmd.worker.prepared import Prepared, PreparedEmbedding, PreparedPrefixes, PreparedText
from lmd.worker.sampling import plan_sampling
from lmd.worker.template import PLAIN, PLAIN_STOPS

Warnings = list[RequestWarning]


class Intake:
    """Prepares jobs one after the other on its own thread."""

    def __init__(
        self,
        loaded: Loaded,
        jobs: OpenJobs,
        inbox: "queue.Queue[Job | Prefixes]",
        deliver: Callable[[Prepared | PreparedPrefixes], None],
    ) -> None:
        self._loaded = loaded
        self._vocabulary = loaded.model.vocabulary
        self._prompts = loaded.prompts
        self._jobs = jobs
        self._inbox = inbox
        self._deliver = deliver

    def start(self) -> None:
        """Start the thread; it runs until the process ends."""
        threading.Thread(target=self._run_intake, name="intake", daemon=True).start()

    def _run_intake(self) -> NoReturn:
        while True:
            item = self._inbox.get()
            if isinstance(item, Prefixes):
                context = self._loaded.sizes.context
                found = tokenize_prefixes(self._prompts, item.prefixes, context)
                self._deliver(PreparedPrefixes(found))
            elif not item.ended:
                self._handle(item)

    def _handle(self, job: Job) -> None:
        try:
            prepared = self._prepare(job)
        except LmdError as error:
            self._jobs.fail(job, error)
        except Exception as error:  # noqa: BLE001 - one job's defect must not end the others
            sys.stderr.write(trace_of(error) + "\n")
            self._jobs.fail(job, LmdError("internal", "the request could not be prepared"))
        else:
            if prepared is not None:
                self._deliver(prepared)

    def _prepare(self, job: Job) -> Prepared | None:
        message = job.message
        if isinstance(message, Generate):
            return self._prepare_text(job, message)
        if isinstance(message, Embed):
            return self._prepare_embedding(job, message)
        self._jobs.end(job, self._tokenized(message))
        return None

    def _prepare_text(self, job: Job, message: Generate) -> PreparedText:
        if self._loaded.context is None:
            raise LmdError("backend_error", "this model only embeds", hint="use embed")
        self._loaded.adapters.check(message.adapters)
        warnings: Warnings = []
        context = self._loaded.sizes.context
        sampling = message.sampling
        plan = plan_sampling(
            sampling,
            vocabulary=self._vocabulary.size,
            context=context,
            seed=secrets.randbits(32),
        )
        shift = message.overflow == "shift"
        tokens, shifted = fit_prompt(
            self._prompt_tokens(message, warnings),
            context=context,
            max_tokens=sampling.max_tokens,
            shift=shift,
        )
        if shifted:
            warnings.append(shifted)
        return PreparedText(
            job=job,
            tokens=tokens,
            plan=plan,
            grammar=self._grammar(message, warnings),
            stops=[*(sampling.stop or []), *self._template_stops(message)],
            max_tokens=sampling.max_tokens or context,
            logprobs=sampling.logprobs,
            shift=shift,
            warnings=warnings,
            private=message.private,
            adapters=message.adapters,
            interactive=message.priority == "interactive",
        )

    def _prompt_tokens(self, message: Generate, warnings: Warnings) -> list[int]:
        if message.messages is not None:
            tokens = self._chat_tokens(message.messages, warnings)
        elif message.suffix is not None:
            tokens = self._fim_tokens(message.prompt or "", message.suffix)
        elif message.prompt is not None:
            tokens = self._prompts.text(message.prompt, special=True)
        else:
            raise LmdError("invalid_request", "neither messages nor prompt are given")
        tokens = self._prompts.with_bos(tokens)
        if not tokens:
            raise LmdError("invalid_request", "the prompt is empty", hint="give some text")
        return tokens

    def _chat_tokens(self, messages: list[Message], warnings: Warnings) -> list[int]:
        if self._loaded.source.fallback:
            detail = f"the model has no chat template; {self._loaded.source.fallback} is used"
            warnings.append(RequestWarning("messages", "fallback", detail))
        return self._prompts.chat(messages)

    def _template_stops(self, message: Generate) -> tuple[str, ...]:
        plain = message.messages is not None and self._loaded.source.text == PLAIN
        return PLAIN_STOPS if plain else ()

    def _fim_tokens(self, prompt: str, suffix: str) -> list[int]:
        fim = self._vocabulary.fim()
        if fim is None:
            raise LmdError(
                "backend_error",
                "this model has no fill-in-the-middle tokens",
                hint="leave suffix out, or use a model for code",
            )
        before = self._prompts.text(prompt, special=False)
        after = self._prompts.text(suffix, special=False)
        return [fim.prefix, *before, fim.suffix, *after, fim.middle]

    def _grammar(self, message: Generate, warnings: Warnings) -> Grammar | None:
        if message.schema is not None and message.grammar is not None:
            raise LmdError("invalid_request", "schema and grammar exclude each other")
        if message.schema is not None:
            text, ignored = schema_to_grammar(message.schema)
            warnings += ignored
        elif message.grammar is not None:
            text = message.grammar
        else:
            return None
        check_grammar(text)
        try:
            return Grammar(self._vocabulary, text)
        except LlamaError as error:
            raise LmdError("invalid_request", f"the grammar is refused: {error}") from error

    def _prepare_embedding(self, job: Job, message: Embed) -> PreparedEmbedding:
        if self._loaded.pooling == "rank":
            raise LmdError("backend_error", "this model ranks, it does not embed")
        inputs = [
            self._vocabulary.tokenize(text, add_special=True, parse_special=False)
            for text in message.input
        ]
        limit = self._loaded.sizes.context
        for index, tokens in enumerate(inputs):
            if not tokens:
                raise LmdError("invalid_request", f"input[{index}] has no tokens")
            if len(tokens) > limit:
                raise LmdError(
                    "context_exceeded",
                    f"input[{index}] has {len(tokens)} tokens, the context {limit}",
                    data={"prompt_tokens": len(tokens), "context": limit, "input": index},
                )
        return PreparedEmbedding(job, inputs, message.normalize)

    def _tokenized(self, message: Tokenize) -> Tokenized:
        tokens = self._vocabulary.tokenize(
            message.text, add_special=message.add_special, parse_special=True
        )
        spelled = [self._vocabulary.spelling(t) for t in tokens] if message.with_pieces else None
        return Tokenized(job=message.job, tokens=tokens, pieces=spelled)
