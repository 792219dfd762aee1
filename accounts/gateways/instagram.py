"""Instagram through its client."""

from dataclasses import replace
from typing import Self

from accounts.gateways.base import Read
from accounts.gateways.parts import Opened, profile_of, tokens_of
from accounts.types import Profile, Tokens
from huntaze.platforms.instagram import Instagram


class InstagramGateway(Opened[Instagram]):
    NEEDS = ("INSTAGRAM_APP_ID", "INSTAGRAM_APP_SECRET")
    SCOPES = ("instagram_business_basic", "instagram_business_content_publish")

    @classmethod
    def of_settings(cls, read: Read) -> Self:
        return cls(
            Instagram(
                auth_url=read("INSTAGRAM_AUTH_URL"),
                api_url=read("INSTAGRAM_API_URL"),
                graph_url=read("INSTAGRAM_GRAPH_URL"),
                version=read("INSTAGRAM_GRAPH_VERSION"),
                app_id=read("INSTAGRAM_APP_ID"),
                app_secret=read("INSTAGRAM_APP_SECRET"),
            )
        )

    def address(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        """Instagram takes no PKCE."""
        return self._client.authorize_url(redirect_uri=redirect_uri, state=state, scopes=self.SCOPES)

    async def exchange(self, *, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """The long token at once: the short one lasts an hour and can't be renewed."""
        short = await self._client.exchange(code=code, redirect_uri=redirect_uri)
        found = await self._client.lengthen(short.access)
        return tokens_of(replace(found, scopes=short.scopes, subject=short.subject))

    async def profiles(self, tokens: Tokens) -> list[Profile]:
        return [profile_of(await self._client.me(tokens.access))]

    async def refresh(self, tokens: Tokens) -> Tokens:
        return tokens_of(await self._client.refresh(tokens.access))

    async def revoke(self, tokens: Tokens) -> None:
        await self._client.revoke(tokens.access)
