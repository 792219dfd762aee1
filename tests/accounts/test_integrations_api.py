"""Connecting OnlyFans accounts over the API, against the sandbox's own sign-in page."""

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from accounts.models import AuditEvent, Connection, Consent, PlatformAccount, Revocation
from accounts.services.connections import ending, follow, leave
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.onlyfansapi_connect import OnlyFansConnect
from tests.conftest import World
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = "/api/integrations/onlyfans"
AGREED = {"consent": "2026-11"}
Api = Callable[..., Any]


def begin(client: Any, creator: Any, **more: Any) -> Any:
    return client.post(f"{ROOT}/connections", AGREED | {"creatorId": creator.public_id} | more, format="json")


def choose(platform: Sandbox, begun: Any, choice: str, **more: Any) -> dict[str, Any]:
    """What the creator does on the vendor's page; the message that it tells our page."""
    answer = platform.http.post(begun.json()["address"], json={"choice": choice, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def check(client: Any, begun: Any, **body: Any) -> Any:
    return client.post(f"{ROOT}/connections/{begun.json()['id']}/check", body, format="json")


def told(answer: Any) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["state"], body["reasonText"]


def stored(model: Any, **which: Any) -> Any:
    with cross_workspace("demo"):
        return list(model.objects.filter(**which).order_by("pk"))


def actions() -> list[str]:
    return [row.action for row in stored(AuditEvent)]


def connected(client: Any, platform: Sandbox, creator: Any) -> PlatformAccount:
    begun = begin(client, creator)
    choose(platform, begun, "connect")
    done = check(client, begun)
    assert told(done) == (200, "connected", "")
    account_id = done.json()["accountId"]
    return next(row for row in stored(PlatformAccount) if row.public_id == account_id)


def expire(platform: Sandbox, account: PlatformAccount, kind: str = "session_expired") -> None:
    """The session ends at the vendor, and our row knows."""
    platform.fault(kind, count=1, match={"account": account.external_id})
    platform.api("GET", f"/{account.external_id}/chats")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=account.pk).update(state="expired")


def again(client: Any, account: PlatformAccount) -> Any:
    return client.post(f"{ROOT}/accounts/{account.public_id}/reconnect", AGREED, format="json")


# --- for the first time


def test_a_sign_in_on_the_vendors_page_makes_an_account(api: Api, world: World, platform: Sandbox) -> None:
    begun = begin(api(world.owner), world.creator)
    assert (begun.status_code, begun.json()["state"]) == (201, "waiting")
    assert told(check(api(world.owner), begun)) == (200, "waiting", "")
    said = choose(platform, begun, "connect")
    done = check(api(world.owner), begun, accountId=said["payload"]["accountId"])
    assert told(done) == (200, "connected", "")
    (row,) = stored(PlatformAccount, external_id=said["payload"]["accountId"])
    assert row.public_id == done.json()["accountId"]
    assert (row.creator_id, row.state, row.handle) == (
        world.creator.pk,
        "connected",
        said["payload"]["username"],
    )
    assert row.owner_external_id == str(said["payload"]["onlyfansData"]["id"])
    assert actions() == ["consent.given", "connection.started", "account.connected"]


def test_the_consent_stands_before_the_vendor_is_asked(api: Api, world: World, platform: Sandbox) -> None:
    platform.fault("status", count=1, params={"code": 500}, match={"path": "*/client-sessions"})
    answer = begin(api(world.owner), world.creator)
    assert (answer.status_code, answer.json()["retryAfter"]) == (503, 30)
    (row,) = stored(Consent)
    assert (row.text_version, row.given_by_id, row.creator_id) == (
        "2026-11",
        world.owner.pk,
        world.creator.pk,
    )
    (attempt,) = stored(Connection)
    assert (attempt.state, attempt.reason, attempt.consent_id) == ("failed", "vendor", row.pk)


@pytest.mark.parametrize("consent", ["", "2025-01"])
def test_without_consent_to_the_current_text_nobody_is_asked(
    api: Api, world: World, platform: Sandbox, consent: str
) -> None:
    assert begin(api(world.owner), world.creator, consent=consent).status_code == 400
    assert (stored(Consent), stored(Connection)) == ([], [])
    asked = [row["path"] for row in platform.control("GET", "requests?dialect=onlyfansapi")]
    assert not [path for path in asked if "client-sessions" in path]


def test_without_a_key_it_says_so(api: Api, world: World, platform: Sandbox, settings: Any) -> None:
    settings.ONLYFANSAPI_API_KEY = ""
    answer = begin(api(world.owner), world.creator)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_configured")
    assert answer.json()["error"] == "This platform is not configured by the operator"
    assert api(world.owner).get(ROOT).json()["isConfigured"] is False


def test_code_and_face_are_followed_in_words(api: Api, world: World, platform: Sandbox) -> None:
    begun, client = begin(api(world.owner), world.creator), api(world.owner)
    choose(platform, begun, "wrong")
    assert told(check(client, begun))[1:] == (
        "waiting",
        "OnlyFans refused the sign-in. It can be tried again.",
    )
    choose(platform, begun, "code")
    answer = check(client, begun)
    assert told(answer)[1:] == ("needs_code", "")
    assert answer.json()["stateText"] == "OnlyFans asks for a code"
    choose(platform, begun, "face")
    assert check(client, begun).json()["stateText"] == "OnlyFans asks for a face check"
    choose(platform, begun, "done")
    assert told(check(client, begun))[1:] == ("connected", "")


def test_the_browsers_word_is_not_believed(api: Api, world: World, platform: Sandbox) -> None:
    """Another workspace's account, signed in and well: naming it does not get it."""
    theirs = connected(api(world.outsider), platform, world.outsider_account.creator)
    begun = begin(api(world.owner), world.creator)
    answer = check(api(world.owner), begun, accountId=theirs.external_id)
    assert (answer.status_code, answer.json()["error"]) == (409, "This account was not connected here")
    assert actions()[-1] == "connection.claim_refused"
    assert [row.workspace_id for row in stored(PlatformAccount, external_id=theirs.external_id)] == [
        world.outsider.workspace_id
    ]


def test_an_account_is_connected_once_in_the_whole_installation(
    api: Api, world: World, platform: Sandbox
) -> None:
    begun = begin(api(world.owner), world.creator)
    said = choose(platform, begun, "connect")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.outsider_account.pk).update(
            owner_external_id=str(said["payload"]["onlyfansData"]["id"])
        )
    for _ in range(2):
        answer = check(api(world.owner), begun)
        assert (answer.status_code, answer.json()["error"]) == (409, "Account already connected")
    assert stored(PlatformAccount, external_id=said["payload"]["accountId"]) == []
    assert leave.revoke_due() == 1
    assert said["payload"]["accountId"] not in {row["id"] for row in platform.api("GET", "/accounts").json()}


