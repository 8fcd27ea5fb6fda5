"""Sign a file of legal rules, for those who keep the rules of an organisation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management.base import BaseCommand, CommandError

from governance.screening import law
from portal.datafile import DataFileError
from portal.ledger import notes


class Command(BaseCommand):
    """`manage.py sign_law FILE --key KEY --name NAME --out OUT`."""

    help = "Check a YAML file of legal rules and sign it; prints the verifier key for ATTUNE_LAW_KEYS."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """File, key, name and where the signed file goes."""
        parser.add_argument("file", type=Path, help="the rules, shaped like governance/catalogue/law.yaml")
        parser.add_argument(
            "--key", type=Path, required=True, help="the private key (PEM); made if it does not exist"
        )
        parser.add_argument("--name", required=True, help="who signs, for instance law.example.org")
        parser.add_argument("--out", type=Path, required=True, help="the signed file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, sign, write."""
        name = options["name"]
        if not name or any(c.isspace() or c == "+" for c in name):
            raise CommandError("--name: one word without '+'.")
        try:
            text = options["file"].read_text(encoding="utf-8")
            law.parse(text, str(options["file"]))
            key = _key(options["key"])
            signed = notes.sign_text(text if text.endswith("\n") else f"{text}\n", name, key)
            options["out"].write_text(signed, encoding="utf-8")
        except (OSError, UnicodeDecodeError, DataFileError, ValueError) as error:
            raise CommandError(str(error)) from error
        public = key.public_key().public_bytes_raw()
        self.stdout.write(f"Signed: {options['out']}\nATTUNE_LAW_KEYS={notes.verifier_key(name, public)}")


def _key(path: Path) -> Ed25519PrivateKey:
    """The key of the file, made now (0600) if there is none."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.touch(mode=0o600)
        path.write_bytes(pem)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise CommandError(f"{path} holds no Ed25519 key")
    return key
