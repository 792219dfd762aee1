"""Owns money as the vendor lists it: transactions, earnings by day, chargebacks."""

from collections.abc import Iterable

from ...clock import iso
from ...http import Json
from ...world import DAY, Fan, Transaction
from .core import Reply, Request, cents, invalid
from .shapes import transaction_object

KINDS = {
    "subscribes": "subscribes",
    "tips": "tips",
    "post": "post",
    "messages": "chat_messages",
    "stream": "stream",
}
LIST_KINDS = ("", "subscribes", "tips", "post", "chat_messages", "stream")


def _fan(request: Request, row: Transaction) -> Fan:
    fan = request.sandbox.world.fan(request.acct, row.fan_id)
    assert fan is not None
    return fan


def transactions(request: Request) -> Reply:
    """GET …/transactions: newest first; `marker` is the place to go on from."""
    limit = request.integer("limit", 10, 1, 100)
    kind = request.choice("type", LIST_KINDS, "")
    since = request.moment("startDate")
    since = request.at - 30 * DAY if since is None else since
    rows = request.acct.transactions
    before = request.integer("marker", len(rows) + 1, 0, 10**12)
    found = [
        (place, row)
        for place, row in enumerate(rows, 1)
        if place < before and row.created >= since and kind in ("", row.type)
    ][::-1]
    page, more = found[:limit], len(found) > limit
    following = page[-1][0] if more else None
    body = {
        "list": [transaction_object(row, _fan(request, row), request.at) for _, row in page],
        "hasMore": more,
        "marker": page[0][0] if page else None,
        "nextMarker": following,
    }
    return Reply(body, paged=True, next_page=request.next_page(more, limit=limit, marker=following))


def _period(request: Request, *, needed: bool = False) -> tuple[float, float]:
    start, end = request.moment("start_date"), request.moment("end_date")
    if needed and (start is None or end is None):
        raise invalid(start_date="The start date and end date fields are required.")
    return start or 0.0, request.at if end is None else end + (DAY if end % DAY == 0 else 0)


def _chart(rows: Iterable[tuple[float, int]]) -> tuple[list[Json], list[Json]]:
    """Amounts and counts by UTC day."""
    amounts: dict[str, int] = {}
    counts: dict[str, int] = {}
    for at, value in rows:
        day = iso(at - at % DAY)
        amounts[day] = amounts.get(day, 0) + value
        counts[day] = counts.get(day, 0) + 1
    return (
        [{"date": day, "count": cents(value)} for day, value in sorted(amounts.items())],
        [{"date": day, "count": value} for day, value in sorted(counts.items())],
    )


def earnings(request: Request) -> Reply:
    """GET …/statistics/statements/earnings: `total` is net, as the vendor has it."""
    start, end = _period(request, needed=True)
    kind = request.choice("type", ("total", *KINDS), "total")
    rows = [
        row
        for row in request.acct.transactions
        if start <= row.created < end and row.status != "undo" and kind in ("total", _word(row))
    ]
    gross = sum(row.cents for row in rows)
    net = sum(row.cents - row.cents * 20 // 100 for row in rows)
    amounts, counts = _chart((row.created, row.cents - row.cents * 20 // 100) for row in rows)
    body = {
        "gross": cents(gross),
        "total": cents(net),
        "delta": 0,
        "chartAmount": amounts,
        "chartCount": counts,
    }
    return Reply({kind: body})


def _word(row: Transaction) -> str:
    return next(word for word, kind in KINDS.items() if kind == row.type)


def total_transactions(request: Request) -> Reply:
    start, end = _period(request)
    rows = [row for row in request.acct.transactions if start <= row.created < end and row.status != "undo"]
    return Reply(
        {"total_transactions": len(rows), "total_amount": cents(sum(row.cents for row in rows))}, bare=True
    )


def _chargebacks(request: Request) -> list[tuple[int, float, Transaction]]:
    start, end = _period(request)
    return [
        entry for entry in reversed(request.acct.chargebacks) if start <= entry[1] <= max(end, request.at)
    ]


def chargebacks(request: Request) -> Reply:
    limit = request.integer("limit", 10, 1, 100)
    offset = request.integer("offset", 0, 0, 10**6)
    rows = []
    for number, at, row in _chargebacks(request)[offset : offset + limit]:
        payment = transaction_object(row, _fan(request, row), request.at)
        del payment["type"]
        rows.append({"id": number, "createdAt": iso(at), "paymentType": row.type, "payment": payment})
    return Reply({"list": rows, "marker": rows[-1]["id"] if rows else None})


def chargeback_ratio(request: Request) -> Reply:
    """Per cent of all payments that were taken back."""
    total = len(request.acct.transactions)
    return Reply({"chargebacksRatio": round(100 * len(_chargebacks(request)) / total, 2) if total else 0})


def chargeback_statistics(request: Request) -> Reply:
    rows = _chargebacks(request)
    amounts, counts = _chart((at, row.cents) for _, at, row in rows)
    total = cents(sum(row.cents for _, _, row in rows))
    return Reply({"total": total, "delta": 0, "chartAmount": amounts, "chartCount": counts})
