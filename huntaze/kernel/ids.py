"""Identifiers: time-ordered UUIDs in the database, prefixed text outside (`msg_01J…`).

The text is the prefix, an underscore and 26 Crockford base32 digits, so that public ids sort by creation time.
"""

import os
import time
from typing import ClassVar
from uuid import UUID

from django.db import models

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
VALUES = {digit: value for value, digit in enumerate(ALPHABET)}
LENGTH = 26


def uuid7() -> UUID:
    """A version 7 UUID (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def encode(prefix: str, uid: UUID) -> str:
    """`prefix` + `_` + 26 digits."""
    value = uid.int
    digits = []
    for _ in range(LENGTH):
        digits.append(ALPHABET[value & 31])
        value >>= 5
    return f"{prefix}_{''.join(reversed(digits))}"


def decode(prefix: str, text: str) -> UUID | None:
    """The UUID behind a public id, or None when the text is not one with this prefix."""
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != LENGTH or tail[0] not in "01234567":
        return None
    value = 0
    for digit in tail:
        if digit not in VALUES:
            return None
        value = value << 5 | VALUES[digit]
    return UUID(int=value)


class PublicIdModel(models.Model):
    """A row with a public id; the integer key never leaves the house."""

    PREFIX: ClassVar[str]
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return encode(self.PREFIX, self.uid)
