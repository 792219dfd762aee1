"""Visits of staff: begun with a reason and a fresh second factor, told to the owners, ended by many things."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.errors import NotVisitable, NotYours, VisitUnderWay
from accounts.models import ImpersonationGrant, Membership, User
from accounts.rules import visits as rules
from accounts.selectors.impersonation import is_staff, why_over
from accounts.selectors.staff import staff_may
from accounts.services import audit
from accounts.services.factors import methods_of
from accounts.services.mail import mail_to
from accounts.types import Role
from huntaze.kernel import clock, live
from huntaze.kernel.errors import FieldError, Invalid, NotAllowed, StepUpRequired
from huntaze.kernel.tenancy import cross_workspace

MOST_OWNERS, BATCH = 50, 500


def begin(
    *,
    staff: User,
    membership: Membership,
    reason: str,
    minutes: int,
    asks_to_write: bool,
    session_digest: str,
    factor_at: datetime | None,
    now: datetime,
) -> ImpersonationGrant:
    """A visit from one browser session; the staff member's visit before ends.

    Raises NotAllowed, StepUpRequired without a fresh second factor, Invalid, NotVisitable for a member who is gone or
    is staff, VisitUnderWay when another one began at the same moment.
    """
    check_factor(staff=staff, factor_at=factor_at, now=now)
    reason = " ".join(reason.split())
    _check_wish(reason, minutes)
    grant = ImpersonationGrant(
        workspace_id=membership.workspace_id,
        staff=staff,
        membership=membership,
        reason=reason,
        started_at=now,
        expires_at=now + timedelta(minutes=minutes),
        asks_to_write=asks_to_write,
        session_digest=session_digest,
    )
    if is_staff(grant) or why_over(grant, now):
        raise NotVisitable
    try:
        with transaction.atomic():
            for old in ImpersonationGrant.objects.filter(staff=staff, ended_at=None):
                end(grant=old, by_pk=staff.pk, reason="replaced", now=now)
            ImpersonationGrant.objects.filter(session_digest=session_digest).update(session_digest="")
            grant.save()
            changes = {"until": clock.iso(grant.expires_at), "asksToWrite": asks_to_write}
            _record(grant, staff.pk, "impersonation.started", now, changes, reason=reason)
            _tell_owners(grant, "staff_visit", now)
    except IntegrityError as error:
        if "impersonation_one_at_a_time" not in str(error):
            raise
        raise VisitUnderWay from error
    return grant


def check_factor(*, staff: User, factor_at: datetime | None, now: datetime) -> None:
    """Raises NotAllowed for who may not visit, StepUpRequired without a second factor of the last ten minutes.

    `factor_at` is when this session last gave one. Where none is compulsory, as in the demo, somebody without a factor
    proves themselves by their password.
    """
    if not staff_may(staff, "staff.impersonate"):
        raise NotAllowed
    if settings.MFA_REQUIRED_FOR_STAFF and not methods_of(staff):
        raise NotAllowed
    if not rules.is_fresh(factor_at, now):
        raise StepUpRequired


def _check_wish(reason: str, minutes: int) -> None:
    if not rules.SHORTEST_REASON <= len(reason) <= rules.LONGEST_REASON or "\0" in reason:
        raise Invalid(FieldError("reason", "Say in 15 to 200 characters why."))
    if not 1 <= minutes <= rules.LONGEST // timedelta(minutes=1):
        raise Invalid(FieldError("minutes", "A visit lasts 1 to 60 minutes."))


def confirm_writing(
    *, grant: ImpersonationGrant, staff: User, factor_at: datetime | None, now: datetime
) -> None:
    """A second person's word that the visitor may change something. It opens nothing that is never open, and the visit
    gets no longer. Raises NotYours for the visitor, VisitUnderWay when it is over, never asked or confirmed already."""
    check_factor(staff=staff, factor_at=factor_at, now=now)
    if grant.staff_id == staff.pk:
        raise NotYours
    with transaction.atomic():
        waiting = ImpersonationGrant.objects.filter(
            pk=grant.pk, asks_to_write=True, confirmed_by=None, ended_at=None, expires_at__gt=now
        )
        if not waiting.exclude(staff=staff).update(confirmed_by=staff, confirmed_at=now):
            raise VisitUnderWay
        _record(grant, staff.pk, "impersonation.writing_confirmed", now)
        _tell_owners(grant, "staff_visit_writes", now)


def end(*, grant: ImpersonationGrant, by_pk: int | None, reason: str, now: datetime) -> bool:
    """The visit is over from the next request on; False when it was already. `by_pk` is who ended it, None: time, or a
    change of rights. `reason` is a code."""
    with transaction.atomic():
        living = ImpersonationGrant.objects.filter(pk=grant.pk, ended_at=None)
        ended = living.update(ended_at=min(now, grant.expires_at), end_reason=reason)
        if ended:
            _record(grant, by_pk, "impersonation.ended", now, {"how": reason})
            live.rights_changed(grant.staff_id)
    return bool(ended)


def leave(*, grant: ImpersonationGrant, by_pk: int | None, reason: str, now: datetime) -> None:
    """`end`, and the browser session that visited knows: it is its person's own again."""
    end(grant=grant, by_pk=by_pk, reason=reason, now=now)
    ImpersonationGrant.objects.filter(pk=grant.pk).update(session_digest="")


def end_expired(*, now: datetime) -> int:
    """End visits whose time is over, so that the log says so even if nobody comes back; returns how many."""
    with cross_workspace("visit"):
        late = ImpersonationGrant.objects.filter(ended_at=None, expires_at__lte=now).order_by("expires_at")
        return sum(end(grant=grant, by_pk=None, reason="expired", now=now) for grant in late[:BATCH])


def note_page(*, grant: ImpersonationGrant, action: str, changes: dict[str, Any], now: datetime) -> None:
    """One page of a visit in the workspace's log: `impersonation.viewed`, `.acted` or `.refused`."""
    _record(grant, grant.staff_id, action, now, changes)


def _record(
    grant: ImpersonationGrant,
    by_pk: int | None,
    action: str,
    now: datetime,
    changes: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    actor = audit.Actor.system() if by_pk is None else audit.Actor.staff(by_pk)
    if by_pk == grant.staff_id:
        actor = audit.Actor.staff(by_pk, on_behalf_of=grant.membership_id)
    audit.record(
        workspace_id=grant.workspace_id,
        actor=actor,
        action=action,
        now=now,
        target=grant.public_id,
        changes=changes,
        reason=reason,
    )


def _tell_owners(grant: ImpersonationGrant, kind: str, now: datetime) -> None:
    owners = Membership.objects.living().filter(
        workspace_id=grant.workspace_id, role=Role.OWNER, user__is_active=True
    )
    for owner in owners.select_related("user").order_by("pk")[:MOST_OWNERS]:
        mail_to(
            owner.user,
            kind,
            now=now,
            workspace=grant.membership.workspace.name,
            member=grant.membership.user.name,
            reason=grant.reason,
            until=grant.expires_at.isoformat(),
            asks=grant.asks_to_write,
        )
