"""Jobs of billing; all of them are safe to run twice, at once, or not at all for a while."""

from typing import Any

from billing.services import access, counters
from billing.services.ledger import upkeep
from billing.services.stripe import closing, inbox, reconcile, work
from huntaze.kernel import clock
from huntaze.kernel.jobs import job


@job("billing.expire_credits", system_wide=True)
def expire_credits(**_: Any) -> None:
    upkeep.expire(now=clock.of_database())


@job("billing.release_reservations", system_wide=True)
def release_reservations(**_: Any) -> None:
    upkeep.release(now=clock.of_database())


@job("billing.write_counters", system_wide=True)
def write_counters(**_: Any) -> None:
    counters.flush()


@job("billing.tend_access", system_wide=True)
def tend_access(**_: Any) -> None:
    access.tend(now=clock.of_database())


@job("billing.process_stripe_events", system_wide=True)
def process_stripe_events(**_: Any) -> None:
    work.process_due(time=clock.of_database)


@job("billing.poll_stripe", system_wide=True)
def poll_stripe(**_: Any) -> None:
    inbox.poll(time=clock.of_database)


@job("billing.forget_stripe_payloads", system_wide=True)
def forget_stripe_payloads(**_: Any) -> None:
    inbox.forget_payloads(now=clock.of_database())


@job("billing.reconcile_stripe", system_wide=True)
def reconcile_stripe(**_: Any) -> None:
    reconcile.reconcile(time=clock.of_database)


@job("billing.end_closed_subscriptions", system_wide=True)
def end_closed_subscriptions(**_: Any) -> None:
    closing.end_closed(now=clock.of_database())
