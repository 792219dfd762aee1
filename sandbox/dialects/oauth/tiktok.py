"""TikTok's Login Kit, mounted at /tiktok: /www the consent page, /open the calls.

A refresh gives new tokens. The refresh token that it was given is dead at once, or, with the setting `rotationGrace`,
from the moment when the new access token is used or another pair is drawn from the old one.
"""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from ...names import CREATORS
from .dialect import Asked, Handler, OAuthDialect, Refused
from .provider import Grant, Person, Thing

ACCESS, REFRESH = 86_400, 31_536_000


class Dialect(OAuthDialect):
    name = "tiktok"
    title = "TikTok"
    authorize_path = "/www/v2/auth/authorize/"
    client_field = "client_key"
    scopes = ("user.info.basic", "user.info.stats", "video.list", "video.upload", "video.publish")

    def people(self) -> tuple[Person, ...]:
        return tuple(
            Person(f"-000open{place}", name, (Thing(f"-000open{place}", f"{name} on TikTok"),))
            for place, (name, _) in enumerate(CREATORS[:3], 1)
        )

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("POST", "/open/v2/oauth/token/"): self.token,
            ("POST", "/open/v2/oauth/revoke/"): self.give_back,
            ("GET", "/open/v2/user/info/"): self.user_info,
        }

    def token(self, asked: Asked) -> Any:
        self._known(asked)
        kind = asked.values.get("grant_type")
        if kind == "authorization_code":
            person, scopes = self.take_code(asked)
            return self._pair(person, scopes, "", asked.now)
        if kind != "refresh_token":
            raise _login_error(400, "invalid_request", "The grant type is unknown.")
        return self._refreshed(asked)

    def _refreshed(self, asked: Asked) -> Any:
        old = asked.values.get("refresh_token", "")
        row = self.provider.by_refresh(old)
        if row is None:
            raise self.no_grant("refresh")
        self.provider.counts.refreshed += 1
        for sibling in [grant for grant in self.provider.grants if grant.parent == old]:
            sibling.is_revoked = True
        if not self.sandbox.settings.rotation_grace:
            self.provider.replaced.add(old)
            row.is_revoked = True
        return self._pair(row.person, row.scopes, old, asked.now)

    def _pair(self, person: str, scopes: tuple[str, ...], parent: str, now: float) -> Any:
        access, refresh = f"act.{self.provider.word('access')}", f"rft.{self.provider.word('refresh')}"
        self.provider.grant(Grant(person, scopes, access, now + ACCESS, refresh, parent))
        return {
            "open_id": person,
            "scope": ",".join(scopes),
            "access_token": access,
            "expires_in": ACCESS,
            "refresh_token": refresh,
            "refresh_expires_in": REFRESH,
            "token_type": "Bearer",
        }

    def give_back(self, asked: Asked) -> Any:
        self._known(asked)
        self.provider.revoke(self.opened(asked.values.get("token", ""), asked.now).person)
        return {}

    def user_info(self, asked: Asked) -> Any:
        row = self.opened(asked.bearer, asked.now)
        if "user.info.basic" not in row.scopes:
            raise _error(401, "scope_not_authorized")
        person = self.provider.person(row.person)
        assert person is not None
        user = {"open_id": person.id, "display_name": person.things[0].handle}
        return {"data": {"user": user}, "error": {"code": "ok", "message": "", "log_id": "sandbox"}}

    def proves(self, challenge: str, verifier: str) -> bool:
        found = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return not challenge or challenge == found

    def _known(self, asked: Asked) -> None:
        given = (asked.values.get("client_key"), asked.values.get("client_secret"))
        if given != (self.client, self.secret):
            raise _login_error(401, "invalid_client", "Client key or secret is incorrect.")

    def no_grant(self, why: str) -> Refused:
        return _login_error(400, "invalid_grant", f"The grant is not valid: {why}.")

    def no_access(self) -> Refused:
        return _error(401, "access_token_invalid")


def _login_error(status: int, code: str, text: str) -> Refused:
    return Refused(status, {"error": code, "error_description": text, "log_id": "sandbox"})


def _error(status: int, code: str) -> Refused:
    error = {"code": code, "message": "Refused by the sandbox.", "log_id": "sandbox"}
    return Refused(status, {"data": {}, "error": error})
