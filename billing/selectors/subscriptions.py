"""What is known of a workspace's subscription."""

from billing.types import Subscription


def subscription_of(workspace_id: int) -> Subscription | None:
    """The workspace's subscription as last seen at the processor; null when it never had one."""
    return None


def overdue() -> list[int]:
    """Workspaces whose subscription is not paid."""
    return []
