"""Owns user lists and their members."""

from ...http import Json
from ...world import Account, UserList
from .core import OK, Refused, Reply, Request, invalid, not_found
from .shapes import fan_object, is_active, small_user

FIRST_ID = 900_000_000


def _shape(
    list_id: int | str,
    name: str,
    kind: str,
    count: int,
    *,
    pinned: bool = False,
    users: list[Json] | None = None,
) -> Json:
    custom = kind == "custom"
    return {
        "id": list_id,
        "type": kind,
        "name": name,
        "usersCount": count,
        "postsCount": 0,
        "canDelete": custom,
        "canUpdate": custom,
        "canAddUsers": custom,
        "canManageUsers": custom,
        "canPinnedToFeed": custom,
        "canPinnedToChat": custom,
        "isPinnedToFeed": pinned,
        "isPinnedToChat": False,
        "order": "recent",
        "direction": "desc",
        "sortList": [],
        "users": users or [],
    }


def _custom(row: UserList, users: list[Json] | None = None) -> Json:
    return _shape(row.id, row.name, "custom", len(row.members), pinned=row.pinned_to_feed, users=users)


def _system(request: Request) -> list[tuple[str, str, list[int]]]:
    """System lists by name, title and members."""
    account = request.acct
    fans = [fan.id for fan in request.sandbox.world.fans(account) if is_active(fan, request.at)]
    muted = [chat.fan_id for chat in account.chats.values() if chat.muted]
    return [
        ("fans", "Fans", fans),
        ("following", "Following", []),
        ("recent", "Recent", fans[-10:]),
        ("muted", "Muted", muted),
    ]


def _find(request: Request) -> UserList:
    word = request.params[1]
    found = request.acct.lists.get(int(word)) if word.isdigit() else None
    if found is None:
        raise not_found("User list")
    return found


def _name(request: Request) -> str:
    name = request.form().get("name")
    if not isinstance(name, str) or not name.strip():
        raise invalid(name="The name field is required.")
    if len(name) > 64:
        raise invalid(name="The name field must not be greater than 64 characters.")
    return name


def listing(request: Request) -> Reply:
    limit = request.integer("limit", 10, 10, 50)
    offset = request.integer("offset", 0, 0, 10**6)
    rows = [_shape(word, title, word, len(members)) for word, title, members in _system(request)]
    rows += [_custom(row) for row in request.acct.lists.values()]
    return Reply(rows[offset : offset + limit])


def create(request: Request) -> Reply:
    row = add_list(request.acct, _name(request))
    return Reply(_custom(row))


def add_list(account: Account, name: str) -> UserList:
    number = FIRST_ID + account.index * 1000 + account.count("list")
    row = account.lists[number] = UserList(number, name)
    return row


def retrieve(request: Request) -> Reply:
    row = _find(request)
    fans = (request.sandbox.world.fan(request.acct, number) for number in row.members[:3])
    return Reply(_custom(row, [small_user(fan) for fan in fans if fan]))


def update(request: Request) -> Reply:
    row = _find(request)
    row.name = _name(request)
    row.pinned_to_feed = bool(request.form().get("isPinnedToFeed", row.pinned_to_feed))
    return Reply(_custom(row))


def delete(request: Request) -> Reply:
    del request.acct.lists[_find(request).id]
    return Reply(OK)


def members_of(request: Request, word: str) -> list[int]:
    """Fan ids in a list by its number or system name, for mass messages."""
    for name, _, numbers in _system(request):
        if name == word:
            return numbers
    found = request.acct.lists.get(int(word)) if word.isdigit() else None
    if found is None:
        raise invalid(userLists=f"The user list {word} does not exist.")
    return found.members


def members(request: Request) -> Reply:
    word = request.params[1]
    system = {name: numbers for name, _, numbers in _system(request)}
    return _members(request, system[word] if word in system else _find(request).members)


def pinned(request: Request) -> Reply:
    return _members(request, _find(request).pinned)


def _members(request: Request, numbers: list[int]) -> Reply:
    limit = request.integer("limit", 10, 1, 100)
    offset = request.integer("offset", 0, 0, 10**7)
    world, account = request.sandbox.world, request.acct
    fans = [world.fan(account, number) for number in numbers[offset : offset + limit]]
    page = [fan_object(account, fan, request.at) for fan in fans if fan]
    return Reply({"list": page, "hasMore": len(numbers) > offset + limit, "nextOffset": offset + len(page)})


def add(request: Request) -> Reply:
    """POST …/users: all or nothing, unless skip_invalid is set."""
    row = _find(request)
    ids = request.form().get("ids")
    if not isinstance(ids, list) or not ids:
        raise invalid(ids="The ids field is required.")
    world, account = request.sandbox.world, request.acct
    known = [int(item) for item in ids if str(item).isdigit() and world.fan(account, int(item))]
    unknown = [str(item) for item in ids if not (str(item).isdigit() and int(item) in known)]
    skip = request.form().get("skip_invalid") in (True, 1, "1", "true")
    if unknown and not skip:
        raise Refused(
            422,
            {"message": "Some users cannot be added.", "errors": {"ids": [f"User {unknown[0]} not found."]}},
        )
    row.members += [number for number in known if number not in row.members]
    if skip:
        return Reply({"added": known, "failed": dict.fromkeys(unknown, "User not found")})
    return Reply({str(row.id): known})


def remove(request: Request) -> Reply:
    row = _find(request)
    number = request.number(2, "User")
    if number not in row.members:
        raise not_found("User")
    row.members.remove(number)
    row.pinned = [other for other in row.pinned if other != number]
    state = {
        "id": row.id,
        "type": "custom",
        "name": row.name,
        "hasUser": False,
        "canAddUser": True,
        "cannotAddUserReason": None,
    }
    return Reply({"list": _custom(row), "userState": state})


def clear(request: Request) -> Reply:
    row = _find(request)
    row.members.clear()
    row.pinned.clear()
    return Reply(_custom(row))


def pin(request: Request) -> Reply:
    row = _find(request)
    number = request.number(2, "User")
    if number not in row.members:
        raise not_found("User")
    if number not in row.pinned:
        row.pinned.append(number)
    return Reply(OK)
