"""The vendor's own SDK, unchanged and strict, against the sandbox: it is what the SDK expects.

`_strict_response_validation` makes the SDK refuse a wrong type; what it does not declare it keeps aside, so
that each answer is also searched for undeclared keys. Two lists hold what is knowingly otherwise:
LIVE_TYPES (the live type is not the declared one) and UNDECLARED (live keys that the SDK does not know).
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import onlyfansapi
import pydantic
import pytest
from onlyfansapi import OnlyFansAPI

from tests.sandbox.server import FAN, KEY, Sandbox, run_sandbox

MEDIA = ["3000000001"]


@dataclass(frozen=True)
class LiveType:
    """Keys of answers to `path` that the SDK declares as `declared` although they live differently."""

    path: str
    keys: frozenset[str]
    declared: Callable[[Any], Any]
    source: str


def _live(path: str, keys: str, declared: Callable[[Any], Any], source: str) -> LiveType:
    return LiveType(path, frozenset(keys.split()), declared, source)


SUMS = "price newPrice regularPrice subscribePrice totalSumm tipsSumm messagesSumm postsSumm subscribesSumm streamsSumm"
LIVE_TYPES = (
    _live(
        r"/messages(/\d+)?$",
        "price",
        int,
        "a paid message costs 3 to 200 with two decimals (design, send rules)",
    ),
    _live(
        r"/chats$|/fans/|/users",
        SUMS,
        int,
        "dollars with cents: price 9.99, totalSumm 120.5 (design, chat sample)",
    ),
    _live(r"/chats$", "price", int, "last message's price, as above"),
    _live(r"/(transactions|chargebacks)$", "fee", int, "fee 2.4 (design, transaction sample)"),
    _live(r"/user-lists$", "id", str, "a custom list's id is a number among system names (design, lists)"),
)
KEYED = re.compile(r"[\d-]+")  # names of objects that are keyed by an id or a date
# path of the key -> why it is sent although the SDK does not declare it there
UNDECLARED = {
    ".polling_url": "answer to an async upload (vendor's upload guide)",
    ".status": "state word of an async upload",
    ".data.tips": "earnings by type are keyed by the type that was asked",
}


class LiveToDeclared(httpx.BaseTransport):
    """Rounds what LIVE_TYPES lists, so that everything else can be held to the SDK's word."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.inner.handle_request(request)
        raw = answer.read()
        rows = [row for row in LIVE_TYPES if re.search(row.path, request.url.path)]
        if rows and answer.status_code < 300:
            raw = _rounded(raw, rows)
        headers = [(name, value) for name, value in answer.headers.items() if name != "content-length"]
        return httpx.Response(answer.status_code, headers=headers, content=raw)

    def close(self) -> None:
        self.inner.close()


def _rounded(raw: bytes, rows: list[LiveType]) -> bytes:
    try:
        return json.dumps(_declare(json.loads(raw), rows)).encode()
    except ValueError:
        return raw


def _declare(value: Any, rows: list[LiveType]) -> Any:
    if isinstance(value, list):
        return [_declare(item, rows) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _declare(_one(name, item, rows), rows) for name, item in value.items()}


def _one(name: str, item: Any, rows: list[LiveType]) -> Any:
    for row in rows:
        if name in row.keys and isinstance(item, int | float) and not isinstance(item, bool):
            return row.declared(item)
    return item


def undeclared(value: Any, path: str = "") -> set[str]:
    """Keys that the SDK kept aside, anywhere in a parsed answer."""
    if isinstance(value, list):
        return {name for item in value for name in undeclared(item, path)}
    if isinstance(value, dict):
        return {name for item in value.values() for name in undeclared(item, path)}
    if not isinstance(value, pydantic.BaseModel):
        return set()
    extra = {f"{path}.{name}" for name in value.model_extra or {} if not KEYED.fullmatch(name)}
    found = extra - set(UNDECLARED)
    for name in type(value).model_fields:
        found |= undeclared(getattr(value, name), f"{path}.{name}")
    return found


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with run_sandbox() as found:
        yield found


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def sdk(sandbox: Sandbox) -> Iterator[OnlyFansAPI]:
    with httpx.Client(transport=LiveToDeclared()) as client:
        yield OnlyFansAPI(
            api_key=KEY,
            base_url=f"{sandbox.url}/onlyfansapi",
            max_retries=0,
            http_client=client,
            _strict_response_validation=True,
        )


