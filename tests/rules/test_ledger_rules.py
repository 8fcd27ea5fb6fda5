"""The bytes of the ledger: canonical JSON, tree, proofs, notes; each against an independent implementation."""

import base64
import datetime as dt
import hashlib

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymerkle import InclusionProof, InmemoryTree

from portal.ledger import merkle, notes, rules

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()

# a busy machine is no reason to fail
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-rules.LARGEST_INTEGER, rules.LARGEST_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(min_codepoint=1, max_codepoint=127)), inner, max_size=4)
    ),
    max_leaves=12,
)


@unhurried
@given(json_values)
def test_canonical_json_is_that_of_rfc_8785(value: object) -> None:
    assert rules.canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", [1.5, {"a": [0.0]}, {"é": 1}, 2**53, "a\x00b", {"a\x00": 1}, {1: 2}, b"x", {"a": dt.date.today}]
)
def test_what_two_readers_could_spell_differently_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        rules.canonical(value)


def test_canonical_json_refuses_a_bottomless_value() -> None:
    value: list[object] = []
    for _ in range(40):
        value = [value]
    with pytest.raises(ValueError, match="32 levels"):
        rules.canonical(value)


def test_a_time_has_one_spelling() -> None:
    amsterdam = dt.timezone(dt.timedelta(hours=1))
    assert (
        rules.timestamp(dt.datetime(2026, 11, 23, 13, 0, tzinfo=amsterdam)) == "2026-11-23T12:00:00.000000Z"
    )
    with pytest.raises(ValueError, match="zone"):
        rules.timestamp(dt.datetime(2026, 11, 23))  # noqa: DTZ001


def test_a_header_is_complete_and_canonical_or_says_what_is_wrong() -> None:
    raw = rules.header(
        type="a.b", ts=dt.datetime(2026, 1, 2, tzinfo=dt.UTC), actor="system", subject="s:1", body_sha256="00"
    )
    assert rules.read_header(raw)[1] == ""
    assert rules.read_header(raw)[0]["actor"] == "system"
    assert "canonical" in rules.read_header(raw.replace(b'"v":1', b'"v": 1'))[1]
    assert "fields" in rules.read_header(raw.replace(b'"v":1', b'"w":1'))[1]
    assert "readable" in rules.read_header(raw[:-1])[1]


def test_the_salt_hides_a_short_body() -> None:
    assert rules.body_digest(b"a" * 32, {"n": 1}) != rules.body_digest(b"b" * 32, {"n": 1})
    assert rules.body_digest(b"", {"n": 1}) == hashlib.sha256(b'{"n":1}').hexdigest()


def oracle(size: int) -> tuple[InmemoryTree, list[bytes]]:
    tree, entries = InmemoryTree(algorithm="sha256"), [f"entry {i}".encode() for i in range(size)]
    for entry in entries:
        tree.append_entry(entry)
    return tree, [merkle.leaf_hash(entry) for entry in entries]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, 64, 65, 100])
