"""Names of people leave here as keyed digests; see governance.holding.keys for the ring of keys.

Where many are made in one go, ask `keyed(system_id)` once and use what it gives.
"""

import uuid

from governance.holding.keys import Keyed, keyed

__all__ = ["Keyed", "keyed", "pseudonym"]


def pseudonym(system_id: uuid.UUID, external: str) -> uuid.UUID:
    """The digest that stands for an external id in one system (one query, for the generation of its keys)."""
    return keyed(system_id).pseudonym(external)
