"""The documentation of this machine: manual pages, and ``--help`` where there is none."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog
import trio

from lmd.defects import trace_of
from lmd.shell.documentation.asking import ask_help
from lmd.shell.documentation.files import (
    DEEPEST_INCLUDE,
    PageFile,
    find_included,
    find_page,
    read_page,
)
from lmd.shell.documentation.manpath import manual_folders, other_page_name, page_name
from lmd.shell.documentation.page import included_page, parse_page
from lmd.shell.documentation.programs import ProgramFile, find_program, help_command
from lmd.shell.documentation.records import Documentation
from lmd.shell.documentation.shelf import Entry, Shelf
from lmd.shell.documentation.usage import parse_usage

LONGEST_TOPIC = 4
"""Words: a program and the subcommands below it."""
MOST_SEARCHES = 64
"""At the same time; beyond, a topic counts as unknown."""
READERS = 2
ASKED_PROGRAMS = 2

_OPTIONS_ELSEWHERE = {"apt": "apt-get"}
"""Pages that name no options, and those that do for them."""
_ASKED_ALTHOUGH_DOCUMENTED = frozenset(("git", "pip", "pip3"))
"""Programs whose own page does not describe their subcommands' flags."""

FindProgram = Callable[[str], ProgramFile | None]
_log = structlog.get_logger(__name__)


class Library:
    """Looks topics up and remembers what it found, as long as the files do not change.

    A search goes on when nobody waits for it any more, so that the next one to ask has an answer;
    it ends with the event loop.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        find_program: FindProgram = find_program,
    ) -> None:
        """``environment`` says where the manual is; ``find_program`` what may be asked."""
        self._folders = manual_folders(environment)
        self._find_program = find_program
        self._shelf = Shelf()
        self._searches: dict[tuple[str, ...], _Search] = {}
        self._reading = trio.CapacityLimiter(READERS)
        self._asking = trio.CapacityLimiter(ASKED_PROGRAMS)

    def cached(self, topic: tuple[str, ...]) -> Documentation | None:
        """What is remembered of a topic; never waits and never looks at files."""
        entry = self._shelf.get(topic)
        return entry.documentation if entry else None

    async def look_up(self, topic: tuple[str, ...]) -> Documentation | None:
        """The documentation of ``("git", "push")``; None where there is none.

        A page takes milliseconds, a program that has to be asked up to a second. Cancelling stops
        the waiting, not the search.
        """
        if page_name(topic) is None or len(topic) > LONGEST_TOPIC:
            return None
        search = self._searches.get(topic)
        if search is None:
            if len(self._searches) >= MOST_SEARCHES:
                return None
            search = self._searches[topic] = _Search()
            trio.lowlevel.spawn_system_task(self._run_search, topic, search)
        await search.over.wait()
        return search.found

    async def _run_search(self, topic: tuple[str, ...], search: "_Search") -> None:
        try:
            search.found = await self._search(topic)
        except Exception as error:  # noqa: BLE001 - whatever a page may hold, the daemon goes on
            _log.error("documentation search failed", trace=trace_of(error))
        finally:
            del self._searches[topic]
            search.over.set()

    async def _search(self, topic: tuple[str, ...]) -> Documentation | None:
        known = self._shelf.get(topic)
        entry = await trio.to_thread.run_sync(
            read_manual, self._folders, topic, known, abandon_on_cancel=True, limiter=self._reading
        )
        if entry is None or entry.documentation is None:
            entry = await self._ask(topic, known) or entry
        if entry is None:
            self._shelf.drop(topic)
            return None
        self._shelf.put(topic, entry)
        return entry.documentation

    async def _ask(self, topic: tuple[str, ...], known: Entry | None) -> Entry | None:
        """What the program says itself; None where it must not be asked."""
        program = await trio.to_thread.run_sync(
            self._find_program, topic[0], abandon_on_cancel=True, limiter=self._reading
        )
        if program is None:
            return None
        if known is not None and known.file == program:
            return known
        above = await self.look_up(topic[:-1]) if len(topic) > 1 else None
        if len(topic) > 1 and not _may_be_asked(topic, above):
            return None
        async with self._asking:
            text = await ask_help(help_command(program.path, topic))
        found = parse_usage(text, "-".join(topic))
        if found is not None and above is not None and found.flags == above.flags:
            found = None  # it took no notice of the subcommand
        return Entry(program, found)


def _may_be_asked(topic: tuple[str, ...], above: Documentation | None) -> bool:
    """Whether the last word is a subcommand by all that is known: no other word is tried out."""
    if above is None or all(name != topic[-1] for name, _ in above.subcommands):
        return False
    return above.source == "help" or topic[0] in _ASKED_ALTHOUGH_DOCUMENTED


class _Search:
    """Under way, or over with what was found."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.found: Documentation | None = None


def read_manual(
    folders: tuple[str, ...], topic: tuple[str, ...], known: Entry | None
) -> Entry | None:
    """The page of a topic; ``known`` if it has not changed; None for no page. Blocks."""
    name = page_name(topic)
    if name is None:
        return None
    page = find_page(folders, name)
    if page is None and len(topic) > 1:
        page = find_page(folders, other_page_name(topic))
    if page is None:
        return None
    if known is not None and known.file == page:
        return known
    source = _followed(page)
    found = parse_page(source, name) if source is not None else None
    if found is not None and not found.flags and name in _OPTIONS_ELSEWHERE:
        other = read_manual(folders, (_OPTIONS_ELSEWHERE[name],), None)
        if other is not None and other.documentation is not None:
            found = replace(found, flags=other.documentation.flags)
    return Entry(page, found)


def _followed(page: PageFile | None) -> str | None:
    """The source of a page, or of the one that stands for it."""
    for _ in range(DEEPEST_INCLUDE):
        source = read_page(page) if page is not None else None
        name = included_page(source) if source is not None else None
        if page is None or name is None:
            return source
        page = find_included(page, name)
    return None
