"""Campaigns for tests, as far along as a test wants them."""

from typing import Any

from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign
from messaging.selectors.campaigns import content_hash
from messaging.services.send import text_digest


def campaign(account: Any, member: Any, include: list[dict[str, str]], **fields: Any) -> Campaign:
    """An approved campaign, scheduled for now unless told otherwise; `text` is its template."""
    now = clock.now()
    text = fields.pop("text", "Hey {firstName|you}")
    values: dict[str, Any] = {
        "workspace_id": account.workspace_id,
        "account": account,
        "name": "Friday",
        "state": "scheduled",
        "language": "en",
        "text": text,
        "text_digest": text_digest(text),
        "include": include,
        "priority": 7,
        "editor": member,
        "approved_by": member,
        "approved_at": now,
        "launch_at": now,
        "created_at": now,
        "edited_at": now,
    }
    with workspace_scope(account.workspace_id):
        row = Campaign.objects.create(**(values | fields))
        Campaign.objects.filter(pk=row.pk).update(approved_hash=content_hash(row))
    with cross_workspace("demo"):
        return Campaign.objects.select_related("account__creator").get(pk=row.pk)
