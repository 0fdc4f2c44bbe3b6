"""lmd.toml(5), from the structs that a configuration is read into."""

import inspect
import json
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec import inspect as types

from lmd.config import schema
from lmd.protocol import params
from tests.golden.reference import attribute_docs, type_words
from tests.manual.roff import Page, bold

_TABLES: dict[str, type[Struct]] = {
    "[daemon]": schema.DaemonConfig,
    "[limits]": schema.LimitsConfig,
    "[log]": schema.LogConfig,
    "[models.NAME]": schema.ModelConfig,
    "[models.NAME.sampling]": schema.SamplingConfig,
}
_UNITS = {
    "duration": {"d": 86_400, "h": 3600, "m": 60, "s": 1},
    "size": {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10},
}
_EXAMPLE = """[daemon]
default_model = "assistant"

[models.assistant]
path = "~/models/assistant-q4_k_m.gguf"
context = 8192
keep_alive = "forever"

[models.assistant.sampling]
temperature = 0.7"""


def render(page: Page) -> str:
    """The page."""
    page.heading("NAME")
    page.paragraph("lmd.toml - configuration of lmd")
    page.heading("DESCRIPTION")
    page.paragraph(
        "Everything that `lmd` does is declared in one TOML file: `$LMD_CONFIG`, else `lmd.toml` "
        "in the folder `lmd` of the user's configuration folder (`~/.config`, or "
        "`~/Library/Application Support` on macOS). Without a file the defaults hold. Unknown keys "
        "are errors; `lmd check` names them."
    )
    page.paragraph(
        'Durations are written `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"7d"` or `"forever"`, or as a '
        'number of seconds; sizes `"8MiB"` or `"1GiB"`, or as a number of bytes.'
    )
    for title, struct in _TABLES.items():
        page.heading(title)
        page.paragraph(_intro(struct))
        docs = _docs(struct)
        for field in types.type_info(struct).fields:
            if not isinstance(field.type, types.StructType):
                page.tagged(bold(field.encode_name), f"{docs[field.name]} {_facts(field)}")
    page.heading("EXAMPLES")
    page.example(_EXAMPLE)
    page.heading("SEE ALSO")
    page.line(f"{bold('lmd')}(1), {bold('lmctl')}(1)")
    return page.render()


def _intro(struct: type[Struct]) -> str:
    text = " ".join(inspect.cleandoc(struct.__doc__ or "").split())
    intro = text.split("``: ", 1)[-1]
    return intro[:1].upper() + intro[1:]


def _docs(struct: type[Struct]) -> dict[str, str]:
    """What is said about each field, also where a base declares it."""
    own = attribute_docs(schema).get(struct.__name__, {})
    return attribute_docs(params).get(struct.__mro__[1].__name__, {}) | own


def _facts(field: types.Field) -> str:
    """Kind and default, in brackets."""
    unit = (getattr(field.type, "extra", None) or {}).get("unit")
    kind = unit or _kind(field.type)
    default = _default(field, unit)
    return f"({kind}{f'; default {default}' if default else ''})"


def _kind(info: types.Type) -> str:
    if isinstance(info, types.Metadata):
        return str((info.extra or {}).get("unit") or type_words(info.type))
    if isinstance(info, types.UnionType):
        return " or ".join(_kind(t) for t in info.types if not isinstance(t, types.NoneType))
    return type_words(info)


def _default(field: types.Field, unit: str | None) -> str:
    value: Any = field.default
    if value is NODEFAULT and field.default_factory is not NODEFAULT:
        value = field.default_factory()
    if value is None or value is NODEFAULT or value == []:
        return ""
    return f"`{_literal(value, unit)}`" if value != "" else "empty"


def _literal(value: Any, unit: str | None) -> str:
    """A value as TOML has it, with the largest unit that leaves a whole number."""
    for name, scale in _UNITS.get(unit or "", {}).items():
        if value >= scale and value % scale == 0:
            return f'"{value / scale:g}{name}"'
    return json.dumps(value)
