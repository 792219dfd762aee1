"""Connecting Instagram, TikTok and WhatsApp over the API, against the sandbox's consent pages."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection as database

from accounts.models import (
    AuditEvent,
    Connection,
    Consent,
    Creator,
    OAuthState,
    PlatformAccount,
    Revocation,
    TokenRefresh,
)
from accounts.services.connections import follow, leave
from huntaze.kernel import clock, health
from huntaze.kernel.health import Status
from huntaze.kernel.http import Timeouts
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms import oauth
from tests.accounts.oauth_steps import (
    AGREED,
    VENDORS,
    account_of,
    actions,
    begin,
    bring,
    connect,
    opened,
    root,
    stored,
    told,
)
from tests.conftest import World
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
Api = Callable[..., Any]

FIRST = {
    "instagram": ("1784140100001", "lunamartel.ig"),
    "tiktok": ("-000open1", "Luna Martel on TikTok"),
    "whatsapp": ("106540352242922", "+33 6 39 98 00 01"),
}
STATE = "The platform's answer came back in the wrong place. Nothing was connected: start anew."
REFUSED = "This answer belongs to no attempt of yours; start a new one"


def refusal(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["code"], answer.json()["error"]


def why() -> list[str]:
    rows = stored(AuditEvent, action="connection.callback_refused")
    return [row.changes["why"] for row in rows]


# --- there and back


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_agreement_makes_an_account(api: Api, world: World, platform: Sandbox, vendor: str) -> None:
    done = connect(api(world.owner), platform, world.creator, vendor)
    assert told(done) == (200, "connected", "")
    row = account_of(vendor)
    assert (row.external_id, row.handle) == FIRST[vendor]
    assert (row.public_id, row.creator_id, row.state) == (
        done.json()["accountId"],
        world.creator.pk,
        "connected",
    )
    assert actions() == ["consent.given", "connection.started", "account.connected"]
    assert platform.oauth(vendor)["counts"]["exchanged"] == 1


def test_the_address_asks_for_what_the_platform_documents(api: Api, world: World, platform: Sandbox) -> None:
    found = {}
    for vendor in VENDORS:
        address = begin(api(world.owner), world.creator, vendor).json()["address"]
        found[vendor] = dict(parse_qsl(urlsplit(address).query))
        assert found[vendor]["redirect_uri"].endswith(f"/settings/integrations/{vendor}/callback")
        assert len(found[vendor]["state"]) == 43
    assert found["instagram"].keys() == {"client_id", "redirect_uri", "response_type", "scope", "state"}
    assert found["tiktok"].keys() == {
        "client_key", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method",
    }  # fmt: skip
    assert found["whatsapp"].keys() == {
        "client_id", "config_id", "redirect_uri", "response_type", "override_default_response_type", "state",
    }  # fmt: skip


def test_lives_of_tokens_decide_when_they_are_renewed(api: Api, world: World, platform: Sandbox) -> None:
    before = clock.now()
    for vendor in VENDORS:
        connect(api(world.owner), platform, world.creator, vendor)
    waits = {row.account.platform: row for row in stored(TokenRefresh)}
    lives = {row.platform: row.token_expires_at for row in stored(PlatformAccount, platform__in=VENDORS)}
    second = timedelta(seconds=1)
    assert (waits["instagram"].refresh_at - before) // second // 86400 == 45
    assert (waits["tiktok"].refresh_at - before) // second // 3600 == 18
    assert (waits["whatsapp"].refresh_at, lives["whatsapp"]) == (None, None)
    assert (lives["instagram"] - before) // second // 86400 == 60


def test_a_refusal_on_the_page_is_said(api: Api, world: World, platform: Sandbox) -> None:
    done = connect(api(world.owner), platform, world.creator, "instagram", choice="refuse")
    assert told(done) == (200, "failed", "It was refused on the platform's page. Nothing was connected.")
    assert stored(PlatformAccount, platform="instagram") == []
    assert platform.oauth("instagram")["counts"]["exchanged"] == 0


@pytest.mark.parametrize("choice", ["expired_code", "used_code", "no_answer"])
def test_a_code_that_is_not_good_connects_nothing(
    api: Api, world: World, platform: Sandbox, choice: str
) -> None:
    for vendor in VENDORS:
        done = connect(api(world.owner), platform, world.creator, vendor, choice=choice)
        said = "The platform did not accept the answer of its own page. Start anew."
        assert told(done) == (200, "failed", said)
    assert stored(PlatformAccount, platform__in=VENDORS) == []


@pytest.mark.parametrize("kind", ["status", "timeout_after", "reset_after", "malformed_json", "wrong_type"])
def test_a_platform_in_trouble_connects_nothing(
    api: Api, world: World, platform: Sandbox, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth, "Timeouts", lambda total: Timeouts(total=0.5))
    begun = begin(api(world.owner), world.creator, "tiktok")
    back = platform.agree(begun.json()["address"])
    platform.fault(kind, count=1, params={"code": 502}, dialect="tiktok", match={"path": "*/token/"})
    said = "The platform could not be reached. Nothing was connected: start anew in a while."
    assert told(bring(api(world.owner), "tiktok", back)) == (200, "failed", said)
    assert stored(PlatformAccount, platform="tiktok") == []


def test_a_name_that_is_too_long_is_cut_and_an_id_is_not_taken(
    api: Api, world: World, platform: Sandbox
) -> None:
    def user(**fields: str) -> dict[str, Any]:
        return {"data": {"user": {"open_id": "o", "display_name": "n"} | fields}, "error": {"code": "ok"}}

    for fields in ({"open_id": "x" * 101}, {"display_name": "é" * 3000 + "\0"}):
        body = {"code": 200, "body": user(**fields)}
        platform.fault("status", count=1, params=body, dialect="tiktok", match={"path": "*/user/info/"})
    said = "No account was shared. Choose one on the platform's page."
    assert told(connect(api(world.owner), platform, world.creator, "tiktok"))[2] == said
    assert told(connect(api(world.owner), platform, world.creator, "tiktok"))[1] == "connected"
    assert account_of("tiktok").handle == "é" * 100


def test_what_was_granted_is_given_back_when_it_can_not_be_used(
    api: Api, world: World, platform: Sandbox
) -> None:
    """The code was good, and then nobody can say whose the tokens are."""
    begun = begin(api(world.owner), world.creator, "tiktok")
    back = platform.agree(begun.json()["address"])
    platform.fault("status", count=1, params={"code": 500}, dialect="tiktok", match={"path": "*/user/info/"})
    assert told(bring(api(world.owner), "tiktok", back))[1] == "failed"
    assert platform.oauth("tiktok")["open"] == ["-000open1"]
    leave.revoke_due()
    assert platform.oauth("tiktok")["open"] == []


def test_without_the_basic_permission_nothing_is_connected(api: Api, world: World, platform: Sandbox) -> None:
    done = connect(api(world.owner), platform, world.creator, "tiktok", scopes=["video.list"])
    said = "Without the permission to see the account nothing can be connected. Leave it ticked."
    assert told(done) == (200, "failed", said)
    leave.revoke_due()
    assert platform.oauth("tiktok")["open"] == []


def test_a_grant_that_is_in_use_is_not_given_back(api: Api, world: World, platform: Sandbox) -> None:
    """Somebody agrees anew to too little: the account that is connected by the same person goes on."""
    connect(api(world.owner), platform, world.creator, "tiktok")
    done = connect(api(world.owner), platform, world.creator, "tiktok", scopes=["video.list"])
    assert told(done)[1] == "failed"
    leave.revoke_due()
    assert not Revocation.objects.exists()
    assert platform.oauth("tiktok")["open"] == ["-000open1"]


def test_missing_permissions_are_said_and_can_be_granted_later(
    api: Api, world: World, platform: Sandbox
) -> None:
    client = api(world.owner)
    connect(client, platform, world.creator, "tiktok", scopes=["user.info.basic", "video.list"])
    (row,) = client.get(root("tiktok")).json()["accounts"]
    assert (row["state"], row["stateText"]) == ("connected", "Connected, permissions are missing")
    assert row["missingScopes"] == ["user.info.stats", "video.upload", "video.publish"]
    assert row["reasonText"] == (
        "Not granted: read its figures, upload videos as drafts, publish videos. Connect again to grant it."
    )
    again = client.post(f"{root('tiktok')}/accounts/{row['id']}/reconnect", AGREED, format="json")
    bring(client, "tiktok", platform.agree(again.json()["address"]))
    (row,) = client.get(root("tiktok")).json()["accounts"]
    assert (row["stateText"], row["missingScopes"]) == ("Connected", [])
    refused = client.post(f"{root('tiktok')}/accounts/{row['id']}/reconnect", AGREED, format="json")
    assert (refused.status_code, refused.json()["error"]) == (409, "This account is connected")


def test_several_numbers_are_chosen_among(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    done = connect(client, platform, world.creator, "whatsapp", person="102290129340399")
    assert told(done) == (200, "choosing", "")
    assert [row["handle"] for row in done.json()["choices"]] == ["+33 6 39 98 00 02", "+44 7700 900003"]
    address = f"{root('whatsapp')}/connections/{done.json()['id']}/choose"
    assert client.post(address, {"choice": "106540352242922"}, format="json").status_code == 400
    chosen = client.post(address, {"choice": "106540352242924"}, format="json")
    assert told(chosen) == (200, "connected", "")
    assert account_of("whatsapp").handle == "+44 7700 900003"
    assert stored(OAuthState)[0].offer is None
    assert client.post(address, {"choice": "106540352242923"}, format="json").status_code == 409


def test_what_nobody_chose_is_given_back(api: Api, world: World, platform: Sandbox) -> None:
    connect(api(world.owner), platform, world.creator, "whatsapp", person="102290129340399")
    assert follow.follow_due(now=clock.now() + timedelta(minutes=11)) == 1
    assert stored(Connection)[0].state == "expired"
    Revocation.objects.update(available_at=clock.now())
    leave.revoke_due()
    assert platform.oauth("whatsapp")["open"] == []


def test_an_offer_that_a_newer_attempt_replaced_is_given_back(
    api: Api, world: World, platform: Sandbox
) -> None:
    connect(api(world.owner), platform, world.creator, "whatsapp", person="102290129340399")
    begin(api(world.owner), world.creator, "whatsapp")
    follow.follow_due(now=clock.now())
    leave.revoke_due()
    assert (platform.oauth("whatsapp")["open"], stored(OAuthState)[0].offer) == ([], None)


def test_a_business_without_numbers_is_said(api: Api, world: World, platform: Sandbox) -> None:
    done = connect(api(world.owner), platform, world.creator, "whatsapp", person="102290129340400")
    assert told(done) == (
        200,
        "failed",
        "No account was shared. Choose one on the platform's page.",
    )


# --- whose answer it is


def test_a_state_that_nobody_made_is_refused(api: Api, world: World, platform: Sandbox) -> None:
    begun = begin(api(world.owner), world.creator, "instagram")
    back = platform.agree(begun.json()["address"], "wrong_state")
    answer = bring(api(world.owner), "instagram", back)
    assert refusal(answer) == (409, "callback_refused", REFUSED)
    assert (why(), platform.oauth("instagram")["counts"]["exchanged"]) == (["unknown"], 0)
    assert stored(Connection)[0].state == "waiting"


def test_an_answer_is_taken_once(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    back = platform.agree(begin(client, world.creator, "instagram").json()["address"])
    assert told(bring(client, "instagram", back))[1] == "connected"
    assert refusal(bring(client, "instagram", back)) == (409, "callback_refused", REFUSED)
    assert (why(), platform.oauth("instagram")["counts"]["exchanged"]) == (["replayed"], 1)
    assert account_of("instagram").state == "connected"


def test_an_answer_that_comes_eight_times_at_once_is_taken_once(
    api: Api, world: World, platform: Sandbox
) -> None:
    client = api(world.owner)
    back = platform.agree(begin(client, world.creator, "tiktok").json()["address"])
    barrier = threading.Barrier(8)

    def work(_: int) -> int:
        try:
            barrier.wait(20)
            return int(bring(client, "tiktok", back).status_code)
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(work, range(8)))
    assert found == [200] + [409] * 7
    assert platform.oauth("tiktok")["counts"]["exchanged"] == 1
    assert account_of("tiktok").state == "connected"


def test_another_member_of_the_workspace_can_not_bring_it(api: Api, world: World, platform: Sandbox) -> None:
    """And from then on it is worth nothing, in the right hands either."""
    back = platform.agree(begin(api(world.owner), world.creator, "tiktok").json()["address"])
    assert refusal(bring(api(world.manager), "tiktok", back)) == (409, "callback_refused", REFUSED)
    assert bring(api(world.owner), "tiktok", back).status_code == 409
    assert why() == ["other_person", "replayed"]
    assert (stored(Connection)[0].state, stored(Connection)[0].reason) == ("failed", "state")
    assert platform.oauth("tiktok")["counts"]["exchanged"] == 0


def test_another_workspace_can_not_bring_it_nor_spoil_it(api: Api, world: World, platform: Sandbox) -> None:
    back = platform.agree(begin(api(world.owner), world.creator, "tiktok").json()["address"])
    assert refusal(bring(api(world.outsider), "tiktok", back)) == (409, "callback_refused", REFUSED)
    (row,) = stored(AuditEvent, action="connection.callback_refused")
    assert (row.workspace_id, row.target, row.changes["why"]) == (world.outsider.workspace_id, "", "unknown")
    assert told(bring(api(world.owner), "tiktok", back))[1] == "connected"


def test_the_answer_of_another_platform_is_refused(api: Api, world: World, platform: Sandbox) -> None:
    """Mix-up: a code of one platform must never be handed to another."""
    back = platform.agree(begin(api(world.owner), world.creator, "instagram").json()["address"])
    assert refusal(bring(api(world.owner), "tiktok", back)) == (409, "callback_refused", REFUSED)
    assert (why(), platform.oauth("tiktok")["counts"]["exchanged"]) == (["other_platform"], 0)
    asked = [row["path"] for row in platform.control("GET", "requests?dialect=tiktok")]
    assert asked == []
    assert bring(api(world.owner), "instagram", back).status_code == 409


def test_an_answer_that_comes_too_late_is_refused(
    api: Api, world: World, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = platform.agree(begin(api(world.owner), world.creator, "instagram").json()["address"])
    with cross_workspace("demo"):
        OAuthState.objects.update(expires_at=clock.now())
    assert refusal(bring(api(world.owner), "instagram", back)) == (409, "callback_refused", REFUSED)
    assert (why(), stored(Connection)[0].state) == (["expired"], "expired")


def test_a_newer_attempt_takes_the_place_of_an_open_one(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    first = platform.agree(begin(client, world.creator, "instagram").json()["address"])
    second = platform.agree(begin(client, world.creator, "instagram").json()["address"])
    assert bring(client, "instagram", first).status_code == 409
    assert (why(), told(bring(client, "instagram", second))[1]) == (["ended"], "connected")


def test_a_creator_who_left_meanwhile_is_not_connected(api: Api, world: World, platform: Sandbox) -> None:
    back = platform.agree(begin(api(world.owner), world.creator, "tiktok").json()["address"])
    with cross_workspace("demo"):
        Creator.objects.filter(pk=world.creator.pk).update(status="offboarded")
    assert told(bring(api(world.owner), "tiktok", back))[1] == "failed"
    leave.revoke_due()
    assert platform.oauth("tiktok")["open"] == []


# --- one account, one place


def test_an_account_is_connected_once_in_the_whole_installation(
    api: Api, world: World, platform: Sandbox
) -> None:
    """Where it is connected is not said, and its access there stays open."""
    connect(api(world.outsider), platform, world.outsider_account.creator, "instagram")
    answer = connect(api(world.owner), platform, world.creator, "instagram")
    assert (answer.status_code, answer.json()["error"]) == (409, "Account already connected")
    leave.revoke_due()
    assert not Revocation.objects.exists()
    assert [row.workspace_id for row in stored(PlatformAccount, platform="instagram")] == [
        world.outsider.workspace_id
    ]
    assert platform.oauth("instagram")["open"] == ["1784140100001"]


def test_another_creator_of_the_workspace_can_not_take_it(api: Api, world: World, platform: Sandbox) -> None:
    connect(api(world.owner), platform, world.creator, "instagram")
    answer = connect(api(world.owner), platform, world.other_creator, "instagram")
    assert (answer.status_code, answer.json()["error"]) == (409, "Account already connected")
    assert account_of("instagram").creator_id == world.creator.pk


def test_connecting_it_anew_is_connecting_it_again(api: Api, world: World, platform: Sandbox) -> None:
    connect(api(world.owner), platform, world.creator, "instagram")
    first = opened(account_of("instagram")).access
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(platform="instagram").update(state="expired", state_reason="revoked")
    assert told(connect(api(world.owner), platform, world.creator, "instagram"))[1] == "connected"
    row = account_of("instagram")
    assert (row.state, opened(row).access == first) == ("connected", False)
    assert stored(TokenRefresh)[0].generation == 2


def test_again_takes_no_other_account(api: Api, world: World, platform: Sandbox) -> None:
    client = api(world.owner)
    connect(client, platform, world.creator, "instagram")
    account = account_of("instagram")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=account.pk).update(state="expired", state_reason="revoked")
    again = client.post(f"{root('instagram')}/accounts/{account.public_id}/reconnect", AGREED, format="json")
    back = platform.agree(again.json()["address"], person="1784140200002")
    said = "This is another account than the one to connect again. Nothing was changed."
    assert told(bring(client, "instagram", back)) == (200, "failed", said)
    leave.revoke_due()
    assert platform.oauth("instagram")["open"] == ["1784140100001"]


# --- who may, and what is not there


def test_without_an_application_of_the_operators_it_says_so(
    api: Api, world: World, platform: Sandbox, settings: Any
) -> None:
    settings.TIKTOK_CLIENT_SECRET = ""
    answer = begin(api(world.owner), world.creator, "tiktok")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_configured")
    found = {vendor: api(world.owner).get(root(vendor)).json()["isConfigured"] for vendor in VENDORS}
    assert found == {"instagram": True, "tiktok": False, "whatsapp": True}


def test_health_tells_what_is_configured_and_what_is_away(
    api: Api, world: World, platform: Sandbox, settings: Any
) -> None:
    settings.INSTAGRAM_APP_ID = ""
    platform.fault("status", params={"code": 503}, dialect="tiktok", match={"path": "*/token/"})
    for _ in range(5):
        connect(api(world.owner), platform, world.creator, "tiktok")
    found = {vendor: health._checks[vendor].run().status for vendor in VENDORS}
    assert found == {
        "instagram": Status.UNCONFIGURED,
        "tiktok": Status.UNHEALTHY,
        "whatsapp": Status.HEALTHY,
    }


def test_strangers_and_chatters_do_not_connect(api: Api, world: World, platform: Sandbox) -> None:
    assert begin(api(world.chatter), world.creator, "instagram").status_code == 403
    assert begin(api(world.outsider), world.creator, "instagram").status_code == 404
    assert bring(api(world.chatter), "instagram", {"state": "x"}).status_code == 403
    assert bring(api(world.owner), "onlyfans", {"state": "x"}).status_code == 404
    assert (stored(Consent), stored(Connection)) == ([], [])


# --- secrets


def every_row() -> str:
    """All tables as SQL shows them."""
    text = []
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            text += [row[0] for row in cursor.fetchall()]
    return "\n".join(text)


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_secret_is_at_rest_in_the_clear_nor_logged_nor_told(
    api: Api, world: World, platform: Sandbox, vendor: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = api(world.owner)
    caplog.set_level("DEBUG")
    begun = begin(client, world.creator, vendor)
    back = platform.agree(begun.json()["address"])
    done = bring(client, vendor, back)
    tokens = opened(account_of(vendor))
    with cross_workspace("demo"):
        verifier = OAuthState.objects.get().verifier.reveal()
    secrets = [back["state"], back["code"], verifier, tokens.access, *filter(None, [tokens.refresh])]
    ours = [row for row in caplog.records if not row.name.startswith(("httpx", "httpcore"))]
    rows, said = every_row(), "".join(row.getMessage() for row in ours)
    assert "http.request.finished" in said
    answers = done.content.decode() + client.get(root(vendor)).content.decode()
    for number, secret in enumerate(secrets):
        assert (number, secret in rows, secret in said, secret in answers) == (number, False, False, False)
    assert repr(tokens) == "Tokens(expires_in=None, scopes=None)"
