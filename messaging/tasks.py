"""Jobs of messaging; all of them are safe to run twice, at once, or not at all for a while."""

import asyncio
from typing import Any

import uvloop
from django.conf import settings

from huntaze.kernel import clock, shutdown
from huntaze.kernel.jobs import job
from messaging.services import credits, dead_letter_runs, inbound, measure, scheduler, sync, uncertain
from messaging.services.campaigns import tend, unsend
from messaging.services.demos import work as demos
from messaging.services.sending.pump import Pump


@job("messaging.pump", system_wide=True)
def pump(**_: Any) -> None:
    """Send for some minutes; beat starts the next one when this ends."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Pump(seconds=settings.SEND_PUMP_SECONDS, is_stopping=shutdown.is_announced).run())


@job("messaging.schedule_deliveries", system_wide=True)
def schedule_deliveries(**_: Any) -> None:
    scheduler.schedule_deliveries()


@job("messaging.sweep_accounts", system_wide=True)
def sweep_accounts(**_: Any) -> None:
    scheduler.sweep()


@job("messaging.resolve_uncertain", system_wide=True)
def resolve_uncertain(**_: Any) -> None:
    uncertain.resolve_uncertain(now=clock.of_database())


@job("messaging.apply_inbound", system_wide=True)
def apply_inbound(**_: Any) -> None:
    inbound.apply_due(time=clock.of_database)


@job("messaging.measure_queues", system_wide=True)
def measure_queues(**_: Any) -> None:
    measure.measure_queues(now=clock.of_database())


@job("messaging.tend_campaigns", system_wide=True)
def tend_campaigns(**_: Any) -> None:
    tend.tend(now=clock.of_database())


@job("messaging.unsend_campaigns", system_wide=True)
def unsend_campaigns(**_: Any) -> None:
    unsend.unsend_due(now=clock.of_database())


@job("messaging.bring_in", system_wide=True)
def bring_in(**_: Any) -> None:
    sync.bring_in(now=clock.of_database())


@job("messaging.tend_demos", system_wide=True)
def tend_demos(**_: Any) -> None:
    demos.tend(now=clock.now())


@job("messaging.post_credits", system_wide=True)
def post_credits(**_: Any) -> None:
    credits.post(now=clock.of_database())


@job("messaging.sweep_credits", system_wide=True)
def sweep_credits(**_: Any) -> None:
    credits.sweep(now=clock.of_database())


@job("messaging.run_dead_letters", system_wide=True)
def run_dead_letters(**_: Any) -> None:
    dead_letter_runs.run_due(now=clock.of_database())
