"""Measure and print; with --write also put the tables into docs/performance.md.

    make bench                                         all, medium
    python -m benchmarks ingest dashboard --size large --write

Makes its own database and leaves nothing behind. Trust the ratios within one run, not the numbers of two.
"""

import argparse
import importlib
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ground import ROOT, SIZES, Table, services

NAMES = ("ingest", "dashboard", "ledger", "pack", "gate", "decisions", "coverage", "pages")
DOC = ROOT / "docs" / "performance.md"


def main() -> int:
    """Run the named benchmarks, each on a database of its own."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=f"{', '.join(NAMES)}; default all"
    )
    parser.add_argument("--size", choices=SIZES, default="medium")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args()
    with services():
        for name in options.names or NAMES:
            size = "large" if options.size == "huge" and name != "decisions" else options.size
            table: Table = importlib.import_module(f"benchmarks.{name}").run(size)
            text = f"{table.markdown()}\n\n{machine(size)}"
            print(f"## {name}\n\n{text}\n", flush=True)
            if options.write:
                write(DOC, name, text)
    return 0


def machine(size: str) -> str:
    """Where and when a table was measured."""
    load = f", load average {os.getloadavg()[0]:.0f} meanwhile" if hasattr(os, "getloadavg") else ""
    return (
        f"*`python -m benchmarks --size {size}`, {datetime.now(UTC):%-d %B %Y}: {os.cpu_count()} cores{load}, "
        f"Python {platform.python_version()}, embedded PostgreSQL.*"
    )


def write(path: Path, name: str, text: str) -> None:
    """Replace what stands between the two markers of this benchmark. Raises SystemExit where there are none."""
    before = path.read_text(encoding="utf-8")
    pattern = rf"(<!-- benchmark {name} -->\n).*?(\n<!-- end {name} -->)"
    after, found = re.subn(pattern, lambda m: f"{m[1]}{text}{m[2]}", before, flags=re.DOTALL)
    if found != 1:
        raise SystemExit(f"{path} has no markers for the benchmark {name}")
    path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
