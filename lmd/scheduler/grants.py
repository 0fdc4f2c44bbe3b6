"""What a granted request holds: a ready model, and a job on it that may be parked."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from lmd.backend.job import Job
from lmd.backend.session import Worker
from lmd.protocol.worker import NewJob
from lmd.scheduler.waiters import Waiter


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to use a ready model, and how long it took to get it, in seconds."""

    worker: Worker
    queued: float
    loading: float
    waiter: Waiter

    @contextlib.contextmanager
    def open_job(self, new_job: NewJob) -> Iterator[Job]:
        """`Worker.open_job` of a generation, which is parked while another one has its slot."""
        with self.worker.open_job(new_job) as job:

            def hold(*, parked: bool) -> None:
                self.worker.hold(job, parked=parked)
                self.waiter.on_wait("parked", int(parked))

            self.waiter.follow(hold)
            try:
                yield job
            finally:
                self.waiter.follow(None)
