"""Numbers of a request keep their unit."""

import pytest

from lmd.protocol.results import Candidate
from lmd.shell.suggest.durations import candidates_in_units_of, in_units_of


@pytest.mark.parametrize(
    ("request_", "command", "expected"),
    [
        ("files older than 3 weeks", "find . -type f -mtime +3", "find . -type f -mtime +21"),
        ("6 months old in ~/d", "find ~/d -mtime +6 -exec rm {} \\;",
         "find ~/d -mtime +180 -exec rm {} \\;"),
        ("not used for 2 years", "find . -atime +2 -delete", "find . -atime +730 -delete"),
        ("changed in the last 2 hours", "find . -ctime -2", "find . -cmin -120"),
        ("in the last 5 hours", "find . -mmin -5", "find . -mmin -300"),
        ("in the last 90 minutes", "find . -mtime -90", "find . -mmin -90"),
        ("a 2-week-old backup", "sudo find /b -mtime +2", "sudo find /b -mtime +14"),
        ("older than 10 days", "find . -mmin +10", "find . -mtime +10"),
        # Right as they are, or not known to be wrong.
        ("older than 3 weeks", "find . -mtime +21", "find . -mtime +21"),
        ("older than 3 days", "find . -mtime +3", "find . -mtime +3"),
        ("in the last 90 minutes", "find . -mmin -90", "find . -mmin -90"),
        ("3 days or 3 weeks", "find . -mtime +3", "find . -mtime +3"),
        ("named 3 weeks old", "ls -mtime 3", "ls -mtime 3"),
        ("the 3 largest files", "find . -mtime +3", "find . -mtime +3"),
        ("after 3 weeks", "findmnt -mtime +3", "findmnt -mtime +3"),
    ],
)  # fmt: skip
def test_an_age_is_counted_in_the_unit_of_the_request(request_: str, command: str, expected: str):
    assert in_units_of(request_, command) == expected


def test_candidates_that_say_the_same_then_are_one_and_gaps_move_along():
    said = [("find . -mtime +1 DIRECTORY", 0.8), ("find . -mtime +30 DIRECTORY", 0.7), ("ls", 0.1)]
    found = [Candidate(command, chance, True) for command, chance in said]
    first, last = candidates_in_units_of("older than 1 month", found)
    assert (first.command, first.confidence) == ("find . -mtime +30 DIRECTORY", 0.8)
    assert first.placeholders == [(18, 27)]
    assert last == found[-1]
