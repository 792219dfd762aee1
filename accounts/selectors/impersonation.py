"""Visits of staff, as the browser sessions that make them see them."""

from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import ImpersonationGrant
from accounts.rules.visits import while_visiting
from accounts.selectors.principals import principal_of
from accounts.selectors.staff import staff_may
from accounts.types import OPEN_STATUSES
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.tenancy import cross_workspace


@dataclass(frozen=True, slots=True)
class Visit:
    """What pages say about the visit that they are seen in."""

    grant_id: str
    member_name: str
    workspace_name: str
    reason: str
    ends_at: datetime
    may_write: bool
    waits_for_word: bool


def grant_of_session(*, staff_pk: int, session_digest: str) -> ImpersonationGrant | None:
    """The grant that this browser session holds, living or over."""
    if not session_digest:
        return None
    with cross_workspace("visit"):
        rows = ImpersonationGrant.objects.select_related("staff", "membership__user", "membership__workspace")
        found: ImpersonationGrant | None = (
            rows.filter(staff_id=staff_pk, session_digest=session_digest).order_by("-pk").first()
        )
    return found


def why_over(grant: ImpersonationGrant, now: datetime) -> str:
    """Why a visit is no more, as a code; empty while it goes on. Asked anew at every request."""
    member = grant.membership
    if grant.ended_at is not None:
        return grant.end_reason
    if now >= grant.expires_at:
        return "expired"
    if member.ended_at is not None or not member.user.is_active or is_staff(grant):
        return "member_gone"
    if member.workspace.status not in OPEN_STATUSES:
        return "workspace_shut"
    return "" if staff_may(grant.staff, "staff.impersonate") else "right_lost"


def is_staff(grant: ImpersonationGrant) -> bool:
    """Nobody looks through the eyes of staff: that would lend their rights."""
    return grant.membership.user.is_staff or grant.membership.user.is_superuser


def visit_of(grant: ImpersonationGrant) -> Visit:
    return Visit(
        grant_id=grant.public_id,
        member_name=grant.membership.user.name,
        workspace_name=grant.membership.workspace.name,
        reason=grant.reason,
        ends_at=grant.expires_at,
        may_write=grant.confirmed_at is not None,
        waits_for_word=grant.asks_to_write and grant.confirmed_at is None,
    )


def visitor(grant: ImpersonationGrant, *, limit: int) -> Principal:
    """The member's rights as they are now, cut to what a visitor may; the staff member's own add nothing."""
    with cross_workspace("visit"):
        member = principal_of(grant.membership, limit=limit)
    return replace(
        member,
        capabilities=while_visiting(member.capabilities, may_write=grant.confirmed_at is not None),
        throttle_key=f"visit:{grant.staff_id}",
        proved_at=None,
        acting_pk=grant.staff_id,
    )
