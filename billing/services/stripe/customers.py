"""A workspace's customer at Stripe: made once, whoever asks first."""

from django.conf import settings

from accounts.models import Workspace
from billing.gateways.base import Kind
from billing.models import SubscriptionRecord
from billing.services.stripe import calls
from billing.types import RemoteCustomer
from huntaze.kernel.errors import NotAllowed
from huntaze.platforms.sandbox import is_sandbox


def is_sold_to(workspace: Workspace) -> bool:
    """A demo's workspace buys nothing but at the sandbox."""
    return not workspace.is_demo or is_sandbox(settings.STRIPE_API_BASE)


def customer_of(workspace: Workspace) -> str:
    """The customer's id, made at Stripe if there is none: the key gives the same one to all who ask at once.

    Raises NotAllowed for one to which nothing is sold.
    """
    if not is_sold_to(workspace):
        raise NotAllowed("A demo workspace buys nothing")
    row, _ = SubscriptionRecord.objects.get_or_create(workspace=workspace)
    if row.stripe_customer_id:
        return row.stripe_customer_id
    made = calls.create(
        Kind.CUSTOMER,
        RemoteCustomer,
        key=f"cus:{workspace.public_id}",
        email=workspace.billing_email,
        preferred_locales=[workspace.locale],
        metadata={"workspace": workspace.public_id},
    )
    SubscriptionRecord.objects.filter(pk=row.pk, stripe_customer_id=None).update(stripe_customer_id=made.id)
    row.refresh_from_db(fields=["stripe_customer_id"])
    assert row.stripe_customer_id is not None
    return row.stripe_customer_id
