"""What a worker says about one job, kept until the request task collects it."""

from dataclasses import dataclass, field

import trio

from lmd.protocol.errors import LmdError
from lmd.protocol.results import TokenLogprob
from lmd.protocol.worker import Delta, Done, Embedded, Prefill, Tokenized

Final = Done | Embedded | Tokenized


@dataclass(slots=True)
class Piece:
    """News since the last look: text, progress, or the end."""

    text: str = ""
    tokens: int = 0
    logprobs: list[TokenLogprob] = field(default_factory=list)
    prefill: Prefill | None = None
    final: Final | None = None


class Job:
    """A mailbox with one producer (the session's reader) and one consumer (the request).

    Text that is not collected yet is joined, so a slow consumer costs no more memory than the
    answer itself, whose length ``max_tokens`` bounds; nothing is ever dropped.
    """

    def __init__(self, job_id: int) -> None:
        self.id = job_id
        self._news = Piece()
        self._error: LmdError | None = None
        self._arrived = trio.Event()
        self.over = False
        """A final message has come; the worker holds nothing of this job any more."""

    def push(self, frame: Delta | Prefill | Final) -> None:
        """Take a frame of this job."""
        if isinstance(frame, Delta):
            self._news.text += frame.text
            self._news.tokens += frame.tokens
            self._news.logprobs += frame.logprobs or []
        elif isinstance(frame, Prefill):
            self._news.prefill = frame
        else:
            self._news.final = frame
            self.over = True
        self._arrived.set()

    def fail(self, error: LmdError) -> None:
        """The job ended with an error; text that came before is still collected first."""
        if not self.over:
            self._error = error
            self.over = True
            self._arrived.set()

    async def receive(self) -> Piece:
        """Wait for news and take all of it. Raises the job's `LmdError` after the last text.

        Cancellation loses nothing: the news stay for the next call.
        """
        await self._arrived.wait()
        news, self._news = self._news, Piece()
        if self._error and not news.text:
            raise self._error
        if not self._error:
            self._arrived = trio.Event()
        return news

    async def result(self) -> Final:
        """Wait for the end of a job that produces no text. Raises the job's `LmdError`."""
        while True:
            news = await self.receive()
            if news.final:
                return news.final
