"""Signed-in people's API clients."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership
from accounts.services import tokens
from huntaze.kernel import clock
from huntaze.kernel.web import Device

DEVICE = Device("203.0.113.1", "laptop", b"l" * 32)


@pytest.fixture
def person(db: None) -> Callable[[Membership], APIClient]:
    """`person(member)` is a client with that member's access token, not a key."""

    def make(member: Membership) -> APIClient:
        now = clock.now()
        session, _ = tokens.open_family(
            user=member.user, workspace=member.workspace, device=DEVICE, is_remembered=False, now=now
        )
        token = tokens.access_token(user=member.user, workspace=member.workspace, session=session, now=now)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return make
