"""Who a caller is, and which creators and accounts they reach."""

from datetime import datetime
from typing import Any

from accounts.models import (
    ApiKey,
    Membership,
    PlatformAccount,
    RefreshSession,
)
from accounts.querysets import PlatformAccountQuerySet
from accounts.rules.capabilities import NEEDS_VERIFIED_MAIL, capabilities_of, cut_by_scopes, only_reading
from accounts.types import Platform, Role, WorkspaceStatus
from huntaze.kernel import clock, ids, sql
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import FieldError, Invalid, NotFound
from huntaze.kernel.lookup import one
from huntaze.kernel.tenancy import current_workspace_id


def principal_of(
    member: Membership,
    *,
    limit: int,
    key: ApiKey | None = None,
    session_id: str | None = None,
    proved_at: datetime | None = None,
) -> Principal:
    """What a member may do, read now; a read-only workspace cuts it to looking, an API key by its scopes. A key may
    also set its own limit."""
    reach = reach_of_member(member)
    return principal_with(reach, member, limit=limit, key=key, session_id=session_id, proved_at=proved_at)


def principal_with(
    reach: frozenset[int] | None,
    member: Membership,
    *,
    limit: int,
    key: ApiKey | None = None,
    session_id: str | None = None,
    proved_at: datetime | None = None,
) -> Principal:
    """`principal_of` for who has read the member's reach already."""
    role = Role(member.role)
    capabilities = capabilities_of(role)
    if member.workspace.status in {WorkspaceStatus.READ_ONLY, WorkspaceStatus.CLOSING}:
        capabilities = only_reading(capabilities)
    if key is not None:
        capabilities = cut_by_scopes(capabilities, frozenset(key.scopes))
    return Principal(
        user_pk=member.user_id,
        user_id=member.user.public_id,
        member_pk=member.pk,
        workspace_pk=member.workspace_id,
        workspace_id=member.workspace.public_id,
        capabilities=capabilities,
        creator_ids=reach,
        throttle_key=f"key:{key.pk}" if key and key.requests_per_minute else f"user:{member.user_id}",
        throttle_limit=(key.requests_per_minute if key else None) or limit,
        key_pk=key.pk if key else None,
        session_id=session_id,
        proved_at=proved_at,
        locked=capabilities & NEEDS_VERIFIED_MAIL if member.user.email_verified_at is None else frozenset(),
    )


#: Creators that a member `m` reaches at `now`, as an array; NULL means all of the workspace. A creator who has stopped
#: everything is reached by their own login alone.
REACH = """
CASE WHEN m.role = 'creator' THEN
          ARRAY(SELECT c.id FROM accounts_creator c WHERE c.workspace_id = m.workspace_id AND c.user_id = m.user_id)
     WHEN m.role = 'owner' OR (m.role = 'manager' AND m.sees_all_creators) THEN
          CASE WHEN EXISTS (SELECT 1 FROM accounts_creator c
                             WHERE c.workspace_id = m.workspace_id AND c.stopped_at IS NOT NULL) THEN
               ARRAY(SELECT c.id FROM accounts_creator c
                      WHERE c.workspace_id = m.workspace_id AND c.stopped_at IS NULL) END
     ELSE ARRAY(SELECT s.creator_id FROM accounts_creatorassignment s JOIN accounts_creator c ON c.id = s.creator_id
                 WHERE s.membership_id = m.id AND s.started_at <= %(now)s
                   AND (s.ended_at IS NULL OR s.ended_at > %(now)s) AND c.stopped_at IS NULL)
 END
"""
_REACH_OF = "SELECT {reach} FROM accounts_membership m WHERE m.id = %(member)s"
_REACH_OF_MEMBER = _REACH_OF.format(reach=REACH)


def reach_of_member(member: Membership) -> frozenset[int] | None:
    """Creators whose rows a member reaches now; None means all of the workspace."""
    found = sql.row(_REACH_OF_MEMBER, {"member": member.pk, "now": clock.now()})
    if found is None:
        return frozenset()
    return None if found[0] is None else frozenset(found[0])


def family_of(principal: Principal) -> RefreshSession:
    """The living refresh family of the caller's access token; NotFound for a key's caller."""
    uid = ids.decode("ses", principal.session_id or "")
    rows = RefreshSession.objects.select_related("user").filter(user_id=principal.user_pk, revoked_at=None)
    session = one(rows.filter(uid=uid)) if uid else None
    if session is None:
        raise NotFound("No session")
    return session


def reachable_accounts(creator_ids: frozenset[int] | None, platform: Platform) -> list[PlatformAccount]:
    """Accounts of one platform that are not disconnected, oldest first; at most 200."""
    rows = PlatformAccount.objects.present().for_creators(creator_ids).filter(platform=platform)
    return list(rows.select_related("creator").order_by("pk")[:200])


#: Keys of `reachable_accounts`, oldest first; its values come from `reached`.
REACHED = """
SELECT a.id FROM accounts_platformaccount a
 WHERE a.workspace_id = %(workspace)s AND a.platform = %(platform)s AND a.state <> 'disconnected'
   AND (%(creators)s::bigint[] IS NULL OR a.creator_id = ANY (%(creators)s::bigint[]))
 ORDER BY a.id LIMIT 200
"""


def reachable_account_pks(creator_ids: frozenset[int] | None, platform: Platform) -> list[int]:
    """Keys of `reachable_accounts`, where nothing more of them is needed."""
    return [pk for (pk,) in sql.rows(REACHED, reached(creator_ids, platform))]


def reached(creator_ids: frozenset[int] | None, platform: Platform) -> dict[str, Any]:
    """The values of REACHED: the workspace in scope, and of it the creators whom the caller reaches."""
    return {
        "workspace": current_workspace_id(),
        "platform": str(platform),
        "creators": None if creator_ids is None else sorted(creator_ids),
    }


def sending_accounts() -> PlatformAccountQuerySet:
    """Accounts whose queue moves, of every workspace in scope."""
    rows: PlatformAccountQuerySet = PlatformAccount.objects.sending()
    return rows


def accounts_by_handle(handle: str) -> list[int]:
    """Keys of accounts whose handle is exactly this, at most 50."""
    rows = PlatformAccount.objects.filter(handle__iexact=handle)
    return list(rows.values_list("pk", flat=True)[:50])


def account_of(
    creator_ids: frozenset[int] | None, platform: Platform, account_id: str | None
) -> PlatformAccount:
    """The account with this public id, or the caller's only one; NotFound for anybody else's."""
    rows = PlatformAccount.objects.present().for_creators(creator_ids).filter(platform=platform)
    rows = rows.select_related("creator", "workspace")
    if account_id is not None:
        uid = ids.decode("acc", account_id)
        account: PlatformAccount | None = one(rows.filter(uid=uid)) if uid else None
        if account is None:
            raise NotFound("Unknown account")
        return account
    found: list[PlatformAccount] = list(rows.order_by("pk")[:2])
    if not found:
        raise NotFound("No connected account")
    if len(found) > 1:
        raise Invalid(FieldError("accountId", "You have several accounts: say which one."))
    return found[0]


def holders_of(capability: str, creator_pk: int) -> int:
    """How many active members of the workspace in scope hold a capability for this creator."""
    rows = Membership.objects.filter(ended_at=None, user__is_active=True)
    found = 0
    for member in rows:
        role = Role(member.role)
        if capability in capabilities_of(role):
            reach = reach_of_member(member)
            found += reach is None or creator_pk in reach
    return found
