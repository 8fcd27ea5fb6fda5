"""Markdown of people as safe HTML: rendered without raw HTML, then cleaned; nothing in it acts or loads anything."""

import functools

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
HEADINGS = {"h1": "h3", "h2": "h4"}  # a page has one h1; what people write lies below its h2


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])


def render(text: str) -> SafeString:
    """Markdown -> HTML that may stand in a page: no images, no scripts, no styles, links to http(s) and mailto only."""
    tokens = _parser().parse(text)
    for token in tokens:
        token.tag = HEADINGS.get(token.tag, token.tag)
    html = _parser().renderer.render(tokens, _parser().options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308 - cleaned by nh3 against the lists above
