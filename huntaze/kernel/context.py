"""What the current piece of work is about: trace id, workspace, user, task.

Owns the context variables that logs, outgoing calls, outbox rows and audit read. Values are public ids
(text), never integer keys and never names. A value lives for one request, one task or one `bind` block;
threads and asyncio tasks inherit it the way `contextvars` does.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)

_VARS: dict[str, ContextVar[str | None]] = {
    name: ContextVar(f"huntaze_{name}", default=None)
    for name in ("trace_id", "workspace_id", "user_id", "workflow_id", "task", "queue", "route")
}

#: Address and browser of the request being answered; read when asked for. Not among the values above: it stays out of
#: logs.
_ORIGIN: ContextVar[Callable[[], tuple[str | None, str]] | None] = ContextVar("huntaze_origin", default=None)


def sane(value: str | None) -> str | None:
    """The value when it may serve as a request id (`[A-Za-z0-9._-]{8,64}`), else None."""
    return value if value is not None and _SANE.fullmatch(value) else None


def new_trace_id() -> str:
    """A fresh request id: 32 hexadecimal characters from the system's random source."""
    return secrets.token_hex(16)


def trace_id() -> str:
    """The id of the current work; made and kept on first use where nobody bound one."""
    current = _VARS["trace_id"].get()
    if current is None:
        current = new_trace_id()
        _VARS["trace_id"].set(current)
    return current


def workspace_id() -> str | None:
    """Public id of the workspace the current work belongs to."""
    return _VARS["workspace_id"].get()


def user_id() -> str | None:
    """Public id of the person the current work is done for."""
    return _VARS["user_id"].get()


def task_name() -> str | None:
    """Name of the Celery task that is running, if one is."""
    return _VARS["task"].get()


def origin() -> tuple[str | None, str]:
    """Address and browser (user agent) of the request being answered; (None, "") outside of one."""
    read = _ORIGIN.get()
    return read() if read else (None, "")


@contextmanager
def from_origin(read: Callable[[], tuple[str | None, str]]) -> Iterator[None]:
    """Everything in the block is done for a request from there."""
    token = _ORIGIN.set(read)
    try:
        yield
    finally:
        _ORIGIN.reset(token)


def current() -> dict[str, str]:
    """Everything bound now, by name; names with no value are left out and no trace id is made."""
    found = {name: var.get() for name, var in _VARS.items()}
    return {name: value for name, value in found.items() if value is not None}


@contextmanager
def bind(**values: str | None) -> Iterator[None]:
    """Bind values for the block and restore what was there before.

    Names: trace_id, workspace_id, user_id, workflow_id, task, queue, route. An unknown name is a KeyError.
    Binding None hides the outer value.
    """
    tokens: list[tuple[ContextVar[str | None], Token[str | None]]] = []
    try:
        for name, value in values.items():
            var = _VARS[name]
            tokens.append((var, var.set(value)))
        yield
    finally:
        for var, token in reversed(tokens):
            var.reset(token)


def put(**values: str | None) -> None:
    """Set values for the rest of the current context: for authentication, which learns user and
    workspace in the middle of a request whose end is restored by the middleware's `bind`."""
    for name, value in values.items():
        _VARS[name].set(value)
