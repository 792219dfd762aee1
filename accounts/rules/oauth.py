"""Connecting by OAuth: how long things last, when tokens are renewed, and how they are written down."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.types import Profile, Tokens

#: How long a person may take on the platform's page.
STATE_LASTS = timedelta(minutes=10)
#: After that the answer is still being worked on, or a choice waits.
ANSWER_LASTS = timedelta(minutes=10)
#: Bytes of a state, and of a proof (PKCE): both are written in 43 characters.
RANDOM_BYTES = 32
#: How often tokens that need no renewal are tried, so that a platform's revocation does not stay unseen.
LOOK_EVERY = timedelta(hours=6)
#: Waits before trying again, by attempt; the last one goes on until there is an answer.
AGAIN = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
MOST_CODE = 2048


def digest(state: str) -> bytes:
    """What is kept of a state, or of a session's key."""
    return hashlib.sha256(state.encode("utf-8", "surrogateescape")).digest()


def refresh_time(now: datetime, expires_in: int | None) -> datetime | None:
    """When to renew: with a quarter of the life left (day 45 of 60, hour 18 of 24). None for a life without end."""
    return None if expires_in is None else now + timedelta(seconds=expires_in * 3 / 4)


def end_of(now: datetime, expires_in: int | None) -> datetime | None:
    return None if expires_in is None else now + timedelta(seconds=expires_in)


def next_look(now: datetime, refresh_at: datetime | None) -> datetime:
    """When the tokens are next used by us: to be renewed, or to be tried."""
    later = now + LOOK_EVERY
    return later if refresh_at is None else min(later, refresh_at)


def wait(attempts: int) -> timedelta:
    return AGAIN[min(attempts, len(AGAIN)) - 1]


def missing(wanted: Iterable[str], granted: Iterable[str]) -> list[str]:
    """What was asked for and not given."""
    have = set(granted)
    return [scope for scope in wanted if scope not in have]


def packed(tokens: Tokens, profile: Profile) -> str:
    """Tokens as they are sealed; their end stands beside them, in the open."""
    return json.dumps({"access": tokens.access, "refresh": tokens.refresh, "parent": profile.parent})


def unpacked(text: str) -> Tokens:
    """Raises ValueError for anything that `packed` did not write."""
    try:
        found = json.loads(text)
        return Tokens(str(found["access"]), str(found["refresh"]))
    except (LookupError, TypeError) as error:
        raise ValueError("no tokens") from error


def renewed(text: str, tokens: Tokens) -> str:
    """The sealed form with new tokens; what stands beside them stays."""
    found = json.loads(text) | {"access": tokens.access, "refresh": tokens.refresh}
    return json.dumps(found)


def packed_offer(tokens: Tokens, profiles: Iterable[Profile]) -> str:
    """Tokens with the accounts among which somebody has to choose."""
    return json.dumps(
        {
            "access": tokens.access,
            "refresh": tokens.refresh,
            "expires_in": tokens.expires_in,
            "scopes": tokens.scopes,
            "profiles": [[row.external_id, row.handle, row.parent] for row in profiles],
        }
    )


def unpacked_offer(text: str) -> tuple[Tokens, list[Profile]]:
    found = json.loads(text)
    scopes = found["scopes"]
    tokens = Tokens(
        found["access"], found["refresh"], found["expires_in"], None if scopes is None else tuple(scopes)
    )
    return tokens, [Profile(*row) for row in found["profiles"]]
