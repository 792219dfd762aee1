"""Bringing fans in, and keeping our webhook registered, against the sandbox."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import PlatformAccount
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.platforms.errors import Permanent, Transient
from messaging.models import Conversation, Fan
from messaging.services.fans import handle_digest
from messaging.services.sync import EVENTS, bring_in, platform_accounts, register_webhook, sync_fans
from tests.sandbox.server import FAN, Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
HOOK = "http://127.0.0.1:9/api/webhooks/onlyfans"


@pytest.fixture
def account(world: Any, platform: Sandbox) -> PlatformAccount:
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.account.pk).update(external_id=platform.account)
        return PlatformAccount.objects.get(pk=world.account.pk)


def sync(account: PlatformAccount, **options: Any) -> int:
    with workspace_scope(account.workspace_id):
        return sync_fans(account=account, now=clock.now(), **options)


def fans_of(account: PlatformAccount) -> dict[str, Fan]:
    with cross_workspace("demo"):
        rows = Fan.objects.filter(account=account).exclude(pk=_factory_fan(account))
        return {fan.platform_user_id: fan for fan in rows}


def _factory_fan(account: PlatformAccount) -> int:
    """The world's own fan, whom the sandbox does not know."""
    return int(Fan.objects.filter(account=account).order_by("pk").values_list("pk", flat=True)[0])


def active(platform: Sandbox) -> dict[str, dict[str, Any]]:
    rows = platform.control("GET", f"fans?account={platform.account}")
    return {str(row["id"]): row for row in rows if row["active"]}


def test_every_active_fan_is_written_with_a_conversation(account: PlatformAccount, platform: Sandbox) -> None:
    there = active(platform)
    assert sync(account) == len(there) == 13
    here = fans_of(account)
    assert here.keys() == there.keys()
    for fan_id, row in there.items():
        fan = here[fan_id]
        assert fan.name is not None
        assert fan.handle is not None
        assert (fan.name.reveal(), fan.handle.reveal(), fan.can_receive) == (
            row["name"],
            row["username"],
            True,
        )
        assert bytes(fan.handle_digest or b"") == handle_digest(row["username"])
    with cross_workspace("demo"):
        assert Conversation.objects.filter(fan__in=[fan.pk for fan in here.values()]).count() == 13
        assert PlatformAccount.objects.get(pk=account.pk).last_synced_at is not None


def test_a_second_sync_changes_what_changed_and_nothing_else(
    account: PlatformAccount, platform: Sandbox
) -> None:
    sync(account)
    before = fans_of(account)
    fan_id = next(iter(before))
    platform.api("POST", f"/{{account}}/users/{fan_id}/block")
    renamed = platform.api("PUT", f"/{{account}}/fans/{fan_id}/custom-name", {"custom_name": "Big spender"})
    assert renamed.status_code == 200
    sync(account)
    after = fans_of(account)
    assert {key: fan.pk for key, fan in after.items()} == {key: fan.pk for key, fan in before.items()}
    changed = after[fan_id]
    assert changed.name is not None
    assert (changed.name.reveal(), changed.can_receive) == ("Big spender", False)


def test_it_reads_no_more_than_asked(account: PlatformAccount) -> None:
    assert sync(account, most=5) == 5
    assert len(fans_of(account)) == 5


@pytest.mark.parametrize(("kind", "error"), [("5xx_unknown_not_sent", Transient), ("wrong_type", Transient)])
def test_a_platform_in_trouble_writes_nothing(
    account: PlatformAccount, platform: Sandbox, kind: str, error: type[Exception]
) -> None:
    platform.fault(kind)
    with pytest.raises(error):
        sync(account)
    assert fans_of(account) == {}
    with cross_workspace("demo"):
        assert PlatformAccount.objects.get(pk=account.pk).last_synced_at is None


def test_it_never_talks_to_the_platform_inside_a_transaction(account: PlatformAccount) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        sync(account)


def test_it_lists_the_accounts_of_our_key(platform: Sandbox, settings: Any) -> None:
    assert [row.id for row in platform_accounts()] == [platform.account, platform.other]
    settings.ONLYFANSAPI_API_KEY = "ofapi_wrong"
    with pytest.raises(Permanent, match="team_key"):
        platform_accounts()


# --- our webhook


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("onlyfans_webhook", *arguments, stdout=out)
    return out.getvalue().strip()


def registered(platform: Sandbox) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = platform.api("GET", "/webhooks").json()["data"]
    return rows


def test_the_webhook_is_registered_once_and_then_kept_up_to_date(platform: Sandbox) -> None:
    first = command("--url", HOOK)
    [hook] = registered(platform)
    assert first == f"Registered: {hook['id']} {HOOK}"
    assert (hook["url"], set(hook["events"]), hook["enabled"]) == (HOOK, set(EVENTS), True)
    assert hook["has_signing_secret"] is True
    change = {"endpoint_url": HOOK, "events": ["tips.received"], "enabled": False}
    platform.api("PUT", f"/webhooks/{hook['id']}", change)
    assert command("--url", HOOK) == f"Up to date: {hook['id']} {HOOK}"
    [again] = registered(platform)
    assert (again["id"], set(again["events"]), again["enabled"]) == (hook["id"], set(EVENTS), True)


def test_registrations_of_others_are_left_alone(platform: Sandbox) -> None:
    other = {"endpoint_url": "http://127.0.0.1:9/other", "events": ["posts.liked"], "account_scope": "global"}
    assert platform.api("POST", "/webhooks", other).status_code == 201
    webhook, is_new = register_webhook(url=HOOK)
    assert is_new is True
    assert {hook["url"]: hook["events"] for hook in registered(platform)}["http://127.0.0.1:9/other"] == [
        "posts.liked"
    ]
    assert len(registered(platform)) == 2
    assert webhook.url == HOOK


def test_the_default_address_is_our_own(platform: Sandbox, settings: Any) -> None:
    assert command().endswith(f"{settings.BASE_URL}/api/webhooks/onlyfans")


@pytest.mark.parametrize("name", ["ONLYFANSAPI_API_KEY", "ONLYFANSAPI_WEBHOOK_SECRETS"])
def test_without_key_or_secret_the_command_says_what_to_set(
    platform: Sandbox, settings: Any, name: str
) -> None:
    setattr(settings, name, type(getattr(settings, name))())
    with pytest.raises(CommandError, match="ONLYFANSAPI_API_KEY and ONLYFANSAPI_WEBHOOK_SECRETS"):
        command()
    assert registered(platform) == []


def test_a_refusing_vendor_is_named_by_its_code(platform: Sandbox, settings: Any) -> None:
    settings.ONLYFANSAPI_API_KEY = "ofapi_wrong"
    with pytest.raises(CommandError, match="team_key"):
        command()


def test_the_sandboxs_fans_are_where_the_tests_expect_them(platform: Sandbox) -> None:
    assert str(FAN) in active(platform)


def test_a_new_account_is_read_once_and_trouble_with_another_holds_nothing_up(
    world: Any, account: PlatformAccount
) -> None:
    """The world's other accounts are strangers to the sandbox."""
    assert bring_in(now=clock.now()) == 1
    assert len(fans_of(account)) == 13
    assert bring_in(now=clock.now()) == 0
