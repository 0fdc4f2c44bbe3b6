"""Flags that a program may have because others have them: which words go with which names.

Half of the flags that held-out rows want are named by no row and no list of their own program, but
nine of ten of those are flags of some other program (``--color``, ``--no-cache``).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection as Container
from collections.abc import Mapping, Sequence

from lmd.shell.lexicon.evidence import name_terms
from training.lexicon import Collection, ItemDraft

FEWEST_TOPICS = 2
MOST_NAMES = 40  # of a term
DOUBT = 3.0  # topics added below the line of a share
COMMON = 0.15  # what a name that many topics have is worth more, when a term's names are chosen


class Guesses:
    """Counts over all topics, and the names that each term speaks for."""

    def __init__(self, collection: Collection) -> None:
        self.topics: Counter[str] = Counter()
        self._together: dict[str, Counter[str]] = defaultdict(Counter)
        self._with_term: Counter[str] = Counter()
        self._drafts = 0
        for topic in collection.topics.values():
            for draft in topic.items.values():
                if draft.text.startswith("-"):
                    self._count(draft)
        names = {name for name, count in self.topics.items() if count >= FEWEST_TOPICS}
        self.names_of = {term: self._best(term, names) for term in list(self._together)}

    def _count(self, draft: ItemDraft) -> None:
        self._drafts += 1
        self._with_term.update(draft.terms.keys())
        for name in {draft.text, *(one for one in draft.aliases if one.startswith("--"))}:
            self.topics[name] += 1
            for term in {*draft.terms, *name_terms(name)}:
                self._together[term][name] += 1

    def _best(self, term: str, names: Container[str]) -> dict[str, float]:
        weighed = {
            name: weight
            for name in self._together[term]
            if name in names and (weight := self.weight(term, name))
        }
        order = sorted(
            weighed,
            key=lambda name: (-weighed[name] * (1 + COMMON * math.log(self.topics[name])), name),
        )
        return {name: weighed[name] for name in order[:MOST_NAMES]}

    def weight(self, term: str, name: str, without: int = 0) -> float:
        """How much likelier a term makes a name (natural log), 0 where it does not.

        ``without`` topics that have the name and the term are left out.
        """
        together = self._together[term][name] - without
        share = together / (self.topics[name] - without + DOUBT)
        usual = (self._with_term[term] + 1) / self._drafts
        return math.log(share / usual) if share > usual else 0.0

    def association(
        self, terms: Sequence[str], name: str, gone: Mapping[str, Container[str]]
    ) -> float:
        """The weights of all terms together; ``gone``: names less one topic with these terms."""
        return sum(
            self.weight(term, name, without=int(term in gone.get(name, ())))
            for term in terms
            if name in self.names_of.get(term, {})
        )
