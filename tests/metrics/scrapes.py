"""A scrape read by the official parser."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]


class Scrape:
    """Samples by name and labels; fails on text that the parser does not take."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples: dict[str, dict[Labels, float]] = {}
        for family in self.families.values():
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                known = self.samples.setdefault(sample.name, {})
                assert labels not in known, f"twice: {sample.name} {labels}"
                known[labels] = sample.value

    def value(self, name: str, **labels: str) -> float:
        """One sample; 0 for a series that is not there."""
        return self.samples.get(name, {}).get(tuple(sorted(labels.items())), 0.0)

    def labels(self, name: str) -> list[Mapping[str, str]]:
        """The label sets of a series."""
        return [dict(labels) for labels in self.samples.get(name, {})]
