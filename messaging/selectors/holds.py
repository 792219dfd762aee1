"""Why messages wait although nothing is wrong with them: the subscription is unpaid, or there are no credits left."""

from collections.abc import Sequence

from billing.selectors.holds import is_held
from huntaze.kernel import sql
from messaging.models import Delivery
from messaging.rules.campaigns import NO_CREDITS, UNPAID
from messaging.types import CreditState, DeliveryState

#: States in which a message stays while its workspace is unpaid.
_WAITING = frozenset({DeliveryState.QUEUED, DeliveryState.HELD})

_HOLD = """
SELECT EXISTS (SELECT 1 FROM billing_workspacehold h JOIN accounts_platformaccount a USING (workspace_id)
                WHERE a.id = ANY(%(accounts)s::bigint[])),
       EXISTS (SELECT 1 FROM messaging_campaign c
                WHERE c.account_id = ANY(%(accounts)s::bigint[]) AND c.state IN ('planning', 'running')
                  AND c.state_reason = %(no_credits)s)
"""


def hold_of_accounts(account_pks: Sequence[int]) -> str:
    """UNPAID while nothing leaves these accounts, NO_CREDITS while a campaign of theirs waits for credits, or empty."""
    found = sql.row(_HOLD, {"accounts": list(account_pks), "no_credits": NO_CREDITS})
    assert found is not None
    is_unpaid, is_short = found
    return UNPAID if is_unpaid else NO_CREDITS if is_short else ""


def hold_of(delivery: Delivery, *, is_unpaid: bool | None = None) -> str:
    """The same for one message; `is_unpaid` where the caller knows of the workspace."""
    if delivery.state not in _WAITING:
        return ""
    if is_held(delivery.workspace_id) if is_unpaid is None else is_unpaid:
        return UNPAID
    return NO_CREDITS if delivery.credit_state == CreditState.WANTED else ""
