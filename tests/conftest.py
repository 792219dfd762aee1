"""Shared by all tests: a Redis database a worker, the sandbox, and a small world of two workspaces."""

import gc
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth import user_logged_in
from django.db import connection
from django.utils import translation
from redis import Redis
from rest_framework.test import APIClient

from accounts.models import Creator, Membership, PlatformAccount, User, Workspace
from accounts.sessions import begin_staff_mode
from billing.selectors import cache
from huntaze.celery import app as celery_app
from huntaze.kernel import clock, redis
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Fan
from tests.database import keep_migrated_rows
from tests.factories.accounts import (
    AssignmentFactory,
    CreatorFactory,
    MembershipFactory,
    PlatformAccountFactory,
    WorkspaceFactory,
    api_key,
    lift_limits,
)
from tests.factories.messaging import FanFactory
from tests.platforms.webhooks import SECRET
from tests.sandbox.server import KEY, Sandbox, run_sandbox

#: A busy machine is no failure: examples have no deadline.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")


#: Folders whose files take longest: they begin first, because last they would run while nothing else does.
_LONG = ("e2e", "faults", "bench", "architecture", "billing")


@pytest.hookimpl(wrapper=True)  # around pytest-django, which sorts as well
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    yield
    here, last = Path(__file__).parent, len(_LONG)
    rank = {folder: number for number, folder in enumerate(_LONG)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(here).parts[0], last))


def pytest_collection_finish() -> None:
    """What has been imported stays: looking through it again and again took a sixth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The whole suite's workers copy a database that has been migrated once (`bin/test`). A test is a transaction,
    which may ask nothing of the database for a while."""
    options = connection.settings_dict["OPTIONS"]
    options["options"] = options["options"].replace("session_timeout=15000", "session_timeout=120000")
    if template := os.environ.get("TEST_TEMPLATE"):
        settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = template
        connection.settings_dict["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session", autouse=True)
def own_redis_database() -> Iterator[str]:
    """Workers of the test runner must not see each other's keys: database 1 + worker number."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = f"{settings.REDIS_URL.rsplit('/', 1)[0]}/{worker + 1}"
    settings.REDIS_URL = settings.CELERY_BROKER_URL = url
    settings.CACHES["default"]["LOCATION"] = url
    from celery import current_app

    current_app.conf.broker_url = url
    redis.client().flushdb()
    yield url
    redis.client().flushdb()


@pytest.fixture(scope="session")
def flushing(own_redis_database: str) -> Iterator[Redis]:
    """A connection of the tests' own, kept: a new one for each test cost a millisecond of CPU."""
    with Redis.from_url(own_redis_database) as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def known_webhook_secret() -> None:
    settings.ONLYFANSAPI_WEBHOOK_SECRETS = [SECRET]


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """The real hasher costs a tenth of a second for each person; its own tests set it back."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(scope="session", autouse=True)
def keys_are_read_each_time() -> None:
    """Each test makes its own members and changes them between requests; the tests of that memory switch it on."""
    settings.API_KEY_SEEN_SECONDS = 0.0


@pytest.fixture(scope="session", autouse=True)
def no_second_factor_by_force() -> None:
    """People of tests sign in with a password; tests of the second factor make it compulsory themselves."""
    settings.MFA_REQUIRED_ROLES, settings.MFA_REQUIRED_FOR_STAFF = [], False


@pytest.fixture(scope="session", autouse=True)
def staff_sign_in() -> Iterator[None]:
    """`force_login` is a sign-in for staff too: it opens their pages. Tests of the staff's mode end it themselves."""

    def entered(request: Any, user: Any, **_: Any) -> None:
        if user.is_staff:
            begin_staff_mode(request.session, clock.now())

    user_logged_in.connect(entered, dispatch_uid="tests")
    yield
    user_logged_in.disconnect(dispatch_uid="tests")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        return  # nothing of this run uses the database, so there is no test database
    with django_db_blocker.unblock():
        keep_migrated_rows()


