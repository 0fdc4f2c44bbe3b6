"""The jobs a worker holds, and the promise that each gets exactly one final message."""

import threading
import time

from lmd.protocol.errors import LmdError
from lmd.protocol.worker import (
    Done,
    Embed,
    Embedded,
    Failed,
    Generate,
    Tokenize,
    Tokenized,
)
from lmd.worker.channel import Send

MAX_OPEN_JOBS = 1024
"""Jobs that one worker holds; the daemon's own queue limits are far below."""

JobMessage = Generate | Embed | Tokenize
Final = Done | Embedded | Tokenized | Failed


class Job:
    """One job from its frame to its final message."""

    __slots__ = ("ended", "id", "message", "parked", "received")

    def __init__(self, message: JobMessage, received: float) -> None:
        self.id = message.job
        self.message = message
        self.received = received
        """`time.monotonic` at which the frame was read."""
        self.parked = False
        """It has to leave its slot to others."""
        self.ended = False
        """The final message is out. Set once; whoever holds the job drops it then."""


class OpenJobs:
    """Every job that has no final message yet. Safe from any thread."""

    def __init__(self, send: Send, capacity: int = MAX_OPEN_JOBS) -> None:
        self._send = send
        self._capacity = capacity
        self._jobs: dict[int, Job] = {}
        self._lock = threading.Lock()

    def open(self, message: JobMessage) -> Job | None:
        """Take a job on; None if it was refused at once, for want of room."""
        job = Job(message, time.monotonic())
        with self._lock:
            if message.job in self._jobs:
                # Answering would end the job that owns the number.
                return None
            full = len(self._jobs) >= self._capacity
            if not full:
                self._jobs[job.id] = job
        if full:
            text = f"the worker already holds {self._capacity} jobs"
            self._send(Failed(job=job.id, code="overloaded", message=text))
            return None
        return job

    def find(self, job_id: int) -> Job | None:
        """The open job of that number."""
        with self._lock:
            return self._jobs.get(job_id)

    def end(self, job: Job, final: Final) -> None:
        """Send the final message, unless the job has had one."""
        with self._lock:
            if job.ended:
                return
            job.ended = True
            del self._jobs[job.id]
        self._send(final)

    def fail(self, job: Job, error: LmdError) -> None:
        """End a job with an error."""
        self.end(
            job,
            Failed(
                job=job.id,
                code=error.code,
                message=error.message,
                hint=error.hint,
                data=error.data,
            ),
        )

    def cancel(self, job: Job) -> None:
        """End a job that the daemon gave up."""
        self.end(job, Failed(job=job.id, code="cancelled", message="the request was cancelled"))
