"""Every metric of the product: its name, type, labels, buckets and help, in one place.

No other module may create a metric; it imports the object and uses it. Labels hold routes, vendors, queues
and outcomes, never an id of a user, workspace, fan or message. Durations are in seconds.

Two kinds stand here: values that each process counts (prometheus_client objects, merged over processes when
PROMETHEUS_MULTIPROC_DIR is set), and `FLEET`, gauges about the whole installation that one periodic task
measures into Redis (`huntaze.kernel.fleet`) and every process shows alike.
"""

from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram

from huntaze.kernel import metric_files

metric_files.prepare()

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_OUTGOING_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_ACT_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)
_DWELL_S = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
_WAIT_S = (0.1, 0.5, 1, 2.5, 6, 15, 30, 60, 120, 300, 600)
_LAG_S = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_TASK_S = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)

# --- incoming requests; `endpoint` is the route's pattern or "unmatched"
REQUESTS = Counter("huntaze_requests_total", "Requests answered", ("endpoint", "method", "status"))
REQUEST_DURATION_SECONDS = Histogram(
    "huntaze_request_duration_seconds", "Time to answer a request", ("endpoint", "method"), buckets=_REQUEST_S
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def known_method(method: str | None) -> str:
    """The method as a label: one that somebody made up is OTHER, so that nobody makes series of their own."""
    return method if method in _METHODS else "OTHER"


# --- the row queue and the sending engine
QUEUE_DWELL_SECONDS = Histogram(
    "huntaze_queue_dwell_seconds", "From the time a row was due to its claim", ("queue",), buckets=_DWELL_S
)
QUEUE_ACT_SECONDS = Histogram(
    "huntaze_queue_act_seconds", "Time a claimed row was worked on", ("queue", "outcome"), buckets=_ACT_S
)
QUEUE_RETRIES = Counter("huntaze_queue_retries_total", "Rows put back for later", ("queue", "reason"))
SENDS = Counter("huntaze_sends_total", "Messages that left the queue", ("platform", "outcome"))
LIMITER_WAIT_SECONDS = Histogram(
    "huntaze_limiter_wait_seconds",
    "How far ahead a message was placed when it was queued",
    ("platform",),
    buckets=_WAIT_S,
)
LIMITER_TICKS = Counter(
    "huntaze_limiter_ticks_total", "Times a sender asked for slots: granted, none, lost, failed", ("outcome",)
)
LIMITER_SLOTS = Counter("huntaze_limiter_slots_total", "Slots granted, and given back unused", ("event",))
LIMITER_REBUILDS = Counter(
    "huntaze_limiter_rebuilds_total", "Times the limiter's log was made again: done, superseded", ("outcome",)
)
UNCERTAIN_RESOLVED = Counter(
    "huntaze_uncertain_resolved_total",
    "Unknown outcomes: found by a report or a lookup, repeated with their key (replay), decided by a person;"
    " open: left to a person",
    ("way",),
)

# --- the outside world
PLATFORM_REQUESTS = Counter(
    "huntaze_platform_requests_total", "Calls to vendors", ("vendor", "operation", "outcome")
)
PLATFORM_REQUEST_SECONDS = Histogram(
    "huntaze_platform_request_seconds",
    "Time of a call to a vendor",
    ("vendor", "operation"),
    buckets=_OUTGOING_S,
)
WEBHOOKS = Counter("huntaze_webhooks_total", "Webhooks received", ("vendor", "outcome"))
WEBHOOKS_REJECTED = Counter("huntaze_webhook_rejected_total", "Webhooks refused, nothing stored", ("vendor",))
STRIPE_EVENTS = Counter("huntaze_stripe_events_total", "Events of Stripe worked on", ("outcome",))
STRIPE_CLAIM_COLLISIONS = Counter(
    "huntaze_stripe_claim_collisions_total",
    "Times two workers picked events of one customer at once",
    ("source",),
)
STRIPE_MIRROR_FAILURES = Counter(
    "huntaze_stripe_mirror_failures_total", "Copies of Stripe's objects that could not be written", ("kind",)
)
STRIPE_FINDINGS = Gauge(
    "huntaze_stripe_findings",
    "Differences that the last reconciliation found",
    ("source",),
    multiprocess_mode="mostrecent",
)
STRIPE_ALERTS = Counter(
    "huntaze_stripe_alerts_total",
    "What staff must look at: second_subscription, unknown_price, unknown_status, orphan, dispute, livemode, dead",
    ("what",),
)
WEBHOOKS_FORGOTTEN = Counter(
    "huntaze_webhooks_forgotten_total",
    "Webhooks deleted after their time, by the state they ended in",
    ("state",),
)
RETENTION_DELETED = Counter(
    "huntaze_retention_deleted_total",
    "Rows and files whose time was over, deleted or emptied, by the rule that said so",
    ("class",),
)
WEBHOOK_LAG_SECONDS = Histogram(
    "huntaze_webhook_lag_seconds", "From receipt to application of a webhook", ("vendor",), buckets=_LAG_S
)
CIRCUIT_BREAKER_FAILURES = Counter(
    "huntaze_circuit_breaker_failures_total", "Failures told to a circuit breaker", ("service",)
)

# --- credits
LEDGER_OVERRUN = Counter(
    "huntaze_ledger_overrun_total", "Credits that were spent beyond what was reserved for them", ("unit",)
)

# --- tasks and the process itself
TASK_SECONDS = Histogram("huntaze_task_seconds", "Run time of a task", ("task", "outcome"), buckets=_TASK_S)
CROSS_WORKSPACE = Counter(
    "huntaze_cross_workspace_total", "Times the code looked across workspaces", ("reason",)
)
CSP_REPORTS = Counter(
    "huntaze_csp_reports_total",
    "Reports of content that browsers refused on our pages, by directive, and why a report was not taken",
    ("directive",),
)
REFRESH_REUSE = Counter(
    "huntaze_auth_refresh_reuse_total",
    "Refresh tokens that were presented again: a session ended for theft",
    ("outcome",),
)
CACHE_ERRORS = Counter(
    "huntaze_cache_errors_total", "Cache operations that failed and counted as a miss", ("operation",)
)
MEMORY_USAGE_BYTES = Gauge(
    "huntaze_memory_usage_bytes",
    "Memory of the processes: resident, its shared part, its anonymous part (the interpreter's heap)",
    ("type",),
    multiprocess_mode="livesum",
)

SSE_STREAMS = Gauge(
    "huntaze_sse_streams", "Open event streams of browsers", ("source",), multiprocess_mode="livesum"
)
LIVE_EVENTS = Counter(
    "huntaze_live_events_total",
    "Names told to open pages: written, or lost because Redis was away or too many waited",
    ("outcome",),
)


@dataclass(frozen=True)
class FleetGauge:
    """A gauge measured once for the installation; `max without (instance)` reads it."""

    help: str
    labels: tuple[str, ...] = ()


FLEET: dict[str, FleetGauge] = {
    "huntaze_queue_depth": FleetGauge("Rows by state", ("queue", "state")),
    "huntaze_queue_oldest_due_seconds": FleetGauge("Age of the oldest row that is due", ("queue",)),
    "huntaze_queue_dead_letters": FleetGauge("Rows given up", ("queue",)),
    "huntaze_worker_up": FleetGauge("1 when the queue has had a consumer in the last minute", ("queue",)),
    "huntaze_circuit_breaker_state": FleetGauge("0 closed, 1 open, 2 half-open", ("service",)),
    "huntaze_error_rate": FleetGauge("Answers with 5xx in % of all, 5 minutes"),
    "huntaze_cache_hit_rate": FleetGauge("Cache hits in % of reads, 5 minutes"),
    "huntaze_cache_hit_ratio": FleetGauge("Cache hits as a share of reads, 5 minutes"),
    "huntaze_active_users": FleetGauge("Distinct people seen in 5 minutes"),
    "sli_current_value": FleetGauge("Measured value of an indicator", ("name", "target", "status")),
    "sli_target": FleetGauge("Target of an indicator", ("name",)),
}
