"""Staff at their desk."""

import pytest
from django.test import Client

from tests.factories.visits import staff


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(staff("support"))
    return client
