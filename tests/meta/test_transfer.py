"""What a first visit transfers: counted in bytes and requests, not in time, so that no machine is too slow for it."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from tests import make
from tests.meta.sources import ROOT, name, templates

KB = 1024
REQUESTS = 16  # the page, its styles, scripts and icon; fonts are asked for by the styles
PAGE, SHELL, CHARTS = 30 * KB, 170 * KB, 520 * KB  # compressed; measured figures stand in docs/performance.md
ASKED = re.compile(r"<(?:script|link)\b[^>]*?(?:src|href)=\"(/static/[^\"?]+)[^\"]*\"")


def transferred(html: bytes) -> dict[str, int]:
    """{file: bytes as they travel} for everything a page asks for at once."""
    sizes = {}
    for asked in ASKED.findall(html.decode()):
        found = finders.find(asked.removeprefix("/static/"))
        assert isinstance(found, str), f"{asked} does not exist"
        content = Path(found).read_bytes()
        sizes[asked] = len(gzip.compress(content, 6)) if content else 0
    return sizes


@pytest.fixture
def client() -> Client:
    ours = Client()
    ours.force_login(make.person("administrator", unit=make.unit()))
    return ours


@pytest.mark.django_db
@pytest.mark.skipif(
    not (ROOT / "node_modules" / ".attune").is_dir(), reason="the front-end libraries are not set up"
)
def test_the_home_page_stays_within_its_budget(client: Client) -> None:
    page = client.get(reverse("home"))
    assert page.status_code == 200
    sizes = transferred(page.content)
    assert not [asked for asked in sizes if "plotly" in asked], "charts are only where there are charts"
    assert 6 <= len(sizes) < REQUESTS
    assert len(gzip.compress(page.content)) < PAGE
    assert sum(sizes.values()) < SHELL, sizes


@pytest.mark.skipif(
    not (ROOT / "node_modules" / ".attune").is_dir(), reason="the front-end libraries are not set up"
)
def test_the_library_of_charts_stays_within_its_budget() -> None:
    found = finders.find("vendor/plotly/plotly-cartesian.min.js")
    assert isinstance(found, str)
    assert 100 * KB < len(gzip.compress(Path(found).read_bytes(), 6)) < CHARTS


def test_only_pages_with_charts_ask_for_the_library_of_charts() -> None:
    asking = {name(page) for page in templates() if "plotly" in page.read_text(encoding="utf-8")}
    assert asking == {"templates/components/charts.html"}


def test_files_have_names_of_their_content_and_travel_compressed() -> None:
    """With hashed names WhiteNoise lets browsers keep files for good, and serves the .gz that collectstatic made."""
    source = (ROOT / "portal" / "settings.py").read_text(encoding="utf-8")
    assert "whitenoise.storage.CompressedManifestStaticFilesStorage" in source
    order = settings.MIDDLEWARE
    assert order.index("whitenoise.middleware.WhiteNoiseMiddleware") == 1


@pytest.mark.django_db
def test_pages_travel_compressed(client: Client) -> None:
    page = client.get(reverse("system_list"), headers={"Accept-Encoding": "gzip"})
    assert page.headers.get("Content-Encoding") == "gzip"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert b"</html>" in gzip.decompress(page.content)
