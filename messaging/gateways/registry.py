"""Which gateway speaks to which platform; a new vendor is one line here."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.types import Platform
from huntaze.platforms.onlyfansapi import OnlyFansApi
from messaging.gateways.base import MessageGateway
from messaging.gateways.onlyfansapi import OnlyFansGateway


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What gateways need from settings; passed in, so that this room stays free of Django."""

    onlyfansapi_base_url: str
    onlyfansapi_api_key: str
    timeout: float
    onlyfansapi_keeps_keys: bool = True
    #: How many requests may be on the wire at once.
    connections: int = 100


def _onlyfans(config: GatewayConfig) -> MessageGateway:
    return OnlyFansGateway(
        OnlyFansApi(
            config.onlyfansapi_base_url,
            config.onlyfansapi_api_key,
            timeout=config.timeout,
            connections=config.connections,
        )
    )


_MAKERS: dict[Platform, Callable[[GatewayConfig], MessageGateway]] = {Platform.ONLYFANS: _onlyfans}
#: Platforms that we can send to.
PLATFORMS = tuple(_MAKERS)


def keeps_keys(platform: Platform, config: GatewayConfig) -> bool:
    """Whether a repeat under a key that the platform has seen is answered without being sent again."""
    return {Platform.ONLYFANS: config.onlyfansapi_keeps_keys}[platform]


def gateway(platform: Platform, config: GatewayConfig) -> MessageGateway:
    """A gateway to be opened with `async with`; KeyError for a platform that has none."""
    return _MAKERS[platform](config)
