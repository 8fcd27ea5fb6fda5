"""Background work: the Celery application, the task modules of the slices and when the clock rings.

Beat only ticks. What is due, and when, stands in rows of our own (`portal.jobs`), in UTC.
"""

import os
from importlib.util import find_spec

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

TASK_MODULES = [
    "portal.jobs.tasks",
    "portal.ledger.tasks",
]

app = Celery("attune")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = [name for name in TASK_MODULES if find_spec(name)]
# `expiration` is for the broker to look at (RabbitMQ does); `expires` would be looked at by the worker, on its own
# clock: half a minute fast, it would drop every tick
app.conf.beat_schedule = {
    "jobs": {"task": "portal.jobs.tasks.tick", "schedule": 30.0, "options": {"expiration": 30}},
    "ledger": {"task": "portal.ledger.tasks.sequence", "schedule": 2.0, "options": {"expiration": 10}},
}
