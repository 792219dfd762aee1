"""Who needs a second factor, and who has one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef

from accounts.models import Membership, PlatformAccount, RecoveryCode, SecurityKey, TotpDevice, User
from accounts.rules.second_factor import Duty, duty_of, wall_at


@dataclass(frozen=True, slots=True)
class FactorDuty:
    """What somebody is told, and from when the wall stands."""

    duty: Duty = Duty.NONE
    at: datetime | None = None


def with_duty(members: Any) -> Any:
    """Memberships with what `duty_of_member` reads, in the same query."""
    here = Membership.objects.filter(workspace_id=OuterRef("workspace_id"), ended_at=None)
    accounts = PlatformAccount.objects.present().filter(workspace_id=OuterRef("workspace_id"))
    return members.annotate(
        has_totp=Exists(TotpDevice.objects.filter(user_id=OuterRef("user_id")).exclude(confirmed_at=None)),
        has_key=Exists(SecurityKey.objects.filter(user_id=OuterRef("user_id"))),
        second_joined_at=here.order_by("joined_at").values("joined_at")[1:2],
        first_connected_at=accounts.order_by("connected_at").values("connected_at")[:1],
        is_in_demo=F("workspace__is_demo"),
    )


def duty_of_member(member: Any, now: datetime) -> FactorDuty:
    """Of a membership read through `with_duty`. A demo, whose accounts look a year old, asks for nothing."""
    if member.has_totp or member.has_key:
        return FactorDuty()
    if member.user.is_staff and settings.MFA_REQUIRED_FOR_STAFF:
        return FactorDuty(Duty.WALL, now)
    if member.is_in_demo:
        return FactorDuty()
    moments = [moment for moment in (member.second_joined_at, member.first_connected_at) if moment]
    wall = wall_at(
        role=member.role,
        required_roles=settings.MFA_REQUIRED_ROLES,
        since=min(moments) if moments else None,
    )
    return FactorDuty(duty_of(wall, now), wall)


def duty_of_user(user: User, now: datetime) -> FactorDuty:
    """Where the membership is not at hand; needs a lifted wall."""
    rows = Membership.objects.living().filter(user=user).select_related("user").order_by("pk")
    member = with_duty(rows).first()
    if member is not None:
        return duty_of_member(member, now)
    return duty_of_staff(user, now)


def duty_of_staff(user: User, now: datetime) -> FactorDuty:
    """Of somebody without a workspace; asked with every page of the staff's, in one query or none."""
    if not (user.is_staff and settings.MFA_REQUIRED_FOR_STAFF):
        return FactorDuty()
    totp = TotpDevice.objects.filter(user=user).exclude(confirmed_at=None)
    keys = SecurityKey.objects.filter(user=user)
    if totp.values("pk").union(keys.values("pk")).exists():
        return FactorDuty()
    return FactorDuty(Duty.WALL, now)


def keys_of(user: User) -> list[SecurityKey]:
    """A person's security keys, oldest first."""
    return list(SecurityKey.objects.filter(user=user).order_by("pk")[:50])


def recovery_codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at=None).count()
