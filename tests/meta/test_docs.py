"""The docs: every link arrives, every command exists, every example compiles, and nothing that exists is left out."""

import ast
import re
import textwrap
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.core.management import get_commands

from governance.audits import registry as audits
from governance.evidence import sections
from metrics.catalogue import KPIS
from portal.access.roles import CODES, SCOPES, Role
from tests.meta.sources import APPS, ROOT, name, pages

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.M | re.S)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.M))
INTERNAL_TARGETS = {"setup", "setup-dev"}  # steps of the others


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def doc(file: str) -> str:
    return text_of(ROOT / "docs" / file)


def anchors(path: Path) -> set[str]:
    """The anchors of the headings, as forges make them."""
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", FENCE.sub("", text_of(path)), re.M)
    plain = [re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_link_arrives(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = unquote(link).partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_command_exists(page: Path) -> None:
    text = text_of(page)
    made = set(re.findall(r"(?<![\w-])make ([a-z][a-z-]+)(?=[`\s]*(?:$|[`#|,.;:)]|\s{2,}))", text, re.M))
    in_code = " ".join([*re.findall(r"`([^`\n]+)`", text), *(body for _, _, body in FENCE.findall(text))])
    made = {word for word in made if f"make {word}" in in_code}
    assert made - TARGETS == set()
    managed = set(re.findall(r"manage\.py ([a-z_]+)", text)) - {"up", "help"}
    assert managed - set(get_commands()) == set()
    tools = set(re.findall(r"tools/([a-z_]+)", text))
    assert {tool for tool in tools if not (ROOT / "tools" / tool).exists()} == set()


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_example_in_python_compiles(page: Path) -> None:
    for _, language, body in FENCE.findall(text_of(page)):
        if language == "python":
            ast.parse(textwrap.dedent(body), filename=name(page))


def files_named(text: str) -> set[str]:
    """Paths of the checkout that a text names in code style."""
    found = re.findall(
        r"`((?:portal|governance|metrics|templates|tests|tools|benchmarks|docs|locale|deploy)/[\w./-]+)`",
        text,
    )
    return set(found)


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    gone = {path for path in files_named(text_of(page)) if not (ROOT / path).exists()}
    assert gone == set()


# --- nothing that exists is left out, nothing that is gone is still described -----------------------


def test_every_target_of_make_is_explained_to_people() -> None:
    explained = set(re.findall(r"^([a-z][a-z-]*):.*##", MAKEFILE, re.M))
    assert explained == TARGETS - INTERNAL_TARGETS
    phony = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[1].split())  # type: ignore[index]
    assert phony == TARGETS
    read = "".join(text_of(page) for page in pages())
    assert {target for target in explained - {"help"} if f"make {target}" not in read} == set()


def test_every_command_of_ours_is_documented() -> None:
    ours = {command for command, app in get_commands().items() if app.split(".")[0] in APPS} | {"up"}
    documented = set(re.findall(r"^\| `([a-z_]+)", doc("commands.md").partition("## `manage.py`")[2], re.M))
    assert documented == ours


def test_every_kpi_is_documented() -> None:
    documented = set(re.findall(r"`([a-z_0-9]+)`", doc("metrics.md")))
    assert set(KPIS) - documented == set()


def test_every_kind_of_audit_is_documented() -> None:
    documented = set(re.findall(r"^### `([a-z_]+)`", doc("audits.md"), re.M))
    assert documented == {kind.kind for kind in audits.all_kinds()}


def test_every_section_of_the_pack_is_documented() -> None:
    listed = doc("evidence-pack.md").partition("## Sections")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z0-9_ ]+)` \|", listed, re.M)) == {
        name for name, _make in sections.all_sections()
    }


def test_every_role_permission_and_scope_is_documented() -> None:
    text = doc("permissions.md")
    assert set(re.findall(r"^\| \*\*.*?\*\* \(`([a-z_]+)`\)", text, re.M)) == {role.value for role in Role}
    scopes = text.partition("## Scopes of API keys")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z]+:[a-z]+)`", scopes, re.M)) == set(SCOPES)
    table = text.partition("## What each role may do")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)`<br>", table, re.M)) == set(CODES)


def test_every_decision_record_is_half_a_page() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert len(records) > 10
    assert [path.name for path in records if len(text_of(path).splitlines()) > 40] == []


def test_every_benchmark_has_its_place_on_the_page() -> None:
    from benchmarks.__main__ import NAMES

    assert re.findall(r"<!-- benchmark (\w+) -->", doc("performance.md")) == list(NAMES)
    assert re.findall(r"<!-- end (\w+) -->", doc("performance.md")) == list(NAMES)
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {
        "__init__",
        "__main__",
        "ground",
        "drf",
        "empty",
    }
    assert files == set(NAMES)
