"""Owns posts on the creator's page, at once or at a scheduled date."""

from ...clock import iso, parse_time
from ...http import Json
from .core import Reply, Request, invalid, not_found
from .send import check, consume, price_of

FIRST_ID = 600_000_000


def _shape(row: Json, request: Request) -> Json:
    account = request.acct
    return {
        "id": row["id"],
        "responseType": "post",
        "text": f"<p>{row['text']}</p>" if row["text"] else "",
        "rawText": row["text"],
        "postedAt": iso(row["at"]),
        "postedAtPrecise": f"{row['at']:.6f}",
        "author": {
            "id": account.onlyfans_id,
            "name": account.name,
            "username": account.username,
            "view": "s",
        },
        "canComment": True,
        "canDelete": True,
        "canEdit": True,
        "canToggleFavorite": True,
        "canViewMedia": True,
        "isMarkdownDisabled": False,
        "isOpened": True,
        "tipsAmount": "$0",
    }


def create(request: Request) -> Reply:
    form = request.form()
    if not str(form.get("text") or "").strip():
        raise invalid(text="The text field is required.")
    days = form.get("expireDays")
    if days is not None and not (str(days).isdigit() and 1 <= int(days) <= 30):
        raise invalid(expireDays="The expire days field must be between 1 and 30.")
    at = request.at
    if form.get("scheduledDate"):
        due = parse_time(str(form["scheduledDate"]))
        if due is None or due <= request.at:
            raise invalid(scheduledDate="The scheduled date field must be a date after now.")
        at = due
    draft = check(request, {**form, "price": 0}, None)
    consume(request.acct, draft)
    number = FIRST_ID + request.acct.index * 100_000 + request.acct.count("post")
    row = request.acct.posts[number] = {
        "id": number,
        "text": draft["text"],
        "at": at,
        "created": request.at,
        "media": draft["media"],
    }
    shape = _shape(row, request)
    return Reply({**shape, "mediaCount": len(draft["media"])})


def _find(request: Request) -> Json:
    row = request.acct.posts.get(request.number(1, "Post"))
    if row is None:
        raise not_found("Post")
    return row


def retrieve(request: Request) -> Reply:
    return Reply(_shape(_find(request), request))


def listing(request: Request) -> Reply:
    limit = request.integer("limit", 10, 1, 100)
    offset = request.integer("offset", 0, 0, 10**6)
    words = request.query("query").lower()
    rows = [
        row for row in request.acct.posts.values() if row["at"] <= request.at and words in row["text"].lower()
    ]
    rows.sort(key=lambda row: (row["at"], row["id"]), reverse=request.query("sort") != "asc")
    page = []
    for row in rows[offset : offset + limit]:
        page.append({**_shape(row, request), "author": {"id": request.acct.onlyfans_id, "_view": "s"}})
    ends = (
        {"headMarker": page[0]["postedAtPrecise"], "tailMarker": page[-1]["postedAtPrecise"]} if page else {}
    )
    return Reply({"list": page, "hasMore": len(rows) > offset + limit, **ends})


def update(request: Request) -> Reply:
    row, form = _find(request), request.form()
    if not str(form.get("text") or "").strip():
        raise invalid(text="The text field is required.")
    if price_of(form.get("price")) > 10_000:
        raise invalid(price="The price field must be 0 or between 3 and 100.")
    row["text"] = str(form["text"])
    return Reply(_shape(row, request))


def delete(request: Request) -> Reply:
    del request.acct.posts[_find(request)["id"]]
    return Reply({"success": True, "counters": {"postsCount": len(request.acct.posts)}})