def test_a_closed_browser_loses_nothing(api: Api, world: World, platform: Sandbox) -> None:
    begun = begin(api(world.owner), world.creator)
    assert follow.follow_due(now=clock.now()) == 0
    choose(platform, begun, "connect")
    assert (follow.follow_due(now=clock.now()), follow.follow_due(now=clock.now())) == (1, 0)
    assert stored(Connection)[0].state == "connected"


def test_an_attempt_ends_by_time_and_by_a_newer_one(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    first, second = begin(client, world.creator), begin(client, world.creator)
    assert second.status_code == 201
    choose(platform, first, "connect")
    assert told(check(client, first))[1] == "replaced"
    follow.follow_due(now=clock.now() + timedelta(minutes=31))
    assert told(check(client, second))[1] == "expired"


def looks_at_once(api: Api, world: World, platform: Sandbox) -> int:
    """Four at once; how many things they asked the vendor to take back."""
    begun = begin(api(world.owner), world.creator)
    choose(platform, begun, "connect")
    barrier = threading.Barrier(4)
    client = api(world.owner)

    def work(_: int) -> None:
        try:
            barrier.wait(10)
            check(client, begun)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert actions().count("account.connected") == 1
    return Revocation.objects.count()


def test_looks_at_once_bind_once(api: Api, world: World, platform: Sandbox) -> None:
    assert looks_at_once(api, world, platform) == 0
    assert stored(Connection)[0].state == "connected"


def test_without_the_lock_they_take_each_other_for_strangers(
    api: Api, world: World, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(4)

    def unlocked(row: Connection) -> Connection | None:
        found = Connection.objects.filter(pk=row.pk, finished_at=None).select_related(
            "creator", "account", "started_by"
        )
        living = found.first()
        meeting.wait(10)
        return living

    monkeypatch.setattr(ending, "locked", unlocked)
    assert looks_at_once(api, world, platform) == 3


# --- again


def test_an_expired_session_is_signed_in_again(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    account = connected(client, platform, world.creator)
    expire(platform, account)
    begun = again(client, account)
    assert begun.status_code == 201
    assert told(check(client, begun))[1:] == ("connected", "")
    assert stored(PlatformAccount, pk=account.pk)[0].state == "connected"
    assert again(client, account).json()["error"] == "This account is connected"


def test_a_code_is_passed_on_and_kept_nowhere(
    api: Api, world: World, platform: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    client = api(world.owner)
    account = connected(client, platform, world.creator)
    expire(platform, account, "otp_required")
    begun = again(client, account)
    assert told(check(client, begun))[1:] == ("needs_code", "")

    def code(value: str) -> Any:
        return client.post(f"{ROOT}/connections/{begun.json()['id']}/code", {"code": value}, format="json")

    assert code("12 34").status_code == 400
    assert told(code("000000"))[1:] == ("needs_code", "The code is wrong. It can be tried again.")
    assert told(code("135791"))[1:] == ("connected", "")
    with cross_workspace("demo"), database.cursor() as cursor:
        for table in (Connection, AuditEvent, PlatformAccount):
            cursor.execute(f"SELECT count(*) FROM {table._meta.db_table} t WHERE t::text LIKE '%135791%'")
            assert cursor.fetchone() == (0,)
    assert "135791" not in caplog.text
    assert code("135791").json()["error"] == "This attempt to connect has ended; start a new one"


def test_a_face_check_goes_by_mail(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    account = connected(client, platform, world.creator)
    expire(platform, account, "face_required")
    begun = again(client, account)
    assert told(check(client, begun))[1] == "needs_face"
    address = f"{ROOT}/connections/{begun.json()['id']}"
    assert client.post(f"{address}/face-mail").status_code == 202
    assert told(client.post(f"{address}/face-done"))[1:] == ("connected", "")


def test_an_account_that_the_vendor_forgot_is_connected_anew(
    api: Api, world: World, platform: Sandbox
) -> None:
    client = api(world.owner)
    account = connected(client, platform, world.creator)
    platform.api("DELETE", f"/accounts/{account.external_id}")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=account.pk).update(state="expired")
    answer = again(client, account)
    assert (answer.status_code, answer.json()["error"]) == (
        409,
        "The platform does not know this account any more: connect it anew",
    )


# --- letting go


def test_disconnecting_stops_at_once_and_revokes(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    account = connected(client, platform, world.creator)
    platform.fault("status", count=1, params={"code": 500}, match={"method": "DELETE"})
    assert client.delete(f"{ROOT}/accounts/{account.public_id}").status_code == 204
    assert client.delete(f"{ROOT}/accounts/{account.public_id}").status_code == 404
    row = stored(PlatformAccount, pk=account.pk)[0]
    assert (row.state, row.state_reason, row.can_send) == ("disconnected", "disconnected", False)
    assert stored(Consent)[0].withdrawn_at is not None
    leave.revoke_due()
    (waiting,) = Revocation.objects.all()
    assert (waiting.state, waiting.attempts, waiting.last_error) == ("queued", 1, "Uncertain")
    Revocation.objects.update(available_at=clock.now())
    leave.revoke_due()
    assert not Revocation.objects.exists()
    assert account.external_id not in {row["id"] for row in platform.api("GET", "/accounts").json()}


def test_what_is_connected_again_is_not_revoked(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    account = connected(client, platform, world.creator)
    client.delete(f"{ROOT}/accounts/{account.public_id}")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=account.pk).update(state="connected")
    leave.revoke_due()
    assert not Revocation.objects.exists()
    assert account.external_id in {row["id"] for row in platform.api("GET", "/accounts").json()}


def test_a_disconnected_account_comes_back_as_itself(api: Api, world: World, platform: Sandbox) -> None:
    """Its fans and messages hang on the row; the vendor gives it a new id."""
    client = api(world.owner)
    account = connected(client, platform, world.creator)
    client.delete(f"{ROOT}/accounts/{account.public_id}")
    begun = begin(client, world.creator)
    said = choose(platform, begun, "connect")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=account.pk).update(
            owner_external_id=str(said["payload"]["onlyfansData"]["id"])
        )
    done = check(client, begun)
    assert done.json()["accountId"] == account.public_id
    row = stored(PlatformAccount, pk=account.pk)[0]
    assert (row.state, row.external_id) == ("connected", said["payload"]["accountId"])


def test_a_revocation_that_was_given_up_can_be_tried_again(api: Api, world: World, platform: Sandbox) -> None:
    account = connected(api(world.owner), platform, world.creator)
    api(world.owner).delete(f"{ROOT}/accounts/{account.public_id}")
    Revocation.objects.update(state="failed", attempts=7)
    assert leave.revoke_due() == 0
    pks = list(Revocation.objects.values_list("pk", flat=True))
    assert leave.revoke_again(pks=pks, now=clock.now()) == 1
    leave.revoke_due()
    assert not Revocation.objects.exists()


# --- who may


def test_nothing_takes_a_password_or_a_cookie() -> None:
    """Neither a call to the vendor nor a column of ours has a place for one."""
    forbidden = {"password", "cookies", "cookie", "auth_id", "xbc", "credentials", "email"}
    for _, call in inspect.getmembers(OnlyFansConnect, inspect.isfunction):
        assert not forbidden & set(inspect.signature(call).parameters)
    for model in (Connection, Consent, Revocation):
        assert not forbidden & {field.name for field in model._meta.get_fields()}


def test_strangers_and_chatters_do_not_connect(api: Api, world: World, platform: Sandbox) -> None:
    begun = begin(api(world.owner), world.creator)
    assert begin(api(world.chatter), world.creator).status_code == 403
    assert begin(api(world.outsider), world.creator).status_code == 404
    assert check(api(world.outsider), begun).status_code == 404
    assert api(world.outsider).delete(f"{ROOT}/accounts/{world.account.public_id}").status_code == 404
    assert api(world.owner).get("/api/integrations/myspace").status_code == 404


def test_the_list_says_state_and_reason_in_words(api: Api, world: World, platform: Sandbox) -> None:
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.account.pk).update(
            state="expired", state_reason="accounts.session_expired"
        )
    rows = api(world.chatter).get(ROOT).json()["accounts"]
    assert [(row["id"], row["stateText"], row["reasonText"]) for row in rows] == [
        (
            world.account.public_id,
            "The session has expired",
            "OnlyFans ended the session: connect the account again.",
        )
    ]
