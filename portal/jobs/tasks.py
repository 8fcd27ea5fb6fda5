"""The doors through which Celery enters: a rung job, and the tick of the scheduler."""

import uuid

from celery import shared_task

from portal.jobs import runner, sweeper


@shared_task(name="portal.jobs.tasks.run", acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def run(job_id: str) -> None:
    """Do one job, if it still waits to be done."""
    runner.run_job(uuid.UUID(job_id))


@shared_task(name="portal.jobs.tasks.tick", ignore_result=True)  # type: ignore[untyped-decorator]
def tick() -> None:
    """One round of the scheduler; harmless to run late or twice."""
    sweeper.tick()
