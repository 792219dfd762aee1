"""People's API clients, who gave their password just now."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.factories.team import access_token


@pytest.fixture
def person() -> Callable[[Any], APIClient]:
    def make(member: Any) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(member)}")
        return client

    return make
