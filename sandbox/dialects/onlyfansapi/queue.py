"""Owns the publishing queue: scheduled posts and mass messages in one calendar."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...clock import iso, parse_time
from ...http import Json
from ...world import DAY
from . import mass
from .core import OK, Reply, Request, cents, invalid, not_found

Entry = tuple[float, str, Json]


def _period(request: Request) -> tuple[float, float]:
    """Whole days in the asked time zone; the first may not lie before today."""
    try:
        zone = ZoneInfo(request.query("timezone") or "?")
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid(timezone="The timezone field must be a valid timezone.") from None
    bounds = []
    for name in ("publishDateStart", "publishDateEnd"):
        moment = request.query(name)
        if not moment or parse_time(moment) is None:
            raise invalid(**{name: f"The {name} field must be a valid date."})
        bounds.append(_local_day(moment, zone))
    if bounds[0] <= request.at - DAY:
        raise invalid(publishDateStart="The publish date start field must be a date after or equal to today.")
    if bounds[1] < bounds[0]:
        raise invalid(publishDateEnd="The publish date end field must be a date after or equal to the start.")
    return bounds[0], bounds[1] + DAY


def _local_day(text: str, zone: ZoneInfo) -> float:
    return datetime.fromisoformat(text[:10]).replace(tzinfo=zone).timestamp()


def _entries(request: Request) -> list[Entry]:
    mass.settle(request.sandbox, request.acct)
    waiting: list[Entry] = [
        (row["due"], "chat", row)
        for row in request.acct.mass.values()
        if not (row["done"] or row["canceled"] or row["saved"]) and row["due"] > request.at
    ]
    waiting += [(row["at"], "post", row) for row in request.acct.posts.values() if row["at"] > request.at]
    return sorted(waiting, key=lambda entry: (entry[0], entry[2]["id"]))


def _within(request: Request) -> list[Entry]:
    start, end = _period(request)
    kinds = request.words("type") or ["chat", "post"]
    return [entry for entry in _entries(request) if start <= entry[0] < end and entry[1] in kinds]


def listing(request: Request) -> Reply:
    limit = request.integer("limit", 20, 1, 100)
    rows = [_item(entry) for entry in _within(request)[:limit]]
    return Reply({"list": rows, "syncInProcess": False})


def _item(entry: Entry) -> Json:
    at, kind, row = entry
    text = row["draft"]["text"] if kind == "chat" else row["text"]
    entity: Json = {
        "id": row["id"],
        "text": text,
        "rawText": text,
        "scheduledAt": iso(at),
        "responseType": kind,
    }
    if kind == "chat":
        entity |= {
            "price": cents(row["draft"]["price"]),
            "mediaCount": len(row["draft"]["media"]),
            "userLists": row["lists"],
            "canUnsendQueue": True,
            "unsendSecondsQueue": mass.UNSEND_SECONDS,
        }
    shape = {"id": row["id"], "type": kind, "publishDateTime": iso(at), "entity": entity}
    return {**shape, "createdDateTime": iso(row["created"])}


def counts(request: Request) -> Reply:
    days: dict[str, dict[str, int]] = {}
    for at, kind, _ in _within(request):
        day = days.setdefault(iso(at)[:10], {})
        day[kind] = day.get(kind, 0) + 1
    return Reply({"list": days, "syncInProcess": False})


def publish(request: Request) -> Reply:
    """PUT …/queue/{id}/publish: now instead of later."""
    number = request.number(1, "Queue item")
    for _, kind, row in _entries(request):
        if row["id"] == number:
            row["due" if kind == "chat" else "at"] = request.at
            mass.settle(request.sandbox, request.acct)
            return Reply(OK)
    raise not_found("Queue item")