@pytest.fixture(autouse=True)
def clean_redis(flushing: Redis) -> None:
    """Nothing is left of the test before: no key, no language, and no Celery application but ours."""
    flushing.flushdb()
    cache.forget()
    translation.deactivate()
    celery_app.set_current()
    celery_app.set_default()


@pytest.fixture(scope="session")
def sandbox_server(django_db_setup: None) -> Iterator[Sandbox]:
    with run_sandbox() as sandbox:
        yield sandbox


def oauth_settings(url: str) -> dict[str, str]:
    """Instagram, TikTok and WhatsApp at the sandbox."""
    return {
        "INSTAGRAM_AUTH_URL": f"{url}/instagram/www",
        "INSTAGRAM_API_URL": f"{url}/instagram/api",
        "INSTAGRAM_GRAPH_URL": f"{url}/instagram/graph",
        "INSTAGRAM_APP_ID": "instagram_sandbox",
        "INSTAGRAM_APP_SECRET": "instagram_secret_0123456789",
        "TIKTOK_AUTH_URL": f"{url}/tiktok/www",
        "TIKTOK_API_URL": f"{url}/tiktok/open",
        "TIKTOK_CLIENT_KEY": "tiktok_sandbox",
        "TIKTOK_CLIENT_SECRET": "tiktok_secret_0123456789",
        "WHATSAPP_AUTH_URL": f"{url}/whatsapp",
        "WHATSAPP_GRAPH_URL": f"{url}/whatsapp",
        "WHATSAPP_APP_ID": "whatsapp_sandbox",
        "WHATSAPP_APP_SECRET": "whatsapp_secret_0123456789",
        "WHATSAPP_CONFIG_ID": "1",
    }


@pytest.fixture
def platform(sandbox_server: Sandbox, settings: Any) -> Sandbox:
    """A fresh sandbox world, and settings that point at it."""
    sandbox_server.reset()
    settings.ONLYFANSAPI_BASE_URL = f"{sandbox_server.url}/onlyfansapi"
    settings.ONLYFANSAPI_API_KEY = KEY
    for name, value in oauth_settings(sandbox_server.url).items():
        setattr(settings, name, value)
    return sandbox_server


@dataclass
class World:
    """A workspace with an owner, a manager, a chatter assigned to the first creator only, and an outsider's own."""

    owner: Membership
    manager: Membership
    chatter: Membership
    outsider: Membership
    creator: Creator
    other_creator: Creator
    account: PlatformAccount
    other_account: PlatformAccount
    outsider_account: PlatformAccount
    fan: Fan
    other_fan: Fan
    outsider_fan: Fan


@pytest.fixture
def world(db: None) -> World:
    """Table by table: most tests have it, and a row at a time took a third of what they take."""
    ours, theirs = WorkspaceFactory.build(name="Ours"), WorkspaceFactory.build(name="Theirs")
    members = [MembershipFactory.build(workspace=ours, role=role) for role in ("owner", "manager", "chatter")]
    members.append(MembershipFactory.build(workspace=theirs, role="owner"))
    creators = [CreatorFactory.build(workspace=workspace) for workspace in (ours, ours, theirs)]
    accounts = [PlatformAccountFactory.build(creator=creator) for creator in creators]
    fans = [FanFactory.build(account=account) for account in accounts]
    Workspace.objects.bulk_create([ours, theirs])
    lift_limits(ours.pk, theirs.pk)
    User.objects.bulk_create([member.user for member in members])
    with cross_workspace("demo"):
        for rows in (members, creators, accounts, fans):
            type(rows[0]).objects.bulk_create(rows)
    AssignmentFactory(workspace=ours, membership=members[2], creator=creators[0])
    return World(*members, *creators[:2], *accounts, *fans)


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """`api(member)` is a client with a key of that member; `api()` has no credentials."""

    def make(member: Membership | None = None, **key: Any) -> APIClient:
        client = APIClient()
        if member is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {api_key(member, **key)}")
        return client

    return make
