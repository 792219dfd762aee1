"""Owns randomness: every draw comes from a stream keyed by (seed, names...), never from global order."""

import hashlib
import random

Key = str | int


def digest(*keys: Key) -> str:
    """32 hex characters that depend on nothing but the keys."""
    return hashlib.blake2b("\x1f".join(map(str, keys)).encode(), digest_size=16).hexdigest()


def stream(*keys: Key) -> random.Random:
    return random.Random(int(digest(*keys), 16))


def chance(*keys: Key) -> float:
    """One uniform number in [0, 1) for the keys."""
    return int(digest(*keys)[:13], 16) / 16**13
