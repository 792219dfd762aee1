"""Owns chats and the reading side of messages."""

from itertools import islice

from ...http import Json
from ...world import Chat, Fan, Message
from .core import OK, Reply, Request, not_found
from .shapes import chat_object, message_object


def listing(request: Request) -> Reply:
    """GET …/chats: newest conversation first unless order=old."""
    account, world = request.acct, request.sandbox.world
    limit = request.integer("limit", 10, 1, 100)
    offset = request.integer("offset", 0, 0, 10**7)
    order = request.choice("order", ("recent", "old"), "recent")
    wanted = request.choice(
        "filter", ("", "pinned", "priority", "unread", "with_tips", "unread_with_tips"), ""
    )
    words = request.query("query").lower()
    rows: list[tuple[Chat, Fan]] = []
    for chat in account.chats.values():
        fan = world.fan(account, chat.fan_id)
        if fan and chat.messages and not chat.hidden and _matches(chat, fan, wanted, words):
            rows.append((chat, fan))
    rows.sort(key=lambda row: row[0].messages[-1].id, reverse=order == "recent")
    page = rows[offset : offset + limit]
    shapes = [chat_object(account, fan, chat, request.at) for chat, fan in page]
    more = len(rows) > offset + limit
    return Reply(shapes, paged=True, next_page=request.next_page(more, limit=limit, offset=offset + limit))


def _matches(chat: Chat, fan: Fan, wanted: str, words: str) -> bool:
    if words and words not in fan.name.lower() and words not in fan.username.lower():
        return False
    tests = {
        "": True,
        "pinned": any(message.pinned for message in chat.messages),
        "priority": fan.total >= 10_000,
        "unread": chat.unread > 0,
        "with_tips": fan.spent["tips"] > 0,
        "unread_with_tips": chat.unread_tips,
    }
    return tests[wanted]


def messages(request: Request) -> Reply:
    """GET …/messages. Marks the chat read, as the platform does."""
    account = request.acct
    fan = request.fan()
    limit = request.integer("limit", 10, 1, 100)
    order = request.choice("order", ("desc", "asc"), "desc")
    first_id = request.integer("first_id", 0, 0, 10**17)
    last_id = request.integer("last_id", 0, 0, 10**17)
    chat = request.sandbox.world.chat(account, fan.id)
    source = iter(chat.messages) if last_id or order == "asc" else reversed(chat.messages)
    only_pinned = request.query("filter") == "pinned"
    rows = (
        message
        for message in source
        if (not first_id or message.id < first_id)
        and (not last_id or message.id > last_id)
        and (not only_pinned or message.pinned)
    )
    found = list(islice(rows, limit + 1))
    page, more = found[:limit], len(found) > limit
    mark_read(chat)
    cursor = ("last_id" if last_id or order == "asc" else "first_id", page[-1].id if page else 0)
    shapes = [message_object(account, message, request.at) for message in page]
    return Reply(shapes, paged=True, next_page=request.next_page(more, limit=limit, **{cursor[0]: cursor[1]}))


def one_message(request: Request) -> Message:
    fan = request.fan()
    message = request.acct.messages.get(request.number(2, "Message"))
    if message is None or message.fan_id != fan.id:
        raise not_found("Message")
    return message


def message(request: Request) -> Reply:
    return Reply(message_object(request.acct, one_message(request), request.at))


def search(request: Request) -> Reply:
    """GET …/messages/search: ids only, newest first."""
    chat = request.sandbox.world.chat(request.acct, request.fan().id)
    words = request.query("query").lower()
    return Reply([row.id for row in reversed(chat.messages) if words and words in row.text.lower()])


def mark_read(chat: Chat) -> None:
    chat.unread, chat.unread_tips = 0, False
    if chat.messages:
        chat.last_read_id = chat.messages[-1].id


def _chat(request: Request) -> Chat:
    return request.sandbox.world.chat(request.acct, request.fan().id)


def read(request: Request) -> Reply:
    mark_read(_chat(request))
    return Reply(OK)


def unread(request: Request) -> Reply:
    chat = _chat(request)
    chat.unread = max(chat.unread, 1)
    return Reply(OK)


def read_all(request: Request) -> Reply:
    for chat in request.acct.chats.values():
        mark_read(chat)
    return Reply(OK)


def hide(request: Request) -> Reply:
    _chat(request).hidden = True
    return Reply(OK)


def delete(request: Request) -> Reply:
    """Empties the chat; the fan stays."""
    chat = _chat(request)
    for row in list(chat.messages):
        request.sandbox.world.remove_message(request.acct, row)
    chat.messages.clear()
    chat.unread = 0
    return Reply(OK)


def mute(request: Request) -> Reply:
    _chat(request).muted = True
    return Reply(OK)


def unmute(request: Request) -> Reply:
    _chat(request).muted = False
    return Reply(OK)


def typing(request: Request) -> Reply:
    request.fan()
    return Reply(OK, credits=0)


def like(request: Request) -> Reply:
    one_message(request).liked = True
    return Reply({"success": True, "isLiked": True})


def unlike(request: Request) -> Reply:
    one_message(request).liked = False
    return Reply({"success": True, "isLiked": False})


def pin(request: Request) -> Reply:
    one_message(request).pinned = True
    return Reply(OK)


def unpin(request: Request) -> Reply:
    one_message(request).pinned = False
    return Reply(OK)


def media(request: Request) -> Reply:
    """GET …/chats/{id}/media: the messages of the chat that carry media."""
    limit = request.integer("limit", 20, 1, 100)
    offset = request.integer("offset", 0, 0, 10**7)
    rows = [row for row in reversed(_chat(request).messages) if row.media]
    page: list[Json] = [
        message_object(request.acct, row, request.at, sent_by_me=False)
        for row in rows[offset : offset + limit]
    ]
    return Reply(
        {
            "list": page,
            "hasMore": len(rows) > offset + limit,
            "nextLastId": str(page[-1]["id"]) if page else None,
        }
    )
