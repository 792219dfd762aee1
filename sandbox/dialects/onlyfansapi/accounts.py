"""Owns the team and the connected accounts: whoami, the list, the account's own profile."""

from ...clock import iso
from ...http import Json
from ...world import Account
from .core import Reply, Request, not_found


def whoami(request: Request) -> Reply:
    started = request.sandbox.world.started
    shape = {
        "api_key": {"name": "Sandbox key", "created_at": iso(started), "last_used_at": iso(request.at)},
        "team": {"name": "Sandbox team", "slug": "sandbox-team"},
    }
    return Reply(shape, bare=True)


def account_object(account: Account, at: float) -> Json:
    connected = account.state == "connected"
    return {
        "id": account.id,
        "display_name": account.display_name,
        "is_authenticated": connected,
        "authentication_progress": "authenticated" if connected else account.state,
        "onlyfans_id": account.onlyfans_id,
        "onlyfans_username": account.username,
        "onlyfans_email": account.email,
        "onlyfans_user_data": profile(account, at) if connected else None,
    }


def profile(account: Account, at: float) -> Json:
    return {
        "view": "m",
        "id": account.onlyfans_id,
        "name": account.name,
        "username": account.username,
        "email": account.email,
        "avatar": None,
        "avatarThumbs": None,
        "about": "",
        "isVerified": True,
        "isPerformer": True,
        "isAuth": True,
        "joinDate": iso(account.created),
        "lastSeen": iso(at),
        "subscribersCount": account.fan_count,
        "postsCount": len(account.posts),
    }


def listing(request: Request) -> Reply:
    """GET /api/accounts: a bare list, narrowed by exact e-mail, id or user name."""
    wanted = {
        "onlyfans_email": request.query("onlyfans_email"),
        "onlyfans_id": request.query("onlyfans_id"),
        "onlyfans_username": request.query("onlyfans_username"),
    }
    rows = []
    for account in request.sandbox.world.accounts.values():
        mine = (account.email, str(account.onlyfans_id), account.username)
        if all(not want or want == have for want, have in zip(wanted.values(), mine, strict=True)):
            rows.append(account_object(account, request.at))
    return Reply(rows, bare=True)


def me(request: Request) -> Reply:
    return Reply(profile(request.acct, request.at))


def disconnect(request: Request) -> Reply:
    account = request.sandbox.world.accounts.get(request.params[0])
    if account is None:
        raise not_found("Account")
    del request.sandbox.world.accounts[account.id]
    request.sandbox.dialects["onlyfansapi"].events.account(account, "disconnected")
    return Reply({"message": "Account disconnected."}, bare=True)
