"""A canary in every text that a person or a client can write: each column takes one, or is listed and why not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connections, models, transaction

from tests.whole.world import World

APPS = ("portal", "governance", "metrics")
CODES = {  # words that the product chooses itself; nobody types them
    "about", "action", "attribution", "basis", "category", "check_key", "choice", "code_version", "consequence",
    "decision", "direction", "discipline", "every", "instrument", "key", "kind", "kpi", "language", "majority",
    "media_type", "minor", "modality", "offer_kind", "outcome", "output", "part", "provider_role",
    "purpose", "question", "questionnaire", "recipient", "role", "rule", "rules_version", "section", "setting",
    "severity", "spread", "state", "stored_as", "subject_role", "theme",
    "time_zone", "topic", "type", "unique_key", "verdict",
}  # fmt: skip
MACHINES = {  # hashes, slugs and references whose form is held by a pattern or an index
    "body_sha256", "digest", "evidence_hash", "facts_sha256", "password", "path", "place", "prefix", "request_sha256",
    "ref", "sha256", "token_sha256", "key_id", "person_sha256",
    "slug", "sort_key", "email", "location", "link_template", "client", "idempotency_key", "source_id",
    "interaction_id", "source_event", "subject",
}  # fmt: skip
JSON_OWN = {  # JSON that the product makes from codes and numbers
    "articles", "answers", "attributes", "body", "checks", "counts", "facts", "figures", "open_questions", "params",
    "payload", "response", "result", "rules", "scores", "slices", "tables", "targets", "would_change", "duties",
    "prefilled", "reading", "saves", "flows", "left_out", "before", "after", "required",
}  # fmt: skip
JSON_POISONED = {"content", "conditions", "label_map", "dimensions", "reason", "typed"}
MIXED = {  # a code in one table, words in another
    "governance.Deployment.reason": True, "governance.Recusal.reason": True, "governance.Vote.reason": True,
    "metrics.Interaction.reason": False, "metrics.ValueItem.name": True, "portal.Schedule.name": False,
    "portal.Heartbeat.name": False, "portal.IdempotencyRecord.key": False, "governance.AuditRun.evaluation": True,
    "governance.Subject.minor": False, "metrics.ConfusionRollup.slice": False, "governance.Goal.statement": True,
    "governance.Screening.reason": False, "governance.RuleSet.text": False,  # signed: another text is no rule set
}  # fmt: skip

GUARDED = ("vote", "recusal", "round", "minutes", "councilanswer", "document")

CANARIES = [
    "<img src=x data-xss onerror=window.__xss=1>",
    '"><script data-xss>window.__xss=1</script>',
    "'--></title></textarea><svg data-xss onload=__xss=1>",
    '<b data-xss>b</b><a data-xss href="javascript:__xss=1">x',
    "</script><script data-xss>window.__xss=1</script>",
    "a\r\nSet-Cookie: xss=1\r\n\r\n<i data-xss>",
]


def text_columns() -> Iterator[tuple[Any, Any]]:
    """(model, field) of every column of ours that holds text or JSON."""
    for model in apps.get_models():
        if model.__module__.split(".")[0] in APPS:
            for column in model._meta.concrete_fields:
                if isinstance(column, models.CharField | models.TextField | models.JSONField):
                    yield model, column


def poisoned(model: Any, column: Any) -> bool | None:
    """Whether the column takes a canary; None: nobody decided."""
    name = f"{model._meta.label}.{column.name}"
    if name in MIXED:
        return MIXED[name]
    if isinstance(column, models.JSONField):
        return False if column.name in JSON_OWN | JSON_POISONED else None
    return not (column.choices or column.name in CODES | MACHINES)


def poison(texts: list[str]) -> dict[str, int]:
    """Write canaries, taking turns, into every column that takes one; rows per column.

    What a trigger or constraint holds back (the ledger) stays as it is.
    """
    with guards_off():
        return _poison(texts)


@contextmanager
def guards_off() -> Iterator[None]:
    """What a board said stays said, by triggers of the tables: here as the owner of the database could do it."""
    with connections["owner"].cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE governance_{table} DISABLE TRIGGER USER")
    yield
    with connections["owner"].cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE governance_{table} ENABLE TRIGGER USER")


def _poison(texts: list[str]) -> dict[str, int]:
    done: dict[str, int] = {}
    for turn, (model, column) in enumerate(text_columns()):
        if not poisoned(model, column):
            continue
        for n, pk in enumerate(list(model._default_manager.values_list("pk", flat=True)[:50])):
            text = texts[(turn + n) % len(texts)][: column.max_length or None]
            try:
                with transaction.atomic():
                    model._default_manager.filter(pk=pk).update(**{column.name: text})
            except DatabaseError:
                continue
            name = f"{model._meta.label}.{column.name}"
            done[name] = done.get(name, 0) + 1
    _poison_lists(texts)
    return done


def _poison_lists(texts: list[str]) -> None:
    """What stands in lists and JSON: labels, dimensions, conditions, the labels of charts and tables."""
    from governance.assessments.models import Assessment
    from governance.assessments.selectors import questionnaire_of
    from governance.audits.models import AuditRun
    from governance.registry.models import System, UnfinishedForm
    from governance.review.models import Vote
    from metrics.ingest.models import EvaluationSet

    labels = [text[:60] for text in (texts * 4)[:4]]
    labels = [f"{text[:57]} {n}" for n, text in enumerate(labels)]
    System.objects.update(
        labels=labels, label_map={text: text for text in labels}, dimensions={texts[0][:60]: labels}
    )
    for evaluation in EvaluationSet.objects.all():
        evaluation.counts = {**evaluation.counts, "labels": labels[: len(evaluation.counts["labels"])]}
        evaluation.save()
    for run in AuditRun.objects.exclude(tables=[]):
        run.tables = [{**table, "labels": labels} if "labels" in table else table for table in run.tables]
        run.save()
    for row in Assessment.objects.all():
        questions = questionnaire_of(row).questions
        row.answers = {
            id: texts[0] if questions[id].kind in ("text", "long_text") else answer
            for id, answer in row.answers.items()
        }
        row.save()
    for kept in UnfinishedForm.objects.all():
        kept.typed = {name: [texts[0]] for name in kept.typed}
        kept.save()
    for vote in Vote.objects.exclude(conditions=[]):
        vote.conditions = [{**row, "text": texts[0]} for row in vote.conditions]
        vote.save()


def poison_all(world: World) -> dict[str, int]:
    """Scripts in every column, and figures of today whose labels are scripts; rows per column."""
    from governance.registry.models import System
    from tests import make

    done = poison(CANARIES)
    system = System.objects.get(slug=world.slug)
    labels = list(system.labels)
    matrix = [[50 if a == b else 3 for b in labels] for a in labels]
    make.confusion(system, make.today(), labels, matrix)
    make.confusion(system, make.today(), labels, matrix, part=f"language={CANARIES[0]}"[:160])
    return done
