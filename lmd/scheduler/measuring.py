"""What requests show of the speed of their models: told to the scheduler, and kept."""

from collections.abc import Callable

from lmd.models.records import Records
from lmd.models.speed import Speed, with_prompt, with_read
from lmd.scheduler.core import Scheduler


class Speeds:
    """The measured speed of every model; all methods take a model that may be gone by now."""

    def __init__(
        self, scheduler: Scheduler, records: Records[Speed], key: Callable[[str], str | None]
    ) -> None:
        """``key`` names the way in which a model is run; None: nothing of it is kept."""
        self._scheduler = scheduler
        self._records = records
        self._key = key

    def of(self, model: str) -> Speed:
        """What is known now."""
        known = model in self._scheduler.names
        return self._scheduler.model(model).speed if known else Speed()

    def recorded(self, model: str) -> Speed | None:
        """What was kept of a model, run as it is now; None where nothing is kept of it."""
        key = self._key(model)
        return (self._records.get(key) or Speed()) if key else None

    def keep(self, model: str) -> None:
        """Something of a model was measured: remember it for later lives."""
        if key := self._key(model):
            self._records.put(key, self.of(model))

    def take_read(self, model: str, rate: float) -> None:
        """A long prompt was read; ``rate`` is tokens a second in its quickest part."""
        self._learn(model, with_read(self.of(model), rate))

    def take_prompt(self, model: str, text: int, tokens: int) -> None:
        """A prompt of so many bytes has so many tokens."""
        self._learn(model, with_prompt(self.of(model), text, tokens))

    def _learn(self, model: str, speed: Speed) -> None:
        self._scheduler.learn(model, speed)
        self.keep(model)
