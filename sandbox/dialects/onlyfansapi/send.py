"""Owns sending one message: the vendor's rules, the idempotency key, the record of acceptance."""

import asyncio
import hashlib
import math
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from ...http import Json
from ...ledger import Attempts, Sent
from ...world import Account, Fan, Media, Message
from . import banned, idempotency
from .core import MAX_BODY_TEXT, OK, Refused, Reply, Request, invalid, not_found
from .shapes import cancel_seconds, message_object

REPLAYED = ((b"idempotent-replayed", b"true"),)


async def send(request: Request) -> Reply:
    """POST /api/{account}/chats/{chat_id}/messages."""
    store: idempotency.Store = request.sandbox.dialects["onlyfansapi"].store
    key = request.header(b"idempotency-key") if request.sandbox.settings.idempotency else None
    if key is None:
        entry = None
        attempts = Attempts()
    else:
        idempotency.check_key(key)
        entry = store.entry(request.acct.id, key, request.at)
        attempts = entry.attempts
    attempts.times.append(request.at)
    body_hash = idempotency.body_hash_of(request.form())
    if entry is not None:
        idempotency.begin(entry, idempotency.mark_of(body_hash, request.params[1]), request.at)
        if entry.state != "running":
            return _replay(request, entry)
    return await _accept(request, entry, attempts, key, body_hash)


def _replay(request: Request, entry: idempotency.Entry) -> Reply:
    entry.attempts.replays += 1
    request.outcome = "replay"
    if entry.refusal is not None:
        status, body = entry.refusal
        raise Refused(status, body, REPLAYED)
    assert entry.message is not None
    return Reply(fresh(request.acct, entry.message), paged=True, headers=REPLAYED, credits=0)


async def _accept(
    request: Request, entry: idempotency.Entry | None, attempts: Attempts, key: str | None, body_hash: str
) -> Reply:
    try:
        if request.hold or request.delay:
            await asyncio.sleep(request.hold + request.delay / 2)
        fan = request.fan()
        draft = check(request, request.form(), fan)
        message = _place(request, fan, draft, attempts, key, body_hash)
    except Refused as refusal:
        if entry is not None:
            _store_refusal(entry, refusal)
        raise
    except BaseException:
        if entry is not None:
            entry.state = "new"
        raise
    if entry is not None:
        lost = "5xx_unknown_sent" in request.faults
        entry.state, entry.message = ("new", None) if lost else ("done", message)
    reply = Reply(fresh(request.acct, message), paged=True)
    if request.delay:
        await asyncio.sleep(request.delay / 2)
    return reply


def _store_refusal(entry: idempotency.Entry, refusal: Refused) -> None:
    if refusal.status >= 500 or refusal.status in (408, 429):
        entry.state = "new"
    else:
        entry.state, entry.refusal = "refused", (refusal.status, refusal.body)


def fresh(account: Account, message: Message) -> bytes:
    """The message as the answer to its send shows it, whatever has happened to it since."""
    now_state = message.opened, message.liked, message.pinned, message.changed
    message.opened = message.liked = message.pinned = False
    message.changed = message.created
    shape = orjson.dumps(message_object(account, message, message.created, sent_by_me=False))
    message.opened, message.liked, message.pinned, message.changed = now_state
    return shape


# the rules ---------------------------------------------------------------------------------------


def check(request: Request, form: Json, fan: Fan | None) -> Json:
    """The fields of `World.add_message`, or the vendor's 422. Shared with mass messages."""
    if fan is not None and fan.blocked:
        raise Refused(403, {"error": "You cannot send messages to this user."})
    text = form.get("text") or ""
    if not isinstance(text, str) or len(text) > MAX_BODY_TEXT:
        raise invalid(text="The text field must be a string of at most 10000 characters.")
    price = price_of(form.get("price"))
    media = [_media(request, item, "mediaFiles") for item in _listed(form, "mediaFiles")]
    media += _uploaded(request, form)
    previews = _previews(form, media)
    if not text.strip() and not media and not form.get("giphyId"):
        raise invalid(text="The text field is required when media files is not present.")
    if price and not media:
        raise invalid(mediaFiles="The media files field is required when price is not 0.")
    banned.screen(request, text, form.get("blockBannedWords"))
    return {
        "text": text,
        "price": price,
        "media": [item.id for item in media],
        "previews": previews,
        "locked_text": form.get("lockedText") in (True, 1, "1", "true"),
        "giphy_id": str(form["giphyId"]) if form.get("giphyId") else None,
        "reply_to": _integer(form.get("replyToMessageId")),
    }


