"""Who holds an API key: what every request with a key asks first, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Model

from accounts.models import ApiKey, Membership, User, Workspace
from accounts.selectors.principals import REACH
from accounts.types import OPEN_STATUSES
from huntaze.kernel import sql
from huntaze.kernel.briefly import Briefly

#: What a request needs of each row; a column that is not among them is read when it is asked for.
_COLUMNS: Sequence[tuple[type[Model], str, Sequence[str]]] = (
    (ApiKey, "k", ("id", "workspace_id", "membership_id", "requests_per_minute", "last_used_at")),
    (Membership, "m", ("id", "workspace_id", "user_id", "role", "sees_all_creators")),
    (User, "u", ("id", "uid", "is_active", "is_staff", "locale", "email_verified_at")),
    (Workspace, "w", ("id", "uid", "status", "is_demo")),
)
_STATEMENT = """
SELECT ARRAY(SELECT jsonb_array_elements_text(k.scopes)), ARRAY(SELECT jsonb_array_elements_text(k.allowed_ips)),
       {reach}, {columns}
  FROM accounts_apikey k
  JOIN accounts_membership m ON m.id = k.membership_id AND m.ended_at IS NULL
  JOIN accounts_user u ON u.id = m.user_id AND u.is_active
  JOIN accounts_workspace w ON w.id = m.workspace_id AND w.status = ANY (%(open)s)
 WHERE k.digest = %(digest)s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
"""
_HOLDER = _STATEMENT.format(
    reach=REACH, columns=", ".join(f"{alias}.{name}" for _, alias, names in _COLUMNS for name in names)
)


_seen: Briefly[bytes, tuple[Any, ...]] = Briefly(most=5000)


def forget_key(digest: bytes) -> None:
    """Ask the database again: something of the key was changed here."""
    _seen.forget(digest)


@dataclass(frozen=True, slots=True)
class Holder:
    """A living key and its living member, with user and workspace; `reach` as `reach_of_member` says it."""

    key: ApiKey
    member: Membership
    reach: frozenset[int] | None


def holder_of_key(digest: bytes, now: datetime) -> Holder | None:
    """None when the key, its member or their workspace opens no door.

    A process asks the database once in API_KEY_SEEN_SECONDS for the same key: a key that was ended, or a member whose
    rights have changed, is known everywhere after that time.
    """
    found = _seen.get(digest)
    if found is None:
        values = {"digest": digest, "now": now, "open": [str(status) for status in OPEN_STATUSES]}
        found = sql.row(_HOLDER, values)
        if found is None:
            return None
        _seen.put(digest, found, seconds=settings.API_KEY_SEEN_SECONDS)
    scopes, allowed_ips, reach, *rest = found
    left = iter(rest)
    rows: list[Any] = [
        model.from_db("default", names, [next(left) for _ in names]) for model, _, names in _COLUMNS
    ]
    key, member, user, workspace = rows
    key.scopes, key.allowed_ips, key.membership = scopes, allowed_ips, member
    member.user, member.workspace = user, workspace
    return Holder(key, member, None if reach is None else frozenset(reach))
