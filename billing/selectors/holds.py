"""Which workspaces are held."""

from billing.models import WorkspaceHold


def is_held(workspace_id: int) -> bool:
    """Whether nothing leaves this workspace until it has paid."""
    return WorkspaceHold.objects.filter(workspace_id=workspace_id).exists()
