"""Exactly one final message for each job."""

from lmd.protocol.params import Sampling
from lmd.protocol.worker import Failed, FromWorker, Generate, Tokenized
from lmd.worker.jobs import OpenJobs


def generate(job: int) -> Generate:
    return Generate(job=job, prompt="x", sampling=Sampling())


def test_only_the_first_final_message_goes_out():
    sent: list[FromWorker] = []
    jobs = OpenJobs(sent.append)
    job = jobs.open(generate(1))
    assert job is not None
    jobs.cancel(job)
    jobs.end(job, Tokenized(job=1, tokens=[]))
    assert sent == [Failed(job=1, code="cancelled", message="the request was cancelled")]
    assert jobs.find(1) is None


def test_a_number_can_be_used_again_once_its_job_has_ended():
    jobs = OpenJobs(lambda _: None)
    first = jobs.open(generate(1))
    assert first is not None
    assert jobs.open(generate(1)) is None
    jobs.cancel(first)
    second = jobs.open(generate(1))
    assert jobs.find(1) is second is not None


def test_jobs_beyond_the_capacity_are_refused_by_name():
    sent: list[FromWorker] = []
    jobs = OpenJobs(sent.append, capacity=1)
    assert jobs.open(generate(1)) is not None
    assert jobs.open(generate(2)) is None
    assert [(m.job, m.code) for m in sent if isinstance(m, Failed)] == [(2, "overloaded")]
