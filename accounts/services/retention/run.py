"""Running the rules: each in its own job, by one worker at a time, for some minutes; and noting how it went."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q

from accounts.models import RetentionRun
from accounts.services.retention import registry
from huntaze.kernel import metrics
from huntaze.kernel.health import Outcome, Status
from huntaze.kernel.jobs import enqueue

log = structlog.get_logger(__name__)

#: A run ends by itself before its job's time is up; the next one goes on.
RUN_SECONDS = 300.0
#: A rule that has not come to its end for so long is late.
LATE = timedelta(hours=48)


def start_due(*, now: datetime) -> int:
    """Send a job for each rule whose turn it is; returns how many."""
    known = {row.name: row for row in RetentionRun.objects.all()}
    due = []
    for rule in registry.rules():
        row = known.get(rule.name)
        if row is None or row.started_at is None or row.started_at <= now - rule.every:
            due.append(rule.name)
    for name in due:
        enqueue("accounts.forget", rule=name)
    return len(due)


def run(name: str, *, now: datetime, seconds: float = RUN_SECONDS) -> int | None:
    """Forget by one rule until nothing is left or its time is up; returns how many, None when another worker is at
    it or was just now. A run that breaks off is repeated when its turn comes again."""
    rule = registry.rule_of(name)
    RetentionRun.objects.get_or_create(name=name, defaults={"first_at": now})
    mine = RetentionRun.objects.filter(Q(started_at=None) | Q(started_at__lte=now - rule.every), name=name)
    if not mine.update(started_at=now):
        return None
    count, is_over = _forget(rule.batches(now), name, seconds)
    RetentionRun.objects.filter(name=name, started_at=now).update(
        ended_at=now,
        count=count,
        total=F("total") + count,
        is_over=is_over,
        started_at=now if is_over else None,
    )
    if count:
        log.info("accounts.retention.forgotten", rule=name, rows=count, is_over=is_over)
    return count


def forget(name: str, *, now: datetime) -> int:
    """Forget by one rule, all of it, without a look at whose turn it is; for commands."""
    return _forget(registry.rule_of(name).batches(now), name, float("inf"))[0]


def _forget(batches: Iterator[int], name: str, seconds: float) -> tuple[int, bool]:
    count, until = 0, time.monotonic() + seconds
    with closing(batches):  # type: ignore[type-var]
        for done in batches:
            count += done
            metrics.RETENTION_DELETED.labels(name).inc(done)
            if time.monotonic() > until:
                return count, False
    return count, True


def late(*, now: datetime) -> list[str]:
    """Rules that have not come to their end for two days."""
    known = {row.name: row for row in RetentionRun.objects.all()}
    found = [known[rule.name] for rule in registry.rules() if rule.name in known]
    return [row.name for row in found if not row.is_over or (row.ended_at or row.first_at) < now - LATE]


def check(now: datetime) -> Outcome:
    """For `/api/health`."""
    names = late(now=now)
    return Outcome(Status.DEGRADED if names else Status.HEALTHY, {"late": names})
