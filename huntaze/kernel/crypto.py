"""Secrets at rest: sealed text, the keys it is sealed with, and the index that finds it again.

Text is sealed with AES-256-GCM (NIST SP 800-38D) under a random 96-bit nonce and a data key of its
workspace; rows of no workspace use the installation's data key. Data keys are stored wrapped by one of
`settings.CRYPTO_KEKS` (newest first). Who stores them is not the kernel's business: a `DataKeySource` is
registered at start. Form: `v1.<data key version>.<nonce>.<ciphertext and tag>`, base64url without padding.

The additional data names table, column and row, so a value moved elsewhere does not open.
"""

import base64
import binascii
import hashlib
import hmac
import os
from typing import Any, NoReturn, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from huntaze.kernel.keycache import KeyCache

MASK = "•••"
NONCE_BYTES = 12
KEY_BYTES = 32


class DecryptionFailed(Exception):
    """The text can't be opened: another row's, changed, of a key that is gone, or no sealed text at all."""


class DataKeySource(Protocol):
    """Where data keys come from. `workspace_id` is the integer key; None means the installation."""

    def current(self, workspace_id: int | None) -> tuple[int, bytes]:
        """Version and 32 bytes to seal with."""
        ...

    def by_version(self, workspace_id: int | None, version: int) -> bytes:
        """The key of one version. Raises DecryptionFailed when there is none."""
        ...


class KeyRing:
    """Wrapping keys by id, newest first. Only data keys are ever encrypted with them."""

    def __init__(self, keys: list[tuple[str, bytes]]) -> None:
        if not keys or any(len(key) != KEY_BYTES for _, key in keys):
            raise ValueError("a key ring needs keys of 32 bytes")
        self._newest = keys[0][0]
        self._keys = dict(keys)

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """Id of the newest wrapping key, and nonce + ciphertext + tag of the data key under it."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._keys[self._newest]).encrypt(nonce, data_key, self._newest.encode())
        return self._newest, nonce + sealed

    def unwrap(self, kek_id: str, wrapped: bytes) -> bytes:
        """The data key. Raises DecryptionFailed for an unknown wrapping key or changed bytes."""
        key = self._keys.get(kek_id)
        if key is None:
            raise DecryptionFailed("the wrapping key is gone")
        try:
            return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], kek_id.encode())
        except (InvalidTag, ValueError) as error:
            raise DecryptionFailed("the wrapped key does not open") from error


_source: DataKeySource | None = None
_cache = KeyCache()


def register_data_keys(source: DataKeySource) -> None:
    """Name the store of data keys; once, when the owning app is ready. Forgets what was cached."""
    global _source
    _source = source
    _cache.clear()


def forget_data_keys() -> None:
    """Drop this process's cached keys after a rotation or deletion; other processes follow in 5 minutes."""
    _cache.clear()


def wrap(data_key: bytes) -> tuple[str, bytes]:
    """`KeyRing.wrap` with the keys of the settings."""
    return KeyRing(settings.CRYPTO_KEKS).wrap(data_key)


def unwrap(kek_id: str, wrapped: bytes) -> bytes:
    """`KeyRing.unwrap` with the keys of the settings."""
    return KeyRing(settings.CRYPTO_KEKS).unwrap(kek_id, wrapped)


def encrypt(plaintext: str, *, workspace_id: int | None, aad: str) -> str:
    """Seal a text for one place, `aad` = `table:column:public id`."""
    version, key = _cache.current(workspace_id, _the_source().current)
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plaintext.encode(), aad.encode())
    return f"v1.{version}.{_b64(nonce)}.{_b64(sealed)}"


def decrypt(text: str, *, workspace_id: int | None, aad: str) -> str:
    """Open a sealed text at its place. Raises DecryptionFailed; the message holds nothing of the value."""
    version, nonce, sealed = _parse(text)
    key = _cache.by_version(workspace_id, version, _the_source().by_version)
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise DecryptionFailed("the text does not open here") from error


def key_version(text: str) -> int:
    """The version of the data key a text was sealed with. Raises DecryptionFailed for anything else."""
    return _parse(text)[0]


def blind_index(value: str, *, purpose: str) -> bytes:
    """32 bytes by which an encrypted value is found again: HMAC-SHA256 under a key of its own.

    The same value has different indexes for different purposes (`fan.email`, `lead.phone`). The caller
    normalises the value first; what it is compared with must be normalised alike.
    """
    message = purpose.encode() + b"\x00" + value.encode()
    return hmac.new(settings.BLIND_INDEX_KEY, message, hashlib.sha256).digest()


class Sealed:
    """A secret that shows `•••` wherever it is printed, formatted or logged; `reveal()` gives the text.

    Either a plain text just assigned, or stored text bound to its place and opened on each `reveal`. It is
    not a str on purpose: joining it to one or putting it in an outgoing JSON body fails instead of sending
    a mask to somebody.
    """

    __slots__ = ("_aad", "_plain", "_stored", "_workspace_id")

    def __init__(self, plaintext: str) -> None:
        if plaintext == MASK:
            raise ValueError("this is the mask of a secret, not a value")
        self._plain: str | None = plaintext
        self._stored: str | None = None
        self._workspace_id: int | None = None
        self._aad: str | None = None

    @classmethod
    def of_stored(cls, text: str, *, workspace_id: int | None = None, aad: str | None = None) -> Self:
        """A sealed text as it lies in the database; without `aad` it can't be opened, only bound later."""
        sealed = cls.__new__(cls)
        sealed._plain, sealed._stored, sealed._workspace_id, sealed._aad = None, text, workspace_id, aad
        return sealed

    @property
    def is_bound(self) -> bool:
        """Whether its place is known (a plain text needs none)."""
        return self._plain is not None or self._aad is not None

    def bound(self, *, workspace_id: int | None, aad: str) -> "Sealed":
        """The same stored text, tied to its place."""
        assert self._stored is not None
        return Sealed.of_stored(self._stored, workspace_id=workspace_id, aad=aad)

    def stored_for(self, *, workspace_id: int | None, aad: str) -> str:
        """The text to store at a place: as it is when it comes from there, else sealed anew."""
        if self._stored is not None and (self._workspace_id, self._aad) == (workspace_id, aad):
            return self._stored
        return encrypt(self.reveal(), workspace_id=workspace_id, aad=aad)

    def stored_text(self) -> str:
        """The sealed text as it lies in the database. Raises ValueError for one that was only assigned."""
        if self._stored is None:
            raise ValueError("this text is not sealed yet")
        return self._stored

    def reveal(self) -> str:
        """The text. Raises DecryptionFailed."""
        if self._plain is not None:
            return self._plain
        if self._stored is None or self._aad is None:
            raise DecryptionFailed("the row this text belongs to was not loaded")
        return decrypt(self._stored, workspace_id=self._workspace_id, aad=self._aad)

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _: str) -> str:
        return MASK

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: Any) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealed value is not pickled")


def _the_source() -> DataKeySource:
    if _source is None:
        raise RuntimeError("no source of data keys is registered")
    return _source


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _parse(text: str) -> tuple[int, bytes, bytes]:
    parts = text.split(".")
    try:
        form, version, nonce, sealed = parts[0], int(parts[1]), _unb64(parts[2]), _unb64(parts[3])
    except (IndexError, ValueError, binascii.Error) as error:
        raise DecryptionFailed("this is not a sealed text") from error
    if form != "v1" or len(parts) != 4 or len(nonce) != NONCE_BYTES:
        raise DecryptionFailed("this is not a sealed text")
    return version, nonce, sealed
