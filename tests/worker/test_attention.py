"""How attention is computed, by what the configuration says and the model prefers."""

import pytest

from lmd.protocol.results import RequestWarning
from lmd.worker.attention import Attention, choose_attention
from lmd.worker.service import LoadError
from tests.worker.process import load_message


def choose(prefers: bool, **keys: str) -> tuple[Attention, list[RequestWarning]]:
    warnings: list[RequestWarning] = []
    found = choose_attention(load_message(**keys), prefers_flash=prefers, warnings=warnings)
    return found, warnings


@pytest.mark.parametrize("prefers", [False, True])
def test_by_default_it_is_as_the_model_prefers(prefers: bool):
    assert choose(prefers) == (Attention("f16", "f16", prefers), [])


@pytest.mark.parametrize("prefers", [False, True])
def test_on_and_off_are_what_they_say(prefers: bool):
    assert choose(prefers, flash_attention="on")[0] == Attention("f16", "f16", True, True)
    assert not choose(prefers, flash_attention="off")[0].flash
    assert not choose(prefers, flash_attention="off", cache_type_k="q4_0")[0].flash


def test_values_in_blocks_switch_it_on_and_that_is_said_where_it_is_news():
    found, warnings = choose(False, cache_type_v="q8_0")
    assert found == Attention("f16", "q8_0", True, True)
    assert [(one.path, one.action) for one in warnings] == [("flash_attention", "enabled")]
    assert choose(True, cache_type_v="q8_0") == (found, [])
    assert choose(False, cache_type_v="q8_0", flash_attention="on") == (found, [])


def test_values_in_blocks_without_it_are_refused():
    with pytest.raises(LoadError, match="q4_0 needs flash attention") as refused:
        choose(True, cache_type_v="q4_0", flash_attention="off")
    assert 'cache_type_v = "f16"' in refused.value.hint
