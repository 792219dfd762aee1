"""What came back from the wire: rows first, then slots, breakers and accounts."""

import structlog
from django.db import DataError, IntegrityError

from huntaze.kernel import metrics
from messaging.rules import outcomes
from messaging.services.accounts_state import note_account_state
from messaging.services.news import show_campaigns, show_queues
from messaging.services.sending.gate import Gate
from messaging.services.sending.settle import settle
from messaging.services.sending.slots import Slots
from messaging.services.sending.wire import Done

log = structlog.get_logger(__name__)


class Landing:
    """Empties `done`; what could not be written stays there and is tried again with the next step."""

    def __init__(self, slots: Slots, gate: Gate, done: list[Done]) -> None:
        self._slots = slots
        self._gate = gate
        self._done = done
        self.sent = 0

    def settle(self) -> None:
        """Rows first, slots with the next tick: a slot stays reserved until its row says what happened."""
        if not self._done:
            return
        batch = list(self._done)
        try:
            written = settle([(done.job.row, done.outcome) for done in batch])
        except (DataError, IntegrityError):
            written = _settle_each(batch)
        del self._done[: len(batch)]
        for done in batch:
            self._note(done)
        if len(written) < len(batch):
            log.warning("messaging.settle.lease_lost", count=len(batch) - len(written))
        self._gate.tell(batch)
        for done in batch:
            if done.outcome.account_state is not None:
                account = done.job.row.account
                note_account_state(
                    account_pk=account, state=done.outcome.account_state, reason=done.outcome.code
                )
        self._show(batch)

    def _show(self, batch: list[Done]) -> None:
        """Pages that are open ask again: a name an account and campaign, however many messages there were."""
        show_queues({done.job.row.account for done in batch})
        show_campaigns({done.job.row.campaign for done in batch if done.job.row.campaign is not None})

    def _note(self, done: Done) -> None:
        self._slots.note(done)
        if done.outcome.delay is not None:
            metrics.QUEUE_RETRIES.labels("send", done.outcome.code).inc()
        self.sent += bool(done.outcome.platform_message_id)


def _settle_each(batch: list[Done]) -> set[int]:
    """One row that can't be written as it is must not hold up the others: it is uncertain, and logged."""
    written: set[int] = set()
    for done in batch:
        try:
            written |= settle([(done.job.row, done.outcome)])
        except (DataError, IntegrityError):
            log.exception("messaging.settle.refused")
            written |= settle([(done.job.row, outcomes.unsettleable())])
    return written
