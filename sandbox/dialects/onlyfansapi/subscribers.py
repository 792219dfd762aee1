"""Owns fans as the vendor lists them: active, expired, all, latest, top, many at once, notes."""

import re

from ...clock import iso
from ...http import Json
from ...world import DAY, Fan
from .core import Refused, Reply, Request, cents, invalid
from .shapes import ONLINE_SECONDS, fan_object, is_active

_DOTTED = re.compile(r"(^|&)filter\.")


def active(request: Request) -> Reply:
    return _page(request, "active")


def expired(request: Request) -> Reply:
    return _page(request, "expired")


def everyone(request: Request) -> Reply:
    return _page(request, request.choice("type", ("active", "expired", "all"), "all"))


def _page(request: Request, kind: str) -> Reply:
    limit = request.integer("limit", 10, 1, 20)
    offset = request.integer("offset", 0, 0, 10**7)
    words = request.query("query").lower()
    fans = [
        fan
        for fan in request.sandbox.world.fans(request.acct)
        if kind == "all" or is_active(fan, request.at) == (kind == "active")
        if not words or words in fan.name.lower() or words in fan.username.lower()
    ]
    fans = _filtered(request, fans)
    more = len(fans) > offset + limit
    page = [fan_object(request.acct, fan, request.at) for fan in fans[offset : offset + limit]]
    if kind == "expired":  # here the vendor's `subscribedOn` is a text, so it is left out
        for shape in page:
            del shape["subscribedOn"]
    following = request.next_page(more, limit=limit, offset=offset + limit)
    return Reply({"list": page, "hasMore": more}, paged=True, next_page=following)


def _filtered(request: Request, fans: list[Fan]) -> list[Fan]:
    """Only the bracket form counts; the dotted form is refused as the vendor does."""
    if _DOTTED.search(request.raw_query):
        raise invalid(filter="Use bracket syntax for filters: filter[online]=1.")
    online = request.query("filter[online]")
    if online:
        fans = [fan for fan in fans if (request.at - fan.last_seen < ONLINE_SECONDS) == (online == "1")]
    low = request.integer("filter[total_spent]", 0, 0, 10**6)
    high = request.integer("filter[max_total_spent]", 10**7, 0, 10**7)
    tips = request.integer("filter[tips]", 0, 0, 10**6)
    months = request.integer("filter[duration]", 0, 0, 1000)
    return [
        fan
        for fan in fans
        if low * 100 <= fan.total <= high * 100 and fan.spent["tips"] >= tips * 100 and fan.months >= months
    ]


def latest(request: Request) -> Reply:
    limit = request.integer("limit", 10, 1, 50)
    offset = request.integer("offset", 0, 0, 10**7)
    kind = request.choice("type", ("total", "renew", "new"), "total")
    start, end = _period(request)
    rows = []
    for fan in request.sandbox.world.fans(request.acct):
        at = fan.subscribed_at if kind == "new" else fan.renewed_at or fan.subscribed_at
        if start <= at <= end and (kind != "renew" or fan.renewed_at):
            rows.append((at, fan))
    rows.sort(key=lambda row: (-row[0], row[1].id))
    page = [fan_object(request.acct, fan, request.at) for _, fan in rows[offset : offset + limit]]
    more = len(rows) > offset + limit
    body = {"users": page, "hasMore": more, "offset": offset + len(page)}
    return Reply(body, paged=True, next_page=request.next_page(more, limit=limit, offset=offset + limit))


def _period(request: Request) -> tuple[float, float]:
    start, end = request.moment("start_date"), request.moment("end_date")
    if (start is None) != (end is None):
        raise invalid(end_date="The start date and end date fields are required together.")
    return (start, end) if start is not None and end is not None else (0.0, 1e12)


def top(request: Request) -> Reply:
    by = request.choice("by", ("total", "subscribes", "tips", "messages", "post", "streams"), "total")
    _period(request)
    bucket = "posts" if by == "post" else by
    fans = sorted(
        request.sandbox.world.fans(request.acct),
        key=lambda fan: (-(fan.total if by == "total" else fan.spent[bucket]), fan.id),
    )
    users = [fan_object(request.acct, fan, request.at) for fan in fans[:20]]
    for shape in users:
        del shape["subscribedOnData"]["hasActivePaidSubscriptions"]
    return Reply({"users": users})


def many(request: Request) -> Reply:
    """GET …/users/list?ids=1,2: an object keyed by id; unknown ids are left out."""
    ids = request.words("ids")
    if not ids:
        raise invalid(ids="The ids field is required.")
    found = {}
    for text in ids:
        fan = request.sandbox.world.fan(request.acct, int(text)) if text.isdigit() else None
        if fan is not None:
            found[text] = _user(request, fan)
    return Reply(found)


def _user(request: Request, fan: Fan) -> Json:
    """A profile: here the vendor's `subscribedOn` is a text, so it is left out."""
    shape = fan_object(request.acct, fan, request.at)
    del shape["subscribedOn"]
    return shape


def one(request: Request) -> Reply:
    """GET …/users/{username}: by user name or id."""
    word = request.params[1]
    world = request.sandbox.world
    if word.isdigit() and (fan := world.fan(request.acct, int(word))):
        return Reply(_user(request, fan))
    for fan in world.fans(request.acct):
        if fan.username == word:
            return Reply(_user(request, fan))
    raise Refused(404, {"error": "User not found."})


def history(request: Request) -> Reply:
    fan = request.fan()
    rows = []
    for month in range(fan.months):
        start = fan.subscribed_at + month * 30 * DAY
        end = min(start + 30 * DAY, fan.expires_at)
        rows.append({"subscribeDate": iso(start), "expireDate": iso(end), "price": cents(fan.price)})
    return Reply({"list": rows[::-1], "hasMore": False})


def set_custom_name(request: Request) -> Reply:
    fan = request.fan()
    name = request.form().get("custom_name")
    if not isinstance(name, str) or not name:
        raise invalid(custom_name="The custom name field is required.")
    fan.custom_name = name
    shape = _user(request, fan)
    del shape["subscribedBy"]
    return Reply(shape)


def get_notes(request: Request) -> Reply:
    return Reply({"notes": request.fan().notes})


def set_notes(request: Request) -> Reply:
    fan = request.fan()
    notes = request.form().get("notes")
    if not isinstance(notes, str):
        raise invalid(notes="The notes field is required.")
    fan.notes = notes
    return Reply(_user(request, fan))


def clear_notes(request: Request) -> Reply:
    fan = request.fan()
    fan.notes = ""
    return Reply(_user(request, fan))


def restrict(request: Request) -> Reply:
    return _flag(request, "restricted", True)


def unrestrict(request: Request) -> Reply:
    return _flag(request, "restricted", False)


def block(request: Request) -> Reply:
    return _flag(request, "blocked", True)


def unblock(request: Request) -> Reply:
    return _flag(request, "blocked", False)


def _flag(request: Request, name: str, value: bool) -> Reply:
    fan = request.fan()
    setattr(fan, name, value)
    return Reply(_user(request, fan))
