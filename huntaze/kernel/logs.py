"""Logging: one JSON object a line on standard output, for our events and for everybody else's.

Fields: `timestamp` (UTC), `level`, `event` (a constant, `app.thing.happened`), `logger`, what is bound in
`huntaze.kernel.context` (`requestId` = `traceId`, `userId`, `workspaceId`, `workflowId`, `route`, `task`,
`queue`) and the event's own fields in camelCase. Redaction comes last. Tracebacks carry no local variables.
Loggers of Django, Celery, gunicorn and aiohttp go through the same chain.
"""

import logging
import logging.config
from collections.abc import MutableMapping
from typing import Any

import structlog
from django.conf import settings
from structlog.typing import EventDict, Processor

from huntaze.kernel import context, metrics
from huntaze.kernel.redaction import redact, redact_field

_FIELD_OF_CONTEXT = {
    "workspace_id": "workspaceId",
    "user_id": "userId",
    "workflow_id": "workflowId",
    "route": "route",
    "task": "task",
    "queue": "queue",
}
_OWN = frozenset({"timestamp", "level", "logger", "event"})


def _add_context(_: Any, __: str, event: EventDict) -> EventDict:
    bound = context.current()
    trace = bound.get("trace_id")
    if trace is not None:
        event.setdefault("requestId", trace)
        event.setdefault("traceId", trace)
    for name, field in _FIELD_OF_CONTEXT.items():
        if name in bound:
            event.setdefault(field, bound[name])
    return event


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest) if head else name


def _redact_and_name(_: Any, __: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """The last step before rendering."""
    return {
        _camel(name): redact(value) if name in _OWN else redact_field(name, value)
        for name, value in event.items()
        if not name.startswith("_")
    }


def _chain() -> list[Processor]:
    return [
        _add_context,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Renders structlog's events and foreign records alike."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=_chain(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact_and_name,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )


#: One list for the whole process: loggers keep the list they were first used with.
_PROCESSORS: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *_chain(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configure(level: str = "INFO") -> None:
    """Set up structlog and the standard library's logging for this process. Safe to call again."""
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(logging_dict(level))
    logging.captureWarnings(True)


def logging_dict(level: str = "INFO") -> dict[str, Any]:
    """The standard library's side as data, for programs that want a dictionary (gunicorn)."""
    through: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "huntaze.kernel.logs.JsonFormatter"}},
        "handlers": {
            "stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "django": {**through, "level": level},
            "django.server": {**through, "level": "WARNING"},
            # Refusals have an access line; only what needs a code change is worth a second one.
            "django.security.DisallowedHost": {**through, "level": "CRITICAL"},  # anybody can send any Host
            "django.request": {**through, "level": "ERROR"},
            "celery": {**through, "level": level},
            # One line for each of many small tasks a second: their times are metrics, their failures errors.
            "celery.app.trace": {**through, "level": "WARNING"},
            "celery.worker.strategy": {**through, "level": "WARNING"},
            "celery.worker.request": {**through, "level": "WARNING"},
            "celery.beat": {**through, "level": "WARNING"},
            "gunicorn.error": {**through, "level": level},
            "uvicorn": {**through, "level": "WARNING"},
            "httpx": {**through, "level": "WARNING"},
            "aiohttp": {**through, "level": "WARNING"},
            "asyncio": {**through, "level": "WARNING"},
            "stripe": {**through, "level": "WARNING"},
            "djstripe": {**through, "level": "WARNING"},
        },
    }


def configure_django(config: dict[str, Any]) -> None:
    """Django's `LOGGING_CONFIG`. `LOGGING` may hold `level`; else `settings.LOG_LEVEL` counts.

    Django calls it only when `LOGGING` is not empty, so the settings say `LOGGING = {"level": LOG_LEVEL}`.
    This is the first code of ours that runs in a Django process, before any app is loaded, so importing the
    metrics here also makes every metric after it, django-prometheus' too, write to this process's slot.
    """
    assert metrics.REQUESTS is not None
    configure(str(config.get("level") or settings.LOG_LEVEL))
