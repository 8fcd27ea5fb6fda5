"""The database keeps the ledger append-only, whatever the application does.

Rights per role (the roles exist already, the supervisor or the operator made them) and triggers that refuse. Written
by hand: pgtrigger's protections can be switched off by a setting of the session, these cannot (ENABLE ALWAYS).
"""

from typing import Any

from django.conf import settings
from django.db import migrations

QUEUE, BODY, LEAF, CHECKPOINT = (
    "portal_pendingevent",
    "portal_ledgerbody",
    "portal_leaf",
    "portal_checkpoint",
)

# table -> the statements that its trigger refuses to everyone, the owner included
DENIED = {
    QUEUE: "UPDATE OR TRUNCATE",
    BODY: "UPDATE OR TRUNCATE",  # a body can be erased, never rewritten
    LEAF: "UPDATE OR DELETE OR TRUNCATE",
    CHECKPOINT: "UPDATE OR DELETE OR TRUNCATE",
}
RUNTIME = {QUEUE: "SELECT, INSERT", BODY: "SELECT, INSERT, DELETE", LEAF: "SELECT", CHECKPOINT: "SELECT"}
SEQUENCER = {
    QUEUE: "SELECT, DELETE",
    BODY: "SELECT",
    LEAF: "SELECT, INSERT",
    CHECKPOINT: "SELECT, INSERT",
}

DENY = """
CREATE OR REPLACE FUNCTION portal_ledger_deny() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""


def guard(apps: Any, schema_editor: Any) -> None:
    """Make the triggers and give each role only what it needs."""
    schema_editor.execute(DENY, params=None)
    for table, statements in DENIED.items():
        schema_editor.execute(
            f"CREATE TRIGGER ledger_append_only BEFORE {statements} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION portal_ledger_deny()"
        )
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER ledger_append_only")
    owner, runtime, sequencer = (settings.DATABASES[name]["USER"] for name in ("owner", "default", "ledger"))
    for role in dict.fromkeys([runtime, sequencer]):
        if role and role != owner:  # one account for everything: only the triggers guard
            _grant(schema_editor, role, [RUNTIME] * (role == runtime) + [SEQUENCER] * (role == sequencer))


def _grant(schema_editor: Any, role: str, grants: list[dict[str, str]]) -> None:
    name = schema_editor.quote_name(role)
    for table in DENIED:
        schema_editor.execute(f"REVOKE ALL ON {table} FROM {name}")
        for rights in grants:
            schema_editor.execute(f"GRANT {rights[table]} ON {table} TO {name}")


def unguard(apps: Any, schema_editor: Any) -> None:
    """Take the triggers away (only when the tables go too)."""
    for table in DENIED:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS ledger_append_only ON {table}")
    schema_editor.execute("DROP FUNCTION IF EXISTS portal_ledger_deny()")


class Migration(migrations.Migration):
    """After the first schema."""

    dependencies = [("portal", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
