"""Fault tests: a world on the sandbox's own accounts, and processes to kill."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Membership
from tests.factories.accounts import CreatorFactory, MembershipFactory, PlatformAccountFactory
from tests.factories.messaging import FanFactory
from tests.faults.house import House, open_house
from tests.sandbox.server import FAN, Sandbox

#: Everything sixty times faster than in life but for the lookup, which must stay behind the lease.
FAST = {
    "SEND_LIMIT_WINDOW_SECONDS": "3",
    "SEND_TIMEOUT_SECONDS": "2",
    "SEND_LEASE_SECONDS": "8",
    "SEND_LOOKUP_AFTER_SECONDS": "1",
    "SEND_PUMP_SECONDS": "30",
}


@pytest.fixture
def fast(settings: Any) -> dict[str, str]:
    for name, value in FAST.items():
        setattr(settings, name, float(value))
    return FAST


@pytest.fixture
def house(platform: Sandbox, fast: dict[str, str], transactional_db: None, tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, **fast) as running:
        yield running


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    member: Membership = MembershipFactory(role="owner")
    return member


@pytest.fixture
def fans(platform: Sandbox, owner: Membership) -> list[Any]:
    """Two accounts of the sandbox with five fans each, as our rows."""
    found = []
    for index, external_id in enumerate((platform.account, platform.other)):
        creator = CreatorFactory(workspace=owner.workspace)
        account = PlatformAccountFactory(creator=creator, external_id=external_id)
        for number in range(5):
            platform_id = str(FAN + index * 10_000 + number)
            found.append(FanFactory(account=account, platform_user_id=platform_id))
    return found