def declared(answer: Any) -> Any:
    """The answer, once it is sure that it holds nothing undeclared."""
    assert undeclared(answer) == set()
    return answer


# team and accounts -------------------------------------------------------------------------------


def test_whoami(sdk: OnlyFansAPI) -> None:
    assert declared(sdk.whoami.retrieve()).team.slug == "sandbox-team"


def test_accounts(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    rows = declared(sdk.accounts.list())
    narrowed = declared(sdk.accounts.list(onlyfans_username="avasinclair"))

    assert [row.id for row in rows] == [sandbox.account, sandbox.other]
    assert [(row.id, row.onlyfans_id) for row in narrowed] == [(sandbox.other, 100_000_001)]
    assert declared(sdk.accounts.list(onlyfans_id="7")) == []


def test_me_and_disconnect(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    assert declared(sdk.me.retrieve(sandbox.account)).data.username == "lunamartel"
    sdk.accounts.disconnect(sandbox.other)

    assert [row.id for row in sdk.accounts.list()] == [sandbox.account]


# chats and messages ------------------------------------------------------------------------------


def send(sdk: OnlyFansAPI, sandbox: Sandbox, **more: Any) -> Any:
    fields = {"account": sandbox.account, "text": "hello", **more}
    return declared(sdk.chats.messages.send(str(FAN), **fields)).data


def test_send_and_read_back(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    sent = send(sdk, sandbox, price=9.5, media_files=MEDIA, previews=MEDIA, block_banned_words="strict_ban")
    one = declared(sdk.chats.messages.retrieve(str(sent.id), account=sandbox.account, chat_id=str(FAN))).data
    listed = declared(
        sdk.chats.messages.list(str(FAN), account=sandbox.account, limit="5", order="desc")
    ).data
    found = sdk.chats.messages.search(str(FAN), account=sandbox.account, query="hell").data

    assert (sent.text, sent.is_free, sent.media_count, sent.cancel_seconds) == ("<p>hello</p>", False, 1, 119)
    assert (one.id, one.is_sent_by_me) == (sent.id, True)
    assert [row.id for row in listed] == [sent.id]
    assert found == [sent.id]


def test_message_flags_and_unsend(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    number = str(send(sdk, sandbox).id)
    where = {"account": sandbox.account, "chat_id": str(FAN)}
    messages = sdk.chats.messages

    assert declared(messages.like(number, **where)).data.is_liked is True
    assert declared(messages.unlike(number, **where)).data.is_liked is False
    assert declared(messages.pin(number, **where)).data.success is True
    assert len(messages.list(str(FAN), account=sandbox.account, filter="pinned").data) == 1
    assert declared(messages.unpin(number, **where)).data.success is True
    assert declared(messages.delete(number, **where)).data.success is True
    assert messages.list(str(FAN), account=sandbox.account).data == []


def test_chats(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    sandbox.control("POST", f"fans/{FAN}/say", {"text": "one"})
    sandbox.control("POST", f"fans/{FAN + 1}/say", {"text": "two"})
    rows = declared(sdk.chats.list(sandbox.account, limit="1", order="recent", filter="unread"))

    assert [row.fan.id for row in rows.data] == [FAN + 1]
    assert (rows.data[0].unread_messages_count, rows.data[0].last_message.text) == (1, "<p>two</p>")
    assert rows.api_pagination.next_page.startswith(f"{sandbox.url}/onlyfansapi/api/{sandbox.account}/chats?")
    assert "offset=1" in rows.api_pagination.next_page


def test_chat_deeds(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    send(sdk, sandbox)
    where = {"account": sandbox.account}
    chats, chat = sdk.chats, str(FAN)
    deeds = (
        chats.start_typing,
        chats.mark_as_read,
        chats.mark_as_unread,
        chats.mute,
        chats.unmute,
        chats.hide,
    )

    assert [declared(deed(chat, **where)).data.success for deed in deeds] == [True] * 6
    assert chats.list(sandbox.account).data == []
    assert declared(chats.mark_all_as_read.all(sandbox.account)).data.success is True
    assert declared(chats.list_media(chat, **where)).data.list == []
    assert declared(chats.delete(chat, **where)).data.success is True


def test_media_of_a_chat(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    send(sdk, sandbox, media_files=MEDIA)

    [row] = declared(sdk.chats.list_media(str(FAN), account=sandbox.account)).data.list
    assert [item.id for item in row.media] == [3_000_000_001]


# fans and users ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["list_active", "list_all", "list_expired"])
def test_fans(sdk: OnlyFansAPI, sandbox: Sandbox, kind: str) -> None:
    page = declared(getattr(sdk.fans, kind)(sandbox.account, limit=2, filter={"total_spent": 0})).data

    assert (len(page.list), page.has_more) == (2, True)


def test_latest_and_top_fans(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    latest = declared(sdk.fans.list_latest(sandbox.account, limit=5, type="new")).data.users
    top = declared(sdk.fans.list_top(sandbox.account, by="total")).data.users
    since = [row.subscribed_on_data.subscribe_at for row in latest]

    assert since == sorted(since, reverse=True)
    assert (len(latest), len(top)) == (5, 20)


def test_what_is_known_of_one_fan(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    where = {"account": sandbox.account}
    fan = str(FAN)
    declared(sdk.fans.notes.create_edit_notes(fan, notes="likes tea", **where))
    named = declared(sdk.fans.set_custom_name(fan, custom_name="Sammy", **where)).data

    assert declared(sdk.fans.notes.get_notes(fan, **where)).data.notes == "likes tea"
    assert (named.display_name, named.notice) == ("Sammy", "likes tea")
    assert declared(sdk.fans.notes.clear_notes(fan, **where)).data.notice == ""
    assert len(declared(sdk.fans.get_subscription_history(fan, **where)).data.list) >= 1


def test_users(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    where = {"account": sandbox.account}
    many = declared(sdk.users.list(sandbox.account, ids=f"{FAN},{FAN + 1},5"))
    name = sdk.fans.list_all(sandbox.account, limit=1).data.list[0].username

    assert set(_keys(many.data)) == {str(FAN), str(FAN + 1)}
    assert declared(sdk.users.retrieve(name, **where)).data.id == FAN
    assert declared(sdk.users.restrict.create(str(FAN), **where)).data.is_restricted is True
    assert declared(sdk.users.restrict.delete(str(FAN), **where)).data.is_restricted is False
    assert declared(sdk.users.block.create(str(FAN), **where)).data.is_blocked is True
    assert declared(sdk.users.block.delete(str(FAN), **where)).data.is_blocked is False


def _keys(value: Any) -> set[str]:
    return set(value) if isinstance(value, dict) else set(value.model_extra)


def test_user_lists(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    where = {"account": sandbox.account}
    lists = sdk.user_lists
    number = str(declared(lists.create(sandbox.account, name="VIP")).data.id)
    added = lists.users.add(number, ids=[str(FAN), str(FAN + 1)], **where)
    skipped = lists.users.add(number, ids=["5", str(FAN + 2)], skip_invalid=True, **where)

    assert _keys(added.data) == {number}
    assert skipped.data.added == [FAN + 2]
    assert [row.id for row in declared(lists.list(sandbox.account)).data][-1] == number
    assert declared(lists.update(number, name="Best", **where)).data.name == "Best"
    assert declared(lists.retrieve(number, **where)).data.users_count == 3
    assert len(declared(lists.users.list(number, **where)).data.list) == 3
    assert declared(lists.users.pin(str(FAN), user_list_id=number, **where)).data.success is True
    assert [row.id for row in declared(lists.users.list_pinned(number, **where)).data.list] == [FAN]
    assert declared(lists.users.remove(str(FAN), user_list_id=number, **where)).data.list.users_count == 2
    assert declared(lists.users.clear(number, **where)).data.users_count == 0
    assert declared(lists.delete(number, **where)).data.success is True


# mass messages and posts -------------------------------------------------------------------------


def later(hours: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def test_a_mass_message_reaches_the_list_once(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    sent = declared(sdk.mass_messaging.send(sandbox.account, text="to all", user_lists=["fans"])).data
    number = str(sent.id)
    for _ in range(200):
        one = declared(sdk.mass_messaging.retrieve(number, account=sandbox.account)).data.queue
        if one.sent_count:
            break
        time.sleep(0.02)

    assert (one.sent_count, sent.is_done, sent.pending) == (sent.total, False, sent.total)
    assert [row.is_done for row in declared(sdk.mass_messaging.list(sandbox.account)).data] == [True]
    assert [
        row.sent_count for row in declared(sdk.mass_messaging.retrieve_overview(sandbox.account)).data.items
    ] == [sent.total]
    assert len(declared(sdk.engagement.messages.mass_messages.list(sandbox.account)).data.items) == 1
    assert [row["sent"] for row in sandbox.control("GET", "limits")] == [1]
    assert {row["queueId"] for row in sandbox.control("GET", "messages")} == {sent.id}
    assert declared(sdk.mass_messaging.delete(number, account=sandbox.account)).data.queue.is_canceled is True
    assert sdk.chats.list(sandbox.account).data == []


def test_a_scheduled_mass_message_waits_and_can_be_edited(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    fields = {"text": "soon", "user_ids": [str(FAN)], "scheduled_date": later(2)}
    sent = declared(sdk.mass_messaging.send(sandbox.account, **fields)).data
    edited = declared(sdk.mass_messaging.update(str(sent.id), account=sandbox.account, text="sooner")).data

    assert (sent.is_done, edited.pending) == (False, 1)
    sandbox.control("POST", "clock", {"advanceSeconds": 7300})
    assert [row.is_done for row in sdk.mass_messaging.list(sandbox.account).data] == [True]
    assert [row["text"] for row in sandbox.control("GET", "messages")] == ["sooner"]


def test_posts(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    where = {"account": sandbox.account}
    posted = declared(sdk.posts.create(sandbox.account, text="news", media_files=MEDIA)).data
    declared(sdk.posts.create(sandbox.account, text="tomorrow", scheduled_date=later(24)))
    sdk.posts.update(str(posted.id), text="good news", **where)

    assert (posted.raw_text, posted.media_count) == ("news", 1)
    assert declared(sdk.posts.retrieve(str(posted.id), **where)).data.raw_text == "good news"
    assert [row.id for row in declared(sdk.posts.list(sandbox.account)).data.list] == [posted.id]
    assert declared(sdk.posts.delete(str(posted.id), **where)).data.success is True


def test_the_queue(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    posted = sdk.posts.create(sandbox.account, text="tomorrow", scheduled_date=later(20)).data.id
    sent = sdk.mass_messaging.send(
        sandbox.account, text="to all", user_lists=["fans"], scheduled_date=later(21)
    ).data.id
    today = datetime.now(ZoneInfo("Europe/Paris")).date().isoformat()
    days = {"publishDateStart": today, "publishDateEnd": later(48)[:10], "timezone": "Europe/Paris"}
    period = {"publish_date_start": days["publishDateStart"], "publish_date_end": days["publishDateEnd"]}
    period["timezone"] = days["timezone"]
    rows = declared(sdk.queue.list(sandbox.account, **period)).data.list
    only = sdk.queue.list(sandbox.account, type=["chat"], **period).data.list
    counted = sandbox.api("GET", "/{account}/queue/counts", params=days).json()["data"]["list"]

    assert declared(sdk.queue.count(sandbox.account, **period)).data.sync_in_process is False
    assert [(row.id, row.type) for row in rows] == [(posted, "post"), (sent, "chat")]
    assert [row.entity.user_lists for row in only] == [["fans"]]
    assert sum(count for day in counted.values() for count in day.values()) == 2
    assert declared(sdk.queue.publish(str(posted), account=sandbox.account)).data.success is True
    assert [row.id for row in sdk.posts.list(sandbox.account).data.list] == [posted]
    assert [row.id for row in sdk.queue.list(sandbox.account, **period).data.list] == [sent]


# media -------------------------------------------------------------------------------------------


def test_an_upload_is_used_once(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    fresh = declared(sdk.media.upload(sandbox.account, file=("beach.jpg", b"\xff\xd8 pixels", "image/jpeg")))
    sent = send(sdk, sandbox, media_files=[fresh.prefixed_id])

    assert (fresh.file_name, sent.media_count) == ("beach.jpg", 1)
    with pytest.raises(onlyfansapi.UnprocessableEntityError):
        send(sdk, sandbox, media_files=[fresh.prefixed_id])


def test_an_async_upload_is_polled(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    sandbox.control("POST", "settings", {"uploadSeconds": 0.2})
    started = declared(
        sdk.media.upload(sandbox.account, file_url="https://files.invalid/clip.mp4", async_=True)
    )
    where = {"account": sandbox.account}
    first = declared(sdk.media.uploads.get_status(started.prefixed_id, **where))
    for _ in range(300):
        last = declared(sdk.media.uploads.get_status(started.prefixed_id, **where))
        if last.status == "completed":
            break
        time.sleep(0.02)

    assert (first.status, last.status, last.media.file_name) == ("processing", "completed", "clip.mp4")


def test_the_vault(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    where = {"account": sandbox.account}
    kept = declared(sdk.media.vault.upload(sandbox.account, file=("a.png", b"png", "image/png"))).data
    page = declared(sdk.media.vault.list(sandbox.account, limit=10, type="photo")).data

    assert page.list[0].id == kept.id
    assert declared(sdk.media.vault.retrieve(str(kept.id), **where)).data.type == "photo"
    assert send(sdk, sandbox, media_files=[kept.id]).media_count == 1
    assert send(sdk, sandbox, media_files=[kept.id]).media_count == 1
    assert declared(sdk.media.vault.delete(sandbox.account, media_ids=[str(kept.id)])).data.success is True
    with pytest.raises(onlyfansapi.NotFoundError):
        sdk.media.vault.retrieve(str(kept.id), **where)


def test_vault_lists(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    where = {"account": sandbox.account}
    lists = sdk.media.vault.lists
    number = str(declared(lists.create(sandbox.account, name="Beach")).data.id)
    added = declared(lists.media.add(number, media_ids=["3000000001", "3000000009"], **where)).data
    inside = declared(sdk.media.vault.list(sandbox.account, limit=10, list=int(number))).data.list

    assert (added.photos_count, added.videos_count, len(added.medias)) == (1, 1, 2)
    assert [[state.name for state in row.list_states] for row in inside] == [["Beach"], ["Beach"]]
    assert declared(lists.update(number, name="Sea", **where)).data.name == "Sea"
    assert [row.name for row in declared(lists.list(sandbox.account)).data.list] == ["Sea"]
    assert declared(lists.list(sandbox.account, lightweight=True)).data.list[0].media_count == 2
    assert declared(lists.media.remove(number, media_ids=["3000000001"], **where)).data.photos_count == 0
    assert declared(lists.retrieve(number, **where)).data.videos_count == 1
    assert declared(lists.delete(number, **where)).data.success is True


# money -------------------------------------------------------------------------------------------


def test_transactions_page_by_marker(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    for amount in (5, 7.5, 12.34):
        sandbox.control("POST", f"fans/{FAN}/tip", {"amount": amount})
    first = declared(sdk.transactions.list(sandbox.account, limit="2", type="tips")).data
    second = declared(sdk.transactions.list(sandbox.account, limit="2", marker=str(first.next_marker))).data

    assert [row.amount for row in first.list + second.list] == [12.34, 7.5, 5]
    assert [row.net for row in first.list + second.list] == [9.88, 6, 4]
    assert (first.has_more, second.has_more, first.list[0].user.id) == (True, False, FAN)


def test_earnings(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    sandbox.control("POST", f"fans/{FAN}/tip", {"amount": 10})
    period = {"start_date": "2020-01-01", "end_date": later(1)}
    total = declared(sdk.statistics.statements.get_earnings(sandbox.account, **period)).data.total

    assert (total.gross, total.total, [row.count for row in total.chart_amount]) == (10, 8, [8])
    declared(sdk.statistics.statements.get_earnings(sandbox.account, type="tips", **period))
    assert declared(sdk.statistics.calculate_total_transactions(sandbox.account)).total_amount == 10


def test_chargebacks(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.control("POST", f"fans/{FAN}/tip", {"amount": 10})
    sandbox.control("POST", f"fans/{FAN}/chargeback", {})

    [row] = declared(sdk.chargebacks.list(sandbox.account)).data.list
    assert (row.payment.amount, row.payment.status, row.payment_type) == (10, "undo", "tips")
    assert declared(sdk.chargebacks.calculate_ratio(sandbox.account)).data.chargebacks_ratio == 50
    assert declared(sdk.chargebacks.list_statistics(sandbox.account)).data.total == 10


# connecting and webhooks -------------------------------------------------------------------------


def test_connecting_again_by_code(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    sandbox.control("POST", f"accounts/{sandbox.account}/state", {"state": "needs_otp"})
    started = declared(sdk.authenticate.reauthenticate(sandbox.account))
    attempt = started.polling_url.rsplit("/", 1)[1]
    waiting = declared(sdk.authenticate.poll_status(attempt))
    declared(sdk.authenticate.send_2fa_email(attempt))
    declared(sdk.authenticate.submit_2fa(attempt, code="000000"))
    wrong = sdk.authenticate.poll_status(attempt).last_attempt
    declared(sdk.authenticate.submit_2fa(attempt, code="123456"))

    assert (waiting.state, waiting.last_attempt.needs_otp, wrong.error_code) == (
        "needs_otp",
        True,
        "wrong_code",
    )
    assert sdk.authenticate.poll_status(attempt).last_attempt.success is True
    assert sdk.accounts.list()[0].is_authenticated is True


def test_the_embedded_page_connects_an_account(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    made = declared(sdk.client_sessions.create(display_name="acc_1 · Nora", client_reference_id="acc_1")).data
    url = f"{sandbox.url}/onlyfansapi/embed-auth/{made.token}"
    page = sandbox.http.get(url)
    said = [sandbox.http.post(url, json={"choice": choice}).json() for choice in ("wrong", "code", "enter")]
    [account] = [row for row in sdk.accounts.list() if row.display_name == "acc_1 · Nora"]

    assert (page.status_code, "Ask face" in page.text) == (200, True)
    assert [row["type"].rsplit(".", 1)[1] for row in said] == ["failed", "continue", "success"]
    assert said[2]["payload"]["accountId"] == account.id
    assert account.is_authenticated is True
    assert sandbox.http.get(url).status_code == 404


def test_webhooks(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    fields = {"endpoint_url": "http://127.0.0.1:9/x", "events": ["tips.received"], "account_scope": "global"}
    made = declared(sdk.webhooks.create(signing_secret="s", **fields)).data
    changed = declared(sdk.webhooks.update(made.id, enabled=False, **fields)).data

    assert (made.has_signing_secret, made.enabled, changed.enabled) == (True, True, False)
    assert declared(sdk.webhooks.retrieve(made.id)).data.events == ["tips.received"]
    assert [row.id for row in declared(sdk.webhooks.list()).data] == [made.id]
    assert len(declared(sdk.webhooks.list_events()).data) == 32
    sdk.webhooks.delete(made.id)
    assert sdk.webhooks.list().data == []


# errors and the key ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "params": {"code": 400}}, onlyfansapi.BadRequestError),
        ({"kind": "status", "params": {"code": 403}}, onlyfansapi.PermissionDeniedError),
        ({"kind": "rate_limit"}, onlyfansapi.RateLimitError),
        ({"kind": "5xx_not_sent"}, onlyfansapi.InternalServerError),
        ({"kind": "session_expired"}, onlyfansapi.InternalServerError),
        ({"kind": "credits_exhausted"}, onlyfansapi.APIStatusError),
        ({"kind": "reset_after"}, onlyfansapi.APIConnectionError),
        ({"kind": "malformed_json"}, json.JSONDecodeError),
        ({"kind": "wrong_type"}, onlyfansapi.APIResponseValidationError),
    ],
)
def test_faults_are_the_sdks_errors(
    sdk: OnlyFansAPI, sandbox: Sandbox, fault: dict[str, Any], error: type[Exception]
) -> None:
    sandbox.control("POST", "faults", fault)

    with pytest.raises(error):
        sdk.fans.list_active(sandbox.account)


def test_refusals_are_the_sdks_errors(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    with pytest.raises(onlyfansapi.NotFoundError) as gone:
        sdk.chats.list("acct_none")
    with pytest.raises(onlyfansapi.UnprocessableEntityError) as price:
        send(sdk, sandbox, price=1, media_files=MEDIA)
    with pytest.raises(onlyfansapi.AuthenticationError):
        sdk.with_options(api_key="wrong").whoami.retrieve()
    with pytest.raises(onlyfansapi.InternalServerError) as missing:
        sdk.settings.retrieve(sandbox.account)

    assert gone.value.body == {"error": "Account not found.", "code": "account_not_found"}
    assert list(price.value.body["errors"]) == ["price"]
    assert (missing.value.status_code, missing.value.body) == (
        501,
        {"error": "GET /api/{account}/settings is not imitated"},
    )


def test_a_timeout_is_the_sdks_error(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    sandbox.control("POST", "faults", {"kind": "timeout_after", "count": 1})

    with pytest.raises(onlyfansapi.APITimeoutError):
        sdk.with_options(timeout=0.3).chats.messages.send(
            str(FAN), account=sandbox.account, text="hi", idempotency_key="k"
        )
    again = sdk.chats.messages.with_raw_response.send(
        str(FAN), account=sandbox.account, text="hi", idempotency_key="k"
    )

    assert again.headers["idempotent-replayed"] == "true"
    assert len(sandbox.sent()) == 1


def test_the_key_replays_conflicts_and_mismatches(sdk: OnlyFansAPI, sandbox: Sandbox) -> None:
    first = send(sdk, sandbox, idempotency_key="k")
    again = sdk.chats.messages.with_raw_response.send(
        str(FAN), account=sandbox.account, text="hello", idempotency_key="k"
    )
    with pytest.raises(onlyfansapi.UnprocessableEntityError) as mismatch:
        send(sdk, sandbox, text="other", idempotency_key="k")

    assert again.parse().data == first
    assert (again.headers["idempotent-replayed"], again.parse().api_meta.api_credits.used) == ("true", 0)
    assert mismatch.value.body["code"] == "IDEMPOTENCY_KEY_MISMATCH"


@pytest.mark.parametrize("row", LIVE_TYPES, ids=lambda row: row.path)
def test_every_listed_difference_is_real(sandbox: Sandbox, row: LiveType) -> None:
    """Without the list the strict SDK refuses the answer, so no entry is there for nothing."""
    sandbox.send({"text": "x", "price": 9.99, "mediaFiles": MEDIA})
    sandbox.control("POST", f"fans/{FAN}/tip", {"amount": 12.34})
    sandbox.control("POST", f"fans/{FAN}/chargeback", {})
    sandbox.api("POST", "/{account}/user-lists", {"name": "VIP"})
    plain = OnlyFansAPI(
        api_key=KEY, base_url=f"{sandbox.url}/onlyfansapi", max_retries=0, _strict_response_validation=True
    )
    calls: dict[str, Callable[[], Any]] = {
        "/messages(": lambda: plain.chats.messages.list(str(FAN), account=sandbox.account, limit="10"),
        "/chats$": lambda: plain.chats.list(sandbox.account),
        "/(transactions": lambda: plain.chargebacks.list(sandbox.account),
        "/user-lists": lambda: plain.user_lists.list(sandbox.account),
    }
    call = next(found for start, found in calls.items() if row.path.lstrip("r").startswith(start))

    with pytest.raises(onlyfansapi.APIResponseValidationError) as refused:
        call()
    wrong = {str(part) for problem in refused.value.__cause__.errors() for part in problem["loc"]}
    assert wrong & row.keys
