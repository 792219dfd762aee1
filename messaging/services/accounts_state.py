"""When a platform says that an account can't be used: the account pauses, its queue stays."""

from accounts.models import PlatformAccount
from accounts.services.audit import Actor
from accounts.services.platform_accounts import move_state
from accounts.types import AccountState
from huntaze.kernel import clock


def note_account_state(*, account_pk: int, state: str, reason: str) -> bool:
    """Move the account's state as of now; True when it changed."""
    account = PlatformAccount.objects.filter(pk=account_pk).first()
    if account is None:
        return False
    return move_state(
        account=account,
        state=AccountState(state),
        reason=reason,
        at=clock.of_database(),
        actor=Actor.system(),
    )
