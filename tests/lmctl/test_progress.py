"""What the progress line says."""

import pytest

from lmctl.progress import describe_event

GIB = 1 << 30
TOKENS = {"event": "prefill", "done": 512, "total": 8000}


@pytest.mark.parametrize(
    ("event", "seconds", "words"),
    [
        ({"event": "queued"}, 0.0, "queued"),
        ({"event": "queued", "position": 0}, 0.0, "queued"),
        ({"event": "queued", "position": 3}, 0.0, "queued, 3 ahead"),
        (
            {"event": "queued", "position": 3, "starts_in_s": 4.6},
            0.0,
            "queued, 3 ahead, starts in about 5 s",
        ),
        ({"event": "loading"}, 0.0, "loading the model"),
        ({"event": "loading", "done": 0, "total": 100}, 0.0, "loading the model"),
        ({"event": "loading", "done": 43, "total": 100}, 5.0, "loading the model, 43 %"),
        (
            {"event": "loading", "done": 25, "bytes_done": GIB, "bytes_total": 4 * GIB},
            0.5,
            "loading the model, 1.0 GiB of 4.0 GiB",
        ),
        (
            {"event": "loading", "bytes_done": 600 << 20, "bytes_total": 4 * GIB},
            2.0,
            "loading the model, 600 MiB of 4.0 GiB, 300 MiB/s",
        ),
        (
            {"event": "loading", "bytes_done": 0, "bytes_total": 5 << 20},
            9.0,
            "loading the model, 0 MiB of 5 MiB",
        ),
        ({"event": "prefill"}, 0.0, "reading the prompt"),
        (TOKENS, 0.2, "reading the prompt, 512 of 8000 tokens"),
        (TOKENS, 2.0, "reading the prompt, 512 of 8000 tokens, 256/s"),
        ({"event": "loading", "done": "x", "bytes_done": 1.5}, 0.0, "loading the model"),
        ({"event": "dancing"}, 0.0, "waiting"),
        ({}, 0.0, "waiting"),
    ],
)
def test_events_in_words(event: dict[str, object], seconds: float, words: str):
    assert describe_event(event, seconds) == words
