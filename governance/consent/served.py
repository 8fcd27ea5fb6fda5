"""Who was shown which notice: taken like consent events, from items of a client to rows, set by set."""

import uuid
from typing import Any

from governance.consent.models import NoticeServed
from governance.consent.record import EARLIEST, Recorder
from governance.consent.rules import SKEW
from governance.consent.shapes import ServedItem
from portal.errors import N_
from portal.shapes import Fault, Read


class ServedRecorder(Recorder):
    """Takes one batch of notices served, of one source, into one system; call inside a transaction."""

    shape = ServedItem
    model = NoticeServed

    def _faults(self, item: Any) -> list[Fault]:
        faults = []
        if any("\x00" in text for text in (item.id, item.channel, item.subject or "", item.session or "")):
            faults.append(Fault("", "nul", N_("A NUL character cannot be stored.")))
        if not (item.subject or item.session):
            faults.append(Fault("subject", "required", N_("Name the subject or the session.")))
        if not item.channel.strip():
            faults.append(Fault("channel", "required", N_("Name the channel on which it was shown.")))
        notice = self._served(item)
        if item.notice_version not in self.notices:
            faults.append(
                Fault("notice_version", "unknown_notice", N_("No notice of this version is published."))
            )
        elif notice is None:
            message = N_("This version is not published in this language.")
            faults.append(Fault("language", "unknown_notice", message))
        elif item.served_at < notice.effective_at:
            message = N_("A notice cannot be shown before it is published.")
            faults.append(Fault("served_at", "before_notice", message))
        if item.served_at > self.now + SKEW:
            faults.append(Fault("served_at", "future", N_("This time lies in the future.")))
        elif item.served_at < EARLIEST:
            faults.append(Fault("served_at", "too_early", N_("This time lies before the year 2000.")))
        return faults

    def _served(self, item: ServedItem) -> Any:
        """The very text: a version in another language is not what the person saw."""
        versions = self.notices.get(item.notice_version, [])
        return next((one for one in versions if one.language == item.language), None)

    def _correct_and_store(
        self, good: list[tuple[Read[Any], uuid.UUID]], answers: list[dict[str, Any] | None]
    ) -> None:
        items: list[Any] = [one.value for one, _content in good]
        subjects = self._subjects(items)
        rows = []
        for (one, content), item in zip(good, items, strict=True):
            answer = answers[one.position]
            if answer is None:  # never: `good` holds answered items only
                continue
            self.accepted.append(str(content))
            rows.append(
                NoticeServed(
                    id=uuid.UUID(answer["event"]),
                    system_id=self.system.pk,
                    subject_id=subjects[self._digest(item)],
                    notice=self._served(item),
                    channel=item.channel.strip(),
                    served_at=min(item.served_at, self.now),  # a clock slightly ahead is not the future
                    recorded_at=self.now,
                    source=self.source,
                    source_event=item.id,
                    content=content,
                )
            )
        NoticeServed.objects.bulk_create(rows, batch_size=2000)
