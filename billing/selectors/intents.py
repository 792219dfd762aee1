"""What somebody wanted to buy."""

from billing.models import CheckoutIntent
from huntaze.kernel import ids
from huntaze.kernel.errors import NotFound
from huntaze.kernel.lookup import one


def intent_of(public_id: str) -> CheckoutIntent:
    """The intent of the workspace in scope. Raises NotFound."""
    uid = ids.decode(CheckoutIntent.PREFIX, public_id)
    rows = CheckoutIntent.objects.select_related("plan", "workspace")
    found = one(rows.filter(uid=uid)) if uid else None
    if found is None:
        raise NotFound
    return found
