"""How far a member has come since they signed up, read from what there is; and what they don't want to be asked."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import Membership, PlatformAccount
from accounts.rules import onboarding as rules
from accounts.rules.capabilities import capabilities_of
from accounts.rules.second_factor import Duty
from accounts.selectors.factors import duty_of_member, with_duty
from accounts.selectors.team import creators_within
from accounts.services import allowances
from accounts.services.audit import Actor
from accounts.services.connections import vendor
from accounts.services.creators import add_creator
from accounts.services.workspaces import lock_workspace
from accounts.types import CreatorStatus, Platform, Role
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import FieldError, Invalid

#: Whether something went out from one of these accounts; the app that sends registers it.
HasSent = Callable[[Sequence[int]], bool]
_has_sent: list[HasSent] = []
#: What a step takes of the plan.
_ADDS = {"creator_assessment": "creators", "first_platform": "platform_accounts"}


def register_has_sent(check: HasSent) -> None:
    _has_sent.append(check)


def status_of(principal: Principal, now: datetime) -> rules.Onboarding:
    """How far the caller is in the workspace in scope: at most four queries. A key tells of its person."""
    row = with_duty(Membership.objects.select_related("user")).get(pk=principal.member_pk)
    accounts = _accounts(principal)
    sending = [account.pk for account in accounts if account.platform == Platform.ONLYFANS]
    done = {
        "welcome": row.user.email_verified_at is not None,
        "creator_assessment": _has_creator(principal),
        "first_platform": bool(sending),
        "second_factor": row.has_totp or row.has_key,
        "completion": any(check(sending) for check in _has_sent),
    }
    if any(vendor.is_configured(platform) for platform in Platform if platform is not Platform.ONLYFANS):
        done["additional_platforms"] = len(accounts) > len(sending)
    is_due = duty_of_member(row, now).duty is not Duty.NONE
    return rules.onboarding(
        done=done,
        skipped=row.skipped_steps,
        required={"second_factor"} if is_due else (),
        capabilities=capabilities_of(Role(row.role)),
    )


def is_first_run(principal: Principal) -> bool:
    """Whether the caller may connect accounts and reaches none that sends: setting up is all there is to do."""
    if "accounts.connect" not in principal.capabilities:
        return False
    return not any(account.platform == Platform.ONLYFANS for account in _accounts(principal))


def hindrances(principal: Principal, found: rules.Onboarding, now: datetime) -> dict[str, str]:
    """By step that is still to do, why the plan refuses what it would add: read_only, limit or plan; else empty."""
    return {
        step.id: allowances.hindrance(workspace_id=principal.workspace_pk, feature=_ADDS[step.id], now=now)
        for step in found.steps
        if step.id in _ADDS and step.status is rules.StepStatus.PENDING
    }


def add_first_creator(
    *, principal: Principal, stage_name: str, timezone: str, actor: Actor, now: datetime
) -> bool:
    """Add the creator that setting up begins with, unless the caller reaches one: a form sent twice adds one."""
    with transaction.atomic():
        lock_workspace(principal.workspace_pk)
        if _has_creator(principal):
            return False
        add_creator(stage_name=stage_name, timezone=timezone, actor=actor, now=now)
    return True


def skip(*, principal: Principal, step: str, is_skipped: bool, now: datetime) -> None:
    """Don't ask for an optional step any more, or do again; raises Invalid for any other."""
    optional = {found.id for found in status_of(principal, now).steps if not found.is_required}
    if step not in optional:
        raise Invalid(FieldError("step", "This step can't be skipped."))
    with transaction.atomic():
        row = Membership.objects.select_for_update(of=("self",), no_key=True).get(pk=principal.member_pk)
        kept = {*row.skipped_steps} - {step} | ({step} if is_skipped else set())
        row.skipped_steps = sorted(kept)
        row.save(update_fields=["skipped_steps"])


def _accounts(principal: Principal) -> list[PlatformAccount]:
    rows = PlatformAccount.objects.present().for_creators(principal.creator_ids)
    return list(rows.only("platform").order_by("pk")[:200])


def _has_creator(principal: Principal) -> bool:
    return creators_within(principal.creator_ids).exclude(status=CreatorStatus.OFFBOARDED).exists()
