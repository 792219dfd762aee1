"""Asking for an export or an erasure, what an erasure would do, and taking either back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from accounts.errors import AlreadyAsked, LastOwner, NothingToUndo
from accounts.models import Creator, ExportChunk, Membership, PrivacyRequest, User, Workspace
from accounts.rules.privacy import HAS_GRACE, LEAST_REASON, capability_for
from accounts.services import audit
from accounts.services.mail import mail_to
from accounts.services.privacy import registry
from accounts.services.privacy.registry import Known, Subject
from accounts.services.workspaces import lock_workspace
from accounts.types import CreatorStatus, PrivacyScope, Role, WorkspaceStatus
from huntaze.kernel import context, ids, live
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import FieldError, Invalid, NotAllowed, NotFound
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import State
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

OPEN = (State.QUEUED, State.WORKING)
#: GDPR Art. 12(3): one month to answer.
ANSWER_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of what an erasure would do: how many rows go or stay, why, and until when."""

    name: str
    count: int
    is_kept: bool
    reason: str
    until: str


def subject_of(*, principal: Principal, kind: str, scope: PrivacyScope, target_id: str | None) -> Subject:
    """Whom a request would be about; asked outside of any scope. Raises NotAllowed without the right, NotFound for
    anybody else's."""
    if not principal.can(capability_for(kind, scope)):
        raise NotAllowed
    if scope is PrivacyScope.WORKSPACE:
        return Subject(scope, principal.workspace_pk, principal.workspace_pk, principal.workspace_id)
    if scope is PrivacyScope.ME:
        return Subject(scope, principal.workspace_pk, principal.member_pk, _member_id(principal))
    for party in registry.parties():
        with workspace_scope(principal.workspace_pk):
            pk = party.find(scope, target_id or "", principal.creator_ids)
        if pk is not None:
            return Subject(scope, principal.workspace_pk, pk, target_id or "")
    raise NotFound("Unknown id")


def look_up(*, principal: Principal, scope: PrivacyScope, text: str) -> list[Known]:
    """Whom the caller may mean by an id, a handle or a name; asked outside of any scope. Raises NotAllowed."""
    if not any(principal.can(capability_for(kind, scope)) for kind in ("export", "erase")):
        raise NotAllowed
    with workspace_scope(principal.workspace_pk):
        return [
            known
            for party in registry.parties()
            for known in party.look(scope, text.strip()[:100], principal.creator_ids)
        ]


def name_of(*, subject: Subject, principal: Principal) -> str:
    """What a person types to say that they mean this one: a name, or their own address."""
    if subject.scope is PrivacyScope.WORKSPACE:
        return str(Workspace.objects.values_list("name", flat=True).get(pk=subject.pk))
    if subject.scope is PrivacyScope.ME:
        return str(User.objects.values_list("email", flat=True).get(pk=principal.user_pk))
    found = look_up(principal=principal, scope=subject.scope, text=subject.public_id)
    return found[0].label if found else subject.public_id


def plan_of(subject: Subject) -> list[Planned]:
    """What an erasure would do now, line by line."""
    found = []
    for step in registry.steps_of(subject.scope):
        with registry.wall(step, subject):
            count = step.rows(subject).count()
        found.append(Planned(step.name, count, step.some is None, step.reason, step.until))
    return found


def ask_export(*, subject: Subject, principal: Principal, now: datetime) -> PrivacyRequest:
    """Queue an export; raises AlreadyAsked while one of the same is under way."""
    with workspace_scope(subject.workspace_pk):
        return _ask("export", subject, principal, now, available_at=now)


def ask_erasure(
    *, subject: Subject, principal: Principal, now: datetime, reason: str = "", at_once: bool = False
) -> PrivacyRequest:
    """Queue an erasure: of a fan or a member now, of a workspace or creator after the grace, during which it rests.

    `at_once` skips the grace for a legal request and needs its reason. Raises AlreadyAsked, LastOwner, Invalid.
    """
    if at_once and len(reason.strip()) < LEAST_REASON:
        raise Invalid(FieldError("reason", "Say which legal request this answers, in 15 characters or more."))
    due = due_at(subject.scope, at_once=at_once, now=now)
    if subject.scope is PrivacyScope.ME:
        _check_not_needed(principal)
    with workspace_scope(subject.workspace_pk), transaction.atomic():
        lock_workspace(subject.workspace_pk)
        return _ask("erase", subject, principal, now, available_at=due, reason=reason, before=_rest(subject))


def show(request: PrivacyRequest) -> None:
    """Open pages of who asked, and of who manages privacy, ask again for how far it is."""
    names = ("jobs", f"job_{request.public_id}")
    live.tell(
        *(live.Event(request.workspace_id, name, member_pk=request.asked_by_id) for name in names),
        *(live.Event(request.workspace_id, name, capability="privacy.manage") for name in names),
    )


