"""How words, stdin and files become one prompt."""

import pytest

from lmctl.context import compose


@pytest.mark.parametrize(
    ("instruction", "pieces", "prompt"),
    [
        ("swap the words", [], "swap the words"),
        ("swap the words", [("stdin", "a b\n")], "swap the words\n\na b"),
        ("", [("a.txt", "only\r\n\n")], "only"),
        ("sum\n", [("a", "1\n"), ("stdin", "2")], "sum\n\n==> a <==\n1\n\n==> stdin <==\n2"),
        ("x", [("a", "  keep\n\n  inner\n")], "x\n\n  keep\n\n  inner"),
    ],
)
def test_instruction_then_context(instruction: str, pieces: list[tuple[str, str]], prompt: str):
    assert compose(instruction, pieces) == prompt
