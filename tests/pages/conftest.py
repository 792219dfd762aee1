"""Signed-in browsers' clients, and a way to read a page's sentences."""
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Membership


@pytest.fixture
def browser(db: None) -> Callable[..., Client]:
    """`browser(member)` is a client signed in as that member; `browser()` is nobody."""

    def make(member: Membership | None = None) -> Client:
        client = Client()
        if member is not None:
            client.force_login(member.user)
        return client

    return make
