"""What holds on every page in every look: one question to the browser, the answers as lines of text.

Accessible (axe), one h1, a title, the language of the reader, nothing wider than a phone or than 400 % zoom, nothing
left in English on a Dutch page.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

PHONE, ZOOMED = 360, 320  # px; 1280 px at 400 % are 320
DESKTOP = {"width": 1360, "height": 900}
LANGUAGES = {"en-gb": "English", "nl": "Dutch"}
THEMES = ("light", "dark")
SHOTS = os.environ.get("ATTUNE_SCREENSHOTS", "")  # a folder to look at the pages afterwards
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
# the inside of a drawing holds nothing that axe judges, and thousands of nodes: around it stand its name and its table
RUN_AXE = """async (options) => {
    const drawings = document.querySelectorAll('.main-svg');
    drawings.forEach(e => e.style.setProperty('display', 'none', 'important'));
    const found = await axe.run({exclude: ['.main-svg']}, {...options, resultTypes: ['violations']});
    drawings.forEach(e => e.style.removeProperty('display'));
    const node = n => `\\n     ${n.html.slice(0, 160)} ${(n.failureSummary || '').replace(/\\s+/g, ' ').slice(0, 260)}`;
    return found.violations.map(
        rule => `${rule.id} (${rule.impact}): ${rule.help}` + rule.nodes.slice(0, 4).map(node).join(''));
}"""
# what a person reads or hears, in pieces; what is marked as another language, as code or as a time is left out
TEXTS = """() => {
    const lang = document.documentElement.lang, out = new Set();
    const kept = 'script, style, noscript, code, pre, kbd, time, svg, .chart, option[value=""], [translate=no]';
    const apart = e => e.closest(kept) || e.closest('[lang]')?.lang !== lang;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (!apart(walker.currentNode.parentElement)) out.add(walker.currentNode.data);
    for (const e of document.querySelectorAll('[aria-label], [placeholder], [title], [alt]'))
        if (!apart(e)) for (const a of ['aria-label', 'placeholder', 'title', 'alt']) out.add(e.getAttribute(a) || '');
    out.add(document.title);
    return [...out].map(t => t.replace(/\\s+/g, ' ').trim()).filter(t => /[a-z]{3}/i.test(t));
}"""
# a day as no page of ours writes it: 11/23/2026, Nov 23, 2026, 1:30 p.m., 2026-11-23
FOREIGN_DAY = re.compile(
    r"\b\d{1,2}/\d{1,2}/\d{4}\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}, \d{4}"
    r"|\d [ap]\.m\.|\b\d{4}-\d\d-\d\d\b"
)
CODE = re.compile(r"\S+[._:/+]\S+|[0-9a-f]{12,}")  # an address, the type of an event, a hash
WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass
class Words:
    """What may stand on a Dutch page: the catalogue's Dutch, and what people wrote themselves."""

    dutch: dict[str, str]  # msgid -> text
    data: str = ""  # all texts of the database, one below the other
    names: set[str] = field(default_factory=set)  # words of names in it, which are the same in every language

    def __post_init__(self) -> None:
        self.known = {w.lower() for text in self.dutch.values() for w in WORD.findall(text)}

    def untranslated(self, texts: list[str], english: list[str]) -> Iterator[str]:
        """The pieces of a Dutch page that are English: known English texts, and what the English page says alike."""
        same = set(english)
        for text in texts:
            if (dutch := self.dutch.get(text, text)) != text and dutch:
                yield text
            elif CODE.fullmatch(text):
                continue
            elif text in same and text not in self.data and text not in self.dutch:
                strange = {w.lower() for w in WORD.findall(text)} - self.known - self.names
                if strange:
                    yield f"{text} ({', '.join(sorted(strange))})"


