"""Counting tries: every try counts before anything is looked at, so that parallel guesses can't slip through."""

import ipaddress

from huntaze.kernel import errors, ratelimit
from huntaze.kernel.web import Device

#: Sign-ups, resets and verifications from one address.
PER_MINUTE, PER_HOUR = 3, 10


def network_of(ip: str | None) -> str:
    """What counts as one address: an IPv6 customer has a whole /64 to guess from."""
    if ip is None or ":" not in ip:
        return str(ip)
    return str(ipaddress.ip_network((ip.partition("%")[0], 64), strict=False))


def count_try(key: str, limit: int, window: float) -> ratelimit.Verdict:
    """Count one try against `key`; raises RateLimited over `limit` in `window` seconds."""
    verdict = ratelimit.take(key, limit=limit, window=window)
    if not verdict.allowed:
        raise errors.RateLimited(
            limit=limit, remaining=0, reset_time=verdict.reset_at, retry_after=ratelimit.retry_after(verdict)
        )
    return verdict


def guard_address(what: str, device: Device) -> None:
    """At most 3 of `what` a minute and 10 an hour from one address; raises RateLimited."""
    network = network_of(device.ip)
    count_try(f"{what}-minute:{network}", PER_MINUTE, 60.0)
    count_try(f"{what}-hour:{network}", PER_HOUR, 3600.0)


def forget_tries(key: str) -> None:
    ratelimit.clear(key)
