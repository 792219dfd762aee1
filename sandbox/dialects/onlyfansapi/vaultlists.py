"""Owns the vault's lists (the creator's categories) and what is in them."""

from ...http import Json
from ...world import Account, UserList
from .core import OK, Reply, Request, invalid, not_found

FIRST_ID = 700_000_000
COUNTS = {"photo": "photosCount", "video": "videosCount", "audio": "audiosCount", "gif": "gifsCount"}


def _counts(account: Account, numbers: list[int]) -> Json:
    """How many of each kind, and up to three pictures of them."""
    found = [account.media[number] for number in numbers if account.media[number].in_vault]
    counts: Json = dict.fromkeys(COUNTS.values(), 0)
    for media in found:
        counts[COUNTS[media.type]] += 1
    pictures = [
        {"type": media.type, "url": f"https://cdn.sandbox.invalid/thumb/{media.id}"} for media in found[:3]
    ]
    return {**counts, "medias": pictures}


def _shape(account: Account, row: UserList) -> Json:
    return {
        "id": row.id,
        "type": "custom",
        "name": row.name,
        "hasMedia": bool(row.members),
        "canUpdate": True,
        "canDelete": True,
        **_counts(account, row.members),
    }


def _light(row: UserList) -> Json:
    return {
        "id": row.id,
        "type": "custom",
        "name": row.name,
        "canUpdate": True,
        "mediaCount": len(row.members),
    }


def _find(request: Request) -> UserList:
    row = request.acct.vault_lists.get(request.number(1, "Vault list"))
    if row is None:
        raise not_found("Vault list")
    return row


def _name(request: Request) -> str:
    name = request.form().get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 255:
        raise invalid(name="The name field must be a string of 1 to 255 characters.")
    return name


def listing(request: Request) -> Reply:
    limit = request.integer("limit", 24, 1, 100)
    offset = request.integer("offset", 0, 0, 10**6)
    words = request.query("query").lower()
    account = request.acct
    rows = [row for row in account.vault_lists.values() if words in row.name.lower()]
    page, more = rows[offset : offset + limit], len(rows) > offset + limit
    everything = [number for number, media in account.media.items() if media.in_vault]
    base = {"canCreateVaultLists": True, "hasMore": more, "order": "recent", "sort": "desc"}
    if request.query("lightweight") in ("true", "1"):
        return Reply({**base, "all": {"mediaCount": len(everything)}, "list": [_light(row) for row in page]})
    return Reply(
        {**base, "all": _counts(account, everything), "list": [_shape(account, row) for row in page]}
    )


def create(request: Request) -> Reply:
    number = FIRST_ID + request.acct.index * 1000 + request.acct.count("vault list")
    row = request.acct.vault_lists[number] = UserList(number, _name(request))
    return Reply(_shape(request.acct, row))


def retrieve(request: Request) -> Reply:
    return Reply(_shape(request.acct, _find(request)))


def update(request: Request) -> Reply:
    row = _find(request)
    row.name = _name(request)
    return Reply(_shape(request.acct, row))


def delete(request: Request) -> Reply:
    del request.acct.vault_lists[_find(request).id]
    return Reply(OK)


def _media(request: Request) -> list[int]:
    ids = request.form().get("mediaIds")
    if not isinstance(ids, list) or not ids:
        raise invalid(mediaIds="The media ids field is required.")
    numbers = [int(item) for item in ids if str(item).isdigit()]
    known = request.acct.media
    if len(numbers) < len(ids) or any(
        number not in known or not known[number].in_vault for number in numbers
    ):
        raise not_found("Media")
    return numbers


def add(request: Request) -> Reply:
    row = _find(request)
    row.members += [number for number in _media(request) if number not in row.members]
    return Reply(_shape(request.acct, row))


def remove(request: Request) -> Reply:
    row, gone = _find(request), set(_media(request))
    row.members = [number for number in row.members if number not in gone]
    return Reply(_shape(request.acct, row))
