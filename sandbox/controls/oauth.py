"""Owns the controls of the vendors that are connected by OAuth: what was granted, and its end."""

import dataclasses

from ..dialects.oauth.provider import Grant, Provider
from ..http import Json
from .base import Call, Wrong

VENDORS = ("instagram", "tiktok", "whatsapp")


def _provider(call: Call) -> Provider:
    if call.parameter not in VENDORS:
        raise Wrong(f"no vendor {call.parameter}; one of {', '.join(VENDORS)}", 404)
    found: Provider = call.sandbox.dialects[call.parameter].provider
    return found


def _living(provider: Provider, now: float) -> list[Grant]:
    return [
        row
        for row in provider.grants
        if not row.is_revoked and (row.access_until is None or row.access_until > now)
    ]


def look(call: Call) -> Json:
    """Tokens are not shown: people with access that is good, and what happened."""
    provider = _provider(call)
    living = _living(provider, call.sandbox.clock.now())
    return {
        "people": [
            {"id": row.id, "name": row.name, "handles": [thing.handle for thing in row.things]}
            for row in provider.people
        ],
        "open": sorted({row.person for row in living}),
        "counts": dataclasses.asdict(provider.counts),
    }


def revoke(call: Call) -> Json:
    """The person takes the access back in the vendor's own settings."""
    return {"revoked": _provider(call).revoke(str(call.body.get("person", "")))}


def expire(call: Call) -> Json:
    """Access tokens, or refresh tokens with them, or codes run out now."""
    provider, what = _provider(call), call.body.get("what", "access")
    before = call.sandbox.clock.now() - 1
    if what == "code":
        for code in provider.codes.values():
            code.until = before
        return {"expired": len(provider.codes)}
    if what not in ("access", "refresh"):
        raise Wrong("what is access, refresh or code")
    for row in provider.grants:
        row.access_until = before
        row.is_revoked = row.is_revoked or what == "refresh"
    return {"expired": len(provider.grants)}
