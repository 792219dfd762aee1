"""The form of an API key: `hz_live_` or `hz_test_`, 30 random base62 characters, 6 of CRC32 over what precedes.

A wrong checksum is refused before any look-up. 30 base62 characters carry 178 bits.
"""

import re
import zlib
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"hz_(live|test)_[0-9A-Za-z]{36}")
SHOWN = 12


def make(kind: str, choose: Callable[[str], str]) -> str:
    """A new key; `choose` picks one character of a string at random (secrets.choice)."""
    body = f"hz_{kind}_" + "".join(choose(ALPHABET) for _ in range(30))
    return body + checksum(body)


def checksum(body: str) -> str:
    value = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        value, digit = divmod(value, 62)
        digits = ALPHABET[digit] + digits
    return digits


def is_well_formed(key: str) -> bool:
    return bool(_FORM.fullmatch(key)) and checksum(key[:-6]) == key[-6:]
