"""An API key for a member."""

import secrets

from accounts.models import ApiKey, Membership
from accounts.rules import api_keys
from accounts.services.tokens import digest
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace


def api_key(member_pk: int) -> str:
    """A key that may read and write; returns the secret."""
    secret = api_keys.make("live", secrets.choice)
    with cross_workspace("demo"):
        member = Membership.objects.get(pk=member_pk)
        ApiKey.objects.create(
            workspace_id=member.workspace_id,
            membership=member,
            name="Benchmark",
            prefix=secret[: api_keys.SHOWN],
            digest=digest(secret),
            scopes=["read", "write"],
            created_at=clock.now(),
        )
    return secret
