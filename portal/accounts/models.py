"""People, units (departments, a tree) and API keys."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Concat, Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.accounts.codes import PERMISSIONS
from portal.accounts.managers import UserManager


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail. Rights come from roles on units and systems, never from this row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True, max_length=254)
    name = models.CharField(_("name"), max_length=150, blank=True)
    language = models.CharField(
        _("language"), max_length=5, choices=[("en-gb", "English"), ("nl", "Nederlands")], default="en-gb"
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Amsterdam")
    theme = models.CharField(
        _("theme"),
        max_length=5,
        choices=[("auto", _("as the device")), ("light", _("light")), ("dark", _("dark"))],
        default="auto",
    )
    mail = models.CharField(
        _("mail about what waits for you"),
        max_length=9,
        choices=[("immediate", _("at once")), ("digest", _("once a day")), ("off", _("never"))],
        default="immediate",
    )
    is_active = models.BooleanField(_("may sign in"), default=True)
    valid_until = models.DateTimeField(_("access ends"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        ordering = ("name", "email")
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(name="user_email_lower_case", condition=models.Q(email=Lower("email"))),
            models.CheckConstraint(
                name="user_language_known", condition=models.Q(language__in=["en-gb", "nl"])
            ),
            models.CheckConstraint(
                name="user_theme_known", condition=models.Q(theme__in=["auto", "light", "dark"])
            ),
            models.CheckConstraint(
                name="user_mail_known", condition=models.Q(mail__in=["immediate", "digest", "off"])
            ),
            # deny by default: nobody passes every check at once
            models.CheckConstraint(name="user_never_superuser", condition=models.Q(is_superuser=False)),
        ]

    def __str__(self) -> str:
        return self.display

    @property
    def display(self) -> str:
        """What pages call this person."""
        return self.name or self.email

    def ended(self, now: datetime) -> bool:
        """Whether the access of a time-limited account (an external auditor) is over."""
        return self.valid_until is not None and self.valid_until <= now

    def get_full_name(self) -> str:
        """For mail texts."""
        return self.display

    def get_absolute_url(self) -> str:
        """The administrator's page of this person."""
        return reverse("person_detail", args=[self.pk])


class Unit(models.Model):
    """A department. `path` ('/organisation/claims/') lets a grant cover everything below by one prefix."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("short name"), max_length=50)
    name = models.CharField(_("name"), max_length=120)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    path = models.TextField(unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("path",)
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        default_permissions = ()
        permissions = list(PERMISSIONS.items())
        constraints = [
            models.CheckConstraint(
                name="unit_path_ends_in_slug",
                condition=models.Q(path__startswith="/")
                & models.Q(path__endswith=Concat(models.Value("/"), "slug", models.Value("/"))),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """0 for the organisation itself."""
        return self.path.count("/") - 2


class ApiKey(models.Model):
    """A machine client's key for one system. Only a SHA-256 of the secret (192 random bits) is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    system_id = models.UUIDField(_("system"), db_index=True)  # no foreign key: systems live above this slice
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    sandbox = models.BooleanField(_("sandbox: checks and answers everything, stores nothing"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=300)  # actor as text, as in the ledger
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_by = models.CharField(max_length=300, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="api_key_revoked_at_and_by",
                condition=models.Q(revoked_at__isnull=True, revoked_by="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revoked_by="")),
            ),
            models.CheckConstraint(name="api_key_has_a_scope", condition=~models.Q(scopes=[])),
        ]

    def __str__(self) -> str:
        return self.name

    def usable(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def state(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.usable(now) else "expired"


class MachineUser:
    """What `request.user` is for a call with an API key: no person, no session, one system."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, api_key: ApiKey) -> None:
        self.api_key = api_key
        self.pk = self.id = api_key.pk

    @property
    def display(self) -> str:
        """The key's name."""
        return self.api_key.name

    def __str__(self) -> str:
        return self.display

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Machines hold scopes, not Django permissions; see `portal.access.selectors.can`."""
        return False
