"""Who needs a second factor, and who has one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, DateTimeField, F, Field
from django.db.models.expressions import RawSQL

from accounts.models import Membership, RecoveryCode, SecurityKey, TotpDevice, User
from accounts.rules.second_factor import Duty, duty_of, wall_at


@dataclass(frozen=True, slots=True)
class FactorDuty:
    """What somebody is told, and from when the wall stands."""

    duty: Duty = Duty.NONE
    at: datetime | None = None


#: Every page asks these of the person's memberships: as conditions of the ORM they cost more to write than to run.
_HAS_TOTP = """EXISTS (SELECT 1 FROM accounts_totpdevice d
        WHERE d.user_id = accounts_membership.user_id AND d.confirmed_at IS NOT NULL)"""
_HAS_KEY = "EXISTS (SELECT 1 FROM accounts_securitykey k WHERE k.user_id = accounts_membership.user_id)"
_SECOND_JOINED_AT = """(SELECT m.joined_at FROM accounts_membership m
        WHERE m.workspace_id = accounts_membership.workspace_id AND m.ended_at IS NULL
        ORDER BY m.joined_at OFFSET 1 LIMIT 1)"""
_FIRST_CONNECTED_AT = """(SELECT min(a.connected_at) FROM accounts_platformaccount a
        WHERE a.workspace_id = accounts_membership.workspace_id AND a.state <> 'disconnected')"""


def _asked(statement: str, kind: "Field[Any, Any]") -> RawSQL:
    return RawSQL(statement, (), kind)  # noqa: S611 -- constants of ours, without a parameter


def with_duty(members: Any) -> Any:
    """Memberships with what `duty_of_member` reads, in the same query."""
    return members.annotate(
        has_totp=_asked(_HAS_TOTP, BooleanField()),
        has_key=_asked(_HAS_KEY, BooleanField()),
        second_joined_at=_asked(_SECOND_JOINED_AT, DateTimeField()),
        first_connected_at=_asked(_FIRST_CONNECTED_AT, DateTimeField()),
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
