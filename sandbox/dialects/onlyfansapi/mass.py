"""Owns the platform's own mass messages: recipients, schedule, delivery, cancel and unsend.

A mass message counts as one arrival on the account's window, whoever receives it.
"""

import asyncio
from typing import TYPE_CHECKING

from ...clock import iso, parse_time
from ...http import Json
from ...state import Sandbox
from ...world import DAY, Account, Fan
from .core import Refused, Reply, Request, invalid, not_found
from .lists import members_of
from .send import check, consume, platform_limit
from .shapes import media_in_message

if TYPE_CHECKING:
    from .events import Events

UNSEND_SECONDS = 86_400
SEND_AFTER = 0.2
FIRST_ID = 500_000_000


def create(request: Request) -> Reply:
    """POST …/mass-messaging: sent at once, or at scheduledDate."""
    form = request.form()
    if not str(form.get("text") or "").strip():
        raise invalid(text="The text field is required.")
    due = _due(request, form)
    fans = _recipients(request, form)
    draft = check(request, form, None)
    platform_limit(request)
    consume(request.acct, draft)
    number = FIRST_ID + request.acct.index * 10_000 + request.acct.count("mass")
    row: Json = {
        "id": number,
        "created": request.at,
        "due": due,
        "draft": draft,
        "fans": fans,
        "messages": [],
        "done": False,
        "canceled": False,
        "saved": bool(form.get("saveForLater")),
        "lists": [str(item) for item in form.get("userLists") or []],
    }
    request.acct.mass[number] = row
    request.sandbox.ledger.count(request.acct.id, max(due, request.at))
    _wake(request.sandbox, request.acct, row)
    return Reply(shape(row, request.at))


def _due(request: Request, form: Json) -> float:
    text = form.get("scheduledDate")
    if form.get("subscribedWithinLastDays") and (text or form.get("saveForLater")):
        raise invalid(subscribedWithinLastDays="Cannot be combined with scheduledDate or saveForLater.")
    if not text:
        return request.at + SEND_AFTER
    due = parse_time(str(text))
    if due is None or due <= request.at:
        raise invalid(scheduledDate="The scheduled date field must be a date after now.")
    return due


def _recipients(request: Request, form: Json) -> list[int]:
    """Ids in the lists or named, less those in the excluded lists; blocked fans never."""
    world, account = request.sandbox.world, request.acct
    wanted = [number for word in form.get("userLists") or [] for number in members_of(request, str(word))]
    for item in form.get("userIds") or []:
        fan = world.fan(account, int(item)) if str(item).isdigit() else None
        if fan is None:
            raise invalid(userIds=f"User {item} not found.")
        wanted.append(fan.id)
    if not form.get("userLists") and not form.get("userIds"):
        raise invalid(userLists="The user lists field is required when user ids is not present.")
    without = {
        number for word in form.get("excludedLists") or [] for number in members_of(request, str(word))
    }
    days = form.get("subscribedWithinLastDays")
    since = request.at - float(days) * DAY if days else 0.0
    found = (world.fan(account, number) for number in dict.fromkeys(wanted) if number not in without)
    return [fan.id for fan in found if fan and not fan.blocked and fan.subscribed_at >= since]


# delivery ----------------------------------------------------------------------------------------


def _wake(sandbox: Sandbox, account: Account, row: Json) -> None:
    """A timer for the real clock; with a frozen one the next look at the list delivers what is due."""
    if row["saved"]:
        return
    world = sandbox.world

    def fire() -> None:
        if sandbox.world is world and account.id in world.accounts:
            settle(sandbox, account)

    delay = max(0.01, row["due"] - sandbox.clock.now() + 0.01)
    asyncio.get_running_loop().call_later(min(delay, 86_400 * 20), fire)


def settle(sandbox: Sandbox, account: Account) -> None:
    """Delivers every mass message of the account that is due."""
    now = sandbox.clock.now()
    for row in account.mass.values():
        if not (row["done"] or row["canceled"] or row["saved"]) and row["due"] <= now:
            _deliver(sandbox, account, row)


def _deliver(sandbox: Sandbox, account: Account, row: Json) -> None:
    events: Events = sandbox.dialects["onlyfansapi"].events
    events.queue(account, shape(row, sandbox.clock.now()), finished=False)
    for number in row["fans"]:
        fan: Fan | None = sandbox.world.fan(account, number)
        if fan is not None:
            message = sandbox.world.add_message(
                account, fan.id, from_creator=True, queue_id=row["id"], **row["draft"]
            )
            row["messages"].append(message.id)
            events.message_sent(account, fan, message)
    row["done"] = True
    events.queue(account, shape(row, sandbox.clock.now()), finished=True)


# shapes ------------------------------------------------------------------------------------------


