"""Stripe against our rows, once a night and after an outage. Differences become findings; nothing is put right in
silence: a person accepts one, or has the object looked at again.

What an event is still waiting for is left out: it is not a difference yet.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from billing.gateways.base import Kind
from billing.models import (
    CheckoutIntent,
    Grant,
    LedgerAccount,
    LedgerEntry,
    ReconciliationFinding,
    StripeEvent,
    SubscriptionRecord,
)
from billing.rules import credits
from billing.rules import subscriptions as rules
from billing.services.stripe import calls, inbox
from billing.types import (
    GrantSource,
    RemoteCharge,
    RemoteDispute,
    RemoteInvoice,
    RemoteSession,
    RemoteSubscription,
)
from huntaze.kernel import clock, metrics
from huntaze.kernel.outbox import State
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.errors import PlatformError

log = structlog.get_logger(__name__)

#: How far back payments are compared; subscriptions are compared whatever their age.
WINDOW = timedelta(days=35)
MOST = 100_000
_OPEN_DISPUTES = frozenset(
    {"warning_needs_response", "warning_under_review", "needs_response", "under_review"}
)


@dataclass(frozen=True, slots=True)
class Found:
    """One difference. `customer` is whose events it belongs to."""

    kind: str
    object_id: str
    customer: str = ""
    ours: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Theirs:
    """What Stripe holds, read page by page with no transaction open."""

    subscriptions: dict[str, list[RemoteSubscription]]
    sessions: dict[str, RemoteSession]
    charges: list[RemoteCharge]
    disputes: dict[str, list[RemoteDispute]]
    invoices: list[RemoteInvoice]


def reconcile(*, time: Callable[[], datetime]) -> int:
    """Compare everything; returns how many differences there are. Does nothing while Stripe is away."""
    if not settings.STRIPE_SECRET_KEY:
        return 0
    started = time()
    try:
        theirs = _read(started)
    except PlatformError as error:
        log.warning("billing.reconcile.put_off", code=error.code)
        return 0
    with cross_workspace("reconcile"):
        found = list(_compare(theirs, started))
        _write(found, time())
    metrics.STRIPE_FINDINGS.labels("stripe").set(len(found))
    if found:
        log.error(
            "billing.reconcile.differences", count=len(found), kinds=sorted({row.kind for row in found})
        )
    return len(found)


def _read(now: datetime) -> _Theirs:
    since = {"created": {"gte": int((now - WINDOW).timestamp())}}
    subscriptions: dict[str, list[RemoteSubscription]] = {}
    for row in calls.listing(Kind.SUBSCRIPTION, RemoteSubscription, most=MOST, status="all"):
        subscriptions.setdefault(row.customer_id, []).append(row)
    disputes: dict[str, list[RemoteDispute]] = {}
    for dispute in calls.listing(Kind.DISPUTE, RemoteDispute, most=MOST, **since):
        disputes.setdefault(dispute.charge_id, []).append(dispute)
    return _Theirs(
        subscriptions,
        {row.id: row for row in calls.listing(Kind.SESSION, RemoteSession, most=MOST, **since)},
        calls.listing(Kind.CHARGE, RemoteCharge, most=MOST, **since),
        disputes,
        calls.listing(Kind.INVOICE, RemoteInvoice, most=MOST, status="paid", **since),
    )


def _compare(theirs: _Theirs, started: datetime) -> Iterator[Found]:
    waiting = set(
        StripeEvent.objects.filter(state__in=[State.QUEUED, State.WORKING])
        .order_by()
        .values_list("serial_key", flat=True)
    )
    since = started - WINDOW
    for one in (
        *_subscriptions(theirs.subscriptions),
        *_packs(theirs.sessions, since),
        *_charges(theirs.charges, theirs.disputes),
        *_periods(theirs.invoices),
        *_balances(),
    ):
        if not one.customer or one.customer not in waiting:
            yield one


# subscriptions -----------------------------------------------------------------------------------


def _subscriptions(theirs: dict[str, list[RemoteSubscription]]) -> Iterator[Found]:
    records = {
        row.stripe_customer_id or "": row
        for row in SubscriptionRecord.objects.exclude(stripe_customer_id=None).select_related("plan")
    }
    for customer in sorted({*records, *theirs}):
        rows, record = theirs.get(customer, []), records.get(customer)
        best = rules.chosen(rows)
        if rules.living(rows) > 1:
            yield Found("second_subscription", customer, customer, {}, {"living": rules.living(rows)})
        if record is None:
            if best is not None and best.status in rules.LIVING:
                yield Found("subscription_unknown", best.id, customer, {}, {"status": best.status})
        elif best is None:
            if record.stripe_subscription_id:
                ours = {"status": record.status}
                yield Found("subscription_gone", record.stripe_subscription_id, customer, ours)
        else:
            yield from _differences(record, best, customer)


def _differences(record: SubscriptionRecord, best: RemoteSubscription, customer: str) -> Iterator[Found]:
    key = record.plan.prices.filter(stripe_lookup_key=best.lookup_key).exists() if record.plan else False
    pairs = {
        "subscription_missing": (bool(record.stripe_subscription_id), True),
        "subscription_status": (record.status, best.status),
        "subscription_plan": (key, True),
        "subscription_period": (record.current_period_end, best.period_end),
        "subscription_cancel": (record.cancel_at_period_end, best.cancel_at_period_end),
    }
    if not record.stripe_subscription_id:
        pairs = {"subscription_missing": pairs["subscription_missing"]}
    for kind, (ours, actual) in pairs.items():
        if ours != actual:
            yield Found(kind, best.id, customer, {"value": _plain(ours)}, {"value": _plain(actual)})


def _plain(value: Any) -> Any:
    return clock.iso(value) if isinstance(value, datetime) else value


# packs -------------------------------------------------------------------------------------------


def _packs(theirs: dict[str, RemoteSession], since: datetime) -> Iterator[Found]:
    intents = {
        row.session_id: row for row in CheckoutIntent.objects.filter(session_id__in=list(theirs), kind="pack")
    }
    granted = set(
        Grant.objects.filter(source=GrantSource.PACK, granted_at__gte=since).values_list("ref", flat=True)
    )
    for session in theirs.values():
        if session.mode != "payment" or session.payment_status != "paid":
            if session.id in granted:
                yield Found("pack_unpaid", session.id, session.customer_id, {"granted": True})
        elif session.id not in intents:
            yield Found("pack_unknown", session.id, session.customer_id, {}, {"paid": True})
        elif session.id not in granted and not Grant.objects.filter(ref=session.id).exists():
            yield Found("pack_missing", session.id, session.customer_id, {}, {"paid": True})


def _charges(charges: Iterable[RemoteCharge], disputes: dict[str, list[RemoteDispute]]) -> Iterator[Found]:
    paid = {row.payment_intent_id: row for row in charges if row.payment_intent_id}
    intents = CheckoutIntent.objects.filter(payment_intent_id__in=list(paid), kind="pack", state="paid")
    grants = {
        row.ref: row
        for row in Grant.objects.filter(
            source=GrantSource.PACK, ref__in=intents.values_list("session_id", flat=True)
        )
    }
    for intent in intents:
        charge, grant = paid[intent.payment_intent_id], grants.get(intent.session_id or "")
        if grant is None:
            continue
        of_charge = disputes.get(charge.id, [])
        lost = sum(row.amount for row in of_charge if row.status == "lost")
        asked = min(charge.amount, charge.amount_refunded + lost)
        missing = credits.to_claw_back(
            credits=grant.amount, refunded_minor=asked, paid_minor=charge.amount, already=grant.clawed_back
        )
        if missing:
            ours = {"clawedBack": grant.clawed_back}
            yield Found("refund", charge.id, charge.customer_id, ours, {"refundedMinor": asked})
        is_open = any(row.status in _OPEN_DISPUTES for row in of_charge)
        if is_open != (grant.frozen_at is not None) and not lost:
            ours = {"frozen": grant.frozen_at is not None}
            yield Found("dispute", charge.id, charge.customer_id, ours, {"open": is_open})


# periods and balances ----------------------------------------------------------------------------


def _periods(invoices: Iterable[RemoteInvoice]) -> Iterator[Found]:
    """Each paid period has its plan's grant, and one only."""
    owners = dict(
        SubscriptionRecord.objects.exclude(stripe_customer_id=None).values_list(
            "stripe_customer_id", "workspace_id"
        )
    )
    for invoice in invoices:
        workspace = owners.get(invoice.customer_id)
        if workspace is None or invoice.period_start is None:
            continue
        count = Grant.objects.filter(
            workspace_id=workspace,
            source=GrantSource.PLAN,
            unit="message",
            period_start=invoice.period_start,
        ).count()
        if not count:
            start = clock.iso(invoice.period_start)
            yield Found("period", invoice.id, invoice.customer_id, {"grants": 0}, {"periodStart": start})


