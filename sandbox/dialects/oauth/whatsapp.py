"""WhatsApp's embedded sign-up, mounted at /whatsapp: the dialog, and what the Graph tells of a business's numbers.

A business agrees; its token has no end unless it was renewed, which gives it 60 days.
"""

from typing import Any

from .dialect import Asked, Handler, OAuthDialect, Refused
from .provider import Grant, Person, Thing

LONG = 5_184_000.0
MANAGES = "whatsapp_business_management"


class Dialect(OAuthDialect):
    name = "whatsapp"
    title = "WhatsApp Business"
    authorize_path = "/v25.0/dialog/oauth"
    scopes = (MANAGES, "whatsapp_business_messaging")

    def people(self) -> tuple[Person, ...]:
        return (
            Person("102290129340398", "Luna Martel", (Thing("106540352242922", "+33 6 39 98 00 01"),)),
            Person(
                "102290129340399",
                "Agence Nord",
                (Thing("106540352242923", "+33 6 39 98 00 02"), Thing("106540352242924", "+44 7700 900003")),
            ),
            Person("102290129340400", "A business without a number", ()),
        )

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("POST", "/oauth/access_token"): self.token,
            ("GET", "/oauth/access_token"): self.token,
            ("GET", "/debug_token"): self.debug,
            ("POST", "/oauth/revoke"): self.give_back,
            ("GET", "/oauth/revoke"): self.give_back,
        } | {("GET", f"/{person.id}/phone_numbers"): self.numbers for person in self.provider.people}

    def find(self, method: str, path: str) -> Handler | None:
        version, _, rest = path.removeprefix("/").partition("/")
        return super().find(method, f"/{rest}") if version.startswith("v") else None

    def wanted(self, asked: dict[str, str]) -> list[str]:
        """What is asked for stands in the application's configuration."""
        return list(self.scopes) if asked.get("config_id") else []

    def token(self, asked: Asked) -> Any:
        self._known(asked)
        if asked.values.get("grant_type") == "fb_exchange_token":
            row = self.opened(asked.values.get("fb_exchange_token", ""), asked.now)
            self.provider.counts.refreshed += 1
            return self._token(row.person, row.scopes, asked.now + LONG)
        person, scopes = self.take_code(asked)
        return self._token(person, scopes, None)

    def _token(self, person: str, scopes: tuple[str, ...], until: float | None) -> Any:
        row = Grant(person, scopes, f"EAAN{self.provider.word('token')}", until)
        self.provider.grant(row)
        life = {} if until is None else {"expires_in": int(LONG)}
        return {"access_token": row.access, "token_type": "bearer"} | life

    def debug(self, asked: Asked) -> Any:
        if asked.bearer != f"{self.client}|{self.secret}":
            raise self.no_access()
        row = self.provider.by_access(asked.values.get("input_token", ""), asked.now)
        if row is None:
            raise self.no_access()
        granular = [{"scope": scope, "target_ids": [row.person]} for scope in row.scopes]
        return {
            "data": {
                "app_id": self.client,
                "type": "SYSTEM_USER",
                "expires_at": int(row.access_until or 0),
                "is_valid": True,
                "scopes": list(row.scopes),
                "granular_scopes": granular,
            }
        }

    def numbers(self, asked: Asked) -> Any:
        row = self.opened(asked.bearer, asked.now)
        business = asked.path.split("/")[2]
        person = self.provider.person(business)
        if person is None or person.id != row.person or MANAGES not in row.scopes:
            raise _error(403, 200, "You do not have permission to access this business.")
        return {
            "data": [
                {"id": thing.id, "display_phone_number": thing.handle, "verified_name": person.name}
                for thing in person.things
            ]
        }

    def give_back(self, asked: Asked) -> Any:
        self._known(asked)
        self.provider.revoke(self.opened(asked.values.get("revoke_token", ""), asked.now).person)
        return {"success": True}

    def _known(self, asked: Asked) -> None:
        given = (asked.values.get("client_id"), asked.values.get("client_secret"))
        if given != (self.client, self.secret):
            raise _error(400, 101, "Error validating application.")

    def no_grant(self, why: str) -> Refused:
        if why == "refused":
            return self.no_access()
        subcode = 36007 if why == "expired" else 36009
        return _error(400, 100, "This authorization code is not good.", error_subcode=subcode)

    def no_access(self) -> Refused:
        return _error(401, 190, "Error validating access token.")


def _error(status: int, code: int, text: str, **more: int) -> Refused:
    error = {"message": text, "type": "OAuthException", "code": code, "fbtrace_id": "Asandbox"} | more
    return Refused(status, {"error": error})
