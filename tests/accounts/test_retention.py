"""What accounts forgets: families a week after their end, with their tokens, and expired browser sessions."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import BrowserSession, RefreshSession, RefreshToken
from accounts.services.retention import forget_sessions
from huntaze.kernel import clock

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def family(world: Any, **times: Any) -> RefreshSession:
    now = clock.now()
    values = {
        "created_at": now - 40 * DAY,
        "last_used_at": now,
        "expires_at": now + DAY,
        "idle_seconds": 7 * 86_400,
        "session_version": 1,
        "device": b"\x01" * 32,
    }
    row = RefreshSession.objects.create(
        user=world.owner.user, workspace=world.owner.workspace, **(values | times)
    )
    RefreshToken.objects.create(session=row, generation=1, digest=row.uid.bytes * 2)
    return row


def test_families_are_forgotten_a_week_after_their_end(world: Any) -> None:
    now = clock.now()
    kept = [
        family(world),
        family(world, expires_at=now - 6 * DAY),
        family(world, revoked_at=now - 6 * DAY),
        family(world, last_used_at=now - 13 * DAY),
        family(world, last_used_at=now - 15 * DAY, idle_seconds=30 * 86_400),
    ]
    family(world, expires_at=now - 8 * DAY)
    family(world, revoked_at=now - 8 * DAY)
    family(world, last_used_at=now - 15 * DAY)
    assert forget_sessions(now=now) == 3
    assert set(RefreshSession.objects.values_list("pk", flat=True)) == {row.pk for row in kept}
    assert RefreshToken.objects.count() == len(kept)
    assert forget_sessions(now=now) == 0


def test_browser_sessions_are_forgotten_when_they_expired(world: Any) -> None:
    Client().force_login(world.owner.user)
    forget_sessions(now=clock.now())
    assert BrowserSession.objects.count() == 1
    with time_machine.travel(clock.now() + 31 * DAY):
        forget_sessions(now=clock.now())
    assert BrowserSession.objects.count() == 0