def _balances() -> Iterator[Found]:
    """The database holds these; a restored or hand-mended one may not."""
    sums = dict(
        LedgerEntry.objects.order_by()
        .values_list("account_id")
        .annotate(sum=Sum("amount"))
        .values_list("account_id", "sum")
    )
    for row in LedgerAccount.objects.iterator():
        if row.balance != sums.get(row.pk, 0):
            ours = {"balance": row.balance, "entries": sums.get(row.pk, 0)}
            yield Found("balance", str(row), "", ours)
    held = F("remaining") + F("reserved") + F("clawed_back")
    for grant in Grant.objects.filter(source=GrantSource.PACK, amount__lt=held):
        yield Found("grant", grant.public_id, "", {"amount": grant.amount, "remaining": grant.remaining})


# findings ----------------------------------------------------------------------------------------


def _write(found: list[Found], now: datetime) -> None:
    """One open finding for each difference; what was there and is no more is closed with that reason."""
    with transaction.atomic():
        rows = [
            ReconciliationFinding(
                kind=one.kind,
                object_id=one.object_id,
                serial_key=one.customer,
                ours=one.ours,
                theirs=one.theirs,
                first_seen_at=now,
                last_seen_at=now,
            )
            for one in found
        ]
        ReconciliationFinding.objects.bulk_create(rows, ignore_conflicts=True)
        seen = {(one.kind, one.object_id): one for one in found}
        for row in ReconciliationFinding.objects.filter(state="open").select_for_update():
            one = seen.get((row.kind, row.object_id))
            mine = ReconciliationFinding.objects.filter(pk=row.pk)
            if one is None:
                mine.update(state="repaired", reason="gone", decided_at=now)
            else:
                mine.update(last_seen_at=now, ours=one.ours, theirs=one.theirs)


#: What to look at again, by kind of finding; the others are for a person alone.
_LOOKS = {
    "subscription": "subscription",
    "second": "customer",
    "pack": "checkout.session",
    "refund": "charge",
    "dispute": "charge",
    "period": "invoice",
}


def look_again(*, pks: list[int], now: datetime) -> int:
    """Have the objects of open findings looked at again; returns how many. The next run says whether it helped."""
    count = 0
    for row in ReconciliationFinding.objects.filter(pk__in=pks, state="open"):
        kind = _LOOKS.get(row.kind.partition("_")[0])
        if kind is not None:
            count += inbox.ask(
                object_type=kind,
                object_id=row.object_id,
                customer_id=row.serial_key,
                source="reconcile",
                now=now,
                every=1,
            )
    return count


def accept(*, pks: list[int], reason: str, now: datetime) -> int:
    """A person knows why: the finding is closed with their reason."""
    rows = ReconciliationFinding.objects.filter(pk__in=pks, state="open")
    return rows.update(state="accepted", reason=reason[:200], decided_at=now)
