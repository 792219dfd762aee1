"""Which platforms are connected by OAuth, and through what; a new vendor is one line here."""

from typing import Any

from accounts.gateways.base import OAuthGateway, Read
from accounts.gateways.instagram import InstagramGateway
from accounts.gateways.tiktok import TikTokGateway
from accounts.gateways.whatsapp import WhatsAppGateway
from accounts.types import Platform

_GATEWAYS: dict[Platform, Any] = {
    Platform.INSTAGRAM: InstagramGateway,
    Platform.TIKTOK: TikTokGateway,
    Platform.WHATSAPP: WhatsAppGateway,
}
#: Platforms whose accounts are connected by OAuth.
PLATFORMS = tuple(_GATEWAYS)


def is_configured(platform: Platform, read: Read) -> bool:
    """Whether the operator gave what the platform asks of an application."""
    return all(read(name) for name in _GATEWAYS[platform].NEEDS)


def scopes_of(platform: Platform) -> tuple[str, ...]:
    """What is asked for there; without the first nothing can be connected."""
    return tuple(_GATEWAYS[platform].SCOPES)


def gateway(platform: Platform, read: Read) -> OAuthGateway:
    """A gateway to be opened with `async with`; KeyError for a platform without OAuth."""
    made: OAuthGateway = _GATEWAYS[platform].of_settings(read)
    return made
