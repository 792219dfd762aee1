"""The form of an API key: `hz_live_` or `hz_test_`, 30 random base62 characters, 6 of CRC32 over what precedes.

A wrong checksum is refused before any look-up. 30 base62 characters carry 178 bits.
"""

import ipaddress
import re
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"hz_(live|test)_[0-9A-Za-z]{36}")
#: A key somewhere in a longer text, such as an address.
_INSIDE = re.compile(r"hz_(?:live|test)_[0-9A-Za-z]{36}(?![0-9A-Za-z])")
SHOWN = 12
LIVE, TEST = "live", "test"
#: How long a replaced key goes on working unless its owner says otherwise, and at most.
OVERLAP, LONGEST_OVERLAP = timedelta(hours=24), timedelta(days=7)
#: Living keys of one workspace, and networks of one key.
MOST_KEYS, MOST_NETWORKS = 50, 50


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


def kind_of(key: str) -> str:
    """`live` or `test`, of a well-formed key."""
    return key.split("_", 2)[1]


def found_in(text: str) -> list[str]:
    """The well-formed keys that stand somewhere in a text."""
    return [key for key in _INSIDE.findall(text) if is_well_formed(key)]


def network(text: str) -> str:
    """An address or a CIDR range in its one usual spelling; raises ValueError.

    A range of IPv4 addresses written as IPv6 (`::ffff:192.0.2.0/120`) becomes IPv4, as callers are told.
    """
    found = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(found, ipaddress.IPv6Network):
        mapped = found.network_address.ipv4_mapped
        if mapped is not None and found.prefixlen >= 96:
            found = ipaddress.IPv4Network((mapped, found.prefixlen - 96))
    return str(found)


def is_allowed(networks: list[str], ip: str | None) -> bool:
    """Whether a caller's address is in one of the ranges; without ranges everybody may call."""
    if not networks:
        return True
    if ip is None:
        return False
    address = ipaddress.ip_address(ip)
    return any(address in ipaddress.ip_network(item) for item in networks)


def successor_expiry(created_at: datetime, expires_at: datetime | None, now: datetime) -> datetime | None:
    """A successor lives as long as its predecessor was meant to; without an end it has none either."""
    return None if expires_at is None else now + (expires_at - created_at)


def end_of_overlap(expires_at: datetime | None, now: datetime, overlap: timedelta) -> datetime:
    """When a replaced key ends: after the overlap, never later than it would have anyway."""
    end = now + overlap
    return end if expires_at is None else min(end, expires_at)


def state_of(
    *, revoked_at: datetime | None, expires_at: datetime | None, is_replaced: bool, now: datetime
) -> str:
    """revoked, expired, replaced (works until the overlap ends) or active."""
    if revoked_at is not None:
        return "revoked"
    if expires_at is not None and expires_at <= now:
        return "expired"
    return "replaced" if is_replaced else "active"
