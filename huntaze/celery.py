"""The Celery application: brokers, queues, and what makes losing every message lose nothing."""

import os

from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_shutting_down
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huntaze.settings")
# The release step runs the system checks, as `bin/up` does; a worker that runs them again, with all addresses and
# pages that it never serves, is ready a third later.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("huntaze", task_cls="huntaze.kernel.jobs:HuntazeTask")
app.config_from_object("huntaze.schedule:Config")
# The fix-up's own key, outside Celery's naming: keep a database connection for this many tasks.
app.conf.update({"CELERY_DB_REUSE_MAX": 1_000_000})


@worker_shutting_down.connect
def _announce_shutdown(**_: object) -> None:
    """A warm shutdown says so at once and waits for tasks; the pump hears it here and ends with nothing in flight.
    (Celery's soft shutdown sleeps its whole time-out before it tells anybody.)"""
    from huntaze.kernel import shutdown

    shutdown.announce()


@task_prerun.connect
@task_postrun.connect
def _close_stale_connections(**_: object) -> None:
    """Celery's own Django fix-up closes the connection around every task; we keep it while it is healthy."""
    from django.db import close_old_connections

    close_old_connections()


def _install_signals() -> None:
    """Heartbeats, task times and our logs; imported late because health reads settings and models."""
    from huntaze.kernel.health import install_celery_signals

    install_celery_signals(app)


app.set_default()
app.on_after_finalize.connect(lambda **_: _install_signals(), weak=False)
app.autodiscover_tasks(lambda: [name.rsplit(".apps.", 1)[0] for name in settings.INSTALLED_APPS])
