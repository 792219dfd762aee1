"""Client of OnlyFansAPI.com: base URL, auth, envelope, error map and typed results of the calls we make.

Source of paths and shapes: the vendor's SDK `onlyfans` 0.2.0 and documentation. There is no function that takes a
password or a cookie, on purpose.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

from huntaze.kernel.http import Answer, HttpClient, NotSent, SentNoAnswer, Timeouts
from huntaze.platforms.errors import Permanent, Transient, Uncertain
from huntaze.platforms.sandbox import names_made_up

VENDOR = "onlyfansapi"
MOST_PAGES = 1000
#: Seconds; a longer `Retry-After` is asked again after this.
LONGEST_WAIT = 3600.0
#: Codes of a 503 by which the vendor says that the account's own session is the trouble: nothing reached OnlyFans.
SESSION_CODES = frozenset(
    {
        "session_expired",
        "reauthenticating",
        "needs_otp",
        "needs_face_otp",
        "otp_code_required",
        "face_otp_required",
    }
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """A connected account; ids are text."""

    id: str
    display_name: str
    is_authenticated: bool
    onlyfans_id: str
    username: str
    progress: str = ""


@dataclass(frozen=True, slots=True)
class FanProfile:
    """A fan as the platform shows them."""

    id: str
    name: str
    username: str
    can_receive: bool


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message of a chat; `price` in dollars."""

    id: str
    text: str
    price: Decimal
    media_count: int
    is_sent_by_me: bool
    created_at: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the platform accepted; `was_replayed` when the key had been used before."""

    id: str
    was_replayed: bool


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registration at the vendor."""

    id: str
    url: str
    events: tuple[str, ...]
    is_enabled: bool