def price_of(value: Any) -> int:
    """Cents. 0 or 3 to 200 dollars with at most two decimals."""
    if value is None or value == "":
        return 0
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        raise invalid(price="The price field must be a number.") from None
    if isinstance(value, bool) or not price.is_finite():
        raise invalid(price="The price field must be a number.")
    if price != price.quantize(Decimal("0.01")):
        raise invalid(price="The price field must have 0-2 decimal places.")
    if price and not 3 <= price <= 200:
        raise invalid(price="The price field must be 0 or between 3 and 200.")
    return int(price * 100)


def _integer(value: Any) -> int | None:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else None


def _listed(form: Json, name: str) -> list[Any]:
    value = form.get(name)
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise invalid(**{name: f"The {name} field must be an array."})
    return value


def _media(request: Request, item: Any, name: str) -> Media:
    """A fresh upload by its one-use id, or a vault item by number."""
    account = request.acct
    if isinstance(item, str) and item.startswith("ofapi_media_"):
        media = account.uploads.get(item)
        if media is None or media.ready_at > request.at or media.error:
            raise invalid(**{name: f"The media {item} does not exist or is not ready."})
        if media.used:
            raise invalid(**{name: f"The media {item} was already used. Upload the file again."})
        return media
    number = _integer(item)
    media = account.media.get(number) if number is not None else None
    if media is None or not media.in_vault:
        raise invalid(**{name: f"The media {item} does not exist in the vault."})
    return media


def _uploaded(request: Request, form: Json) -> list[Media]:
    files = form.get("_files", {}).get("mediaFiles", [])
    return [request.sandbox.world.add_media(request.acct, "photo", name, vault=True) for name, _ in files]


def _previews(form: Json, media: list[Media]) -> list[int]:
    by_name: dict[str, int] = {}
    for item in media:
        by_name[item.upload_id] = by_name[str(item.id)] = item.id
    wanted = [str(item) for item in _listed(form, "previews")]
    if any(name not in by_name for name in wanted):
        raise invalid(previews="All previews must also exist in the mediaFiles array.")
    return [by_name[name] for name in wanted]


def consume(account: Account, draft: Json) -> None:
    """A fresh upload may be used once; called when nothing can refuse the message any more."""
    for number in draft["media"]:
        account.media[number].used = True


def platform_limit(request: Request) -> None:
    """The optional limit of the platform itself: 429, nothing accepted, nothing stored."""
    sandbox, account = request.sandbox, request.acct
    settings, now = sandbox.settings, sandbox.clock.now()
    if not settings.enforce_limit:
        return
    free_at = sandbox.ledger.free_at(account.id, now, settings.window_seconds, settings.enforce_limit)
    if free_at is not None:
        sandbox.ledger.refuse(account.id)
        headers = ((b"retry-after", b"%d" % max(1, math.ceil(free_at - now))),)
        raise Refused(429, {"error": "Too many messages. Slow down.", "code": "platform_rate_limit"}, headers)


# acceptance --------------------------------------------------------------------------------------


def _place(
    request: Request, fan: Fan, draft: Json, attempts: Attempts, key: str | None, body_hash: str
) -> Message:
    sandbox, account = request.sandbox, request.acct
    platform_limit(request)
    consume(account, draft)
    message = sandbox.world.add_message(account, fan.id, from_creator=True, **draft)
    text_hash = hashlib.sha256(message.text.encode()).hexdigest()
    request.sent = Sent(account.id, fan.id, message.id, key, attempts, body_hash, text_hash, message.created)
    sandbox.ledger.accept(request.sent)
    request.outcome = "accepted"
    request.sandbox.dialects["onlyfansapi"].events.message_sent(account, fan, message)
    return message


def unsend(request: Request) -> Reply:
    """DELETE …/messages/{id}: only one's own, and only while cancelSeconds counts."""
    fan = request.fan()
    message = request.acct.messages.get(request.number(2, "Message"))
    if message is None or message.fan_id != fan.id:
        raise not_found("Message")
    if not message.from_creator:
        raise Refused(403, {"error": "You can only delete your own messages."})
    if cancel_seconds(message, request.at) <= 0:
        raise Refused(400, {"error": "This message can no longer be unsent.", "code": "unsend_expired"})
    world = request.sandbox.world
    world.remove_message(request.acct, message)
    chat = world.chat(request.acct, fan.id)
    chat.messages.remove(message)
    request.sandbox.dialects["onlyfansapi"].events.message_deleted(request.acct, message)
    return Reply(OK)
