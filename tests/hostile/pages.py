"""Pages of the World as a browser sees them: which there are, what their forms hold, posting them back."""

import datetime as dt
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

from tests.hostile.calls import BACKEND, address
from tests.whole.url_matrix import ROWS, SIGNED_IN
from tests.whole.world import World

NOT_HTML = (
    "api_schema",
    "_csv",
    "_json",
    "my_copy",
    "_chart",
    "chart",
    "download",
    "assessment_export",
    "register_export",
    "verifier",
    "proof",
    "checkpoint",
    "health",
    "recovery_codes",
)
FILL = {
    "date": dt.date(2027, 1, 15).isoformat(),
    "datetime-local": "2027-01-15T10:00",
    "email": "someone@example.org",
    "number": "3",
    "text": "something",
    "textarea": "Something to say.",
}


@dataclass
class Form:
    """One form of a page: where it goes, how, and what a person who fills it in would send."""

    action: str
    method: str
    values: dict[str, Any] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)  # of every field, also of boxes that are not ticked


class Forms(HTMLParser):
    """Reads the forms of a page; empty required fields are filled with something of their type."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.select = self.area = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self.form)
        if self.form is None or not (name := given.get("name", self.select)):
            return
        self.form.names.add(name)
        if tag == "input":
            self._input(self.form, name, given, required="required" in dict(attrs))
        elif tag == "select":
            self.select = name
        elif tag == "option" and given.get("value") and ("selected" in given or name not in self.form.values):
            self.form.values[name] = given["value"]
        elif tag == "textarea":
            self.form.values[name] = FILL["textarea"] if "required" in given else ""
            self.area = name

    def _input(self, form: Form, name: str, given: dict[str, str], *, required: bool) -> None:
        kind = given.get("type", "text")
        if kind in ("checkbox", "radio"):
            if "checked" in given or (kind == "radio" and name not in form.values):
                form.values[name] = given.get("value", "on")
            return
        value = given.get("value") or (FILL.get(kind, "something") if required else "")
        form.values[name] = value.partition("&")[0] if kind == "number" else value

    def handle_data(self, data: str) -> None:
        if self.area and self.form is not None and data.strip():
            self.form.values[self.area] = data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.area = ""


def client(world: World, person: str = "everyone") -> Client:
    """A browser of one of the World's people."""
    made = Client(raise_request_exception=False)
    made.force_login(world.people[person], backend=BACKEND)
    return made


def page_names() -> list[str]:
    """Every page that takes GET and answers HTML, by the URL matrix."""
    return [
        name
        for name, row in ROWS.items()
        if not row.api and row.method == "get" and not any(part in name for part in NOT_HTML)
    ]


def posting_names() -> list[str]:
    """Every address that takes POST from a page."""
    from tests.whole.test_urls_by_role import methods_of

    own = [name for name, row in ROWS.items() if not row.api and row.see not in ("anybody", SIGNED_IN)]
    return [name for name in own if ROWS[name].method == "post" or "post" in methods_of(name)]


def form_of(world: World, browser: Client, name: str) -> Form:
    """The POST form that leads to an address: the one of its own page, or of the page of its thing."""
    url = address(world, name)
    pages = [url, url.rsplit("/", 2)[0] + "/"]
    if name == "part_remove":  # in the list of its step
        pages = [reverse("system_step", args=[world.slug, "hand-overs"])]
    for page in pages:
        shown: Any = browser.get(page)
        html = "" if shown.streaming else shown.content.decode("utf-8", "replace")  # a file has no form
        shown.close()
        for form in Forms(html).forms:
            if form.method == "post" and form.action in (url, "" if page == url else None):
                form.action = url
                return form
    return Form(url, "post")
