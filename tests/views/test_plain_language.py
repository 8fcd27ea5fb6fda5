"""What affected people read is plain: the public pages and the personal page, in both languages."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.transparency import public, publishing
from governance.transparency.plain import HARDEST, plainness
from portal.example.affected import CONTACT, PAGES
from tests import make
from tests.views.test_people import Page, link_for, system  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
_BLOCK = re.compile(r"<(p|li|h1|h2|h3|dt|dd|label|legend|summary)\b[^>]*>(.*?)</\1>", re.DOTALL)


def sentences(response: Any) -> str:
    """What stands in the main part of a page, a block a line."""
    assert response.status_code == 200
    body = response.content.decode()
    main = body[body.index("<main") : body.index("</main>")]
    blocks = (re.sub(r"<[^>]+>", " ", inner) for _tag, inner in _BLOCK.findall(main))
    return "\n".join(" ".join(unescape(block).split()) for block in blocks)


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("name", ["register", "system", "personal", "object", "erase", "contest"])
def test_pages_for_affected_people_are_plain(system: Any, name: str, language: str) -> None:  # noqa: F811
    officer = make.person("data_protection_officer", unit=system.unit)
    publishing.publish(system=system, values=PAGES["linde-chat"] | CONTACT, by=officer)
    page = Page(link_for(system)[1])
    ref = re.findall(r"/contest/([^/]+)/", page.get("my_readings", 0).content.decode())[0]
    addresses = {
        "register": reverse("public_register"),
        "system": reverse("public_system", args=[system.slug]),
        "personal": page.url(),
        "object": page.url("my_ask", 0, "objection"),
        "erase": page.url("my_ask", 0, "erasure"),
        "contest": page.url("my_contest", 0, ref),
    }
    found = plainness(sentences(Client().get(addresses[name], {"lang": language})))
    assert found.words > 40
    assert found.long_sentences == ()
    assert found.lix is not None
    assert found.lix <= HARDEST


@pytest.mark.parametrize("words", [public.VERDICTS, public.OUTCOMES], ids=["verdicts", "outcomes"])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_verdicts_and_law_are_told_plainly(words: dict[str, str], language: str) -> None:
    from django.utils.translation import gettext, override

    with override(language):
        assert [gettext(one) for one in words.values() if plainness(gettext(one)).long_sentences] == []


def test_the_preview_names_what_is_hard_to_read() -> None:
    made = make.live_system()
    officer = make.person("data_protection_officer", unit=made.unit)
    client = Client()
    client.force_login(officer)
    address = reverse("publication_edit", args=[made.slug])
    long = " ".join(["Wij"] + ["lezen"] * 25) + "."
    shown = client.post(address, PAGES["linde-chat"] | CONTACT | {"why_nl": long, "act": "preview"})
    text = shown.content.decode()
    assert shown.status_code == 200
    assert f"<li>{long}</li>" in text
    assert text.count("hard to read") == 1  # the English words are easy
    assert "readability index LIX" in text
