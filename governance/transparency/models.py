"""Public pages, personal links, and the requests of affected people."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

_KINDS = ["contest", "access", "erasure", "objection"]
_STATES = ["received", "in_progress", "answered", "refused", "withdrawn"]
TEXTS = ("summary", "why", "human", "objection")
"""What is written for the public, each in English and Dutch; everything else on a public page is looked up."""


class Publication(models.Model):
    """What a system's public page says in words written for it; a change is a new row, the old one ends.

    `human`: what people do with the readings. `objection`: how to object, beside the link to one's own page.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="publications")
    summary_en = models.TextField(max_length=350)
    summary_nl = models.TextField(max_length=350)
    why_en = models.TextField(max_length=2000)
    why_nl = models.TextField(max_length=2000)
    human_en = models.TextField(max_length=2000)
    human_nl = models.TextField(max_length=2000)
    objection_en = models.TextField(max_length=2000)
    objection_nl = models.TextField(max_length=2000)
    contact_name = models.CharField(max_length=120)
    contact_email = models.EmailField(max_length=254)
    published_at = models.DateTimeField(db_default=Now())
    published_by = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-published_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["system"], condition=Q(ended_at__isnull=True), name="publication_one_per_system"
            ),
            models.CheckConstraint(name="publication_published_at_by", condition=~Q(published_by="")),
            models.CheckConstraint(
                name="publication_ended_at_and_by",
                condition=Q(ended_at__isnull=True, ended_by="")
                | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.system)

    def text(self, name: str, language: str) -> str:
        """One of TEXTS in the language of the reader."""
        return str(getattr(self, f"{name}_{'nl' if language.startswith('nl') else 'en'}"))


class PersonalLink(models.Model):
    """A link that opens one person's page; only a digest of its token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_sha256 = models.CharField(max_length=64, unique=True)
    language = models.CharField(max_length=5, default="nl")
    idempotency_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unknown is not empty
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=120)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=120, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"], name="personal_link_idempotency_key_once"
            ),
            models.CheckConstraint(
                name="personal_link_expires_later", condition=Q(expires_at__gt=models.F("created_at"))
            ),
            models.CheckConstraint(name="personal_link_created_at_by", condition=~Q(created_by="")),
            models.CheckConstraint(
                name="personal_link_revoked_at_and_by",
                condition=Q(revoked_at__isnull=True, revoked_by="")
                | (Q(revoked_at__isnull=False) & ~Q(revoked_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"personal link {self.pk}"


class LinkedPerson(models.Model):
    """Who a link is about, as one system knows them."""

    id = models.BigAutoField(primary_key=True)
    link = models.ForeignKey(PersonalLink, on_delete=models.PROTECT, related_name="people")
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="+")
    pseudonym = models.UUIDField()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "linked people"
        constraints = [
            models.UniqueConstraint(fields=["link", "system", "pseudonym"], name="linked_person_once")
        ]

    def __str__(self) -> str:
        return f"somebody in {self.system}"


class PersonRequest(models.Model):
    """What one affected person asks of one system's organisation, with its clock.

    `item` names a contested reading by the source's own id, `reading` says what it was. After an erasure `pseudonym`,
    `item` and every text are empty: that there was a request, and when it was answered, stays.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="person_requests")
    link = models.ForeignKey(
        PersonalLink, on_delete=models.PROTECT, null=True, related_name="requests", db_index=True
    )
    pseudonym = models.UUIDField(null=True)
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=12, default="received")
    language = models.CharField(max_length=5, default="nl")
    ref = models.CharField(max_length=32, blank=True)
    reading = models.JSONField(default=dict)
    text = models.TextField(max_length=2000, blank=True)
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=120)
    due_on = models.DateField()
    extended_at = models.DateTimeField(null=True)
    extended_by = models.CharField(max_length=120, blank=True)
    extension_reason = models.TextField(max_length=2000, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True)
    decision = models.CharField(max_length=10, blank=True)
    answer = models.TextField(max_length=4000, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["due_on", "received_at"]
        constraints = [
            models.CheckConstraint(name="person_request_kind_known", condition=Q(kind__in=_KINDS)),
            models.CheckConstraint(name="person_request_state_known", condition=Q(state__in=_STATES)),
            models.CheckConstraint(name="person_request_received_at_by", condition=~Q(received_by="")),
            models.CheckConstraint(
                name="person_request_extended_at_and_by",
                condition=Q(extended_at__isnull=True, extended_by="")
                | (Q(extended_at__isnull=False) & ~Q(extended_by="")),
            ),
            models.CheckConstraint(
                name="person_request_closed_at_and_by",
                condition=Q(closed_at__isnull=True, closed_by="", state__in=["received", "in_progress"])
                | (
                    Q(closed_at__isnull=False, state__in=["answered", "refused", "withdrawn"])
                    & ~Q(closed_by="")
                ),
            ),
            models.UniqueConstraint(
                fields=["system", "pseudonym", "kind", "ref"],
                condition=Q(state__in=["received", "in_progress"], pseudonym__isnull=False),
                name="person_request_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["system", "state", "due_on"], name="person_request_due"),
            models.Index(fields=["pseudonym"], name="person_request_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def get_absolute_url(self) -> str:
        """The page of this request."""
        return reverse("person_request_detail", args=[self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this request."""
        return f"person_request:{self.pk}"


class PersonalCopy(models.Model):
    """A copy of somebody's data that lies ready for them; the file goes when `expires_at` is past."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.OneToOneField(PersonRequest, on_delete=models.PROTECT, related_name="copy")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "personal copies"
        constraints = [models.CheckConstraint(name="personal_copy_has_size", condition=Q(size__gte=1))]

    def __str__(self) -> str:
        return f"copy for {self.request}"
