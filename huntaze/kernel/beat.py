"""Beat that does not pile up: a queue with enough nudges waiting in it gets no more.

Messages carry no time at which they expire, because that is compared with the clock of whoever takes them: a worker
whose clock is ahead would throw every nudge away, and a beat whose clock is behind would stop everything.
"""

from typing import Any

from celery.beat import PersistentScheduler

from huntaze.kernel import celery_signals

#: More waiting messages than this say that nobody takes them; what they ask for is in the waiting ones already.
MOST_WAITING = 20


class BoundedScheduler(PersistentScheduler):
    """Publishes an entry unless its queue is long already."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        if self._waiting(entry.options["queue"]) >= MOST_WAITING:
            celery_signals.note_tick()
            return
        super().apply_entry(entry, producer=producer)

    def _waiting(self, queue: str) -> int:
        """Messages in the queue; 0 while the broker can't tell, so that publishing says what is wrong."""
        try:
            channel: Any = self.connection.default_channel
            with channel.conn_or_acquire() as client:
                return int(client.llen(queue))
        except self.connection.connection_errors:
            return 0
