"""Invitations: offered by mail, taken up once, by a new person or by one who proves who they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.errors import AlreadyInvited, AlreadyMember, InvalidLink, TooManyInvitations
from accounts.models import Creator, CreatorAssignment, Invitation, Membership, User
from accounts.rules.membership import may_hand_on, may_invite
from accounts.selectors.principals import reach_of_member
from accounts.services import allowances, audit, links, tokens
from accounts.services.mail import queue_mail
from accounts.services.outside import refuse_in_demo
from accounts.services.passwords import check_new_password
from accounts.services.people import create_user
from accounts.services.signin import verified_user
from accounts.services.team import acting_member
from accounts.services.workspaces import lock_workspace
from accounts.types import OPEN_STATUSES, Role
from huntaze.kernel.errors import FieldError, Invalid, NotAllowed
from huntaze.kernel.tenancy import cross_workspace, current_workspace_id, workspace_scope
from huntaze.kernel.web import Device

LASTS = timedelta(days=7)
MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class Offer:
    """What whoever has the link may know before they accept. `is_known`: a person with this mail exists."""

    row: Invitation
    email: str
    role: Role
    workspace_name: str
    invited_by: str
    is_known: bool


def invite(
    *,
    email: str,
    role: Role,
    sees_all_creators: bool = True,
    creators: list[Creator],
    locale: str,
    actor: audit.Actor,
    now: datetime,
) -> Invitation:
    """Offer a place and queue its mail, all or nothing. An expired invitation of the same address makes room.

    Raises NotAllowed for what the actor doesn't hold, UsageLimitExceeded, AlreadyMember, AlreadyInvited,
    TooManyInvitations, DemoStaysInside, and Invalid for creators that don't go with the role.
    """
    workspace_id = current_workspace_id()
    assert workspace_id is not None
    email = email.lower()
    _check_creators(role, creators)
    try:
        with transaction.atomic():
            refuse_in_demo(lock_workspace(workspace_id))
            acting = acting_member(actor)
            _may_invite(acting, role, sees_all_creators, creators)
            if Membership.objects.filter(user__email=email, ended_at=None).exists():
                raise AlreadyMember
            Invitation.objects.open().filter(email=email, expires_at__lte=now).update(revoked_at=now)
            if Invitation.objects.open().count() >= MOST_OPEN:
                raise TooManyInvitations
            allowances.take(workspace_id=workspace_id, feature="seats", now=now)
            row = Invitation(
                email=email,
                role=role,
                sees_all_creators=sees_all_creators,
                creator_pks=[creator.pk for creator in creators],
                invited_by=acting,
                created_at=now,
            )
            _offer(row, locale, now)
            audit.record_of(row, actor, "invitation.sent", now, {"role": str(role)})
    except IntegrityError as error:
        if "invitation_open_once" not in str(error):
            raise
        raise AlreadyInvited from error
    return row


def resend(*, invitation: Invitation, locale: str, actor: audit.Actor, now: datetime) -> Invitation:
    """A new mail with a new link for another 7 days; the link before is worth nothing."""
    with transaction.atomic():
        row = _open(invitation)
        acting = acting_member(actor)
        _may_invite(acting, Role(row.role), row.sees_all_creators, _creators(row))
        _offer(row, locale, now)
        audit.record_of(row, actor, "invitation.sent_again", now, {})
    return row


def revoke(*, invitation: Invitation, actor: audit.Actor, now: datetime) -> None:
    """Take an invitation back."""
    with transaction.atomic():
        row = _open(invitation)
        acting = acting_member(actor)
        if row.invited_by_id != acting.pk and not may_invite(Role(acting.role), Role(row.role)):
            raise NotAllowed
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        audit.record_of(row, actor, "invitation.revoked", now, {})


def look(*, token: str, now: datetime) -> Offer:
    """What a link offers; raises InvalidLink when it is unknown, used, taken back or older than 7 days."""
    with cross_workspace("invitation"):
        rows = Invitation.objects.open().select_related("workspace", "invited_by__user")
        row = rows.filter(digest=tokens.digest(token), expires_at__gt=now).first()
    if row is None or row.workspace.status not in OPEN_STATUSES:
        raise InvalidLink
    known = User.objects.filter(email=row.email).exists()
    return Offer(row, row.email, Role(row.role), row.workspace.name, row.invited_by.user.name, known)


def accept_as_new(
    *, offer: Offer, name: str, password: str, locale: str, has_accepted_terms: bool, now: datetime
) -> Membership:
    """A new person takes the place; the link proves their mail. Raises Invalid, EmailTaken, InvalidLink."""
    if not has_accepted_terms:
        raise Invalid(FieldError("acceptTerms", "Accept the terms to go on."))
    if len(name.strip()) < 2:
        raise Invalid(FieldError("name", "Say how you are called, with at least 2 characters."))
    check_new_password(password, email=offer.email, name=name)
    with transaction.atomic():
        user = create_user(
            email=offer.email,
            name=name.strip(),
            password=password,
            now=now,
            is_verified=True,
            locale=locale,
            terms_version=settings.TERMS_VERSION,
        )
        return _join(offer, user, now)


def accept_as_known(*, offer: Offer, password: str, device: Device, now: datetime) -> Membership:
    """Somebody who has an account takes the place and proves who they are; raises InvalidCredentials, RateLimited."""
    return accept_signed_in(
        offer=offer, user=verified_user(email=offer.email, password=password, device=device, now=now), now=now
    )


def accept_signed_in(*, offer: Offer, user: User, now: datetime) -> Membership:
    """The person whom the invitation names takes the place; anybody else meets InvalidLink."""
    if user.email != offer.email:
        raise InvalidLink
    with transaction.atomic():
        User.objects.filter(pk=user.pk, email_verified_at=None).update(email_verified_at=now)
        return _join(offer, user, now)


def _join(offer: Offer, user: User, now: datetime) -> Membership:
    with workspace_scope(offer.row.workspace_id):
        lock_workspace(offer.row.workspace_id)
        row = _open(offer.row)
        inviter = Membership.objects.filter(pk=row.invited_by_id, ended_at=None).first()
        creators = _creators(row)
        if inviter is None or len(creators) != len(row.creator_pks):
            raise InvalidLink
        try:
            _may_invite(inviter, Role(row.role), row.sees_all_creators, creators)
            _check_creators(Role(row.role), creators)
        except (NotAllowed, Invalid) as error:  # who invited may no more, or the creator has a login by now
            raise InvalidLink from error
        allowances.take(workspace_id=row.workspace_id, feature="seats", quantity=0, now=now)
        member = _member(row, user, now)
        if row.role == Role.CREATOR:
            Creator.objects.filter(pk=creators[0].pk).update(user=user)
        else:
            CreatorAssignment.objects.bulk_create(
                CreatorAssignment(membership=member, creator=creator, started_at=now) for creator in creators
            )
        row.accepted_at, row.accepted_as = now, member
        row.save(update_fields=["accepted_at", "accepted_as"])
        actor = audit.Actor.member(user.pk, member.pk)
        audit.record_of(
            row, actor, "invitation.accepted", now, {"member": member.public_id, "role": row.role}
        )
    return member


def _member(row: Invitation, user: User, now: datetime) -> Membership:
    try:
        with transaction.atomic():
            return Membership.objects.create(
                user=user,
                role=row.role,
                sees_all_creators=row.sees_all_creators,
                invited_by_id=row.invited_by_id,
                joined_at=now,
            )
    except IntegrityError as error:
        raise AlreadyMember from error


def _may_invite(acting: Membership, role: Role, sees_all: bool, creators: list[Creator]) -> None:
    if not may_invite(Role(acting.role), role):
        raise NotAllowed
    reaches_all = role is Role.OWNER or (role is Role.MANAGER and sees_all)
    given = None if reaches_all else frozenset(creator.pk for creator in creators)
    if not may_hand_on(reach_of_member(acting), given):
        raise NotAllowed


def _check_creators(role: Role, creators: list[Creator]) -> None:
    if role is Role.CREATOR and (len(creators) != 1 or creators[0].user_id is not None):
        raise Invalid(FieldError("creatorIds", "Name the one creator whose login this is, who has none yet."))


def _creators(row: Invitation) -> list[Creator]:
    return list(Creator.objects.filter(pk__in=row.creator_pks).order_by("pk"))


def _open(invitation: Invitation) -> Invitation:
    """The row, held; of two who take it up at once the second finds it used."""
    row: Invitation | None = (
        Invitation.objects.open().select_for_update(of=("self",)).filter(pk=invitation.pk).first()
    )
    if row is None:
        raise InvalidLink
    return row


def _offer(row: Invitation, locale: str, now: datetime) -> None:
    row.sent_at, row.expires_at = now, now + LASTS
    row.digest = tokens.digest(links.invitation_token(row))
    row.save()
    queue_mail(kind="invitation", to=row.email, locale=locale, now=now, workspace=row.workspace_id, pk=row.pk)
