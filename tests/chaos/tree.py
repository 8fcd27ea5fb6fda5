"""`manage.py up` as the harness starts it: the product's own supervisor, changed from outside in three things.

It never waits longer than a second before it starts a dead child again (the harness kills often), it starts only the
children named in CHAOS_CHILDREN, and it serves CHAOS_WSGI and works with `tests.chaos.poison`, which adds two kinds of
work that always fail. Nothing of the product knows of any of this.
"""

import os
import sys
from typing import Any

from portal.embedded import supervisor

_product_children = supervisor._children


def children(*arguments: Any, **options: Any) -> list[supervisor.Child]:
    """The product's processes with the entry points of the harness."""
    swap = {"portal.wsgi:application": os.environ["CHAOS_WSGI"], "portal": "tests.chaos.poison"}
    wanted = os.environ["CHAOS_CHILDREN"].split()
    found = [child for child in _product_children(*arguments, **options) if child.name in wanted]
    for child in found:
        child.command = [swap.get(part, part) for part in child.command]
    return found


if __name__ == "__main__":
    supervisor.LONGEST_PAUSE = 1
    supervisor._children = children
    sys.exit(supervisor.main(["--with-parent"]))
