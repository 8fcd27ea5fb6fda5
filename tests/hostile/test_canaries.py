"""Script in every text that can be stored: no page runs it, no page takes it for markup, no header breaks on it."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import transaction

from tests.hostile import calls, pages
from tests.hostile.poison import poison_all, poisoned, text_columns
from tests.whole.url_matrix import ROWS
from tests.whole.world import World


def test_every_text_column_takes_a_canary_or_has_a_reason() -> None:
    undecided = [f"{m._meta.label}.{c.name}" for m, c in text_columns() if poisoned(m, c) is None]
    assert not undecided, f"decide in poison.py whether people write these: {undecided}"
    assert sum(bool(poisoned(m, c)) for m, c in text_columns()) > 60


class Elements(HTMLParser):
    """The elements of a page that a canary made."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.marked: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "data-xss" in dict(attrs):
            self.marked.append(tag)


def test_the_search_tells_markup_from_text() -> None:
    assert Elements("<p><img src=x data-xss onerror=x></p>").marked == ["img"]
    assert Elements('<input value="&lt;img data-xss&gt;"><p>&lt;b data-xss&gt;</p>').marked == []


@pytest.mark.xdist_group("hostile-canaries")
def test_no_address_fails_and_no_header_breaks(world: World, unblocked: None) -> None:
    done = poison_all(world)
    assert len(done) > 40, sorted(done)
    browser, wrong = pages.client(world), []
    rows = {name: row for name, row in ROWS.items() if row.method == "get"}
    for name in rows:
        with transaction.atomic():
            response: Any = browser.get(calls.address(world, name))
            body = b"".join(response) if response.streaming else response.content
            transaction.set_rollback(True)
        if response.status_code >= 500 and name not in ("health_ready", "health_jobs"):
            wrong.append(f"{name}: {response.status_code}")
        if "html" in response.get("Content-Type", "") and Elements(body.decode()).marked:
            wrong.append(f"{name}: a canary is markup")
        if "xss" in response.cookies or any(
            "data-xss" in value and "<" in value for _header, value in response.items()
        ):
            wrong.append(f"{name}: a canary in a header")
    assert len(rows) > 80
    assert not wrong, "\n".join(wrong)
