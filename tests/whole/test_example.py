"""The example organisation, made from nothing as `make demo` makes it, with a month of data."""

from pathlib import Path
from typing import Any

from django.db.models import Count

from governance.findings.models import Finding
from governance.review.models import Deployment
from metrics.ingest.models import Interaction
from portal.accounts.models import User
from portal.desk.selectors import waiting as tasks_of
from portal.example import make as example
from portal.example import people
from portal.notify.models import Message
from tests import make


def test_it_is_made_without_a_single_day_of_data(committed_db: Any, tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    said: list[str] = []
    example.make(said.append, days=0)
    assert "audit plans" in said[-1]
    assert not Interaction.objects.exists()
    assert Deployment.objects.filter(state="in_force").exists()


def test_it_is_whole_when_it_is_made_and_made_again_it_stays_the_same(
    committed_db: Any, tmp_path: Path, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path
    said: list[str] = []
    example.make(said.append, days=30)
    assert User.objects.count() == len(people.CAST)
    assert said and "audit plans" in said[-1]

    told = dict(Message.objects.values_list("user__email").annotate(Count("pk")))
    waiting = {user.email for user in User.objects.all() if tasks_of(user, make.today())}
    assert len(waiting) >= 4 and waiting <= told.keys(), "whom something waits for has it in the inbox"

    before = (Interaction.objects.count(), Message.objects.count(), Finding.objects.count())
    example.make(said.append, days=30)
    assert (Interaction.objects.count(), Message.objects.count(), Finding.objects.count()) == before
