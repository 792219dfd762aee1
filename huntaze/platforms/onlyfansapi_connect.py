"""OnlyFansAPI.com's calls for connecting an account: the vendor's own page asks for the password, we never do.

Source of paths and shapes: the vendor's SDK `onlyfans` 0.2.0 and documentation. The vendor also takes passwords and
cookies; there is no function for that here, on purpose.
"""

from dataclasses import dataclass
from typing import Any

from huntaze.kernel.http import Answer, SentNoAnswer
from huntaze.platforms.errors import Transient, Uncertain
from huntaze.platforms.onlyfansapi import OnlyFansApi

_AUTHENTICATE = "/api/authenticate"


@dataclass(frozen=True, slots=True)
class Attempt:
    """How signing in again stands. `state` is the vendor's word; the rest says what it asks for."""

    state: str
    is_success: bool
    needs_code: bool
    phone_ending: str
    error_code: str


class OnlyFansConnect(OnlyFansApi):
    """Raises as OnlyFansApi does; every call that changes something may also raise Uncertain."""

    async def create_client_session(self, *, reference: str, display_name: str) -> str:
        """A token for the vendor's page; `reference` comes back in its webhooks, `display_name` in its list."""
        body = {"display_name": display_name, "client_reference_id": reference}
        answer = await self._write("POST", "/api/client-sessions", "create_client_session", body, None)
        return str(_field(answer, "data", "token"))

    async def disconnect(self, account_id: str) -> None:
        await self._write("DELETE", f"/api/accounts/{account_id}", "disconnect", None, None)

    async def reauthenticate(self, account_id: str) -> str:
        """Start signing an account in again; the id of the attempt, to ask after."""
        path = f"{_AUTHENTICATE}/{account_id}/reauthenticate"
        answer = await self._write("POST", path, "reauthenticate", {}, None)
        return str(_field(answer, "polling_url")).split("?")[0].rstrip("/").rpartition("/")[2]

    async def attempt(self, attempt_id: str) -> Attempt:
        body = await self._read(f"{_AUTHENTICATE}/{attempt_id}", "attempt")
        try:
            last = body.get("lastAttempt") or {}
            return Attempt(
                state=str(body["state"]),
                is_success=last.get("success") is True,
                needs_code=last.get("needs_otp") is True,
                phone_ending=str(last.get("otp_phone_ending") or "")[:8],
                error_code=str(last.get("error_code") or "")[:40],
            )
        except (AttributeError, LookupError, TypeError) as error:
            raise Transient("unreadable") from error

    async def submit_code(self, attempt_id: str, code: str) -> None:
        """Pass on the code that the creator was sent."""
        await self._write("PUT", f"{_AUTHENTICATE}/{attempt_id}", "submit_code", {"code": code}, None)

    async def confirm_face(self, attempt_id: str) -> None:
        """The creator says that they showed their face."""
        body = {"selfie_verification_completed": True}
        await self._write("PUT", f"{_AUTHENTICATE}/{attempt_id}", "confirm_face", body, None)

    async def mail_face_link(self, attempt_id: str) -> None:
        """The vendor mails the creator a link for the face check."""
        path = f"{_AUTHENTICATE}/{attempt_id}/send-email-to-creator"
        await self._write("POST", path, "mail_face_link", {}, None)


def _field(answer: Answer, *path: str) -> Any:
    """A field that has to be there; the call was accepted, so an answer without it is Uncertain."""
    try:
        value = answer.json()
        for name in path:
            value = value[name]
    except (LookupError, TypeError, SentNoAnswer) as error:
        raise Uncertain("unreadable") from error
    if not isinstance(value, str) or not value:
        raise Uncertain("unreadable")
    return value
