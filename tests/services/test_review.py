"""Requests, votes and deployments, through the services."""

import datetime as dt

import pytest
from django.utils import timezone

from governance.review import selectors, services
from tests import make

pytestmark = pytest.mark.django_db


def test_an_approved_deployment_is_in_force() -> None:
    system = make.system()
    flow = make.flow(system)
    deployment = make.approved_deployment(system, [flow])
    now = timezone.now()
    assert list(selectors.in_force(system.pk, now)) == [flow]
    assert list(selectors.in_force(system.pk, now - dt.timedelta(hours=1))) == []
    assert list(selectors.in_force(system.pk, deployment.valid_until)) == []
    assert deployment.request.state == "approved"
