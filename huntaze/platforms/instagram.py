"""Instagram's API with Instagram Login: the consent page, tokens, and whose they are.

A short token of an hour is exchanged at once for one of 60 days, which renews itself while it is good.
"""

from typing import Any
from urllib.parse import urlencode

from huntaze.kernel.http import Answer
from huntaze.platforms import meta
from huntaze.platforms.errors import PlatformError
from huntaze.platforms.oauth import OAuthClient, Profile, Token, lost, needed, seconds, text, words


class Instagram(OAuthClient):
    vendor = "instagram"

    def __init__(
        self,
        *,
        auth_url: str,
        api_url: str,
        graph_url: str,
        version: str,
        app_id: str,
        app_secret: str,
        timeout: float = 15.0,
    ) -> None:
        super().__init__(timeout=timeout, api=api_url, graph=graph_url)
        self._auth_url, self._version = auth_url.rstrip("/"), version
        self._app_id, self._app_secret = app_id, app_secret

    def authorize_url(self, *, redirect_uri: str, state: str, scopes: tuple[str, ...]) -> str:
        asked = {
            "client_id": self._app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": ",".join(scopes),
            "state": state,
        }
        return f"{self._auth_url}/oauth/authorize?{urlencode(asked)}"

    async def exchange(self, *, code: str, redirect_uri: str) -> Token:
        """The short token for a code, which is good once."""
        form = {
            "client_id": self._app_id,
            "client_secret": self._app_secret,
            "grant_type": "authorization_code",
            "redirect_uri": redirect_uri,
            "code": code,
        }
        body = await self._write("api", "POST", "/oauth/access_token", "exchange", form=form)
        row = body["data"][0] if isinstance(body.get("data"), list) and body["data"] else body
        if not isinstance(row, dict):
            lost()
        return Token(
            access=needed(row, "access_token"),
            expires_in=3600,
            scopes=words(row.get("permissions")),
            subject=text(row.get("user_id")),
        )

    async def lengthen(self, short: str) -> Token:
        """A token of 60 days for a short one."""
        params = {
            "grant_type": "ig_exchange_token",
            "client_secret": self._app_secret,
            "access_token": short,
        }
        body = await self._write("graph", "GET", "/access_token", "lengthen", params=params)
        return Token(access=needed(body, "access_token"), expires_in=seconds(body.get("expires_in")))

    async def refresh(self, access: str) -> Token:
        """60 days more; the token has to be a day old, and good."""
        params = {"grant_type": "ig_refresh_token", "access_token": access}
        body = await self._write("graph", "GET", "/refresh_access_token", "refresh", params=params)
        return Token(
            access=needed(body, "access_token"),
            expires_in=seconds(body.get("expires_in")),
            scopes=words(body.get("permissions")),
        )

    async def me(self, access: str) -> Profile:
        body = await self._read(
            "graph", f"/{self._version}/me", "me", token=access, params={"fields": "user_id,username"}
        )
        return Profile(id=text(body.get("user_id") or body.get("id")), handle=text(body.get("username")))

    async def revoke(self, access: str) -> None:
        """Give the permissions back. Not documented for Instagram Login: Permanent("unsupported") says that a person
        has to do it in Instagram's settings."""
        await self._write("graph", "DELETE", f"/{self._version}/me/permissions", "revoke", token=access)

    def _refusal(self, answer: Answer, body: dict[str, Any], is_write: bool) -> PlatformError | None:
        return meta.refusal_of(answer, body, is_write=is_write)
