"""From free slots to jobs for the wire: tick, what the breakers let through, claim, load."""

import time

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from accounts.types import Platform
from huntaze.kernel import clock, metrics
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.limiter import CLAIM_WITHIN_SECONDS, Grant
from messaging.rules import outcomes
from messaging.services.campaigns.texts import write_texts
from messaging.services.sending.claims import Claimed, claim
from messaging.services.sending.gate import Gate
from messaging.services.sending.outgoing import load
from messaging.services.sending.slots import Slots
from messaging.services.sending.wire import Done, Job

log = structlog.get_logger(__name__)

#: How long an account waits whose rows could not be claimed.
REFUSED_SECONDS = 60.0


class Intake:
    """Takes rows for the wire; those that end before it are appended to `done`."""

    def __init__(self, slots: Slots, gate: Gate, done: list[Done]) -> None:
        self._slots = slots
        self._gate = gate
        self._done = done
        self._lease = slots.limiter.limit.lease

    def take(self, room: int) -> list[Job]:
        """Up to `room` messages that may go now; raises LogLost and the stores' errors, slots given back."""
        granted_at = time.monotonic()  # before the tick: the slots' lease runs from inside it
        grants = self._gate.allowed(self._slots.tick(self._gate.open_to(room)))
        if not grants:
            return []
        slots: dict[int, tuple[Claimed, str]] = {}
        for some, rows in self._claim(grants):
            slots |= self._slots.share_out(some, rows)
        self._gate.claimed([row for row, _ in slots.values()])
        jobs = self._jobs(slots, granted_at + self._lease - settings.SEND_TIMEOUT_SECONDS)
        if time.monotonic() - granted_at <= CLAIM_WITHIN_SECONDS:
            return jobs
        self._done += [Done(job, outcomes.never_sent(), time.monotonic()) for job in jobs]
        return []

    def _claim(self, grants: list[Grant]) -> list[tuple[list[Grant], list[Claimed]]]:
        """Claim and write the texts in one transaction. Where that fails on what the rows hold, the accounts are
        tried apart and the one at fault waits, so that nobody else does."""
        try:
            with transaction.atomic():
                return [(grants, write_texts(claim(grants, lease=self._lease)))]
        except (OperationalError, InterfaceError):
            self._slots.give_back(grants)
            raise
        except (
            Exception
        ):  # anything in a text or a row; the account is named by what it leaves in the log's context
            if len(grants) > 1:
                half = len(grants) // 2
                return self._claim(grants[:half]) + self._claim(grants[half:])
            log.exception("messaging.claim.refused")
            self._slots.give_back(grants)
            self._slots.hold([(grants[0].account, REFUSED_SECONDS)])
            return []

    def _jobs(self, slots: dict[int, tuple[Claimed, str]], give_up_at: float) -> list[Job]:
        """What the wire needs of the claimed rows. A text that can't be opened is a dead letter, not a crash."""
        jobs, now, dwell = [], clock.now(), metrics.QUEUE_DWELL_SECONDS.labels("send")
        for loaded in load(list(slots)):
            row, slot = slots[loaded.id]
            dwell.observe(max(0.0, (now - loaded.available_at).total_seconds()))
            try:
                message = loaded.outgoing()
            except DecryptionFailed:
                log.exception("messaging.text.unreadable")
                job = Job(row, slot, loaded.attempts, Platform(loaded.platform), None, give_up_at)
                self._done.append(Done(job, outcomes.unreadable(), time.monotonic()))
            else:
                jobs.append(Job(row, slot, loaded.attempts, Platform(loaded.platform), message, give_up_at))
        return jobs
