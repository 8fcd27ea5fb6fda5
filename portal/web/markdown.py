"""Markdown of people as safe HTML: no raw HTML, no images, no scripts, links to http(s) and mail only."""

from functools import cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {
    "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto"}
FIRST_HEADING = 3  # what people write stands below the headings of the page


@cache
def _parser() -> MarkdownIt:
    # images would be requests to other hosts; raw HTML is shown as it is written
    return (
        MarkdownIt("commonmark", {"html": False, "breaks": True})
        .enable(["table", "strikethrough"])
        .disable("image")
    )


def render(text: str) -> SafeString:
    """The HTML of a Markdown text; whatever the parser lets through is cleaned against a list of tags."""
    parser = _parser()
    tokens = parser.parse(text.replace("\x00", ""))
    html = parser.renderer.render(_lowered(tokens), parser.options, {})
    return mark_safe(  # noqa: S308 - cleaned against an allow-list
        nh3.clean(
            html,
            tags=TAGS,
            attributes={"a": {"href", "title"}},
            url_schemes=SCHEMES,
            link_rel="noopener noreferrer nofollow",
        )
    )


def _lowered(tokens: list[Token]) -> list[Token]:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + FIRST_HEADING)}"
    return tokens
