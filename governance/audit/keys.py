"""The key that signs anchors: Ed25519, in a file of its own, outside of the database."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from governance.exceptions import DomainError

OWNER_ONLY: Final = 0o600


class NoKey(DomainError):
    message = _("There is no signing key: run manage.py audit_key --make.")


class KeyUnsafe(DomainError):
    message = _(
        "Others may read or write the signing key: give its file to its owner alone (0600)."
    )


def path() -> Path:
    return Path(settings.AUDIT_SIGNING_KEY or settings.AUDIT_SIGNING_KEY_DEFAULT)


def make() -> Path:
    """Write a new key that its owner alone reads; raises FileExistsError: a key is never replaced,
    for anchors signed by it would no longer verify."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    return target


def signing_key() -> Ed25519PrivateKey:
    """The key of the settings; the default one is made on first use.

    Raises NoKey where the settings name a file that holds none, KeyUnsafe where others may read it.
    """
    target = path()
    if not settings.AUDIT_SIGNING_KEY and not target.exists():
        make()
    try:
        if target.stat().st_mode & 0o077:
            raise KeyUnsafe
        found = serialization.load_pem_private_key(target.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, UnsupportedAlgorithm) as error:
        raise NoKey from error
    if not isinstance(found, Ed25519PrivateKey):
        raise NoKey
    return found


def trusted() -> frozenset[str]:
    """Fingerprints of the keys that may have signed anchors: those of the settings, and that of
    the key which is here. Nothing where none is known: then any key will do."""
    known = frozenset(settings.AUDIT_TRUSTED_KEYS)
    if not path().exists():
        return known
    return known | {fingerprint(signing_key().public_key())}


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def public_text(key: Ed25519PublicKey) -> str:
    """The public key as base64 of its 32 bytes."""
    return base64.b64encode(_raw(key)).decode()


def read_public(text: str) -> Ed25519PublicKey:
    """What `public_text` made. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 (hex) of the public key: what auditors keep and compare."""
    return hashlib.sha256(_raw(key)).hexdigest()
