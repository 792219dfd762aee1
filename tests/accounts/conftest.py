"""A team for tests of accounts, and a way in as a person: by access token, which keys can't replace everywhere."""

from collections.abc import Callable

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import Membership
from huntaze.kernel import i18n
from tests.factories.team import Team, access_token, make_team


@pytest.fixture
def team(db: None) -> Team:
    return make_team("Ours")


@pytest.fixture
def theirs(db: None) -> Team:
    return make_team("Theirs")


@pytest.fixture
def person() -> Callable[..., APIClient]:
    """`person(member)` is a client with an access token of that member, as the dashboard's own people have."""

    def make(member: Membership) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(member)}")
        return client

    return make


@pytest.fixture(scope="session", autouse=True)
def french() -> None:
    i18n.compile_catalogue(settings.BASE_DIR, "fr")
