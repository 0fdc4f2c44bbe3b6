"""Wrong configurations: each is refused with a message that says where and what."""

import pytest

from lmd.config.load import parse
from lmd.config.problems import MOST, ConfigError, spelled

A = '[models.a]\npath = "/a"\n'


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[daemon]\ndrain = 0", "daemon.drain", "> 0"),
        ("[daemon]\ndrain = -1.5", "daemon.drain", "> 0"),
        ("[daemon]\ndrain = nan", "daemon.drain", "> 0"),
        ("[daemon]\ndrain = inf", "daemon.drain", "<= 86400"),
        ('[daemon]\ndrain = "forever"', "daemon.drain", "<= 86400"),
        ('[daemon]\ndrain = "soon"', "daemon.drain", '"30s"'),
        ('[daemon]\ndrain = "30"', "daemon.drain", "expected a duration"),
        ("[daemon]\ndrain = true", "daemon.drain", "got `bool`"),
        ("[daemon]\ndrain = 1979-05-27", "daemon.drain", "got `date`"),
        ("[daemon]\nkeep_alive = -1", "daemon.keep_alive", ">= 0"),
        ('[daemon]\ndefault_model = ""', "daemon.default_model", "length >= 1"),
        ('[daemon]\ndefault_model = "nobody"', "daemon.default_model", "'nobody'"),
        ("daemon = 1", "daemon", "`table`"),
        ("[[daemon]]", "daemon", "`table`"),
        ("[limits]\nconnections = 0", "limits.connections", ">= 1"),
        ("[limits]\nconnections = 65537", "limits.connections", "<= 65536"),
        ("[limits]\nconnections = 1.5", "limits.connections", "`int`"),
        ('[limits]\nconnections = "10"', "limits.connections", "`int`"),
        ("[limits]\nqueue_total = 99999999999999999999", "limits.queue_total", "<= 65536"),
        ("[limits]\nrestarts = -1", "limits.restarts", ">= 0"),
        ('[limits]\ninput_buffer = "1KiB"', "limits.input_buffer", ">= 1048576"),
        ('[limits]\ninput_buffer = "2TiB"', "limits.input_buffer", '"4GiB"'),
        ('[limits]\ninput_buffer = "' + "9" * 400 + 'GiB"', "limits.input_buffer", "no size"),
        ('[limits]\ninput_buffer = "5m"', "limits.input_buffer", "expected a size"),
        ('[log]\nlevel = "trace"', "log.level", "trace"),
        ('[log]\nformat = "xml"', "log.format", "xml"),
        ('[log]\nfile = "lmd.log"', "log.file", "absolute"),
        ("[models.a]", "models.a.path", "missing"),
        ('[models.a]\npath = "a.gguf"', "models.a.path", "absolute"),
        ('[models.a]\npath = "$UNSET_VARIABLE/a.gguf"', "models.a.path", "absolute"),
        ('[models.a]\npath = "/a\\u0000b"', "models.a.path", "NUL"),
        ("[models.a]\npath = 7", "models.a.path", "`str`"),
        (A + "slots = 0", "models.a.slots", ">= 1"),
        (A + "slots = 65", "models.a.slots", "<= 64"),
        (A + "[models.b]\npath = '/b'\nslots = 99", "models.b.slots", "<= 64"),
        (A + "context = 8", "models.a.context", ">= 16"),
        (A + "batch = 8", "models.a.batch", ">= 32"),
        (A + "gpu_layers = -2", "models.a.gpu_layers", ">= -1"),
        (A + 'pooling = "max"', "models.a.pooling", "max"),
        (A + 'keep_alive = "never"', "models.a.keep_alive", '"forever"'),
        (A + 'aliases = [""]', "models.a.aliases[0]", "length >= 1"),
        (A + 'aliases = ["b"]\n[models.b]\npath = "/b"', "models.a.aliases", "'b' names both"),
        (A + 'aliases = ["shell"]', "models.a.aliases", "'shell' names both"),
        (A + "[models.a.sampling]\ntemperature = 9", "models.a.sampling.temperature", "<= 5"),
        (A + "[models.a.sampling]\ntop_p = nan", "models.a.sampling.top_p", ">= 0"),
        (A + "[models.a.sampling]\nstop = [7]", "models.a.sampling.stop[0]", "`str`"),
        ('[models."my model"]\nslots = 0', 'models."my model".slots', ">= 1"),
        ('[models.""]\npath = "/a"', "models", "length >= 1"),
        ("models = []", "models", "`table`"),
        (
            A + "preload = true\n[models.shell]\npreload = true\n[limits]\nloaded_models = 1",
            "limits.loaded_models",
            "2 models have `preload`",
        ),
    ],
)
def test_the_message_names_the_line_the_key_and_what_is_wrong(text: str, where: str, what: str):
    with pytest.raises(ConfigError) as refused:
        parse(text, "/etc/lmd.toml")
    problem = refused.value.problems[0]
    assert str(refused.value).startswith(f"/etc/lmd.toml:{line_of(text, where)}: ")
    assert where in (spelled(problem.key), problem.message.partition(":")[0])
    assert what in problem.message + problem.hint
    assert "$" not in problem.message.replace("$UNSET", "")
    assert "..." not in problem.message