def undo(*, request: PrivacyRequest, principal: Principal, now: datetime) -> PrivacyRequest:
    """Take an export or a waiting erasure back; raises NothingToUndo when it has begun or ended."""
    states = OPEN if request.kind == "export" else (State.QUEUED,)
    with transaction.atomic():
        rows = PrivacyRequest.objects.filter(pk=request.pk, state__in=states)
        if request.kind == "erase":
            rows = rows.filter(available_at__gt=now, attempts=0)
        if not rows.update(state="cancelled", ended_at=now, leased_until=None, lease_token=None):
            raise NothingToUndo
        ExportChunk.objects.filter(request=request).delete()
        _wake(request)
        _record("cancelled", request, principal, now)
    request.refresh_from_db()
    return request


def due_at(scope: PrivacyScope, *, at_once: bool, now: datetime) -> datetime:
    """When an erasure that is asked for now begins."""
    has_grace = scope in HAS_GRACE and not at_once
    return now + timedelta(days=settings.ERASE_GRACE_DAYS) if has_grace else now


def _ask(
    kind: str,
    subject: Subject,
    principal: Principal,
    now: datetime,
    *,
    available_at: datetime,
    reason: str = "",
    before: dict[str, str] | None = None,
) -> PrivacyRequest:
    try:
        with transaction.atomic():
            request = PrivacyRequest.objects.create(
                kind=kind,
                scope=subject.scope,
                target_pk=subject.pk,
                target_id=subject.public_id,
                asked_by_id=principal.member_pk,
                asked_at=now,
                answer_by=now + ANSWER_WITHIN,
                available_at=available_at,
                reason=reason[:200],
                before=before or {},
                trace_id=context.trace_id(),
            )
            _record("asked", request, principal, now)
            if kind == "erase" and available_at > now:
                _tell_owners(request, now)
            enqueue("accounts.run_privacy")
    except IntegrityError as error:
        if "privacy_request_open_once" not in str(error):
            raise
        raise AlreadyAsked from error
    return request


def _rest(subject: Subject) -> dict[str, str]:
    """What will be erased does nothing any more until then; returns what an undo puts back."""
    if subject.scope is PrivacyScope.WORKSPACE:
        rows = Workspace.objects.filter(pk=subject.pk)
        before = rows.values_list("status", flat=True).get()
        rows.update(status=WorkspaceStatus.CLOSING)
        return {"status": before}
    if subject.scope is PrivacyScope.CREATOR:
        creators = Creator.objects.filter(pk=subject.pk)
        before = creators.values_list("status", flat=True).get()
        creators.update(status=CreatorStatus.PAUSED)
        return {"status": before}
    return {}


def _wake(request: PrivacyRequest) -> None:
    if request.kind == "erase" and request.before:
        if request.scope == PrivacyScope.WORKSPACE:
            Workspace.objects.filter(pk=request.target_pk, status=WorkspaceStatus.CLOSING).update(
                **request.before
            )
        elif request.scope == PrivacyScope.CREATOR:
            Creator.objects.filter(pk=request.target_pk, stopped_at=None).update(**request.before)


def _check_not_needed(principal: Principal) -> None:
    """The last owner can't vanish from under a workspace: it is closed or handed over first. A demo ends by itself."""
    with cross_workspace("privacy"):
        owners = Membership.objects.filter(role=Role.OWNER, ended_at=None, user__is_active=True)
        others = owners.filter(workspace=OuterRef("workspace")).exclude(user=principal.user_pk)
        alone = owners.exclude(workspace__status=WorkspaceStatus.ERASED).filter(~Exists(others))
        alone = alone.exclude(workspace__is_demo=True)
        if alone.filter(user=principal.user_pk).exists():
            raise LastOwner


def _tell_owners(request: PrivacyRequest, now: datetime) -> None:
    owners = Membership.objects.filter(role=Role.OWNER, ended_at=None).select_related("user")[:20]
    for owner in owners:
        mail_to(
            owner.user, "erasure_planned", now=now, scope=request.scope, at=request.available_at.isoformat()
        )


def _record(deed: str, request: PrivacyRequest, principal: Principal, now: datetime) -> None:
    show(request)
    audit.record(
        workspace_id=request.workspace_id,
        actor=audit.Actor.of(principal),
        action=f"{'export' if request.kind == 'export' else 'erasure'}.{deed}",
        now=now,
        target=request.public_id,
        changes={"scope": request.scope, "of": request.target_id},
        reason=request.reason,
    )


def _member_id(principal: Principal) -> str:
    with workspace_scope(principal.workspace_pk):
        uid = Membership.objects.values_list("uid", flat=True).get(pk=principal.member_pk)
    return ids.encode("mbr", uid)
