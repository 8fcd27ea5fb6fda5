"""The one search: what it finds for whom, where it leads, and how often it asks the database."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.findings.services import open_finding
from governance.review import services as review
from portal.accounts.models import Unit, User
from portal.desk.search import SHOWN, search
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit() -> Unit:
    return make.unit("Claims")


@pytest.fixture
def system(unit: Unit) -> Any:
    """A system with a request before a board and an open finding, all of the heron."""
    made = make.system(unit=unit, name="Heron chat")
    board, _members = make.board_with_members(unit)
    request = review.create_request(
        system=made, flows=[make.flow(made)], version=made.versions.first(), summary="May it?", board=board,
        by=made.owner,
    )  # fmt: skip
    make.complete(made)
    review.submit(request=request, by=made.owner)
    open_finding(
        system=made, check="x", severity="high", title="The heron errs", detail="", source="test", by="system"
    )
    return made


def found(user: User, words: str) -> dict[str, list[str]]:
    """Titles by kind, as a fresh request of this person finds them."""
    groups = search(User.objects.get(pk=user.pk), words)
    return {str(group.title): [hit.title for hit in group.hits] for group in groups}


def test_systems_requests_findings_and_people_are_found_by_a_part_of_their_words_in_any_case(
    system: Any, unit: Unit
) -> None:
    everything = make.person("administrator", unit=unit, name="Hera Heron")
    for role in ("manager", "auditor"):
        make.grant_role(user=everything, role=role, unit=unit, by="system")
    assert found(everything, "hERON") == {
        "Systems": ["Heron chat"],
        "Approvals": ["Heron chat 1.0"],
        "Findings": ["The heron errs"],
        "People": ["Hera Heron"],
    }


def test_a_stranger_finds_nothing_of_it_and_only_who_manages_people_finds_people(
    system: Any, unit: Unit
) -> None:
    assert found(make.person("manager", unit=make.unit("Elsewhere")), "heron") == {}
    assert found(make.user(name="Heron himself"), "heron") == {}
    assert "People" not in found(make.person("manager", unit=unit, name="Hera Heron"), "heron")


def test_a_draft_is_found_by_its_author_alone(system: Any, unit: Unit) -> None:
    board = system.requests.get().board
    review.create_request(
        system=system, flows=list(system.flows.all()), version=system.versions.first(),
        summary="A secret bittern", board=board, by=system.owner,
    )  # fmt: skip
    assert found(system.owner, "bittern") == {"Approvals": ["Heron chat 1.0"]}
    assert found(make.person("manager", unit=unit), "bittern") == {}


def test_figures_are_found_with_their_formula_in_the_language_of_the_reader(unit: Unit) -> None:
    client = Client()
    client.force_login(
        make.person("manager", unit=unit, language="nl"), backend="portal.accounts.backends.SignInBackend"
    )
    page = client.get(reverse("search"), {"q": "tevredenheid"}).content.decode()
    assert "Cijfers en hoe ze worden berekend" in page
    assert "tevredenheid" in page.partition("Cijfers en hoe")[2].lower()


def test_pages_of_the_menu_are_found_where_a_role_opens_them(unit: Unit) -> None:
    assert found(make.person("auditor", unit=unit), "evidence")["Pages"] == ["Evidence"]
    assert "Pages" not in found(make.user(), "evidence")


@pytest.mark.parametrize("words", ["", " ", "h", "  h  ", "\x00"])
def test_less_than_two_letters_ask_nothing(words: str, system: Any) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert search(system.owner, words) == []
    assert len(asked) == 0


@pytest.mark.parametrize(
    "words", ["100%", "_____", "' OR 1=1 --", "<script>alert(1)</script>", "x" * 5000, "he\x00ron\\"]
)
def test_awkward_words_are_words(words: str, system: Any) -> None:
    client = Client()
    client.force_login(system.owner, backend="portal.accounts.backends.SignInBackend")
    answer = client.get(reverse("search"), {"q": words})
    assert answer.status_code == 200
    assert "Heron chat</a>" not in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


def test_more_hits_than_shown_lead_to_the_filtered_list(unit: Unit) -> None:
    for _n in range(SHOWN + 2):
        make.system(unit=unit)
    groups = search(make.person("manager", unit=unit), "System")
    systems = next(group for group in groups if str(group.title) == "Systems")
    assert len(systems.hits) == SHOWN
    assert systems.more == reverse("system_list") + "?q=System"


def test_the_number_of_queries_does_not_grow_with_what_is_found(unit: Unit, system: Any) -> None:
    person = make.person("administrator", unit=unit)
    for role in ("manager", "auditor"):
        make.grant_role(user=person, role=role, unit=unit, by="system")

    def queries() -> int:
        fresh = User.objects.get(pk=person.pk)
        with CaptureQueriesContext(connection) as asked:
            search(fresh, "heron")
        return len(asked)

    before = queries()
    for n in range(6):
        more = make.system(unit=unit, name=f"Heron {n}")
        open_finding(
            system=more, check="x", severity="low", title=f"Heron {n}", detail="", source="test", by="system"
        )
        make.user(name=f"Heron {n}")
    assert queries() == before <= 2 + 4  # what the person may, and one of each kind