def line_of(text: str, where: str) -> int:
    """The last line that has the key, else the one that opens its table."""
    lines = text.splitlines()
    leaf, table = where.split("[")[0].split(".")[-1].strip('"'), where.split(".")[-2:][0]
    for needle in (f"{leaf} =", f"[{where.split('[')[0]}]", table):
        found = [number for number, line in enumerate(lines, 1) if needle in line]
        if found:
            return found[-1]
    return 0


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("[deamon]", "unknown key `deamon`", "`daemon`"),
        ("[model.a]", "unknown key `model`", "`models`"),
        ("[daemon]\nkeepalive = 1", "unknown key `keepalive` in [daemon]", "`keep_alive`"),
        ("[limits]\nque_total = 1", "unknown key `que_total` in [limits]", "`queue_total`"),
        (A + "slot = 1", "unknown key `slot` in [models.a]", "`slots`"),
        (
            A + "[models.a.sampling]\ntemprature = 1",
            "unknown key `temprature` in [models.a.sampling]",
            "`temperature`",
        ),
    ],
)
def test_unknown_keys_name_the_nearest_one(text: str, key: str, near: str):
    with pytest.raises(ConfigError) as refused:
        parse(text, "test")
    (problem,) = refused.value.problems
    assert problem.message == key
    assert problem.hint == f"did you mean {near}?"


def test_a_key_that_is_near_to_nothing_gets_the_whole_list():
    with pytest.raises(ConfigError) as refused:
        parse("[log]\nzzz = 1", "test")
    assert refused.value.problems[0].hint == "valid keys: level, format, file"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[daemon\n", 1),
        ("[daemon]\n\ndrain = \n", 3),
        ("[daemon]\ndrain = 1\ndrain = 2\n", 3),
        ('[models.a]\npath = "\\q"\n', 2),
        ("[daemon]\n[daemon]\n", 2),
    ],
)
def test_syntax_errors_name_the_line(text: str, line: int):
    with pytest.raises(ConfigError, match=f"^test:{line}: is not valid TOML"):
        parse(text, "test")


def test_nesting_as_deep_as_the_file_allows():
    with pytest.raises(ConfigError, match="nested too deeply"):
        parse("x = " + "[" * 100_000, "test")


def test_all_problems_between_keys_are_told_at_once():
    with pytest.raises(ConfigError) as refused:
        parse('[models.a]\n[models.b]\npath = "b"\n[daemon]\ndefault_model = "c"', "test")
    assert [problem.line for problem in refused.value.problems] == [1, 3, 5]


def test_all_problems_of_the_schema_are_told_at_once():
    text = """
        [daemon]
        drane = 1
        drain = "soon"
        [models.a]
        path = "/a"
        slots = 0
        colour = "red"
        sampling = { top_p = 9, temperature = "hot" }
        [models.b]
        aliases = [
            "x",
            7,
        ]
    """
    with pytest.raises(ConfigError) as refused:
        parse(text, "test")
    found = [(problem.line, problem.key[-1]) for problem in refused.value.problems]
    assert found == [
        (3, "drane"), (4, "drain"), (7, "slots"), (8, "colour"),
        (9, "top_p"), (9, "temperature"), (11, "1"),
    ]  # fmt: skip


def test_problems_beyond_count_are_left_out():
    text = "[daemon]\n" + "".join(f"key{number} = 1\n" for number in range(2000))
    with pytest.raises(ConfigError) as refused:
        parse(text, "test")
    assert len(refused.value.problems) == MOST
