"""Jobs: named by string, sent after commit, carrying ids, the workspace and the trace id and nothing else."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from celery import Task, current_app, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from huntaze.kernel import context
from huntaze.kernel.tenancy import workspace_scope

log = structlog.get_logger(__name__)


class HuntazeTask(Task[Any, Any] if TYPE_CHECKING else Task):  # type: ignore[misc]
    """Opens the workspace scope and restores the trace id before the body runs.

    A task either takes `workspace_id` or is declared with `system_wide=True`; anything else is refused.
    """

    abstract = True
    system_wide = False
    acks_late = True
    reject_on_worker_lost = True
    ignore_result = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        trace = (self.request.get("headers") or {}).get("trace_id") or getattr(self.request, "trace_id", None)
        workspace_id = kwargs.pop("workspace_id", None)
        with ExitStack() as stack:
            stack.enter_context(context.bind(trace_id=trace or context.new_trace_id(), task=self.name))
            if workspace_id is not None:
                stack.enter_context(workspace_scope(workspace_id))
            elif not self.system_wide:
                raise TypeError(f"{self.name} needs workspace_id or system_wide=True")
            return super().__call__(*args, **kwargs)


def job(name: str, *, system_wide: bool = False) -> Callable[[Callable[..., None]], HuntazeTask]:
    """Declare a job under its explicit name; the function takes keywords only and tolerates unknown ones."""
    return shared_task(name=name, base=HuntazeTask, system_wide=system_wide)


def enqueue(name: str, *, workspace_id: int | None = None, **ids: Any) -> None:
    """Hurry a job by name once the transaction commits (at once without one).

    The row is the queue, so a broker that is away costs time and nothing else: the failure is logged, not raised.
    """
    trace = context.trace_id()
    if workspace_id is not None:
        ids["workspace_id"] = workspace_id
    transaction.on_commit(partial(_publish, name, ids, trace))


def _publish(name: str, ids: dict[str, Any], trace: str) -> None:
    try:
        current_app.send_task(name, kwargs=ids, headers={"trace_id": trace}, retry=False)
    except OperationalError:
        log.warning("jobs.nudge.lost", task=name)
