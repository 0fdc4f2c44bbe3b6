"""`lmctl doctor`: what works, what does not, and how to mend it.

Only what fails makes the exit status 1; a warning is for you to judge.
"""

import json
from dataclasses import asdict

from lmctl.commands.connection import Target
from lmctl.commands.status import print_lines
from lmctl.doctor import daemon, installation, surroundings
from lmctl.doctor.finding import Check, Finding, State, run_checks
from lmctl.failures import EXIT_BROKEN, EXIT_OK
from lmctl.output import print_text
from lmctl.screen.text import Line, Style, clean

CHECKS: tuple[tuple[str, Check], ...] = (
    ("versions", installation.check_versions),
    ("socket", daemon.check_socket),
    ("daemon", daemon.check_daemon),
    ("processes", daemon.check_leftovers),
    ("configuration", installation.check_configuration),
    ("permissions", installation.check_permissions),
    ("llama.cpp", installation.check_llama_cpp),
    ("built-in model", installation.check_builtin_model),
    ("lexicon", installation.check_lexicon),
    ("disk", surroundings.check_disk),
    ("service", surroundings.check_service),
    ("shell hooks", surroundings.check_hooks),
)
_STYLES: dict[State, Style] = {"ok": "good", "warn": "warn", "fail": "bad"}


def run_doctor(target: Target, as_json: bool) -> int:
    """Run all checks and print them; 1 if something failed."""
    findings = run_checks(CHECKS, target)
    if as_json:
        print_text(json.dumps([asdict(finding) for finding in findings]))
    else:
        print_lines([line for finding in findings for line in render_finding(finding)])
    failed = any(finding.state == "fail" for finding in findings)
    return EXIT_BROKEN if failed else EXIT_OK


def render_finding(finding: Finding) -> list[Line]:
    """One line, and a second one with the remedy. Never cut: they are there to be copied."""
    mark = finding.state.upper() if finding.state == "fail" else finding.state
    lines: list[Line] = [
        [(_STYLES[finding.state], f"{mark:<6}"), ("bold", finding.check), ("", ": ")]
    ]
    lines[0].append(("", clean(finding.detail)))
    if finding.mend:
        lines.append([("", f"      {clean(finding.mend)}")])
    return lines
