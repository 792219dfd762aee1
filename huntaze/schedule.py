"""Celery's configuration and beat's table: every dispatcher runs from here, nudges only save time."""

from typing import Any

from django.conf import settings
from kombu import Queue


def _every(seconds: float, task: str, queue: str) -> dict[str, Any]:
    """No expiry, which would trust the clocks of two machines: beat itself keeps the queue short."""
    return {"task": task, "schedule": seconds, "options": {"queue": queue}}


class Config:
    """See docs/adr/0003-jobs-only-hurry.md for the reasons behind the delivery settings."""

    broker_url = settings.CELERY_BROKER_URL
    broker_connection_retry_on_startup = True
    broker_transport_options = {
        "visibility_timeout": 900,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        # A nudge to a broker that is away must not hold up the request that sent it: the row is the queue.
        "max_retries": 0,
        "global_keyprefix": "celery:",
    }
    task_ignore_result = True
    task_acks_late = True
    task_reject_on_worker_lost = True
    task_time_limit = 600
    task_soft_time_limit = 540
    task_serializer = "json"
    accept_content = ["json"]
    worker_prefetch_multiplier = 1
    worker_hijack_root_logger = False
    worker_cancel_long_running_tasks_on_connection_loss = False
    task_default_queue = "default"
    task_queues = [Queue(name) for name in ("default", "webhooks", "send", "ai", "reports")]
    task_routes = {
        "messaging.pump": {"queue": "send"},
        "messaging.apply_inbound": {"queue": "webhooks"},
        "accounts.deliver_webhooks": {"queue": "webhooks"},
        "billing.process_stripe_events": {"queue": "webhooks"},
    }
    timezone = "UTC"
    beat_scheduler = "huntaze.kernel.beat:BoundedScheduler"
    beat_schedule = {
        "pumps": _every(2.0, "messaging.pump", "send"),
        "schedule-deliveries": _every(1.0, "messaging.schedule_deliveries", "default"),
        "sweep-accounts": _every(10.0, "messaging.sweep_accounts", "default"),
        "resolve-uncertain": _every(5.0, "messaging.resolve_uncertain", "default"),
        "tend-campaigns": _every(1.0, "messaging.tend_campaigns", "default"),
        "unsend-campaigns": _every(2.0, "messaging.unsend_campaigns", "default"),
        "post-credits": _every(5.0, "messaging.post_credits", "default"),
        "run-dead-letters": _every(5.0, "messaging.run_dead_letters", "default"),
        "sweep-credits": _every(600.0, "messaging.sweep_credits", "default"),
        "apply-inbound": _every(2.0, "messaging.apply_inbound", "webhooks"),
        "deliver-webhooks": _every(2.0, "accounts.deliver_webhooks", "webhooks"),
        "expire-credits": _every(3600.0, "billing.expire_credits", "default"),
        "release-reservations": _every(60.0, "billing.release_reservations", "default"),
        "write-counters": _every(60.0, "billing.write_counters", "default"),
        "tend-access": _every(10.0, "billing.tend_access", "default"),
        "process-stripe-events": _every(2.0, "billing.process_stripe_events", "webhooks"),
        "poll-stripe": _every(600.0, "billing.poll_stripe", "default"),
        "end-closed-subscriptions": _every(600.0, "billing.end_closed_subscriptions", "default"),
        "forget-stripe-payloads": _every(86_400.0, "billing.forget_stripe_payloads", "default"),
        "reconcile-stripe": _every(86_400.0, "billing.reconcile_stripe", "reports"),
        "measure-queues": _every(10.0, "messaging.measure_queues", "default"),
        "send-mails": _every(5.0, "accounts.send_mails", "default"),
        "seal-audit": _every(5.0, "accounts.seal_audit", "default"),
        "verify-audit": _every(900.0, "accounts.verify_audit", "default"),
        "rotate-keys": _every(60.0, "accounts.rotate_keys", "default"),
        "run-privacy": _every(15.0, "accounts.run_privacy", "default"),
        "follow-connections": _every(10.0, "accounts.follow_connections", "default"),
        "revoke-accounts": _every(30.0, "accounts.revoke_accounts", "default"),
        "renew-tokens": _every(30.0, "accounts.renew_tokens", "default"),
        "tell-failures": _every(10.0, "accounts.tell_failures", "default"),
        "end-visits": _every(60.0, "accounts.end_visits", "default"),
        "retain": _every(900.0, "accounts.retain", "default"),
        "tend-demos": _every(10.0, "messaging.tend_demos", "default"),
        "bring-in": _every(30.0, "messaging.bring_in", "default"),
    }
