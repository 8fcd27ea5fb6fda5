"""How the code is kept: sizes, layers, what nothing may do. A few exceptions, each with its reason."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta.sources import APPS, ROOT, modules, name, nodes, tree

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONG_FILES = {"governance/evidence/verify.py": "an auditor gets one file that needs nothing beside it"}
LONG_FUNCTIONS: dict[str, str] = {}
SLICES_WITHOUT_LAYERS = {
    "portal.embedded": "no Django: processes and files, below every layer",
    "portal.example": "wiring on top",
    "portal.management": "commands",
    "portal.migrations": "migrations",
    "governance.management": "commands",
    "governance.migrations": "migrations",
    "governance.catalogue": "law and controls as data, no code",
    "metrics.management": "commands",
    "metrics.migrations": "migrations",
    "metrics.stats": "pure statistics; the contract 'pure' holds it",
    "metrics.catalogue": "pure: the KPIs, one file a group; the contract 'pure' holds it",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_file_is_long() -> None:
    long = {
        name(path) for path in modules() if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    }
    assert long - set(LONG_FILES) == set()
    assert set(LONG_FILES) <= long, "an exception that is no longer needed"


def test_no_function_is_long() -> None:
    long = {
        f"{name(path)}:{node.name}"
        for path in modules()
        for node in nodes(path, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == set(LONG_FUNCTIONS)


def test_no_migration_imports_code_of_the_project() -> None:
    """A migration must still run when the code it was written with is gone."""
    found = {
        f"{name(path)}: {imported}"
        for path in modules(migrations=True)
        if "migrations" in path.parts
        for node in nodes(path, ast.Import, ast.ImportFrom)
        for imported in _imported(node)
        if imported.split(".")[0] in APPS
    }
    assert found == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or "." * node.level]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def test_nothing_listens_to_signals_of_django() -> None:
    """What a change sets off stands in its service, where a reader finds it."""
    found = {
        name(path)
        for path in modules()
        for node in nodes(path, ast.Import, ast.ImportFrom)
        for imported in _imported(node)
        if "signals" in imported.split(".") or imported == "django.dispatch"
    }
    assert found == set()


def test_no_failure_is_swallowed() -> None:
    """Whoever catches everything says so in a log, a result or another exception."""
    silent = [
        f"{name(path)}:{node.lineno}"
        for path in modules("portal", "governance", "metrics", "tools", "benchmarks")
        for node in nodes(path, ast.ExceptHandler)
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and _does_nothing(node.body)
    ]
    assert silent == []


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind) in ("Exception", "BaseException") for kind in kinds)


def _does_nothing(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(one, ast.Pass | ast.Continue)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in body
    )


def packages() -> set[str]:
    """Every slice: a package directly below an app."""
    return {
        f"{app}.{folder.name}"
        for app in APPS
        for folder in (ROOT / app).iterdir()
        if folder.is_dir() and any(folder.glob("*.py"))
    }


def contract(name_of: str) -> dict[str, list[str]]:
    """One contract of import-linter."""
    found: dict[str, list[str]] = next(
        c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["id"] == name_of
    )
    return found


def test_every_slice_stands_under_the_layers_inside_a_slice() -> None:
    wanted = packages() - set(SLICES_WITHOUT_LAYERS)
    assert set(contract("slice")["containers"]) == wanted
    assert set(SLICES_WITHOUT_LAYERS) <= packages() | {"governance.catalogue"}, (
        "an exception for what is gone"
    )


@pytest.mark.parametrize(("app", "outside"), [("portal", {"desk", "example", "management", "migrations"}),
                                              ("governance", {"management", "migrations", "catalogue"})])  # fmt: skip
def test_every_slice_has_its_place_among_the_slices(app: str, outside: set[str]) -> None:
    placed = {one.strip().strip("()") for layer in contract(app)["layers"] for one in layer.split("|")}
    there = {slice_.split(".")[1] for slice_ in packages() if slice_.startswith(f"{app}.")}
    assert there - outside - placed == set()


def test_warnings_are_errors_and_expected_failures_must_fail() -> None:
    options = PROJECT["tool"]["pytest"]["ini_options"]
    assert options["filterwarnings"][0] == "error"
    assert options["xfail_strict"] is True
    assert {"--strict-markers", "--strict-config", "--disable-socket"} <= set(options["addopts"].split())
    assert PROJECT["tool"]["mypy"]["strict"] is True


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    begin, end = lines.index("dependencies = ["), lines.index("[tool.ruff]")
    bare = [
        line for line in lines[begin:end] if line.startswith('  "') and not line.partition("# ")[2].strip()
    ]
    assert bare == []


def test_no_path_of_a_machine_stands_in_the_code() -> None:
    homes = ("/home/", "/root/", "/Users/", "/work/")
    found = [
        f"{name(path)}: {home}"
        for path in [*modules("portal", "governance", "metrics", "benchmarks"), *_texts()]
        for home in homes
        if home in path.read_text(encoding="utf-8")
    ]
    assert found == []


def _texts() -> list[Path]:
    return [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "Makefile",
        *(path for path in (ROOT / "tools").iterdir() if path.is_file()),  # byte code may lie there
    ]


def test_no_test_keeps_the_day_of_its_import() -> None:
    """A run may last past midnight, when what is 'today' for the product is another day than the module's."""
    kept = [
        f"{name(path)}:{node.lineno}"
        for path in modules("tests")
        for node in tree(path).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for call in _run_at_import(node.value)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and (call.func.attr in ("today", "localdate") or (call.func.attr == "date" and _asks_now(call)))
    ]
    assert kept == []


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for inner in () if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node):
        yield from _run_at_import(inner)


def _asks_now(call: ast.Call) -> bool:
    inner = (node for node in ast.walk(call.func) if isinstance(node, ast.Call))
    return any(isinstance(node.func, ast.Attribute) and node.func.attr == "now" for node in inner)
