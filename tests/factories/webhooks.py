"""Endpoints of outgoing webhooks for tests; call inside a scope that reaches the workspace."""

from accounts.models import WebhookDelivery, WebhookSubscription, Workspace
from accounts.rules.webhooks import SECRET_BYTES, make_secret
from huntaze.kernel import clock
from huntaze.kernel.ids import uuid7

SECRET = make_secret(b"s" * SECRET_BYTES)


def webhook_endpoint(workspace: Workspace, name: str) -> tuple[WebhookSubscription, WebhookDelivery]:
    """An endpoint, and an event for it that was given up; `name` stands in every text."""
    now = clock.now()
    endpoint = WebhookSubscription.objects.create(
        workspace=workspace,
        url=f"https://example.com/{name}",
        description=f"{name} Endpoint",
        events=["message.failed"],
        secret=SECRET,
        created_at=now,
    )
    event = WebhookDelivery.objects.create(
        workspace=workspace,
        subscription=endpoint,
        event_uid=uuid7(),
        kind="message.failed",
        body='{"type":"message.failed"}',
        state="failed",
        queued_at=now,
        available_at=now,
    )
    return endpoint, event
