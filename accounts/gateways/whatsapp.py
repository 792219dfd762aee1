"""WhatsApp through its client."""

from dataclasses import replace
from typing import Self

from accounts.gateways.base import Read
from accounts.gateways.parts import Opened, profile_of, tokens_of
from accounts.types import Profile, Tokens
from huntaze.platforms.errors import PlatformError
from huntaze.platforms.whatsapp import MANAGES, WhatsApp


class WhatsAppGateway(Opened[WhatsApp]):
    NEEDS = ("WHATSAPP_APP_ID", "WHATSAPP_APP_SECRET", "WHATSAPP_CONFIG_ID")
    SCOPES = (MANAGES, "whatsapp_business_messaging")

    @classmethod
    def of_settings(cls, read: Read) -> Self:
        return cls(
            WhatsApp(
                auth_url=read("WHATSAPP_AUTH_URL"),
                graph_url=read("WHATSAPP_GRAPH_URL"),
                version=read("WHATSAPP_GRAPH_VERSION"),
                app_id=read("WHATSAPP_APP_ID"),
                app_secret=read("WHATSAPP_APP_SECRET"),
                config_id=read("WHATSAPP_CONFIG_ID"),
            )
        )

    def address(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        """Meta takes no PKCE from an app with a secret."""
        return self._client.authorize_url(redirect_uri=redirect_uri, state=state)

    async def exchange(self, *, code: str, redirect_uri: str, verifier: str) -> Tokens:
        found = await self._client.exchange(code=code, redirect_uri=redirect_uri)
        try:
            scopes, _ = await self._client.granted(found.access)
        except PlatformError:  # asked again for the accounts; a token without an end must not be lost over it
            return tokens_of(found)
        return tokens_of(replace(found, scopes=scopes))

    async def profiles(self, tokens: Tokens) -> list[Profile]:
        """The phone numbers of every business that was shared."""
        _, businesses = await self._client.granted(tokens.access)
        return [
            profile_of(number)
            for business in businesses
            for number in await self._client.numbers(tokens.access, business)
        ]

    async def refresh(self, tokens: Tokens) -> Tokens:
        return tokens_of(await self._client.refresh(tokens.access))

    async def revoke(self, tokens: Tokens) -> None:
        await self._client.revoke(tokens.access)
