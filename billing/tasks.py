"""Jobs of billing; all of them are safe to run twice, at once, or not at all for a while."""

from typing import Any

from billing.services import access, counters
from billing.services.ledger import upkeep
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
