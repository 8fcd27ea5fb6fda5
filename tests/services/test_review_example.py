"""The example organisation shows what a board does."""

import datetime as dt

import pytest
from django.utils import timezone

from governance.review.models import (
    Board,
    Comment,
    Condition,
    ConditionEvidence,
    CouncilRecord,
    Deployment,
    DeploymentRequest,
    Minutes,
    Recusal,
    Round,
    Vote,
)
from governance.review.selectors import differences
from portal.example import make as example

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("days", [0, 30, 365])
def test_the_example_shows_what_a_board_does(days: int) -> None:
    example._structure(timezone.now().date() - dt.timedelta(days=days))
    assert Recusal.objects.exists()
    assert Vote.objects.filter(seat__memberships__deputy=True, cast_by__name="Lieke Smits").exists()
    assert Vote.objects.filter(
        choice="reject", request__state="approved_with_conditions"
    ).exists()  # a dissent
    assert Round.objects.filter(number=2).exclude(answer="").exists()
    assert set(Condition.objects.values_list("state", flat=True)) == {"met"}
    assert set(ConditionEvidence.objects.values_list("accepted", flat=True)) == {True, False}
    assert Minutes.objects.filter(closed_at__isnull=False).exists()
    assert set(CouncilRecord.objects.values_list("state", flat=True)) == {"conditions", "consented"}
    waiting = DeploymentRequest.objects.get(state="in_review")
    assert Comment.objects.filter(request=waiting).count() >= 3
    assert waiting.minutes.filter(closed_at=None).exists()
    assert Board.objects.get().delegates_minimal
    assert Deployment.objects.filter(state="in_force").count() == 4
    again = DeploymentRequest.objects.filter(kind="reapproval")
    assert not again.filter(state="draft").exists()
    if days == 365:  # a year on the assessments were signed anew
        assert again.filter(state="approved").count() == 4
        assert {d.path[0] for row in again for d in differences(row) or []} >= {"assessments"}
