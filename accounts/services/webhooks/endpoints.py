"""The endpoints of a workspace: adding, changing, testing, switching off, new secrets, sending again."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.errors import EndpointDisabled, TooManyEndpoints
from accounts.models import Membership, WebhookDelivery, WebhookSubscription, Workspace
from accounts.rules import webhooks as rules
from accounts.services import allowances, audit
from accounts.services.mail import mail_to
from accounts.services.outside import refuse_in_demo
from accounts.services.webhooks.events import body_of, row_of
from accounts.types import Role
from huntaze.kernel import clock
from huntaze.kernel.errors import FieldError, Invalid, NotFound
from huntaze.kernel.guard import check_url
from huntaze.kernel.http import NotSent
from huntaze.kernel.ids import uuid7
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import State

#: How many failed events one call sends again.
MOST_AGAIN = 10_000


def add(
    *,
    workspace_pk: int,
    url: str,
    events: list[str],
    actor: audit.Actor,
    now: datetime,
    description: str = "",
) -> tuple[WebhookSubscription, str]:
    """An endpoint and its secret, which is shown once. Raises PlanRequired, Invalid, TooManyEndpoints,
    DemoStaysInside."""
    allowances.need(workspace_id=workspace_pk, feature="outgoing_webhooks", now=now)
    _check(url, events)
    secret = _new_secret()
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=workspace_pk)
        refuse_in_demo(workspace)
        if WebhookSubscription.objects.filter(removed_at=None).count() >= rules.MOST_ENDPOINTS:
            raise TooManyEndpoints
        row = WebhookSubscription.objects.create(
            workspace=workspace,
            url=url,
            description=description,
            events=_sorted(events),
            secret=secret,
            created_at=now,
        )
        audit.record_of(row, actor, "webhook.added", now, {"events": row.events})
    return row, secret


def change(
    *,
    row: WebhookSubscription,
    actor: audit.Actor,
    now: datetime,
    url: str | None = None,
    events: list[str] | None = None,
    description: str | None = None,
    is_enabled: bool | None = None,
) -> WebhookSubscription:
    """Change what is given; what is None stays. Enabling forgets earlier failures. Raises Invalid."""
    _check(url, events)
    with transaction.atomic():
        locked = _locked(row)
        if url is not None:
            locked.url = url
        if events is not None:
            locked.events = _sorted(events)
        if description is not None:
            locked.description = description
        if is_enabled is True:
            locked.disabled_at, locked.disabled_reason = None, ""
            locked.failing_since, locked.held_until, locked.failures = None, None, 0
        elif is_enabled is False and locked.disabled_at is None:
            locked.disabled_at, locked.disabled_reason = now, "by_member"
        locked.save()
        changes = {"address": url is not None, "events": locked.events, "enabled": locked.disabled_at is None}
        audit.record_of(locked, actor, "webhook.changed", now, changes)
        enqueue("accounts.deliver_webhooks")
    return locked


def rotate(
    *, row: WebhookSubscription, overlap: timedelta, actor: audit.Actor, now: datetime
) -> tuple[WebhookSubscription, str]:
    """A new secret, shown once; for the overlap everything is signed with both. Raises Invalid."""
    if not timedelta(0) <= overlap <= rules.LONGEST_OVERLAP:
        raise Invalid(FieldError("overlapHours", "Use 0 to 168 hours."))
    secret = _new_secret()
    with transaction.atomic():
        locked = _locked(row)
        locked.old_secret = locked.secret.reveal() if overlap else None
        locked.old_secret_until = now + overlap if overlap else None
        locked.secret = secret
        locked.save()
        audit.record_of(locked, actor, "webhook.secret_rotated", now, {"oldEndsAt": clock.iso(now + overlap)})
    return locked, secret


def remove(*, row: WebhookSubscription, actor: audit.Actor, now: datetime) -> bool:
    """Nothing more is sent to it; its log goes with time. False when it had been removed before."""
    with transaction.atomic():
        locked = WebhookSubscription.objects.select_for_update().get(pk=row.pk)
        if locked.removed_at is not None:
            return False
        locked.removed_at = now
        locked.disabled_at, locked.disabled_reason = locked.disabled_at or now, "removed"
        locked.url, locked.secret, locked.old_secret = "", "", None
        locked.save()
        audit.record_of(locked, actor, "webhook.removed", now, {})
    return True


def ping(*, row: WebhookSubscription, actor: audit.Actor, now: datetime) -> WebhookDelivery:
    """Queue a test for one endpoint; raises EndpointDisabled."""
    with transaction.atomic():
        listener = _locked(row)
        if listener.disabled_at is not None:
            raise EndpointDisabled
        body = body_of(rules.PING, {"endpointId": listener.public_id}, now)
        delivery = row_of(listener, uuid7(), rules.PING, body, now)
        delivery.save()
        audit.record_of(listener, actor, "webhook.tested", now, {})
        enqueue("accounts.deliver_webhooks")
    return delivery


def send_again(*, row: WebhookSubscription, delivery_pk: int, actor: audit.Actor, now: datetime) -> bool:
    """Queue one event anew, with its id and body, whatever became of it; False while it waits or is under way."""
    ended = WebhookDelivery.objects.filter(pk=delivery_pk, state__in=[State.DONE, State.FAILED])
    return bool(_again(row, ended, actor, now))


def send_failed_again(*, row: WebhookSubscription, since: datetime, actor: audit.Actor, now: datetime) -> int:
    """Queue what was given up since a time, oldest first, at most 10,000; returns how many."""
    failed = WebhookDelivery.objects.filter(subscription=row, state=State.FAILED, queued_at__gte=since)
    pks = list(failed.order_by("pk").values_list("pk", flat=True)[:MOST_AGAIN])
    return _again(row, WebhookDelivery.objects.filter(pk__in=pks, state=State.FAILED), actor, now)


def _again(row: WebhookSubscription, rows: Any, actor: audit.Actor, now: datetime) -> int:
    with transaction.atomic():
        listener = _locked(row)
        if listener.disabled_at is not None:
            raise EndpointDisabled
        count = int(
            rows.filter(subscription=listener).update(
                state=State.QUEUED, available_at=now, attempts=0, queued_at=now, last_error=""
            )
        )
        if count:
            audit.record_of(listener, actor, "webhook.sent_again", now, {"events": count})
            enqueue("accounts.deliver_webhooks")
    return count


def switch_off(*, pk: int, reason: str, now: datetime) -> bool:
    """Switch an endpoint off for its failures and tell the owners; False when it was off already."""
    with transaction.atomic():
        living = WebhookSubscription.objects.filter(pk=pk, disabled_at=None)
        row = living.select_for_update(of=("self",)).first()
        if row is None:
            return False
        living.update(disabled_at=now, disabled_reason=reason)
        audit.record_of(row, audit.Actor.system(), "webhook.disabled", now, {"reason": reason})
        host = check_url(row.url.reveal(), loopback=settings.DEMO).host
        owners = Membership.objects.filter(
            workspace_id=row.workspace_id, role=Role.OWNER, ended_at=None, user__is_active=True
        )
        for member in owners.select_related("user")[:50]:
            mail_to(member.user, "webhook_disabled", now=now, host=host, reason=reason)
    return True


def _check(url: str | None, events: list[str] | None) -> None:
    """Raises Invalid with everything that is wrong. A name is judged when it is called, not here."""
    faults = []
    if url is not None:
        try:
            check_url(url, loopback=settings.DEMO)
        except NotSent:
            faults.append(FieldError("url", "Use a public https address, on port 443 or 8443."))
    if events is not None and (not events or set(events) - {str(kind) for kind in rules.EventKind}):
        faults.append(FieldError("events", f"Choose among {', '.join(rules.EventKind)}."))
    if faults:
        raise Invalid(*faults)


def _sorted(events: list[str]) -> list[str]:
    return sorted(set(events))


def _new_secret() -> str:
    return rules.make_secret(secrets.token_bytes(rules.SECRET_BYTES))


def _locked(row: WebhookSubscription) -> WebhookSubscription:
    """The endpoint, held until the transaction ends; raises NotFound once it is removed."""
    found: WebhookSubscription | None = (
        WebhookSubscription.objects.select_for_update().filter(pk=row.pk, removed_at=None).first()
    )
    if found is None:
        raise NotFound
    return found
