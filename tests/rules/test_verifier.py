"""The mathematics of verify.py, against published vectors and the portal's own implementation."""

import pytest

from governance.evidence import verify
from portal.ledger import merkle


def test_ed25519_agrees_with_the_test_vectors_of_rfc_8032() -> None:
    """Section 7.1, tests 1 to 3."""
    vectors = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ]
    for public, message, signature in vectors:
        arguments = [bytes.fromhex(text) for text in (public, message, signature)]
        assert verify.ed25519(*arguments)
        assert not verify.ed25519(arguments[0], arguments[1] + b"x", arguments[2])
        longer = (
            int.from_bytes(arguments[2][32:], "little") + verify.ORDER
        )  # the same point, another spelling
        assert not verify.ed25519(
            arguments[0], arguments[1], arguments[2][:32] + longer.to_bytes(32, "little")
        )
    assert not verify.ed25519(b"", b"", b"")
    assert not verify.ed25519(b"\xff" * 32, b"", b"\x00" * 64)


def test_both_implementations_of_the_tree_agree() -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(40)]

    def subtree(start: int, end: int) -> bytes:
        return merkle.root(leaves[start:end])

    theirs = verify.Frontier(0, [])
    for size in range(1, 41):
        theirs.append(leaves[size - 1])
        assert theirs.root() == subtree(0, size)
        for index in range(size):
            path = merkle.inclusion_proof(index, size, subtree)
            assert verify.included(leaves[index], index, size, path) == subtree(0, size)
            assert verify.included(leaves[index], index, size, path[:-1]) is None or size == 1
        for old in range(1, size + 1):
            path = merkle.consistency_proof(old, size, subtree)
            assert verify.consistent(old, size, subtree(0, old), subtree(0, size), path)
            assert not verify.consistent(old, size, b"\x00" * 32, subtree(0, size), path)
    with pytest.raises(ValueError, match="no frontier"):
        verify.Frontier(3, [])