def axe(page: Page) -> list[str]:
    """The violations of what is shown now."""
    if page.evaluate("() => typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(RUN_AXE, RULES)
    return found


def shape(page: Page, language: str) -> list[str]:
    """Heading, title and language."""
    seen = page.evaluate(
        """() => ({h1: document.querySelectorAll('h1').length, title: document.title.trim(),
            lang: document.documentElement.lang, main: document.querySelectorAll('main').length})"""
    )
    found = []
    if seen["h1"] != 1 or seen["main"] != 1:
        found.append(f"{seen['h1']} h1 and {seen['main']} main instead of one each")
    if not seen["title"].replace("Attune", "").strip(" ·"):
        found.append(f"the title says nothing: {seen['title']!r}")
    if seen["lang"] != language:
        found.append(f"lang is {seen['lang']!r}, not {language!r}")
    return found


def widths(page: Page) -> list[str]:
    """How far the page runs out of a phone, or of a window at 400 %."""
    found = []
    for width in (PHONE, ZOOMED):
        page.set_viewport_size({"width": width, "height": 800})
        beyond = page.evaluate(
            """() => { const over = document.documentElement.scrollWidth - innerWidth; if (over <= 0) return '';
                const wide = [...document.querySelectorAll('main *')].filter(
                    e => e.getBoundingClientRect().right > innerWidth + 1
                        && !e.closest('.table-responsive, .visually-hidden')
                ).map(e => e.outerHTML.slice(0, 90));
                return over + ' px: ' + wide.slice(-2).join(' | '); }"""
        )
        if beyond:
            found.append(f"wider than {width} px by {beyond}")
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    return found


def settle(page: Page) -> None:
    """Charts are drawn, everything that unfolds is open."""
    expect(page.locator(".chart:not([data-ready])")).to_have_count(0, timeout=60_000)
    page.evaluate("() => document.querySelectorAll('main details').forEach(d => { d.open = true; })")


def look(page: Page, theme: str) -> None:
    """The theme as the system asks for it: without a reload; charts follow."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]


def texts(page: Page) -> list[str]:
    """What the page says."""
    said: list[str] = page.evaluate(TEXTS)
    return said


def tables(page: Page) -> list[str]:
    """Lists that cannot be taken along as a file."""
    bare: bool = page.evaluate(
        """() => Boolean(document.querySelector('.attune-table th.orderable')) && ['csv', 'xlsx'].some(
            kind => !document.querySelector(`a[download][href*="export=${kind}"]`))"""
    )
    return ["a list without CSV and XLSX"] if bare else []


def one_look(page: Page, name: str, language: str, theme: str) -> list[str]:
    """What is wrong with the page as it stands, in this theme."""
    look(page, theme)
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}-{theme}-{language[:2]}.png", full_page=True)
    return [f"{LANGUAGES[language]}, {theme}: {line}" for line in axe(page)]


def everywhere(page: Page, name: str, come: Callable[[str], None], words: Words) -> list[str]:
    """What is wrong with a page in any language, theme and width; `come(language)` goes there."""
    wrong, english = list[str](), list[str]()
    themes = list(THEMES)
    for language, called in LANGUAGES.items():
        look(page, themes[0])
        come(language)
        settle(page)
        wrong += [f"{called}: {line}" for line in (*shape(page, language), *tables(page))]
        for theme in themes:
            wrong += one_look(page, name, language, theme)
        themes.reverse()  # the next language begins where this one ended: charts are drawn once less
        wrong += [f"{called}: {line}" for line in widths(page)]
        said = texts(page)
        wrong += [f"{called}: a day as in {text!r}" for text in said if FOREIGN_DAY.search(text)]
        if language == "nl":
            wrong += [f"in English: {text}" for text in words.untranslated(said, english)]
        english = said
    return wrong


def words_of_the_database() -> Words:
    """Dutch of the catalogue, and the texts of every table as they are now."""
    from django.apps import apps
    from django.db import models
    from django.utils.translation import trans_real

    kinds = (models.CharField, models.TextField, models.JSONField, models.SlugField)
    lines: set[str] = set()
    for model in apps.get_models():
        fields = [f.name for f in model._meta.concrete_fields if isinstance(f, kinds)]
        if fields:
            for row in model._default_manager.values_list(*fields):
                lines.update(_strings(row))
    catalogue: Any = trans_real.translation("nl")
    dutch = {k: catalogue.gettext(k) for k in _keys(catalogue)}
    short = [line for line in lines if len(line) < 60 and dutch.get(line, line) == line]
    names = {w.lower() for line in short if not line.endswith(".") for w in WORD.findall(line)}
    return Words(dutch, "\n".join(lines), names)


def _keys(catalogue: Any) -> Iterator[str]:
    for key in catalogue._catalog.keys() if hasattr(catalogue._catalog, "keys") else catalogue._catalog:
        if isinstance(key, str) and key and "\x04" not in key and "%(" not in key:
            yield key


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)
