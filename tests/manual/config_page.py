"""lmd.toml(5), from the structs that a configuration is read into."""

from lmd.config.reference import KeyReference, tables
from tests.manual.roff import Page, bold

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
        "The files of `conf.d/*.toml` in the same folder belong to it, as if their lines stood in "
        "it. No key may stand in two files."
    )
    page.paragraph(
        'Durations are written `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"7d"` or `"forever"`, or as a '
        'number of seconds; sizes `"8MiB"`, `"1GiB"`, or `"60%"` of the machine\'s memory, or as a '
        "number of bytes. `${NAME}` in a text is the value of a variable, `${NAME:-text}` the text "
        "where there is none, and `$${` the characters `${`. Paths begin with `/` or `~`."
    )
    for table in tables():
        page.heading(table.title)
        page.paragraph(table.text)
        for key in table.keys:
            page.tagged(bold(key.name), f"{key.text} {_facts(key)}")
    page.heading("EXAMPLES")
    page.example(_EXAMPLE)
    page.heading("SEE ALSO")
    page.line(f"{bold('lmd')}(1), {bold('lmctl')}(1)")
    return page.render()


def _facts(key: KeyReference) -> str:
    """What it takes and its default, in brackets."""
    default = {"": "", '""': "; default empty", "[]": ""}.get(
        key.default, f"; default `{key.default}`"
    )
    return f"({key.takes}{default})"
