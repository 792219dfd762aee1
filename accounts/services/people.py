"""Users, workspaces, members and creators: the writes."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts.errors import AlreadyMember, EmailTaken
from accounts.models import Creator, CreatorAssignment, Membership, User, Workspace
from accounts.services import allowances, audit
from accounts.types import Role
from huntaze.kernel.tenancy import current_workspace_id, workspace_scope


def create_user(
    *,
    email: str,
    name: str,
    password: str,
    now: datetime,
    is_staff: bool = False,
    is_verified: bool = False,
    locale: str = "en",
    terms_version: str = "",
) -> User:
    """A person; raises EmailTaken, decided by the unique constraint. `is_verified` says that the mail is known to be
    theirs; `terms_version` which terms they accepted now."""
    try:
        with transaction.atomic():
            return User.objects.create(
                email=email.lower(),
                name=name,
                password=make_password(password),
                is_staff=is_staff,
                locale=locale,
                email_verified_at=now if is_verified else None,
                terms_accepted_at=now if terms_version else None,
                terms_version=terms_version,
            )
    except IntegrityError as error:
        if "email" not in str(error):
            raise
        raise EmailTaken from error


def create_workspace(
    *, name: str, owner: User, now: datetime, kind: str = "solo", timezone: str = "UTC"
) -> tuple[Workspace, Membership]:
    """A workspace with its owner, in one transaction."""
    with transaction.atomic():
        workspace = Workspace.objects.create(
            name=name, kind=kind, timezone=timezone, billing_email=owner.email
        )
        with workspace_scope(workspace.pk):
            member = Membership.objects.create(user=owner, role=Role.OWNER, joined_at=now)
            actor = audit.Actor.member(owner.pk, member.pk)
            audit.record(
                workspace_id=workspace.pk,
                actor=actor,
                action="workspace.created",
                now=now,
                target=workspace.public_id,
            )
    return workspace, member


#: Where the invented people of a demo have their mail: nowhere (RFC 2606).
DEMO_MAIL = "@demo.invalid"


def mark_demo(*, workspace_pk: int) -> None:
    """A workspace that only plays: its keys are `hz_test_` keys, which work nowhere else."""
    Workspace.objects.filter(pk=workspace_pk).update(is_demo=True)


def add_member(*, user: User, role: Role, actor: audit.Actor, now: datetime) -> Membership:
    """A member of the workspace in scope; raises AlreadyMember, decided by the unique constraint, and
    UsageLimitExceeded."""
    workspace_id = current_workspace_id()
    assert workspace_id is not None
    try:
        with transaction.atomic():
            allowances.take(workspace_id=workspace_id, feature="seats", now=now)
            member = Membership.objects.create(user=user, role=role, joined_at=now)
            audit.record(
                workspace_id=member.workspace_id,
                actor=actor,
                action="member.added",
                now=now,
                target=member.public_id,
                changes={"role": str(role)},
            )
    except IntegrityError as error:
        if "membership_active_unique" not in str(error):
            raise
        raise AlreadyMember from error
    return member


def create_creator(*, stage_name: str, timezone: str, actor: audit.Actor, now: datetime) -> Creator:
    """A creator of the workspace in scope; raises UsageLimitExceeded when the plan has no place for one more."""
    workspace_id = current_workspace_id()
    assert workspace_id is not None
    with transaction.atomic():
        allowances.take(workspace_id=workspace_id, feature="creators", now=now)
        creator = Creator.objects.create(stage_name=stage_name, timezone=timezone)
        audit.record(
            workspace_id=creator.workspace_id,
            actor=actor,
            action="creator.created",
            now=now,
            target=creator.public_id,
        )
    return creator


def assign(*, member: Membership, creator: Creator, actor: audit.Actor, now: datetime) -> None:
    """Let a member work for a creator; twice is once."""
    with transaction.atomic():
        _, made = CreatorAssignment.objects.get_or_create(
            membership=member, creator=creator, ended_at=None, defaults={"started_at": now}
        )
        if made:
            audit.record(
                workspace_id=member.workspace_id,
                actor=actor,
                action="member.assigned",
                now=now,
                target=member.public_id,
                changes={"creator": creator.public_id},
            )
