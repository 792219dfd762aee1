"""TikTok's Login Kit: the consent page, tokens that rotate, and whose they are.

An access token lives a day, a refresh token a year; each refresh gives a new refresh token, and the old one may be
dead from then on.
"""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

from huntaze.kernel.http import Answer
from huntaze.platforms.errors import Permanent, PlatformError, Transient
from huntaze.platforms.oauth import (
    OUR_CLIENT,
    RECONNECT,
    OAuthClient,
    Profile,
    Token,
    needed,
    of_status,
    seconds,
    text,
    unknown,
    words,
)

_REFUSALS = {
    "invalid_grant": RECONNECT,
    "access_token_invalid": RECONNECT,
    "invalid_client": OUR_CLIENT,
    "unauthorized_client": OUR_CLIENT,
    "scope_not_authorized": "permission",
    "invalid_request": "refused",
    "invalid_param": "refused",
}


class TikTok(OAuthClient):
    vendor = "tiktok"

    def __init__(
        self, *, auth_url: str, api_url: str, client_key: str, client_secret: str, timeout: float = 15.0
    ) -> None:
        super().__init__(timeout=timeout, api=api_url)
        self._auth_url = auth_url.rstrip("/")
        self._key, self._secret = client_key, client_secret

    def authorize_url(self, *, redirect_uri: str, state: str, scopes: tuple[str, ...], verifier: str) -> str:
        asked = {
            "client_key": self._key,
            "scope": ",".join(scopes),
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        return f"{self._auth_url}/v2/auth/authorize/?{urlencode(asked)}"

    async def exchange(self, *, code: str, redirect_uri: str, verifier: str) -> Token:
        return await self._token(
            "exchange",
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=verifier,
        )

    async def refresh(self, refresh: str) -> Token:
        """The returned refresh token takes the place of the one that was sent."""
        return await self._token("refresh", grant_type="refresh_token", refresh_token=refresh)

    async def me(self, access: str) -> Profile:
        params = {"fields": "open_id,display_name"}
        body = await self._read("api", "/v2/user/info/", "me", token=access, params=params)
        try:
            user = body["data"]["user"]
            return Profile(id=text(user["open_id"]), handle=text(user.get("display_name")))
        except (AttributeError, LookupError, TypeError) as error:
            raise Transient("unreadable") from error

    async def revoke(self, access: str) -> None:
        form = {"client_key": self._key, "client_secret": self._secret, "token": access}
        await self._write("api", "POST", "/v2/oauth/revoke/", "revoke", form=form)

    async def _token(self, operation: str, **form: str) -> Token:
        form = {"client_key": self._key, "client_secret": self._secret, **form}
        body = await self._write("api", "POST", "/v2/oauth/token/", operation, form=form)
        return Token(
            access=needed(body, "access_token"),
            refresh=needed(body, "refresh_token"),
            expires_in=seconds(body.get("expires_in")),
            scopes=words(body.get("scope")),
            subject=text(body.get("open_id")),
        )

    def _refusal(self, answer: Answer, body: dict[str, Any], is_write: bool) -> PlatformError | None:
        """Login answers `{"error": "invalid_grant"}`, with 200 at times; everything else `{"error": {"code"}}`."""
        error = body.get("error")
        code = text(error.get("code") if isinstance(error, dict) else error)
        if answer.status < 300 and code in {"", "ok"}:
            return None
        if code == "rate_limit_exceeded" or answer.status == 429:
            return Transient("rate_limited", retry_after=60.0)
        if code in _REFUSALS:
            return Permanent(_REFUSALS[code])
        if code in {"internal_error", "server_error", "temporarily_unavailable"}:
            return unknown("server_error", is_write)
        return of_status(answer, is_write) if answer.status >= 300 else Permanent("refused")


def challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