def test_roots_are_those_of_pymerkle(size: int) -> None:
    tree, leaves = oracle(size)
    frontier, grown = merkle.Frontier(), merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    grown.extend(leaves[: size // 3])
    grown.extend(leaves[size // 3 :])
    expected = tree.get_root() if size else merkle.EMPTY_ROOT
    assert merkle.root(leaves) == frontier.root() == grown.root() == expected
    assert merkle.Frontier(size, frontier.hashes).root() == expected


@unhurried
@given(st.integers(1, 80), st.data())
def test_inclusion_proofs_are_those_of_pymerkle(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tree, leaves = oracle(size)
    path = merkle.inclusion_proof(index, size, lambda a, b: merkle.root(leaves[a:b]))
    theirs: InclusionProof = tree.prove_inclusion(index + 1, size)
    assert path == theirs.path[1:]
    assert merkle.root_from_inclusion(leaves[index], index, size, path) == tree.get_root()
    assert merkle.root_from_inclusion(b"\x01" * 32, index, size, path) != tree.get_root()
    with pytest.raises(ValueError, match="too long"):
        merkle.root_from_inclusion(leaves[index], index, size, [*path, b"\x00" * 32])
    if path:
        with pytest.raises(ValueError, match="too short"):
            merkle.root_from_inclusion(leaves[index], index, size, path[:-1])


@unhurried
@given(st.integers(1, 80), st.data())
def test_consistency_proofs_lead_to_the_roots_of_pymerkle(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    tree, leaves = oracle(new)
    path = merkle.consistency_proof(old, new, lambda a, b: merkle.root(leaves[a:b]))
    roots = tree.get_root(old), tree.get_root(new)
    assert merkle.consistent(old, new, *roots, path)
    assert not merkle.consistent(old, new, b"\x00" * 32, roots[1], path)
    assert not merkle.consistent(old, new, roots[0], b"\x00" * 32, path)
    assert not merkle.consistent(old, new, *roots, [*path, b"\x00" * 32])
    assert old == new or not merkle.consistent(old, new, *roots, path[:-1])


def test_proofs_of_the_seven_leaf_tree_are_those_printed_in_rfc_6962() -> None:
    """Section 2.1.3: leaves a..f and j; g, h, i above pairs; k, l above those."""
    _, (a, b, c, d, e, f, j) = oracle(7)
    g, h, i = merkle.node_hash(a, b), merkle.node_hash(c, d), merkle.node_hash(e, f)
    k, tree = merkle.node_hash(g, h), [a, b, c, d, e, f, j]
    last = merkle.node_hash(i, j)

    def subtree(start: int, end: int) -> bytes:
        return merkle.root(tree[start:end])

    assert merkle.inclusion_proof(0, 7, subtree) == [b, h, last]
    assert merkle.inclusion_proof(3, 7, subtree) == [c, g, last]
    assert merkle.inclusion_proof(4, 7, subtree) == [f, j, k]
    assert merkle.inclusion_proof(6, 7, subtree) == [i, k]
    assert merkle.consistency_proof(3, 7, subtree) == [c, d, g, last]
    assert merkle.consistency_proof(4, 7, subtree) == [last]
    assert merkle.consistency_proof(6, 7, subtree) == [i, j, k]


def test_a_tree_of_nothing_begins_every_tree() -> None:
    assert merkle.consistent(0, 5, merkle.EMPTY_ROOT, b"\x05" * 32, [])
    assert not merkle.consistent(0, 5, b"\x01" * 32, b"\x05" * 32, [])
    assert not merkle.consistent(3, 2, b"\x01" * 32, b"\x05" * 32, [b"\x01" * 32])


def test_impossible_proofs_and_frontiers_are_refused() -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(5, 5, lambda a, b: b"")
    with pytest.raises(ValueError, match="no leaf"):
        merkle.root_from_inclusion(b"", 1, 1, [])
    with pytest.raises(ValueError, match="no consistency"):
        merkle.consistency_proof(0, 5, lambda a, b: b"")
    with pytest.raises(ValueError, match="no frontier"):
        merkle.Frontier(3, [b"\x00" * 32])


def test_a_note_is_read_back_only_with_its_key_and_name() -> None:
    head = notes.TreeHead("attune.example/log", 7, b"\x07" * 32)
    note = notes.sign(head, KEY)
    assert notes.read(note, "attune.example/log", PUBLIC) == head
    text, signature = note.split("\n\n")
    assert text.splitlines() == ["attune.example/log", "7", base64.b64encode(b"\x07" * 32).decode()]
    assert signature.startswith("— attune.example/log ")
    other = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32).public_key().public_bytes_raw()
    for bad, origin, public in [
        (note.replace("\n7\n", "\n8\n"), head.origin, PUBLIC),
        (note, "attune.example/other", PUBLIC),
        (note, head.origin, other),
        (note.replace("\n7\n", "\n07\n"), head.origin, PUBLIC),
        (note.replace("— attune", "— someone"), head.origin, PUBLIC),
        (note.replace("— attune.example/log ", "— attune.example/log !"), head.origin, PUBLIC),
        ("", head.origin, PUBLIC),
    ]:
        with pytest.raises(notes.BadNote):
            notes.read(bad, origin, public)


def test_only_whole_numbers_in_their_shortest_form_are_sizes() -> None:
    for size, root in [("007", b"\x07" * 32), ("x", b"\x07" * 32), ("7", b"\x07" * 31)]:
        text = f"o\n{size}\n{base64.b64encode(root).decode()}\n"
        blob = base64.b64encode(notes.key_id("o", PUBLIC) + KEY.sign(text.encode())).decode()
        with pytest.raises(notes.BadNote, match="not a checkpoint"):
            notes.read(f"{text}\n— o {blob}\n", "o", PUBLIC)


def test_the_verifier_key_of_the_go_sumdb_has_the_documented_id() -> None:
    """The public key of sum.golang.org, published in Go's source: name, id and key in one line."""
    vkey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    public = base64.b64decode(vkey.rsplit("+", 1)[0] and vkey.split("+", 2)[2])[1:]
    assert notes.verifier_key("sum.golang.org", public) == vkey


def test_a_proof_stands_by_itself() -> None:
    _, leaves = oracle(5)
    note = notes.sign(notes.TreeHead("o", 5, merkle.root(leaves)), KEY)
    path = merkle.inclusion_proof(2, 5, lambda a, b: merkle.root(leaves[a:b]))
    lines = notes.proof(2, path, note).split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 2"]
    assert [base64.b64decode(line) for line in lines[2:5]] == path
    assert "\n".join(lines[6:]) == note
