"""API keys: making, rotating and revoking them. Secrets are shown once and stored as hashes."""

import secrets
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.errors import KeyEnded, TooManyKeys
from accounts.models import ApiKey, Membership, Workspace
from accounts.querysets import living_keys
from accounts.rules import api_keys as rules
from accounts.rules.capabilities import is_scope
from accounts.services import audit, tokens
from accounts.services.mail import mail_to
from accounts.types import Role
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.tenancy import workspace_scope

log = structlog.get_logger(__name__)


def issue_api_key(
    *,
    member: Membership,
    name: str,
    scopes: list[str],
    actor: audit.Actor,
    now: datetime,
    expires_at: datetime | None = None,
    allowed_ips: list[str] | None = None,
) -> tuple[ApiKey, str]:
    """A key of the member and its secret, which is shown once. A demo workspace gets `hz_test_` keys.

    Raises Invalid for unknown scopes, addresses that are none and an end that is over; TooManyKeys.
    """
    networks = _checked(scopes, expires_at, allowed_ips or [], now)
    with transaction.atomic():
        workspace = _locked_workspace(member.workspace_id, now)
        key, secret = _insert(
            workspace=workspace,
            membership_id=member.pk,
            name=name,
            scopes=scopes,
            allowed_ips=networks,
            expires_at=expires_at,
            created_at=now,
        )
        changes = {"scopes": scopes, "expiresAt": expires_at.isoformat() if expires_at else None}
        audit.record(
            workspace_id=key.workspace_id,
            actor=actor,
            action="key.created",
            now=now,
            target=key.public_id,
            changes=changes | {"addresses": len(networks)},
        )
    return key, secret


def rotate_api_key(
    *, key: ApiKey, overlap: timedelta, actor: audit.Actor, now: datetime
) -> tuple[ApiKey, str]:
    """A successor with the same rights; the old key dies after the overlap. Raises KeyEnded, Invalid, TooManyKeys."""
    if not timedelta(0) <= overlap <= rules.LONGEST_OVERLAP:
        raise Invalid(FieldError("overlapHours", "Use 0 to 168 hours."))
    with transaction.atomic():
        workspace = _locked_workspace(key.workspace_id, now)
        old: ApiKey | None = (
            ApiKey.objects.filter(living_keys(now), pk=key.pk, replaced_by=None).select_for_update().first()
        )
        if old is None:
            raise KeyEnded
        new, secret = _insert(
            workspace=workspace,
            membership_id=old.membership_id,
            name=old.name,
            scopes=old.scopes,
            allowed_ips=old.allowed_ips,
            requests_per_minute=old.requests_per_minute,
            expires_at=rules.successor_expiry(old.created_at, old.expires_at, now),
            created_at=now,
        )
        end = rules.end_of_overlap(old.expires_at, now, overlap)
        ApiKey.objects.filter(pk=old.pk).update(expires_at=end, replaced_by=new)
        audit.record(
            workspace_id=old.workspace_id,
            actor=actor,
            action="key.rotated",
            now=now,
            target=old.public_id,
            changes={"successor": new.public_id, "endsAt": end.isoformat()},
        )
    return new, secret


def revoke_api_key(*, key: ApiKey, actor: audit.Actor, now: datetime, reason: str = "by_member") -> bool:
    """End a key at once; False when it had been revoked before."""
    with transaction.atomic():
        rows = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
        if not rows.update(revoked_at=now, revoked_reason=reason):
            return False
        audit.record(
            workspace_id=key.workspace_id,
            actor=actor,
            action="key.revoked",
            now=now,
            target=key.public_id,
            reason=reason,
        )
    return True


def revoke_exposed(*, address: str, now: datetime) -> int:
    """End the keys that stand in an address: by now they are in somebody's log. Returns how many."""
    ended = 0
    for secret in rules.found_in(address)[:5]:
        key = ApiKey.objects.filter(living_keys(now), digest=tokens.digest(secret)).first()
        if key is not None:
            with workspace_scope(key.workspace_id):
                ended += _revoke_exposed(key, now)
    if ended:
        log.warning("accounts.api_key.exposed", keys=ended)
    return ended


def _revoke_exposed(key: ApiKey, now: datetime) -> bool:
    """End one key and tell its maker and the workspace's owners, once."""
    with transaction.atomic():
        if not revoke_api_key(key=key, actor=audit.Actor.system(), now=now, reason="in_address"):
            return False
        living = Membership.objects.living().filter(user__is_active=True).select_related("user")
        told = living.filter(Q(pk=key.membership_id) | Q(role=Role.OWNER)).order_by("pk")[:50]
        for member in told:
            mail_to(member.user, "key_exposed", now=now, name=key.name, prefix=key.prefix)
    return True


def note_use(*, key: ApiKey, now: datetime, every: timedelta = timedelta(minutes=1)) -> bool:
    """Write when a key was used last, at most once in `every`, however many requests it makes. True when what is known
    of the key is too old by now."""
    if key.last_used_at is not None and key.last_used_at >= now - every:
        return False
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - every)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
    return True


def _checked(
    scopes: list[str], expires_at: datetime | None, addresses: list[str], now: datetime
) -> list[str]:
    """The address ranges in their usual spelling; raises Invalid with everything that is wrong."""
    faults, networks = [], []
    if not scopes or not all(is_scope(scope) for scope in scopes):
        faults.append(FieldError("scopes", "Use `read`, `write` or `<resource>:<read|write>`."))
    if expires_at is not None and expires_at <= now:
        faults.append(FieldError("expiresAt", "Use a time to come."))
    if len(addresses) > rules.MOST_NETWORKS:
        faults.append(FieldError("allowedIps", f"Use at most {rules.MOST_NETWORKS} addresses."))
    for index, text in enumerate(addresses[: rules.MOST_NETWORKS]):
        try:
            networks.append(rules.network(text))
        except ValueError:
            faults.append(
                FieldError(f"allowedIps.{index}", "Use an IP address or a range such as 192.0.2.0/24.")
            )
    if faults:
        raise Invalid(*faults)
    return list(dict.fromkeys(networks))


def _locked_workspace(workspace_id: int, now: datetime) -> Workspace:
    """The workspace, locked so that its keys can be counted; raises TooManyKeys."""
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
    if ApiKey.objects.filter(living_keys(now)).count() >= rules.MOST_KEYS:
        raise TooManyKeys
    return workspace


def _insert(*, workspace: Workspace, **fields: object) -> tuple[ApiKey, str]:
    secret = rules.make(rules.TEST if workspace.is_demo else rules.LIVE, secrets.choice)
    key = ApiKey.objects.create(
        workspace=workspace, prefix=secret[: rules.SHOWN], digest=tokens.digest(secret), **fields
    )
    return key, secret
