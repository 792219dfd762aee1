"""The worker's side: demos that are due are made, or taken away."""

from datetime import datetime, timedelta

import structlog

from huntaze.kernel import clock, outbox
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Demo
from messaging.services.demos import asking, build, wipe

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)


def tend(*, now: datetime) -> int:
    """Make and wipe what is due; returns how many were worked on."""
    asking.wipe_old(now=now)
    with cross_workspace("demos"):
        count = outbox.drain(Demo, _act, clock=clock.now, lease=LEASE, batch=1, most=20)
        wipe.finish(now)
    return count


def _act(demo: Demo) -> None:
    if demo.is_wiping:
        count = wipe.wipe(demo)
        log.info("messaging.demo.wiped", rows=count)
        return
    with workspace_scope(demo.workspace_id):
        build.build(demo, clock.now())
    log.info("messaging.demo.made", rows=demo.done_count)
