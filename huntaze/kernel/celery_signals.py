"""What Celery's processes tell us: heartbeats, task times, logs, and the fleet's gauges."""

import time
from typing import Any

from celery import Celery, signals
from django.conf import settings
from redis.exceptions import RedisError

from huntaze.kernel import health_figures, logs, metrics, windows
from huntaze.kernel.heartbeats import EVERY_S, beat_heartbeat, worker_heartbeat

_OUTCOME = {"SUCCESS": "success", "RETRY": "retry", "IGNORED": "ignored", "REJECTED": "rejected"}


class _Installed:
    """The receivers of one process. Celery keeps weak references, so something has to hold them."""

    def __init__(self) -> None:
        self._queues: list[str] = []
        self._is_beat = False
        self._told_at = 0.0
        self._started: dict[str, float] = {}
        signals.setup_logging.connect(self.on_logging, weak=False)
        signals.worker_ready.connect(self.on_ready, weak=False)
        signals.heartbeat_sent.connect(self.on_heartbeat, weak=False)
        signals.beat_init.connect(self.on_beat, weak=False)
        signals.after_task_publish.connect(self.on_publish, weak=False)
        signals.task_prerun.connect(self.on_start, weak=False)
        signals.task_postrun.connect(self.on_end, weak=False)

    def on_logging(self, loglevel: int | str | None = None, **_: Any) -> None:
        """Connecting to this signal keeps Celery from setting up logging of its own."""
        logs.configure(settings.LOG_LEVEL)

    def on_ready(self, sender: Any, **_: Any) -> None:
        self._queues = list(sender.app.amqp.queues.consume_from)
        self._told_at = 0.0
        self.on_heartbeat()

    def on_heartbeat(self, **_: Any) -> None:
        """Sent by the consumer's timer every two seconds while it has its broker."""
        if self._queues and self._is_due():
            _tolerantly(worker_heartbeat, self._queues)

    def on_beat(self, **_: Any) -> None:
        self._is_beat = True

    def on_publish(self, **_: Any) -> None:
        """In beat's process every message published is a tick."""
        if self._is_beat and self._is_due():
            _tolerantly(beat_heartbeat)

    def on_start(self, task_id: str = "", **_: Any) -> None:
        windows.ensure_flusher()
        self._started[task_id] = time.perf_counter()

    def on_end(self, task_id: str = "", task: Any = None, state: str | None = None, **_: Any) -> None:
        started = self._started.pop(task_id, None)
        if started is not None and task is not None:
            outcome = _OUTCOME.get(state or "", "failure")
            metrics.TASK_SECONDS.labels(task.name, outcome).observe(time.perf_counter() - started)

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self._told_at and now - self._told_at < EVERY_S:
            return False
        self._told_at = now
        return True


_installed: _Installed | None = None


def note_tick() -> None:
    """Beat had its turn and found nothing to publish."""
    if _installed is not None:
        _installed.on_publish()


def _tolerantly(tell: Any, *args: Any) -> None:
    """A sign of life that can't be given shows as silence, which is what it is."""
    try:
        tell(*args)
    except (RedisError, OSError):
        return


def install(app: Celery) -> None:
    """Connect to Celery's signals once, and add the task `kernel.publish_fleet` to beat, every 10 s."""
    global _installed
    if _installed is None:
        _installed = _Installed()

    @app.task(name="kernel.publish_fleet", shared=False, system_wide=True, time_limit=30, soft_time_limit=20)
    def publish_fleet(**_: Any) -> None:
        health_figures.publish_fleet()

    def schedule(sender: Celery, **_: Any) -> None:
        sender.add_periodic_task(10.0, publish_fleet.s(), name="publish-fleet", queue="default")

    if getattr(app, "finalized", False):  # its signal may be on its way: too late to listen
        schedule(app)
    else:
        app.on_after_finalize.connect(schedule, weak=False)
