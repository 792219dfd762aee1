"""The demo workspace: made once however often it is asked for, and its sign-in file private."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.models import AuditEvent, Creator, Membership, PlatformAccount, User, Workspace
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Fan
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
Seed = Callable[[], dict[str, Any]]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "demo.json"


@pytest.fixture
def seed(platform: Sandbox, settings: Any, out: Path) -> Seed:
    settings.DEMO = True

    def run() -> dict[str, Any]:
        call_command("seed_demo", "--out", str(out), verbosity=0)
        found: dict[str, Any] = json.loads(out.read_text())
        return found

    return run


def counts() -> dict[str, int]:
    """Rows of every table of ours."""
    with cross_workspace("demo"):
        models = [
            model for name in ("accounts", "messaging") for model in apps.get_app_config(name).get_models()
        ]
        return {model._meta.label: model._default_manager.count() for model in models}


def test_it_makes_an_agency_with_its_people_accounts_and_fans(seed: Seed, platform: Sandbox) -> None:
    seed()
    found = counts()
    assert {name: count for name, count in found.items() if name.startswith("accounts.") and count} == {
        "accounts.Workspace": 1,
        "accounts.User": 4,
        "accounts.Membership": 3,
        "accounts.Creator": 2,
        "accounts.CreatorAssignment": 2,
        "accounts.PlatformAccount": 2,
        "accounts.ApiKey": 1,
        "accounts.WorkspaceKey": 1,
        "accounts.AuditEvent": 11,
    }
    with cross_workspace("demo"):
        assert sorted(Membership.objects.values_list("role", flat=True)) == ["chatter", "manager", "owner"]
        assert list(User.objects.filter(is_staff=True).values_list("email", "is_superuser")) == [
            ("staff@demo.huntaze.test", True)
        ]
        ids = set(PlatformAccount.objects.values_list("external_id", flat=True))
        assert ids == {platform.account, platform.other}
        rows = [row for account in sorted(ids) for row in platform.control("GET", f"fans?account={account}")]
        assert Fan.objects.count() == sum(row["active"] for row in rows)
        assert found["messaging.Conversation"] == Fan.objects.count()
        names = {
            row["display_name"] or row["onlyfans_username"] for row in platform.api("GET", "/accounts").json()
        }
        assert set(Creator.objects.values_list("stage_name", flat=True)) == names
        assert Workspace.objects.get().kind == "agency"
        assert AuditEvent.objects.filter(action="account.connected").count() == 2


def test_twice_is_once_and_the_passwords_stay(seed: Seed) -> None:
    first, before = seed(), counts()
    again = seed()
    assert counts() == before
    assert again == first


def test_a_lost_file_gives_new_passwords_and_nothing_else(seed: Seed, out: Path) -> None:
    first, before = seed(), counts()
    out.unlink()
    again = seed()
    one_more = {name: before[name] + 1 for name in ("accounts.ApiKey", "accounts.AuditEvent")}
    assert counts() == before | one_more
    assert again["users"]["owner"]["password"] != first["users"]["owner"]["password"]
    assert (again["accountId"], again["fanId"]) == (first["accountId"], first["fanId"])


def test_the_file_is_for_its_owner_only_and_complete(
    seed: Seed, out: Path, platform: Sandbox, settings: Any
) -> None:
    data = seed()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert set(data) == {"baseUrl", "sandboxUrl", "users", "apiKey", "accountId", "fanId"}
    assert (data["baseUrl"], data["sandboxUrl"]) == (settings.BASE_URL, platform.url)
    assert set(data["users"]) == {"staff", "owner", "manager", "chatter"}
    assert [path.name for path in out.parent.iterdir()] == ["demo.json"]


def test_a_file_that_others_could_read_becomes_private(seed: Seed, out: Path) -> None:
    seed()
    out.chmod(0o644)
    seed()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_everything_in_the_file_works(seed: Seed) -> None:
    data = seed()
    for role, who in data["users"].items():
        user = User.objects.get(email=who["email"])
        assert user.check_password(who["password"]), role
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {data['apiKey']}")
    request = {"recipientId": data["fanId"], "accountId": data["accountId"], "content": "Hello"}
    answer = client.post("/api/onlyfans/messaging/send", request, format="json")
    assert answer.status_code == 202


def test_it_is_made_only_where_a_demo_is_wanted(seed: Seed, settings: Any, out: Path) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        seed()
    assert not out.exists()
    assert counts()["accounts.Workspace"] == 0


def test_without_the_sandbox_it_says_so_and_makes_nothing(seed: Seed, settings: Any) -> None:
    settings.ONLYFANSAPI_BASE_URL = "http://127.0.0.1:9/onlyfansapi"
    with pytest.raises(CommandError, match="refused"):
        seed()
    assert counts()["accounts.Workspace"] == 0


def test_a_sandbox_without_accounts_is_said_plainly(seed: Seed, platform: Sandbox) -> None:
    platform.fault("status", params={"code": 200, "body": []}, match={"path": "/api/accounts"})
    with pytest.raises(CommandError, match="no account"):
        seed()
    assert counts()["accounts.Workspace"] == 0
