"""The copy of somebody's data (GDPR 15 and 20): a ZIP with one JSON file and a page of words, kept for a week."""

import datetime as dt
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from governance.holding import holders
from governance.transparency import rules
from governance.transparency.models import LinkedPerson, PersonalCopy, PersonalLink, PersonRequest
from governance.transparency.requests import person_of
from portal.ledger.services import record


def path_of(copy: PersonalCopy) -> Path:
    """Where the file lies, outside the web root."""
    return Path(settings.MEDIA_ROOT) / "copies" / f"{copy.pk}.zip"


def make_copy(request: PersonRequest, finish: Any = None) -> PersonalCopy | None:
    """Write the file and answer the request; None where it is closed already. `finish` runs in the same transaction."""
    if request.state not in rules.OPEN:
        return None
    copy = PersonalCopy(request=request)
    path = path_of(copy)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _write(path, request)
        return _answer(request, copy, path, finish)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(path: Path, request: PersonRequest) -> None:
    person = person_of(request)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with translation.override("nl" if request.language == "nl" else "en-gb"):
        parts = [{"part": one.name, "title": gettext(one.title), "rows": list(one.export(person))} for one in
                 holders.all_holders()]  # fmt: skip
        head = {
            "system": person.system.name,
            "made_at": timezone.now().isoformat(timespec="seconds"),
            "asked_at": request.received_at.isoformat(timespec="seconds"),
        }
        words = gettext(
            "This is everything that is held about you in {system}. It is in the file data.json, part by part. Times"
            " are in UTC. Nothing in it is about anybody else."
        ).format(system=person.system.name)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", words + "\n")
        archive.writestr("data.json", json.dumps({**head, "parts": parts}, indent=1, ensure_ascii=False))


def _answer(request: PersonRequest, copy: PersonalCopy, path: Path, finish: Any) -> PersonalCopy | None:
    data = path.read_bytes()
    with transaction.atomic():
        locked = PersonRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if locked.state not in rules.OPEN:
            path.unlink(missing_ok=True)
            return None
        copy.sha256, copy.size = hashlib.sha256(data).hexdigest(), len(data)
        copy.made_at = timezone.now()
        copy.expires_at = copy.made_at + dt.timedelta(days=rules.COPY_DAYS)
        copy.save(force_insert=True)
        locked.state = rules.after(locked.state, "answer")
        locked.closed_at, locked.closed_by = copy.made_at, "system"
        locked.decision = rules.Decision.GRANTED.value
        locked.save()
        body = {"kind": locked.kind, "decision": locked.decision, "sha256": copy.sha256}
        record(type="people.request_answered", by="system", subject=locked.subject, body=body)
        if finish is not None:
            finish({"size": copy.size})
    return copy


def sweep(now: dt.datetime) -> dict[str, int]:
    """Remove copies whose week is over, and whom ended links were about. Harmless to repeat."""
    old = PersonalCopy.objects.filter(removed_at__isnull=True, expires_at__lte=now)
    copies = 0
    for copy in old:
        path_of(copy).unlink(missing_ok=True)
        copies += PersonalCopy.objects.filter(pk=copy.pk).update(removed_at=now)
    day = now - dt.timedelta(days=1)
    ended = PersonalLink.objects.filter(expires_at__lte=day) | PersonalLink.objects.filter(
        revoked_at__lte=day
    )
    with transaction.atomic():
        PersonRequest.objects.filter(link__in=ended).update(link=None)
        people, _ = LinkedPerson.objects.filter(link__in=ended).delete()
    return {"copies": copies, "people": people}
