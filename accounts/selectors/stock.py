"""How many there are of what plans limit. A place that was offered or is being filled counts as taken."""

from accounts.models import Connection, Creator, Invitation, Membership, PlatformAccount
from accounts.types import CreatorStatus


def creators_in(workspace_id: int) -> int:
    """Creators who have not left."""
    rows = Creator.objects.filter(workspace_id=workspace_id)
    return rows.exclude(status=CreatorStatus.OFFBOARDED).count()


def seats_in(workspace_id: int) -> int:
    """Members, and invitations that are open."""
    members = Membership.objects.filter(workspace_id=workspace_id, ended_at=None).count()
    return members + Invitation.objects.open().filter(workspace_id=workspace_id).count()


def accounts_in(workspace_id: int) -> int:
    """Platform accounts that are not disconnected, and first attempts to connect one that are under way."""
    accounts = PlatformAccount.objects.present().filter(workspace_id=workspace_id).count()
    attempts = Connection.objects.filter(workspace_id=workspace_id, account=None, finished_at=None)
    return accounts + attempts.count()
