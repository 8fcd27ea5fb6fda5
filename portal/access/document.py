"""The tables of docs/permissions.md, made from roles.py; pure. `python -m portal.access.document` writes them."""

from pathlib import Path

from portal.access.roles import CODES, PERMISSIONS, SCOPES, SENTENCES, TITLES, Role

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
START, END = "<!-- made from portal/access/roles.py -->", "<!-- end -->"


def tables() -> str:
    """Roles with their sentences, the matrix role x permission, the scopes of keys, as Markdown."""
    roles = ["| role | who |", "|---|---|"]
    roles += [f"| **{TITLES[role]}** (`{role.value}`) | {SENTENCES[role]} |" for role in Role]
    head = " | ".join(TITLES[role] for role in Role)
    matrix = [f"| permission | {head} |", "|---|" + ":-:|" * len(Role)]
    for code, sentence in CODES.items():
        marks = " | ".join("✓" if code in PERMISSIONS[role] else "" for role in Role)
        matrix.append(f"| `{code}`<br>{sentence} | {marks} |")
    scopes = ["| scope | a machine may | a person needs |", "|---|---|---|"]
    scopes += [f"| `{scope}` | {sentence} | `{code}` |" for scope, (code, sentence) in SCOPES.items()]
    return "\n\n".join(
        [
            "## Roles",
            "\n".join(roles),
            "## What each role may do",
            "\n".join(matrix),
            "## Scopes of API keys",
            "\n".join(scopes),
        ]
    )


def refreshed(text: str) -> str:
    """The document with its tables made anew."""
    before, _start, rest = text.partition(START)
    _old, _end, after = rest.partition(END)
    return f"{before}{START}\n\n{tables()}\n\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(refreshed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
