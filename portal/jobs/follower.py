"""Standing work that follows acts: besides its rhythm it is done soon after the ledger shows what may concern it.

The place in the tree up to which it was asked for stands in its schedule's payload. Leaves are put in order by one
sequencer and only after their acts are committed, so whoever starts later sees all of them: no act is overtaken.
"""

from django.db import transaction
from django.db.models import Max

from portal.jobs import registry, rules
from portal.jobs.bell import ring
from portal.jobs.models import Job, Schedule
from portal.ledger.models import Leaf

PLACE = "ledger_size"


def follow() -> int:
    """Ask once for each kind of work whose acts have come since it was last asked for; returns how many jobs.

    While one is open nothing is asked for: it may have passed what came meanwhile, and the next tick looks again. So
    there is one job however many acts there were.
    """
    wanted = {item.kind: item.passes_over for item in registry.all_handlers() if item.passes_over is not None}
    schedules = Schedule.objects.filter(name__in=wanted, active=True)
    if not (waiting := [row for row in schedules if row.kind in wanted]):
        return 0
    newest = Leaf.objects.aggregate(newest=Max("index"))["newest"]
    size = 0 if newest is None else newest + 1
    return sum(_ask(schedule, wanted[schedule.kind] or (), size) for schedule in waiting)


def _ask(schedule: Schedule, passes_over: tuple[str, ...], size: int) -> int:
    seen = schedule.payload.get(PLACE, 0)
    open_states = [state.value for state in rules.OPEN]
    if size <= seen or Job.objects.filter(kind=schedule.kind, state__in=open_states).exists():
        return 0
    new = Leaf.objects.filter(index__gte=seen, index__lt=size)
    for beginning in passes_over:
        new = new.exclude(type__startswith=beginning)
    concerns = new.exists()
    with transaction.atomic():
        # two schedulers at once: the second finds another payload and leaves it at that
        mine = Schedule.objects.filter(pk=schedule.pk, payload=schedule.payload)
        if not mine.update(payload={**schedule.payload, PLACE: size}) or not concerns:
            return 0
        job = Job.objects.create(
            kind=schedule.kind, about=schedule.about, payload={PLACE: size}, requested_for="system"
        )
        transaction.on_commit(lambda: ring(job.pk), robust=True)
    return 1
