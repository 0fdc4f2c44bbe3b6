"""How many of something there are in a second, over sliding windows. Pure: ``now`` is given."""

from collections import deque

from lmd.protocol.activity import Rates

LONGEST_SECONDS = 60


class SlidingRate:
    """Counts by the second, for as many seconds as the longest window has."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque(maxlen=LONGEST_SECONDS + 1)
        """(second, count), for seconds in which there was something."""

    def add(self, count: int, now: float) -> None:
        """So many more, now. ``now`` never goes back."""
        second = int(now)
        if self._counts and self._counts[-1][0] == second:
            count += self._counts.pop()[1]
        self._counts.append((second, count))

    def lives(self, now: float) -> bool:
        """Whether there was anything in the longest window."""
        return bool(self._counts) and self._counts[-1][0] > now - LONGEST_SECONDS

    def per_second(self, window: int, now: float, since: float) -> float:
        """The mean over the last ``window`` seconds, at most `LONGEST_SECONDS`.

        The second that has just begun counts, so between ``window`` - 1 and ``window`` seconds are
        looked at. ``since`` is when counting began: a shorter life is a shorter window.
        """
        first = int(now) - window + 1
        total = sum(count for second, count in self._counts if second >= first)
        seconds = now - max(float(first), since)
        # In the first instant of a life a mean would be anything.
        return total / max(seconds, 1.0)


class Meter:
    """Tokens and requests of the daemon, and tokens of each model."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._tokens = SlidingRate()
        self._requests = SlidingRate()
        self._models: dict[str, SlidingRate] = {}
        """Those that were counted in the last minute or so."""

    def count_tokens(self, model: str, count: int, now: float) -> None:
        """Tokens of an answer have come."""
        self._tokens.add(count, now)
        if model not in self._models:
            self._models = {name: rate for name, rate in self._models.items() if rate.lives(now)}
            self._models[model] = SlidingRate()
        self._models[model].add(count, now)

    def count_request(self, now: float) -> None:
        """A request that used or wanted a model is over."""
        self._requests.add(1, now)

    def rates(self, now: float) -> Rates:
        """All of the daemon."""
        return Rates(
            tokens_10s=round(self._tokens.per_second(10, now, self._since), 2),
            tokens_60s=round(self._tokens.per_second(60, now, self._since), 2),
            requests_10s=round(self._requests.per_second(10, now, self._since), 2),
            requests_60s=round(self._requests.per_second(60, now, self._since), 2),
        )

    def model_tokens(self, model: str, now: float) -> float:
        """Tokens a second of one model, over the last 10 seconds."""
        rate = self._models.get(model)
        return round(rate.per_second(10, now, self._since), 2) if rate else 0.0
