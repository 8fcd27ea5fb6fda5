"""Nothing in the product calls out. Whoever needs to, opens one guarded door and names it here."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENTS = {
    "aiohttp", "ftplib", "http", "httpx", "imaplib", "poplib", "pycurl", "requests", "smtplib", "socket", "telnetlib",
    "urllib", "urllib3", "websocket", "websockets", "xmlrpc",
}  # fmt: skip
HARMLESS = {"urllib.parse", "http.server"}
ALLOWED = {
    "portal/notify/outgoing.py": "the guarded door: inner addresses are held off (test_outgoing_guard.py)",
    "portal/embedded/valkey.py": "its own socket file",
    "portal/embedded/supervisor.py": "asks its own web process whether it is up",
    "portal/example/traffic.py": "the example organisation reports to the portal itself, as a client would",
}


def imported(path: Path) -> set[str]:
    """The modules that a file imports, in full, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            names |= {str(one.value) for one in node.args if isinstance(one, ast.Constant)}
    return names


def calls_out(names: set[str]) -> bool:
    ours = {name for name in names if name.split(".")[0] in CLIENTS}
    return any(
        not any(name == h or name.startswith(f"{h}.") for h in HARMLESS) for name in ours - {"http", "urllib"}
    )


def test_no_module_of_the_product_calls_out_but_those_that_are_named() -> None:
    files = [path for app in ("portal", "governance", "metrics") for path in (ROOT / app).rglob("*.py")]
    assert len(files) > 150
    found = {path.relative_to(ROOT).as_posix() for path in files if calls_out(imported(path))}
    assert found - set(ALLOWED) == set(), (
        "a call to an address that a person gave needs a guard against inner addresses"
    )
    assert set(ALLOWED) - found == set(), "these call no more: take them away"


def test_the_search_sees_every_way_to_import(tmp_path: Path) -> None:
    ways = ["import requests", "from urllib import request", "import http.client as h", "from socket import socket",
            "def f():\n    import httpx", "import importlib\nimportlib.import_module('smtplib')"]  # fmt: skip
    for way in ways:
        (tmp_path / "x.py").write_text(way)
        assert calls_out(imported(tmp_path / "x.py")), way
    (tmp_path / "x.py").write_text("from urllib.parse import urlsplit\nfrom http.server import HTTPServer")
    assert not calls_out(imported(tmp_path / "x.py"))
