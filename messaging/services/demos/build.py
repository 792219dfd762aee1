"""Making a demo workspace: from the plan that follows from its seed to rows, step by step, each in a transaction.

A step that is repeated after a crash begins with an empty workspace: what the one before left is taken away first.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from accounts.services import demo as places
from billing.services import limits
from huntaze.kernel import clock, sql
from huntaze.kernel.outbox import LeaseLost, State
from messaging.models import Demo
from messaging.rules.demo import words
from messaging.rules.demo.plan import PlannedCreator, world
from messaging.services.demos import wipe
from messaging.services.demos.campaigns import campaigns_of
from messaging.services.demos.people import Cast, cast_of
from messaging.services.demos.queue import queue_of
from messaging.services.demos.talks import payments_of, talks_of


def build(demo: Demo, now: datetime) -> None:
    """Fill the workspace whose scope is open; `done_count` of `total_count` says how far it is."""
    planned = world(demo.seed, now)
    wipe.empty(demo)
    demo.done_count, demo.total_count = 0, sum(_size(creator) for creator in planned)
    cast: list[Cast] = []
    with transaction.atomic():
        limits.play(workspace_id=demo.workspace_id)
        since = min(fan.first_seen_at for creator in planned for fan in creator.fans)
        team = places.team(workspace=demo.workspace, people=words.PEOPLE, since=since)
        for number, creator in enumerate(planned):
            cast.append(cast_of(demo.workspace, number, creator, team, now))
            _count(demo, len(creator.fans))
    for one in cast:
        parts: tuple[Callable[[Cast, datetime], int], ...] = (talks_of, payments_of, queue_of, campaigns_of)
        for part in parts:
            with transaction.atomic():
                _count(demo, part(one, now))
    _count(demo, demo.total_count - demo.done_count)
    sql.analyze("messaging_fan", "messaging_conversation", "messaging_message", "messaging_delivery")


def _size(creator: PlannedCreator) -> int:
    return len(creator.fans) + len(creator.lines) + len(creator.payments) + 400


def _count(demo: Demo, count: int) -> None:
    """Say how far it is, in the step's own transaction; raises LeaseLost when somebody wiped it meanwhile."""
    demo.done_count = min(demo.done_count + max(0, count), demo.total_count)
    mine = Demo.objects.filter(pk=demo.pk, lease_token=demo.lease_token, state=State.WORKING)
    changed = mine.update(
        done_count=demo.done_count, total_count=demo.total_count, leased_until=clock.now() + wipe.LEASE
    )
    if not changed:
        raise LeaseLost(f"Demo {demo.pk}")
