"""WhatsApp's embedded sign-up: the consent page, the business's system-user token, and the numbers it opens.

The token has no end unless the sign-up says so; then it is good for 60 days and renews itself.
"""

from typing import Any
from urllib.parse import urlencode

from huntaze.kernel.http import Answer
from huntaze.platforms import meta
from huntaze.platforms.errors import PlatformError, Transient
from huntaze.platforms.oauth import OAuthClient, Profile, Token, needed, seconds, text, words

MANAGES = "whatsapp_business_management"
#: Businesses that one token may open; each is one call.
MOST_BUSINESSES = 10


class WhatsApp(OAuthClient):
    vendor = "whatsapp"

    def __init__(
        self,
        *,
        auth_url: str,
        graph_url: str,
        version: str,
        app_id: str,
        app_secret: str,
        config_id: str,
        timeout: float = 15.0,
    ) -> None:
        super().__init__(timeout=timeout, graph=graph_url)
        self._auth_url, self._version, self._config_id = auth_url.rstrip("/"), version, config_id
        self._app_id, self._app_secret = app_id, app_secret

    def authorize_url(self, *, redirect_uri: str, state: str) -> str:
        """The page of the sign-up; what is asked for stands in the operator's configuration at Meta, which takes the
        place of scopes."""
        asked = {
            "client_id": self._app_id,
            "config_id": self._config_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "override_default_response_type": "true",
            "state": state,
        }
        return f"{self._auth_url}/{self._version}/dialog/oauth?{urlencode(asked)}"

    async def exchange(self, *, code: str, redirect_uri: str) -> Token:
        form = {
            "client_id": self._app_id,
            "client_secret": self._app_secret,
            "redirect_uri": redirect_uri,
            "code": code,
        }
        return await self._token("exchange", form)

    async def refresh(self, access: str) -> Token:
        """60 days more for a token that has an end."""
        form = {
            "grant_type": "fb_exchange_token",
            "client_id": self._app_id,
            "client_secret": self._app_secret,
            "set_token_expires_in_60_days": "true",
            "fb_exchange_token": access,
        }
        return await self._token("refresh", form)

    async def granted(self, access: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The scopes of a token, and the businesses (WABA ids) that it manages."""
        own = f"{self._app_id}|{self._app_secret}"
        params = {"input_token": access}
        body = await self._read("graph", f"/{self._version}/debug_token", "granted", token=own, params=params)
        try:
            data = body["data"]
            scopes = words(data.get("scopes")) or ()
            rows = [row for row in data.get("granular_scopes") or () if row["scope"] == MANAGES]
            places = [text(place) for row in rows for place in row.get("target_ids") or ()]
        except (AttributeError, LookupError, TypeError) as error:
            raise Transient("unreadable") from error
        known = dict.fromkeys(place for place in places if place.isdigit())  # they go into addresses
        return scopes, tuple(known)[:MOST_BUSINESSES]

    async def numbers(self, access: str, business: str) -> list[Profile]:
        """The phone numbers of a business; at most 25."""
        params = {"fields": "id,display_phone_number,verified_name", "limit": "25"}
        path = f"/{self._version}/{business}/phone_numbers"
        body = await self._read("graph", path, "numbers", token=access, params=params)
        rows = body.get("data")
        if not isinstance(rows, list):
            raise Transient("unreadable")
        found = [row for row in rows if isinstance(row, dict) and text(row.get("id"))]
        return [
            Profile(id=text(row["id"]), handle=text(row.get("display_phone_number")), parent=business)
            for row in found
        ]

    async def revoke(self, access: str) -> None:
        form = {"client_id": self._app_id, "client_secret": self._app_secret, "revoke_token": access}
        await self._write(
            "graph", "POST", f"/{self._version}/oauth/revoke", "revoke", token=access, form=form
        )

    async def _token(self, operation: str, form: dict[str, str]) -> Token:
        path = f"/{self._version}/oauth/access_token"
        body = await self._write("graph", "POST", path, operation, form=form)
        return Token(access=needed(body, "access_token"), expires_in=seconds(body.get("expires_in")))

    def _refusal(self, answer: Answer, body: dict[str, Any], is_write: bool) -> PlatformError | None:
        return meta.refusal_of(answer, body, is_write=is_write)
