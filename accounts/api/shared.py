"""What the API's views of accounts share."""

from accounts.services.audit import Actor
from huntaze.kernel.api.principal import Principal


def actor_of(principal: Principal) -> Actor:
    return Actor.of(principal)
