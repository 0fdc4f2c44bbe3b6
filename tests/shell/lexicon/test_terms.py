"""Forms of one word agree, and different words do not."""

import pytest

from lmd.shell.lexicon.terms import MOST_TERMS, stem, terms


@pytest.mark.parametrize(
    "forms",
    [
        ("file", "files"),
        ("delete", "deleting", "deleted", "deletes"),
        ("copy", "copies", "copied"),
        ("run", "running", "runs"),
        ("directory", "directories"),
        ("list", "lists", "listing"),
    ],
)
def test_forms_of_a_word_agree(forms: tuple[str, ...]):
    assert len({stem(form) for form in forms}) == 1


def test_different_words_differ():
    words = ["delete", "list", "copy", "move", "run", "file", "directory", "port", "process", "tag"]
    assert len({stem(word) for word in words}) == len(words)


def test_terms_are_distinct_in_order_and_without_stop_words():
    expected = (stem("show"), stem("file"), stem("user"))
    assert terms("Show the files of a user and the users' file") == expected


def test_terms_are_bounded():
    assert len(terms(" ".join(f"word{number}" for number in range(500)))) == MOST_TERMS
