"""Every template: nothing inline, nothing from elsewhere, no word that is not translated."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.meta.sources import ROOT, name, templates

TRANSLATED = re.compile(r"{%-?\s*(blocktrans(?:late)?)\b.*?{%-?\s*end\1\s*-?%}", re.S)
TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.S)
COMMENT = re.compile(r"{%\s*comment.*?endcomment\s*%}|<!--.*?-->", re.S)
SAID = (
    "title",
    "alt",
    "placeholder",
    "aria-label",
    "aria-description",
    "aria-roledescription",
    "aria-valuetext",
)
NAMES = {
    "Attune", "CSV", "XLSX", "JSON", "SHA", "API", "KPI", "ROI", "UTC", "ID", "PDF", "Ctrl", "Esc", "Enter", "Excel",
    "English", "EN", "Nederlands", "NL",
}  # fmt: skip
"""Proper names (also of the languages themselves), formats and keys: the same in every language."""
NO_WORDS = re.compile(r"\b\w+\.(?:py|json|csv|zip)\b|\bclass=\"[^\"]*\"")
"""Names of files, and attributes that a block puts into a tag."""
OF_ONE_LANGUAGE = {
    "templates/evidence/report.html": "part of a pack: the record an auditor reads, in English like its tables",
}


def visible(source: str) -> str:
    """The template without comments and translated blocks."""
    return TRANSLATED.sub(" ", COMMENT.sub(" ", source))


class Words(HTMLParser):
    """Collects what a person would read: text, and the attributes that are read out or shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("code", "kbd", "pre", "script", "style", "svg"):
            self.code += 1
        self.found += [value for key, value in attrs if key in SAID and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("code", "kbd", "pre", "script", "style", "svg"):
            self.code = max(0, self.code - 1)

    def handle_data(self, data: str) -> None:
        if not self.code:
            self.found.append(data)


def untranslated(source: str) -> list[str]:
    """Words of a template that stand there in one language only."""
    reader = Words()
    reader.feed(TAG.sub(" ", visible(source)))
    reader.close()
    words = [word for text in reader.found for word in re.findall(r"[^\W\d_]{2,}", NO_WORDS.sub("", text))]
    return [word for word in words if word not in NAMES]


def test_the_check_sees_bare_words_and_passes_translated_ones() -> None:
    assert untranslated('<p title="Hello">Some words</p>') == ["Hello", "Some", "words"]
    assert (
        untranslated(
            "{% load i18n %}<p title=\"{% trans 'Hi' %}\">{% blocktranslate %}A b{% endblocktranslate %}</p>"
        )
        == []
    )
    assert untranslated("<code>make demo</code> {# a note #} <!-- why -->") == []


@pytest.mark.parametrize("page", templates(), ids=name)
def test_every_word_is_translated(page: Path) -> None:
    bare = untranslated(page.read_text(encoding="utf-8"))
    if name(page) in OF_ONE_LANGUAGE:
        assert bare, "an exception that is no longer needed"
    else:
        assert bare == []


@pytest.mark.parametrize("page", templates(), ids=name)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(page: Path) -> None:
    source = TAG.sub("x", COMMENT.sub("", page.read_text(encoding="utf-8")))
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", source), (
        "inline script"
    )
    assert not re.search(r"<style\b|\sstyle\s*=", source), "inline style"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), "inline handler"
    assert not re.search(r"(?:src|href|action|srcset)\s*=\s*[\"'](?:https?:)?//", source), "from elsewhere"
    assert "javascript:" not in source
    assert not re.search(r"\|\s*safe\b|autoescape\s+off", page.read_text(encoding="utf-8")), "unescaped"


def test_every_template_is_used() -> None:
    """A template that nobody draws is deleted."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.*")]
    texts += [
        p.read_text(encoding="utf-8")
        for app in ("portal", "governance", "metrics")
        for p in (ROOT / app).rglob("*.py")
    ]
    everything = "\n".join(texts)
    by_library = re.compile(r"^(account|allauth|mfa|socialaccount|usersessions)/|^(403_csrf|404|500)\.html$")
    unused = [
        path
        for page in templates()
        if not by_library.match(path := page.relative_to(ROOT / "templates").as_posix())
        and path not in everything
        and not re.search(
            rf"[\"'{{/]{re.escape(page.stem)}\.html|errors/",
            f"{path}" if path.startswith("errors/") else everything,
        )
    ]
    assert unused == []
