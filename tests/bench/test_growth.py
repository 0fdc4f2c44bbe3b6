"""Growth is told from noise, and found where there is some."""

import os
import random
import threading

import pytest

from bench.growth import look, slope


def samples(rise: float, noise: float, outliers: int) -> list[tuple[float, float]]:
    chance = random.Random(5)
    found = [
        (float(x), 100 + rise * x + chance.uniform(-noise, noise)) for x in range(0, 4000, 100)
    ]
    for place in chance.sample(range(len(found)), outliers):
        found[place] = (found[place][0], 10_000.0)
    return found


def test_noise_and_outliers_are_no_growth():
    assert abs(slope(samples(rise=0, noise=3, outliers=4))) * 4000 < 4


def test_a_leak_under_the_same_noise_is_found():
    assert slope(samples(rise=0.01, noise=3, outliers=4)) == pytest.approx(0.01, rel=0.2)


def test_the_warm_up_does_not_count():
    assert slope([(float(x), min(x, 30.0)) for x in range(100)]) == 0


def test_two_samples_are_needed():
    with pytest.raises(ValueError, match="no slope"):
        slope([(1.0, 1.0)])


def test_what_this_process_holds_is_seen():
    before = look(os.getpid())
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    pipe = os.pipe()
    after = look(os.getpid())
    release.set()
    thread.join()
    for end in pipe:
        os.close(end)
    assert after.threads == before.threads + 1
    assert after.descriptors == before.descriptors + 2
    assert after.anonymous_kib > 0
