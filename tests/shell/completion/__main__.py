"""Write the files of shell/completions anew: ``python -m tests.shell.completion``."""

from pathlib import Path

from lmctl.commands.completion import FILES
from tests.shell.completion import bash, fish, zsh
from tests.shell.completion.tree import command_tree

DIRECTORY = Path(__file__).parents[3] / "shell" / "completions"


def rendered() -> dict[Path, str]:
    """What each file should contain."""
    root = command_tree()
    texts = {"bash": bash.render(root), "zsh": zsh.render(root), "fish": fish.render(root)}
    return {DIRECTORY / FILES[shell]: text for shell, text in texts.items()}


if __name__ == "__main__":
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
