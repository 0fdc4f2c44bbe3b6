"""The baseline: the command of the nearest training row, by BM25 (SQLite FTS5)."""

import re
import sqlite3

from training.rows import Pair


class Retrieval:
    """An index of the training rows in memory."""

    def __init__(self, pairs: list[Pair]) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "create virtual table rows using fts5(request, command unindexed, tokenize='porter')"
        )
        self._database.executemany(
            "insert into rows values (?, ?)",
            ((f"{pair.request} {pair.page}", pair.plain) for pair in pairs),
        )

    def suggest(self, request: str, most: int = 5) -> list[str]:
        """The commands of the nearest rows, nearest first."""
        words = re.findall(r"\w+", request.lower())
        query = " or ".join(f'"{word}"' for word in dict.fromkeys(words))
        rows = self._database.execute(
            "select command from rows where rows match ? order by bm25(rows) limit ?",
            (query.replace(" or ", " OR "), 4 * most),
        )
        return list(dict.fromkeys(str(row[0]) for row in rows))[:most] if words else []