def shape(row: Json, now: float) -> Json:
    """What create, list, edit and the chat_queue webhooks share."""
    left = max(0, UNSEND_SECONDS - int(now - row["due"])) if row["done"] else UNSEND_SECONDS
    return {
        "id": row["id"],
        "date": iso(row["due"]),
        "isReady": True,
        "isDone": row["done"],
        "total": len(row["fans"]),
        "pending": 0 if row["done"] or row["canceled"] else len(row["fans"]),
        "canUnsend": left > 0 and not row["canceled"],
        "unsendSeconds": left,
        "hasError": False,
        "isCanceled": row["canceled"],
        "isCouplePeopleMedia": False,
    }


def _queue(row: Json, account: Account, now: float) -> Json:
    base = shape(row, now)
    kinds = {account.media[number].type for number in row["draft"]["media"]}
    return {
        "id": row["id"],
        "date": base["date"],
        "text": row["draft"]["text"],
        "textCropped": row["draft"]["text"][:50],
        "isFree": row["draft"]["price"] == 0,
        "mediaTypes": ",".join(sorted(kinds)) or None,
        "sentCount": len(row["messages"]),
        "viewedCount": _viewed(row, account),
        "canUnsend": base["canUnsend"],
        "unsendSeconds": base["unsendSeconds"],
        "hasError": False,
        "isCanceled": row["canceled"],
        "giphyId": row["draft"]["giphy_id"],
        "releaseForms": [],
    }


def _viewed(row: Json, account: Account) -> int:
    """Recipients who wrote after it came; there is no other sign of reading here."""
    chats = (
        (account.chats.get(number), sent) for number, sent in zip(row["fans"], row["messages"], strict=False)
    )
    return sum(bool(chat and chat.messages and chat.messages[-1].id > sent) for chat, sent in chats)


def _item(row: Json, account: Account, now: float) -> Json:
    base = _queue(row, account, now)
    media = [media_in_message(account, number, False) for number in row["draft"]["media"]]
    return {
        "id": row["id"],
        "responseType": "message",
        "date": base["date"],
        "text": row["draft"]["text"],
        "rawText": row["draft"]["text"],
        "isFree": base["isFree"],
        "giphyId": base["giphyId"],
        "isCanceled": base["isCanceled"],
        "canUnsend": base["canUnsend"],
        "unsendSeconds": base["unsendSeconds"],
        "isMediaReady": True,
        "isReportedByMe": False,
        "isTip": False,
        "media": media,
        "mediaCount": len(media),
        "previews": row["draft"]["previews"],
        "sentCount": base["sentCount"],
        "viewedCount": base["viewedCount"],
    }


# the other operations ----------------------------------------------------------------------------


def _find(request: Request) -> Json:
    settle(request.sandbox, request.acct)
    row = request.acct.mass.get(request.number(1, "Mass message"))
    if row is None:
        raise not_found("Mass message")
    return row


def listing(request: Request) -> Reply:
    settle(request.sandbox, request.acct)
    return Reply([shape(row, request.at) for row in reversed(request.acct.mass.values())])


def retrieve(request: Request) -> Reply:
    return Reply({"success": True, "queue": _queue(_find(request), request.acct, request.at)})


def update(request: Request) -> Reply:
    """PUT: only while it has not gone out."""
    row = _find(request)
    if row["done"] or row["canceled"]:
        raise Refused(422, {"message": "The mass message can no longer be edited.", "errors": {}})
    form = request.form()
    if not str(form.get("text") or "").strip():
        raise invalid(text="The text field is required.")
    row["draft"] = check(request, form, None)
    if form.get("scheduledDate"):
        row["due"] = _due(request, form)
    if form.get("userLists") or form.get("userIds"):
        row["fans"] = _recipients(request, form)
    _wake(request.sandbox, request.acct, row)
    return Reply(shape(row, request.at))


def delete(request: Request) -> Reply:
    """Cancels what has not gone out; takes back what has."""
    row = _find(request)
    account, world = request.acct, request.sandbox.world
    for number in row["messages"]:
        message = account.messages.get(number)
        if message is not None:
            account.chats[message.fan_id].messages.remove(message)
            world.remove_message(account, message)
    row["canceled"] = True
    return Reply({"success": True, "queue": _queue(row, account, request.at)})


def overview(request: Request) -> Reply:
    """GET …/mass-messaging/overview and …/engagement/messages/mass-messages: newest first."""
    settle(request.sandbox, request.acct)
    limit = request.integer("limit", 10, 1, 100)
    start, end = request.moment("startDate") or 0.0, request.moment("endDate") or 1e12
    words = request.query("query").lower()
    rows = [
        row
        for row in reversed(request.acct.mass.values())
        if start <= row["due"] <= end and words in row["draft"]["text"].lower()
    ]
    items = [_item(row, request.acct, request.at) for row in rows[:limit]]
    return Reply({"items": items, "hasMore": len(rows) > limit})
