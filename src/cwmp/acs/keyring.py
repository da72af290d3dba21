"""The ACS's key: seals what must be recoverable, and hashes what need only be recognised.

One 32-byte key in a file of its own, apart from the database, so that a copied database gives nothing away.
Subkeys are derived with HKDF-SHA256: one seals (AES-256-GCM, version byte, random 96-bit nonce), one hashes
(HMAC-SHA256), one gives the check value by which a wrong key is noticed before anything is read.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cwmp.acs.errors import KeyMismatch, StoreError
from cwmp.acs.store import Insert, MetaRow

if TYPE_CHECKING:
    from cwmp.acs.store import Store

_VERSION = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_CHECK_NAME = "key_check"


class Keyring:
    """Seals, unseals and hashes with keys derived from one secret key."""

    __slots__ = ("_aead", "_hash_key", "check_value", "path")

    def __init__(self, key: bytes, path: Path | None = None) -> None:
        if len(key) != _KEY_BYTES:
            raise KeyMismatch(
                f"The key file {path} holds {len(key)} bytes instead of {_KEY_BYTES}; "
                "put back the right key file."
            )
        self.path = path
        self._aead = AESGCM(_derive(key, b"cwmp acs seal v1"))
        self._hash_key = _derive(key, b"cwmp acs secret hash v1")
        self.check_value = _derive(key, b"cwmp acs key check v1").hex()

    @classmethod
    async def open(cls, path: Path, store: Store) -> Keyring:
        """The key in file `path`, checked against `store`; made there (mode 0600) for a new database.

        Raises `KeyMismatch` when the key is missing, is no key, or is not the one that sealed the database,
        `StoreError` when the file cannot be read or made.
        """
        row = await store.get(MetaRow, _CHECK_NAME)
        self = cls(_read(path, new=row is None), path)
        if row is None:
            await store.commit([Insert(MetaRow(_CHECK_NAME, self.check_value))])
        elif not hmac.compare_digest(row.value, self.check_value):
            raise KeyMismatch(
                f"The key in {path} does not fit the database, which was sealed with another key; "
                "put back the key file that belongs to this data directory."
            )
        return self

    def seal(self, data: bytes, context: bytes = b"") -> bytes:
        """Encrypt `data`. `context` says what it belongs to and must be given again to unseal it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._aead.encrypt(nonce, data, context)

    def unseal(self, sealed: bytes, context: bytes = b"") -> bytes:
        """Decrypt what `seal` made. Raises `KeyMismatch` for anything else."""
        if sealed[:1] != _VERSION:
            raise KeyMismatch("Sealed data in the database has a form this version does not know.")
        try:
            body = sealed[1 + _NONCE_BYTES :]
            return self._aead.decrypt(sealed[1 : 1 + _NONCE_BYTES], body, context)
        except (InvalidTag, ValueError):
            raise KeyMismatch(
                f"Sealed data in the database cannot be opened with the key in {self.path}."
            ) from None

    def keyed_hash(self, device: str, path: str, value: str) -> str:
        """Hash by which a secret is recognised later; equal values on other devices or paths differ."""
        mac = hmac.new(self._hash_key, digestmod=hashlib.sha256)
        for part in (device, path, value):
            data = part.encode("utf-8", "surrogatepass")
            mac.update(len(data).to_bytes(8, "big"))
            mac.update(data)
        return mac.hexdigest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(key)


def _read(path: Path, *, new: bool) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not new:
            raise KeyMismatch(
                f"The key file {path} is missing, and nothing sealed in the database opens without it; "
                "put back the key file that belongs to this data directory."
            ) from None
    except OSError as error:
        raise StoreError(f"The key file {path} cannot be read: {error.strerror}.") from None
    try:
        return _create(path)
    except OSError as error:
        raise StoreError(f"The key file {path} cannot be made: {error.strerror}.") from None


def _create(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = secrets.token_bytes(_KEY_BYTES)
    # Written aside and linked into place, so that a crash never leaves half a key under the real name
    # and of two processes starting at once exactly one makes the key.
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return path.read_bytes()
    finally:
        aside.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return key
