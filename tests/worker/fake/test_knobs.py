"""The knobs of the fake engine."""

import pytest

from lmd.worker.fake.knobs import Knobs, Trigger, parse_knobs


def test_values_are_typed_and_percent_decoded():
    assert parse_knobs("tokens=3,load_s=0.5,reply=a%2Cb,crash_at=token:2") == Knobs(
        tokens=3, load_s=0.5, reply="a,b", crash_at=Trigger("token", 2)
    )
    assert parse_knobs("") == Knobs()


@pytest.mark.parametrize("text", ["x=1", "tokens", "tokens=a", "crash_at=never", "hang_at=token:"])
def test_what_is_no_knob_is_an_error(text: str):
    with pytest.raises(ValueError, match=r".+"):
        parse_knobs(text)