class OnlyFansApi:
    """Use as an async context manager inside one event loop. Every method raises Transient or Permanent, and
    `send_message` and `unsend` also Uncertain."""

    def __init__(self, base_url: str, api_key: str, *, timeout: float = 30.0, connections: int = 200) -> None:
        self._http = HttpClient(
            base_url,
            vendor=VENDOR,
            headers={"Authorization": f"Bearer {api_key}", "Accept": "application/json"},
            timeouts=Timeouts(total=timeout),
            connections=connections,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    # --- reads

    async def whoami(self) -> str:
        """The slug of the team that our key belongs to."""
        return _readable(_team_slug, await self._read("/api/whoami", "whoami"))

    async def accounts(self) -> list[Account]:
        return _readable(_listed(_account), await self._read("/api/accounts", "accounts"))

    async def fans(self, account_id: str) -> AsyncIterator[FanProfile]:
        """Every active fan, 20 a page."""
        for page in range(MOST_PAGES):
            params: dict[str, str | int] = {"limit": 20, "offset": page * 20}
            answer = await self._read(f"/api/{account_id}/fans/active", "fans", params)
            fans, has_more = _readable(_fan_page, answer)
            for fan in fans:
                yield fan
            if not has_more:
                return

    async def messages(self, account_id: str, chat_id: str, *, limit: int = 20) -> list[ChatMessage]:
        """The newest messages of a chat. Reading may mark the chat as read on the platform."""
        path = f"/api/{account_id}/chats/{chat_id}/messages"
        answer = await self._read(path, "messages", {"limit": limit, "order": "desc"})
        return _readable(_listed(_message), answer)

    async def webhooks(self) -> list[Webhook]:
        return _readable(_listed(_webhook), await self._read("/api/webhooks", "webhooks"))

    # --- writes

    async def send_message(
        self,
        account_id: str,
        chat_id: str,
        *,
        text: str,
        price: Decimal,
        media_ids: Sequence[str],
        is_locked_text: bool,
        idempotency_key: str,
    ) -> Sent:
        """Send one message; `text` is HTML already. The same key gives the same message for 24 hours."""
        body: dict[str, Any] = {"text": text, "blockBannedWords": "strict_ban"}
        if media_ids:
            body["mediaFiles"] = list(media_ids)
        if price:
            body["price"] = _json_number(price)
            body["lockedText"] = is_locked_text
        path = f"/api/{account_id}/chats/{chat_id}/messages"
        answer = await self._write("POST", path, "send_message", body, idempotency_key)
        return Sent(_written(_message_id, answer), answer.headers.get("idempotent-replayed") == "true")

    async def unsend(self, account_id: str, chat_id: str, message_id: str) -> None:
        path = f"/api/{account_id}/chats/{chat_id}/messages/{message_id}"
        await self._write("DELETE", path, "unsend", None, None)

    async def create_webhook(self, *, url: str, events: Sequence[str], secret: str) -> Webhook:
        body = {
            "endpoint_url": url,
            "events": list(events),
            "account_scope": "global",
            "signing_secret": secret,
        }
        return _written(_webhook, await self._write("POST", "/api/webhooks", "create_webhook", body, None))

    async def update_webhook(
        self, webhook_id: str, *, url: str, events: Sequence[str], secret: str
    ) -> Webhook:
        body = {
            "endpoint_url": url,
            "events": list(events),
            "account_scope": "global",
            "signing_secret": secret,
            "enabled": True,
        }
        answer = await self._write("PUT", f"/api/webhooks/{webhook_id}", "update_webhook", body, None)
        return _written(_webhook, answer)

    # --- how a call ends

    async def _read(self, path: str, operation: str, params: Mapping[str, str | int] | None = None) -> Any:
        _refuse_made_up(path)
        try:
            answer = await self._http.request("GET", path, operation=operation, params=params)
            if answer.status < 300:
                return answer.json()
        except NotSent as error:
            raise Transient(error.code, is_on_wire=False) from error
        except SentNoAnswer as error:
            raise Transient(error.code) from error
        raise error_of(answer, is_write=False)

    async def _write(
        self, method: str, path: str, operation: str, body: dict[str, Any] | None, key: str | None
    ) -> Answer:
        _refuse_made_up(path)
        try:
            answer = await self._http.request(
                method, path, operation=operation, json=body, idempotency_key=key
            )
        except NotSent as error:
            raise Transient(error.code, is_on_wire=False) from error
        except SentNoAnswer as error:
            raise Uncertain(error.code) from error
        if answer.status < 300:
            return answer
        raise error_of(answer, is_write=True)


def _refuse_made_up(path: str) -> None:
    """Nothing about an account that a demo made up goes on the wire, wherever the vendor's address points."""
    if names_made_up(path):
        raise Permanent("made_up")


def _readable(parse: Callable[[Any], T], body: Any) -> T:
    """What `parse` makes of a read answer; an outline that is not the vendor's is Transient, like no answer."""
    try:
        return parse(body)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Transient("unreadable") from error


def _written(parse: Callable[[Any], T], answer: Answer) -> T:
    """What `parse` makes of the `data` of a written answer; it was accepted, so what can't be read is Uncertain."""
    try:
        return _readable(parse, answer.json()["data"])
    except (LookupError, TypeError, SentNoAnswer, Transient) as error:
        raise Uncertain("unreadable") from error


def error_of(answer: Answer, *, is_write: bool) -> Transient | Permanent | Uncertain:
    """The vendor's error table: decided on status and `code`, never on wording."""
    body = _body(answer)
    code = str(body.get("code") or "")
    status = answer.status
    if status == 401:
        return Permanent("team_key")
    if status == 404:
        return Permanent("account_gone" if code == "account_not_found" else "not_found")
    if status == 409 and code == "IDEMPOTENCY_CONFLICT":
        return Transient("still_running", retry_after=10.0)
    if "credit" in code.lower():
        return Permanent("credits")
    if status == 429:
        code = "team_rate_limited" if _is_minute_used_up(body) else "rate_limited"
        return Transient(code, retry_after=retry_after(answer) or 30.0)
    if status == 422:
        return _refusal(body, code)
    if status >= 500 or status == 408:
        return _server_error(status, body, is_write)
    if status == 403:
        return Permanent("forbidden")
    return Permanent("bug" if code.startswith("IDEMPOTENCY_") else "refused", status=status)


def _is_minute_used_up(body: dict[str, Any]) -> bool:
    """Whether the envelope says that our team's minute is used up, so that every account would be refused.

    The vendor publishes limits of the team only, and no error body; a refusal that does not say so may as well be the
    platform's own, which is about one account.
    """
    meta = body.get("_meta")
    limits = meta.get("_rate_limits") if isinstance(meta, dict) else None
    return isinstance(limits, dict) and limits.get("remaining_minute") in (0, "0")


def _refusal(body: dict[str, Any], code: str) -> Permanent:
    if code.startswith("IDEMPOTENCY_"):
        return Permanent("bug")
    words = body.get("banned_words") or body.get("bannedWords") or body.get("words")
    if isinstance(words, list) and words:
        return Permanent("banned_words", words=[str(word) for word in words])
    errors = body.get("errors")
    return Permanent("invalid", fields=sorted(errors) if isinstance(errors, dict) else [])


def _server_error(status: int, body: dict[str, Any], is_write: bool) -> Transient | Uncertain:
    if body.get("request_outcome") == "not_sent":
        return Transient("not_sent")
    if status == 503 and body.get("code") in SESSION_CODES and "request_outcome" not in body:
        return Transient("reauthenticating", retry_after=60.0)
    return Uncertain("outcome_unknown") if is_write else Transient("server_error")


def _body(answer: Answer) -> dict[str, Any]:
    try:
        body = answer.json()
    except SentNoAnswer:
        return {}
    return body if isinstance(body, dict) else {}


def retry_after(answer: Answer) -> float | None:
    """Seconds of a `Retry-After` header, at most LONGEST_WAIT; None when it is missing or not a whole number."""
    text = answer.headers.get("retry-after", "")
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdigit() else None


def signature_is_valid(body: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """HMAC-SHA256 of the raw body in hex, under any of the secrets in force; constant time."""
    if not signature or not signature.isascii():
        return False
    digests = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets]
    return any([hmac.compare_digest(digest, signature.lower()) for digest in digests])  # noqa: C419 (no early end)


def is_single_use(media_id: str) -> bool:
    """Whether it names a fresh upload, which the vendor sends once; ids of the vault can be sent again."""
    return media_id.startswith("ofapi_media_")


def _json_number(price: Decimal) -> int | float:
    """The vendor takes a JSON number; two decimals survive the trip through a double unchanged."""
    return int(price) if price == price.to_integral_value() else float(price)


def _id(value: Any) -> str:
    """An id as text. Raises TypeError for anything but a whole number or a text that is not empty."""
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise TypeError("not an id")
    return str(value)


def _listed(parse: Callable[[Any], T]) -> Callable[[Any], list[T]]:
    """A parser of lists: bare, under `data`, or under `data.list`. A list that is missing is not an empty one."""

    def parse_rows(body: Any) -> list[T]:
        rows = body["data"] if isinstance(body, dict) else body
        if isinstance(rows, dict):
            rows = rows["list"]
        if not isinstance(rows, list):
            raise TypeError("not a list")
        return [parse(row) for row in rows]

    return parse_rows


def _team_slug(body: Any) -> str:
    return str((body.get("team") or {}).get("slug") or "")


def _account(row: Any) -> Account:
    return Account(
        id=_id(row["id"]),
        display_name=str(row.get("display_name") or ""),
        is_authenticated=bool(row.get("is_authenticated")),
        onlyfans_id=str(row.get("onlyfans_id") or ""),
        username=str(row.get("onlyfans_username") or ""),
        progress=str(row.get("authentication_progress") or ""),
    )


def _fan_page(body: Any) -> tuple[list[FanProfile], bool]:
    return _listed(_fan)(body), bool(body["data"].get("hasMore"))


def _fan(row: Any) -> FanProfile:
    return FanProfile(
        id=_id(row["id"]),
        name=str(row.get("displayName") or row.get("name") or ""),
        username=str(row.get("username") or ""),
        can_receive=bool(row.get("canReceiveChatMessage", True)),
    )


def _message_id(row: Any) -> str:
    return _id(row["id"])


def _message(row: Any) -> ChatMessage:
    return ChatMessage(
        id=_id(row["id"]),
        text=str(row.get("text") or ""),
        price=Decimal(str(row.get("price") or 0)),
        media_count=int(row.get("mediaCount") or 0),
        is_sent_by_me=bool(row.get("isSentByMe")),
        created_at=str(row.get("createdAt") or ""),
    )


def _webhook(row: Any) -> Webhook:
    return Webhook(
        id=_id(row["id"]),
        url=str(row.get("url") or row.get("endpoint_url") or ""),
        events=tuple(row.get("events") or ()),
        is_enabled=bool(row.get("enabled", True)),
    )
