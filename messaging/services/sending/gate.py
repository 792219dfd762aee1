"""What the circuit breakers let through: the vendor's for everybody, an account's for itself."""

import structlog
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from huntaze.kernel import breaker
from huntaze.kernel.breaker_rules import State
from huntaze.kernel.limiter import Grant
from huntaze.platforms.onlyfansapi import VENDOR
from messaging.services import circuits
from messaging.services.sending.claims import Claimed, has_rows
from messaging.services.sending.slots import Slots
from messaging.services.sending.wire import Done

log = structlog.get_logger(__name__)


class Gate:
    """Remembers between two steps whether any breaker has anything to say; while none has, it costs one look."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._vendor = State.CLOSED
        self._has_trouble = False
        self._probing: list[int] = []

    def open_to(self, room: int) -> int:
        """How many messages may go: none while the vendor's breaker is open, one while it is half open."""
        self._vendor = breaker.states([VENDOR])[VENDOR]
        if self._vendor is State.OPEN:
            return 0
        return min(room, 1) if self._vendor is State.HALF_OPEN else room

    def allowed(self, grants: list[Grant]) -> list[Grant]:
        """The grants that may be used; the others' slots go back, whatever happens.

        While the vendor's breaker is half open one message in the whole cluster is the probe. The permit is asked for
        only when there is a message to try it with, because an unused one blocks the others until it runs out. An
        account whose own breaker is open gives its slots back, or keeps one for its probe.
        """
        if not grants:
            return grants
        try:
            if self._vendor is not State.CLOSED:
                if not has_rows(grants):
                    self._slots.share_out(grants, [])
                    return []
                if not breaker.allow(VENDOR):
                    self._slots.give_back(grants)
                    return []
            self._has_trouble = circuits.accounts().has_trouble()
            found = circuits.sort(grants) if self._has_trouble else circuits.Sorted(grants)
        except (RedisError, DatabaseError):
            self._slots.give_back(grants)
            raise
        self._slots.give_back(found.returned)
        self._slots.hold(found.held)
        self._probing = found.probing
        return found.kept

    def claimed(self, rows: list[Claimed]) -> None:
        """A probe without a message to try it with is let go."""
        if self._probing:
            tried = {row.account for row in rows}
            try:
                circuits.accounts().unused([account for account in self._probing if account not in tried])
            except RedisError:  # the rows are claimed and have to go; the permit runs out by itself
                log.warning("messaging.circuit.not_told", count=len(self._probing))

    def tell(self, batch: list[Done]) -> None:
        """What came of calls; accounts whose breaker opens by it are held."""
        tried = [
            circuits.Tried(done.job.row.account, done.outcome.code, done.latency_ms)
            for done in batch
            if done.latency_ms is not None
        ]
        self._has_trouble |= not all(call.is_ok for call in tried)
        self._slots.hold(circuits.tell(tried, has_trouble=self._has_trouble).items())
