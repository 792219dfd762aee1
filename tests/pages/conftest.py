"""Signed-in browsers' clients, and a way to read a page's sentences."""

import socket
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Membership
from huntaze.kernel import i18n


@pytest.fixture(scope="session", autouse=True)
def french() -> None:
    i18n.compile_catalogue(settings.BASE_DIR, "fr")


@pytest.fixture
def browser(db: None) -> Callable[..., Client]:
    """`browser(member)` is a client signed in as that member; `browser()` is nobody."""

    def make(member: Membership | None = None) -> Client:
        client = Client()
        if member is not None:
            client.force_login(member.user)
        return client

    return make


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
