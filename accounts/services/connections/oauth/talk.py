"""One call to a platform with OAuth, outside of any transaction and behind its circuit breaker."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from accounts.gateways import registry
from accounts.gateways.base import OAuthGateway
from accounts.models import PlatformAccount
from accounts.rules import oauth as rules
from accounts.types import Platform
from huntaze.kernel import breaker
from huntaze.kernel.outbox import assert_no_transaction
from huntaze.platforms.errors import PlatformError, Transient, Uncertain

T = TypeVar("T")
PLATFORMS = registry.PLATFORMS


def setting(name: str) -> str:
    return str(getattr(settings, name))


def is_configured(platform: Platform) -> bool:
    """Whether the operator gave an application's id and secret there."""
    return registry.is_configured(platform, setting)


def redirect_uri(platform: Platform) -> str:
    """Where the platform sends people back to: registered there as it stands here, and its path names the platform."""
    return settings.BASE_URL.rstrip("/") + reverse("oauth_callback", args=[platform.value])


def address(platform: Platform, *, state: str, verifier: str) -> str:
    """The platform's consent page. Nothing is called."""
    known = registry.gateway(platform, setting)
    return known.address(redirect_uri=redirect_uri(platform), state=state, verifier=verifier)


def page_origin(platform: Platform) -> str:
    """Where the platform's consent page lives, without a path."""
    found = urlsplit(address(platform, state="", verifier=""))
    return f"{found.scheme}://{found.netloc}"


def scopes_of(platform: Platform) -> tuple[str, ...]:
    """What is asked for; without the first nothing can be connected."""
    return registry.scopes_of(platform)


def talk(platform: Platform, call: Callable[[OAuthGateway], Awaitable[T]]) -> T:
    """Raises the platform's errors, and Transient("circuit_open") while it is known to be away."""
    assert_no_transaction()
    permit = breaker.allow(str(platform))
    if not permit:
        raise Transient("circuit_open", retry_after=permit.retry_after, is_on_wire=False)

    async def run() -> T:
        async with registry.gateway(platform, setting) as gateway:
            return await call(gateway)

    started = time.perf_counter()
    try:
        result = asyncio.run(run())
    except PlatformError as error:
        is_away = isinstance(error, Uncertain) or (
            isinstance(error, Transient) and error.code != "rate_limited"
        )
        breaker.record(str(platform), not is_away, (time.perf_counter() - started) * 1000)
        raise
    breaker.record(str(platform), True, (time.perf_counter() - started) * 1000)
    return result


def missing_scopes(account: PlatformAccount) -> list[str]:
    """What was asked for and not given; empty where the platform has no such thing."""
    platform = Platform(account.platform)
    return rules.missing(scopes_of(platform), account.scopes) if platform in PLATFORMS else []
