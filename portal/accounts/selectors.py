"""Questions about people, units and keys; who may ask them is decided above, in `portal.access`."""

from django.db.models import QuerySet

from portal.accounts.models import Unit, User


def organisation() -> Unit | None:
    """The top of the tree of units."""
    return Unit.objects.filter(parent__isnull=True).order_by("created_at").first()


def people() -> QuerySet[User]:
    """Everybody with an account."""
    return User.objects.order_by("name", "email")
