"""The vendor of OnlyFans as the services of connecting see it: one call, and its refusals in our words."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from django.conf import settings

from accounts.errors import NotConfigured
from accounts.services.connections.oauth import talk
from accounts.types import Platform
from huntaze.kernel.errors import Unavailable
from huntaze.kernel.outbox import assert_no_transaction
from huntaze.platforms.errors import PlatformError, Transient
from huntaze.platforms.onlyfansapi_connect import OnlyFansConnect

log = structlog.get_logger(__name__)
T = TypeVar("T")
#: Seconds; a person waits for the answer.
TIMEOUT = 15.0
RETRY_AFTER = 30


def is_configured(platform: Platform) -> bool:
    """Whether the operator gave what the platform's connections need."""
    if platform in talk.PLATFORMS:
        return talk.is_configured(platform)
    return platform is Platform.ONLYFANS and bool(settings.ONLYFANSAPI_API_KEY)


def require(platform: Platform) -> None:
    """Raises NotConfigured."""
    if not is_configured(platform):
        raise NotConfigured


def page_origin() -> str:
    """Where the vendor's page lives, without a path."""
    scheme, _, rest = settings.ONLYFANSAPI_BASE_URL.partition("://")
    return f"{scheme}://{rest.split('/', 1)[0]}"


def page_address(token: str) -> str:
    """The vendor's page on which the creator signs in."""
    return f"{settings.ONLYFANSAPI_BASE_URL.rstrip('/')}/embed-auth/{token}"


def ask(call: Callable[[OnlyFansConnect], Awaitable[T]]) -> T:
    """One call to the vendor, outside of any transaction; raises the platform's errors."""
    assert_no_transaction()

    async def run() -> T:
        base, key = settings.ONLYFANSAPI_BASE_URL, settings.ONLYFANSAPI_API_KEY
        async with OnlyFansConnect(base, key, timeout=TIMEOUT, connections=2) as client:
            return await call(client)

    return asyncio.run(run())


def asked(call: Callable[[OnlyFansConnect], Awaitable[T]]) -> T:
    """`ask` for a person who waits: what the vendor can't do now is Unavailable."""
    try:
        return ask(call)
    except PlatformError as error:
        raise unavailable(error) from error


def unavailable(error: PlatformError) -> Unavailable:
    """The refusal that people see; the log keeps the vendor's code."""
    log.warning("accounts.connections.vendor_refused", code=error.code, kind=type(error).__name__)
    wait = error.retry_after if isinstance(error, Transient) and error.retry_after else RETRY_AFTER
    return Unavailable(retry_after=int(wait))
