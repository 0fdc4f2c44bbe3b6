"""The table of rules, and how what they say becomes one list."""

from collections.abc import Callable, Iterator

from lmd.shell.facts import Facts
from lmd.shell.repair.case import Case
from lmd.shell.repair.editing import answered_messages, quoted_advice
from lmd.shell.repair.failure import Failure, Repair
from lmd.shell.repair.files import misspelt_path, unquoted_blanks
from lmd.shell.repair.folders import folder_of_a_file, is_a_folder, missing_folder
from lmd.shell.repair.git import git_rules
from lmd.shell.repair.keyboard import typeset_characters, unpaired_quotes
from lmd.shell.repair.options import help_option, misspelt_option
from lmd.shell.repair.packages import another_manager, package_advice
from lmd.shell.repair.programs import (
    another_program,
    local_program,
    missing_program,
    missing_space,
    misspelt_program,
    not_a_program,
    not_in_sudos_path,
    twice,
)
from lmd.shell.repair.rights import docker_daemon, missing_rights, needless_rights, not_executable
from lmd.shell.repair.subcommands import (
    meant_by_error,
    misspelt_subcommand,
    swapped,
)

Rule = Callable[[Case], Iterator[Repair]]
RULES: tuple[Rule, ...] = (
    typeset_characters,
    not_a_program,
    twice,
    missing_space,
    unquoted_blanks,
    another_manager,
    another_program,
    misspelt_program,
    local_program,
    not_in_sudos_path,
    git_rules,
    swapped,
    meant_by_error,
    misspelt_subcommand,
    misspelt_option,
    help_option,
    answered_messages,
    package_advice,
    docker_daemon,
    needless_rights,
    not_executable,
    missing_rights,
    is_a_folder,
    folder_of_a_file,
    misspelt_path,
    missing_folder,
    unpaired_quotes,
    quoted_advice,
    missing_program,
)
"""Those that say more stand first: among equals the earlier one wins."""
MOST = 8
LONGEST = 4096
"""Characters of a line that rules look at."""


def repairs(failure: Failure, facts: Facts) -> list[Repair]:
    """What the rules would run instead of a failed command, best first, at most `MOST`.

    Nothing is run, and nothing is asked but ``facts``. Never raises on any command or error.
    """
    if not failure.command.strip() or len(failure.command) > LONGEST:
        return []
    case = Case(failure, facts)
    best: dict[str, Repair] = {}
    for rule in RULES:
        for repair in rule(case):
            command = repair.command.strip()
            known = best.get(command)
            is_new = known is None or known.confidence < repair.confidence
            is_one_line = "\n" not in command or "\n" in case.line
            if command and command != case.line and is_new and is_one_line:
                best[command] = repair
    return sorted(best.values(), key=lambda repair: -repair.confidence)[:MOST]
