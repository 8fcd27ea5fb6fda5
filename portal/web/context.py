"""What every page needs: the menu of this person, the theme and the language to switch to."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "attune_theme"
# the shell lies below the desk: it asks for the menu by name, so that the layers stay one-way
MENU = "portal.desk.menu.entries"


def theme_of(request: HttpRequest) -> str:
    """The chosen theme: of the person, else of the browser's cookie, else 'auto'."""
    user = getattr(request, "user", None)
    chosen = getattr(user, "theme", "") if getattr(user, "is_authenticated", False) else ""
    chosen = chosen or request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def _menu(request: HttpRequest) -> list[dict[str, Any]]:
    if not getattr(getattr(request, "user", None), "is_authenticated", False):
        return []
    try:
        entries: Iterable[Any] = import_string(MENU)(request.user)
    except ImportError:
        return []
    return [shown for entry in entries if (shown := _shown(entry, request))]


def _shown(entry: Any, request: HttpRequest) -> dict[str, Any] | None:
    """One entry with its address, or None when there is no such page (a page that is not there has no entry)."""
    try:
        url = reverse(entry.url_name)
    except NoReverseMatch:
        return None
    here = request.path == url or (url != "/" and request.path.startswith(url))
    return {
        "label": entry.label,
        "url": url,
        "icon": entry.icon,
        "here": here,
        "count": getattr(entry, "count", 0),
    }


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: `menu` (list of label, url, icon, here, count), `theme`, `languages`."""
    return {
        "menu": SimpleLazyObject(lambda: _menu(request)),
        "theme": theme_of(request),
        "themes": THEMES,
        "languages": settings.LANGUAGES,
        "here": request.get_full_path(),
    }
