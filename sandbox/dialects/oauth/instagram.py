"""Instagram with Instagram Login, mounted at /instagram: /www the consent page, /api the code, /graph the rest.

A code gives a token of an hour; that gives one of 60 days, which renews itself while it is good.
"""

from typing import Any

from ...names import CREATORS
from .dialect import Asked, Handler, OAuthDialect, Refused
from .provider import Grant, Person, Thing

SHORT, LONG = 3600.0, 5_184_000.0


class Dialect(OAuthDialect):
    name = "instagram"
    title = "Instagram"
    authorize_path = "/www/oauth/authorize"
    scopes = (
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_insights",
        "instagram_business_manage_comments",
    )

    def people(self) -> tuple[Person, ...]:
        return tuple(
            Person(f"1784140{place}0000{place}", name, (Thing(f"1784140{place}0000{place}", f"{handle}.ig"),))
            for place, (name, handle) in enumerate(CREATORS[:3], 1)
        )

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("POST", "/api/oauth/access_token"): self.exchange,
            ("GET", "/graph/access_token"): self.lengthen,
            ("GET", "/graph/refresh_access_token"): self.refresh,
        }

    def find(self, method: str, path: str) -> Handler | None:
        """Versions of the Graph stand in the path."""
        parts = path.split("/")
        if len(parts) > 3 and parts[1] == "graph" and parts[2].startswith("v"):
            rest = "/".join(parts[3:])
            return {("GET", "me"): self.me, ("DELETE", "me/permissions"): self.give_back}.get((method, rest))
        return super().find(method, path)

    def exchange(self, asked: Asked) -> Any:
        self._known(asked)
        person, scopes = self.take_code(asked)
        row = self.provider.grant(
            Grant(person, scopes, f"IGS{self.provider.word('short')}", asked.now + SHORT, is_short=True)
        )
        return {"access_token": row.access, "user_id": int(person), "permissions": list(scopes)}

    def lengthen(self, asked: Asked) -> Any:
        if asked.values.get("client_secret") != self.secret:
            raise _error(400, 101, "Error validating application.")
        return self._long(self.opened(asked.values.get("access_token", ""), asked.now), asked.now)

    def refresh(self, asked: Asked) -> Any:
        row = self.opened(asked.values.get("access_token", ""), asked.now)
        if row.is_short:
            raise _error(400, 100, "Only long-lived tokens can be refreshed.")
        self.provider.counts.refreshed += 1
        return self._long(row, asked.now) | {"permissions": ",".join(row.scopes)}

    def _long(self, row: Grant, now: float) -> Any:
        new = Grant(row.person, row.scopes, f"IGL{self.provider.word('long')}", now + LONG)
        self.provider.grant(new)
        return {"access_token": new.access, "token_type": "bearer", "expires_in": int(LONG)}

    def me(self, asked: Asked) -> Any:
        row = self.opened(asked.bearer, asked.now)
        if "instagram_business_basic" not in row.scopes:
            raise _error(400, 10, "Application does not have permission for this action.")
        person = self.provider.person(row.person)
        assert person is not None
        return {"user_id": person.id, "username": person.things[0].handle, "id": f"9{person.id}"}

    def give_back(self, asked: Asked) -> Any:
        self.provider.revoke(self.opened(asked.bearer, asked.now).person)
        return {"success": True}

    def _known(self, asked: Asked) -> None:
        given = (asked.values.get("client_id"), asked.values.get("client_secret"))
        if given != (self.client, self.secret):
            raise _login_error("Error validating client secret.")

    def no_grant(self, why: str) -> Refused:
        if why == "refused":
            return _error(400, 190, "Error validating access token.")
        texts = {
            "used": "This authorization code has been used",
            "expired": "This authorization code has expired",
        }
        return _login_error(texts.get(why, "Error validating verification code"))

    def no_access(self) -> Refused:
        return _error(400, 190, "Error validating access token.")


def _login_error(text: str) -> Refused:
    return Refused(400, {"error_type": "OAuthException", "code": 400, "error_message": text})


def _error(status: int, code: int, text: str) -> Refused:
    error = {"message": text, "type": "OAuthException", "code": code, "fbtrace_id": "Asandbox"}
    return Refused(status, {"error": error})
