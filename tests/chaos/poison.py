"""The Celery application of the harness: the product's, with two kinds of work that never succeed until cured."""

import os
import signal
from pathlib import Path
from typing import Any

from portal.celery import app
from portal.jobs.registry import handler

__all__ = ["app"]
KILLS = "chaos_kills_its_worker"
RAISES = "chaos_always_raises"


@handler(KILLS, title="Kills its worker")
def kills(context: Any) -> dict[str, Any]:
    """What the kernel does to a process that takes all memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


@handler(RAISES, title="Always raises")
def raises(context: Any) -> dict[str, Any]:
    """Fails until the harness puts the file of the cure there."""
    if not Path(context.payload["cure"]).exists():
        raise ZeroDivisionError("poison")
    return {"cured": True}
