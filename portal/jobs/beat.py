"""The clockwork behind the tick: what Celery beat runs in place of a schedule on disk."""

import time
from typing import Any

from celery.beat import Scheduler


class Ticker(Scheduler):
    """Sends each entry every so many seconds, the first time at once; keeps nothing.

    Celery's own schedulers go by the wall clock: one that is set back five hours does not tick for five hours.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._due: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; the seconds until something is due again."""
        for name, entry in list(self.schedule.items()):
            if self._due.get(name, 0.0) <= time.monotonic():
                self._due[name] = time.monotonic() + entry.schedule.seconds
                self.apply_entry(entry, producer=self.producer)
        return max(0.0, min(self._due.values()) - time.monotonic())
