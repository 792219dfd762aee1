"""TikTok through its client."""

from typing import Self

from accounts.gateways.base import Read
from accounts.gateways.parts import Opened, profile_of, tokens_of
from accounts.types import Profile, Tokens
from huntaze.platforms.tiktok import TikTok


class TikTokGateway(Opened[TikTok]):
    NEEDS = ("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET")
    SCOPES = ("user.info.basic", "user.info.stats", "video.list", "video.upload", "video.publish")

    @classmethod
    def of_settings(cls, read: Read) -> Self:
        return cls(
            TikTok(
                auth_url=read("TIKTOK_AUTH_URL"),
                api_url=read("TIKTOK_API_URL"),
                client_key=read("TIKTOK_CLIENT_KEY"),
                client_secret=read("TIKTOK_CLIENT_SECRET"),
            )
        )

    def address(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        return self._client.authorize_url(
            redirect_uri=redirect_uri, state=state, scopes=self.SCOPES, verifier=verifier
        )

    async def exchange(self, *, code: str, redirect_uri: str, verifier: str) -> Tokens:
        return tokens_of(await self._client.exchange(code=code, redirect_uri=redirect_uri, verifier=verifier))

    async def profiles(self, tokens: Tokens) -> list[Profile]:
        return [profile_of(await self._client.me(tokens.access))]

    async def refresh(self, tokens: Tokens) -> Tokens:
        return tokens_of(await self._client.refresh(tokens.refresh))

    async def revoke(self, tokens: Tokens) -> None:
        await self._client.revoke(tokens.access)
