"""The files that the meta-tests walk."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("portal", "governance", "metrics")


def modules(*folders: str, migrations: bool = False) -> list[Path]:
    """Every Python file below these folders of the checkout; default: the product."""
    found = [path for folder in folders or APPS for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if migrations or "migrations" not in path.parts)


def name(path: Path) -> str:
    """Its place in the checkout."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The file, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def walked(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file, found once for all tests."""
    return tuple(ast.walk(tree(path)))


def nodes(path: Path, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    """Every node of these kinds in a file."""
    return (node for node in walked(path) if isinstance(node, kinds))


def templates() -> list[Path]:
    """Every template."""
    return sorted((ROOT / "templates").rglob("*.html"))


def pages() -> list[Path]:
    """Every page of documentation."""
    found = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "templates" / "components" / "README.md",
    ]
    return sorted(found)
