"""Configuration of the web processes: `gunicorn -c python:huntaze.gunicorn huntaze.wsgi:application`.

Stopping: SIGTERM first makes `/api/health/ready` say "draining" for WEB_DRAIN_SECONDS (10), so that balancers
look away, and then stops gracefully. A second SIGTERM, SIGINT or SIGQUIT does not wait.
"""

import os
import signal
import threading
from typing import Any

from huntaze.kernel import logs, metric_files, shutdown

bind = f"{os.environ.get('HOST', '0.0.0.0')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", os.environ.get("WEB_CONCURRENCY", "2")))
threads = int(os.environ.get("WEB_THREADS", "4"))
max_requests = 5000
max_requests_jitter = 500
timeout = 30
graceful_timeout = 30
control_socket_disable = True
logconfig_dict = logs.logging_dict(os.environ.get("LOG_LEVEL", "INFO"))
# The proxy speaks through Django's own settings; nobody's SCRIPT_NAME or scheme header is believed here.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
accesslog = None  # the middleware writes the access lines
drain_seconds = float(os.environ.get("WEB_DRAIN_SECONDS", "10"))


def on_starting(server: Any) -> None:
    """The master counts from zero; its workers continue each other's counters."""
    metric_files.wipe()


def when_ready(server: Any) -> None:
    """Put the draining pause in front of the master's own reaction to SIGTERM."""
    stop = server.handle_term

    def drain() -> None:
        if shutdown.is_announced() or drain_seconds <= 0:
            shutdown.announce()
            stop()
        shutdown.announce()
        server.log.info("draining for %s s", drain_seconds)
        timer = threading.Timer(drain_seconds, server.SIG_QUEUE.put_nowait, [signal.SIGTERM])
        timer.daemon = True
        timer.start()

    server.handle_term = drain


def child_exit(server: Any, worker: Any) -> None:
    metric_files.mark_process_dead(worker.pid)
