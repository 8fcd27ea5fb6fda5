"""What the tests of audits share: a published confusion matrix, and short ways to plan and run."""

from datetime import date
from typing import Any

from governance.audits import services
from governance.audits.models import AuditPlan, AuditRun
from governance.findings.models import Finding
from governance.registry.models import System
from metrics.ingest.models import EvaluationSet
from metrics.rollups.models import ConfusionRollup
from portal.jobs import runner
from tests import make

LABELS = ["anger", "joy", "optimism", "sadness"]
# gold in rows: the published TweetEval emotion test set (1,421 human labels) against the RoBERTa-retrained
# run
TWEETS = [[488, 19, 13, 38], [13, 302, 14, 29], [17, 16, 76, 14], [38, 19, 6, 319]]
# scikit-learn on the rows: accuracy .8339, Wilson .8137-.8524, macro-F1 .7983, delta interval .7732-.8233
KIND = "sentiment_accuracy"


def reader(**fields: Any) -> System:
    """A system that reads the four emotions of the tweets."""
    made: System = make.system(labels=LABELS, label_map={}, **fields)
    return made


def tweets(system: System, name: str = "tweets", matrix: list[list[int]] = TWEETS) -> EvaluationSet:
    return EvaluationSet.objects.create(
        system=system,
        name=name,
        n=sum(map(sum, matrix)),
        counts={"labels": LABELS, "matrix": matrix},
        sha256="0" * 64,
        imported_by="system",
    )


def live(system: System, day: date, matrix: list[list[int]], slice: str = "") -> None:
    ConfusionRollup.objects.bulk_create(
        ConfusionRollup(
            system_id=system.pk, day=day, version="1", slice=slice, gold=gold, predicted=said, n=n
        )
        for gold, row in zip(LABELS, matrix, strict=True)
        for said, n in zip(LABELS, row, strict=True)
    )


def run(system: System, *, kind: str = KIND, **where: Any) -> AuditRun:
    """Ask for a run and do it here."""
    if not where:
        where = {"evaluation": "tweets"}
    asked = services.start_run(system=system, kind=kind, by="system", **where)
    runner.run_job(asked.job_id)
    return AuditRun.objects.select_related("job", "system", "plan").get(pk=asked.pk)


def plan(system: System, every: str = "", **targets: str) -> AuditPlan:
    return services.plan_audit(system=system, kind=KIND, targets=targets, every=every, by="system")


def verdicts(done: AuditRun) -> dict[str, str]:
    return {check["key"]: check["verdict"] for check in done.checks}


def open_checks(system: System) -> set[str]:
    return set(Finding.objects.filter(system=system, state="open").values_list("check_key", flat=True))
