"""An export holds everything about its subject and nothing else, twice; its link and its files end."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import AuditEvent, ExportChunk, Mail, Membership, PrivacyRequest
from accounts.services.privacy import export, work
from accounts.services.retention import run
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.messaging import delivery
from tests.privacy.canaries import found
from tests.privacy.world import Planted, of_the_fan, plant

pytestmark = pytest.mark.django_db
EXPORTS = "/api/privacy/exports"
Person = Callable[[Any], APIClient]


@pytest.fixture
def planted(world: Any) -> Planted:
    return plant(world)


def ask(client: APIClient, **body: Any) -> Any:
    return client.post(EXPORTS, body, format="json")


def files(client: APIClient, request_id: str) -> dict[str, bytes]:
    """What the link of a finished export gives."""
    made = client.post(f"{EXPORTS}/{request_id}/link")
    assert made.status_code == 201, made.content
    answer = APIClient().get(made.json()["url"].removeprefix("http://testserver"))
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "application/zip",
        "no-store",
    )
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def exported(client: APIClient, **body: Any) -> dict[str, bytes]:
    row = ask(client, **body)
    assert row.status_code == 202, row.content
    assert work.run_due() == 1
    return files(client, row.json()["id"])


def words_in(content: dict[str, bytes], put: Planted) -> set[str]:
    text = b"".join(content.values())
    return {name for name, word in put.words.items() if word.encode() in text}


def test_a_workspaces_export_holds_everything_it_may(world: Any, person: Person, planted: Planted) -> None:
    content = exported(person(world.owner), scope="workspace")
    missing = set(planted.words) - words_in(content, planted)
    #: Not theirs to read (secrets, links of others), raw webhooks, and what is kept as digests.
    assert missing == {
        "credentials",
        "hook_fan",
        "hook_other",
        "mail_note",
        "agent",
        "attempt",
        "avatar",
        "account_owner",
        "social_owner",
        "social_token",
        "verifier",
        "offer",
        "payment_id",
    }
    assert b"theirs" not in b"".join(content.values())


def test_a_fans_export_holds_the_fan_and_nobody_else(world: Any, person: Person, planted: Planted) -> None:
    delivery(world.other_fan, world.owner, text="to somebody else")
    content = exported(person(world.manager), scope="fan", id=world.fan.public_id)
    fans = {name for name, word in planted.words.items() if word in of_the_fan(planted)} - {"hook_fan"}
    assert words_in(content, planted) == fans | {"list_name"}
    assert b"to somebody else" not in b"".join(content.values())
    assert [row["direction"] for row in json.loads(content["messages.json"])] == ["out", "in"]


def test_a_person_gets_their_own_data(world: Any, person: Person, planted: Planted) -> None:
    content = exported(person(world.chatter), scope="me")
    assert words_in(content, planted) == {"chatter_email", "chatter_name"}
    assert sorted(content) == [
        "deeds.csv", "deeds.json", "memberships.csv", "memberships.json", "profile.csv", "profile.json",
        "request.json", "sessions.csv", "sessions.json",
    ]  # fmt: skip


def test_both_forms_say_the_same_and_formulas_stay_text(world: Any, person: Person) -> None:
    for text in ('=HYPERLINK("https://evil.test")', 'Été, "quoted"\nand lines', "-1"):
        delivery(world.fan, world.owner, text=text)
    content = exported(person(world.owner), scope="fan", id=world.fan.public_id)
    plain = json.loads(content["messages.json"])
    table = list(csv.DictReader(io.StringIO(content["messages.csv"].decode("utf-8-sig"))))
    assert [row["text"] for row in plain] == [
        '=HYPERLINK("https://evil.test")',
        'Été, "quoted"\nand lines',
        "-1",
    ]
    assert [row["text"] for row in table] == [
        '\'=HYPERLINK("https://evil.test")',
        'Été, "quoted"\nand lines',
        "'-1",
    ]
    assert [row["id"] for row in table] == [row["id"] for row in plain]
    assert json.loads(content["payments.json"]) == []
    about = json.loads(content["request.json"])
    assert (about["scope"], about["of"], about["rows"]) == ("fan", world.fan.public_id, 7)


def test_nothing_of_an_export_lies_in_the_clear(world: Any, person: Person) -> None:
    delivery(world.fan, world.owner, text="canaryinthemine")
    ask(person(world.owner), scope="workspace")
    work.run_due()
    assert found(["canaryinthemine"])["canaryinthemine"] == {
        "messaging_message.text (opened)",
        "accounts_exportchunk.body (opened)",
    }


# --- progress, cancelling, going on


def test_progress_is_told_and_a_run_goes_on_where_the_last_one_ended(
    world: Any, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        delivery(world.fan, world.owner, text=f"message {number}")
    monkeypatch.setattr(work, "RUN_SECONDS", -1.0)
    monkeypatch.setattr(work, "BATCH", 2)
    client = person(world.owner)
    row = ask(client, scope="fan", id=world.fan.public_id).json()
    url = f"{EXPORTS}/{row['id']}"
    assert (row["status"], row["done"], row["total"]) == ("queued", 0, 0)
    monkeypatch.setattr(work, "MOST_RUNS", 2)
    seen = []
    while client.get(url).json()["status"] != "done":
        work.run_due()
        seen.append((client.get(url).json()["done"], client.get(url).json()["total"]))
    assert seen[:3] == [(3, 15), (7, 15), (10, 15)]
    content = files(client, row["id"])
    assert [item["text"] for item in json.loads(content["messages.json"])] == [
        f"message {number}" for number in range(7)
    ]


def test_a_cancelled_export_leaves_nothing(
    world: Any, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        delivery(world.fan, world.owner, text=f"message {number}")
    monkeypatch.setattr(work, "RUN_SECONDS", -1.0)
    monkeypatch.setattr(work, "BATCH", 2)
    monkeypatch.setattr(work, "MOST_RUNS", 2)
    client = person(world.owner)
    row_id = ask(client, scope="workspace").json()["id"]
    work.run_due()
    with cross_workspace("demo"):
        assert ExportChunk.objects.exists()
    assert client.post(f"{EXPORTS}/{row_id}/cancel").json()["status"] == "cancelled"
    assert work.run_due() == 0
    with cross_workspace("demo"):
        assert not ExportChunk.objects.exists()
    assert client.post(f"{EXPORTS}/{row_id}/link").status_code == 404


def test_cancelling_in_the_middle_of_a_step_stops_the_worker(
    world: Any, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker finds the lease gone and writes nothing more."""
    delivery(world.fan, world.owner, text="message")
    client = person(world.owner)
    row_id = ask(client, scope="workspace").json()["id"]
    real = export.next_chunk

    def cancelled_meanwhile(request: PrivacyRequest, *args: Any) -> Any:
        chunk = real(request, *args)
        client.post(f"{EXPORTS}/{row_id}/cancel")
        return chunk

    monkeypatch.setattr(export, "next_chunk", cancelled_meanwhile)
    work.run_due()
    with cross_workspace("demo"):
        assert PrivacyRequest.objects.get().state == "cancelled"
        assert not ExportChunk.objects.exists()


# --- the link and the files


def test_the_mail_that_it_is_ready_holds_no_link_to_the_files(world: Any, person: Person) -> None:
    ask(person(world.owner), scope="workspace")
    work.run_due()
    mail = Mail.objects.get(kind="export_ready")
    assert (mail.to, mail.params.reveal()) == (world.owner.user.email, "{}")


def test_a_file_is_handed_out_to_be_kept_under_a_name_of_ours(world: Any, person: Person) -> None:
    """Whatever is asked for in the address, the browser stores it and shows nothing of it as a page."""
    client = person(world.owner)
    row_id = ask(client, scope="workspace").json()["id"]
    work.run_due()
    url = client.post(f"{EXPORTS}/{row_id}/link").json()["url"].removeprefix("http://testserver")
    answer = APIClient().get(f"{url}?filename=x.html%0d%0aX-Bad:1", HTTP_ACCEPT="text/html,*/*;q=0.8")
    assert answer["Content-Disposition"] == f'attachment; filename="{row_id}.zip"'
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/zip", "nosniff")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert [name for name in archive.namelist() if not re.fullmatch(r"[\w/-]+\.(json|csv)", name)] == []


def test_a_link_ends_after_15_minutes_and_with_its_makers_place(world: Any, person: Person) -> None:
    client = person(world.owner)
    row_id = ask(client, scope="workspace").json()["id"]
    work.run_due()
    url = client.post(f"{EXPORTS}/{row_id}/link").json()["url"].removeprefix("http://testserver")

    def status(minutes: float) -> int:
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
            return int(APIClient().get(url).status_code)

    assert [status(14.9), status(15.1)] == [200, 404]
    assert APIClient().get(f"{url}x").status_code == 404
    with cross_workspace("demo"):
        Membership.objects.filter(pk=world.owner.pk).update(ended_at=clock.now())
    assert status(0) == 404


def test_files_are_deleted_after_a_day(world: Any, person: Person, settings: Any) -> None:
    client = person(world.owner)
    row_id = ask(client, scope="workspace").json()["id"]
    work.run_due()
    day = settings.RETENTION["exports"]
    assert run.forget("exports", now=clock.now() + day - timedelta(minutes=1)) == 0
    assert run.forget("exports", now=clock.now() + day + timedelta(minutes=1)) > 0
    with cross_workspace("demo"):
        assert not ExportChunk.objects.exists()
        PrivacyRequest.objects.update(ended_at=clock.now() - day)
    assert client.post(f"{EXPORTS}/{row_id}/link").status_code == 404


def test_exports_leave_traces_in_the_log(world: Any, person: Person) -> None:
    exported(person(world.owner), scope="workspace")
    with cross_workspace("demo"):
        assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
            "export.asked",
            "export.ready",
            "export.link_made",
        ]


# --- rights


@pytest.mark.parametrize(
    ("who", "scope", "status"),
    [
        ("owner", "workspace", 202), ("manager", "workspace", 403), ("chatter", "workspace", 403),
        ("manager", "creator", 403), ("outsider", "creator", 404),
        ("manager", "fan", 202), ("chatter", "fan", 403), ("outsider", "fan", 404),
        ("chatter", "me", 202),
    ],
)  # fmt: skip
def test_who_may_export_what(world: Any, person: Person, who: str, scope: str, status: int) -> None:
    target = {"creator": world.creator.public_id, "fan": world.fan.public_id}.get(scope)
    body = {"scope": scope} | ({"id": target} if target else {})
    assert ask(person(getattr(world, who)), **body).status_code == status
    with cross_workspace("demo"):
        assert PrivacyRequest.objects.count() == (status == 202)


def test_others_see_and_touch_nothing_of_a_request(world: Any, person: Person) -> None:
    row_id = ask(person(world.owner), scope="workspace").json()["id"]
    work.run_due()
    for member in (world.manager, world.outsider):
        client = person(member)
        assert client.get(EXPORTS).json()["total"] == 0
        assert client.get(f"{EXPORTS}/{row_id}").status_code == 404
        assert client.post(f"{EXPORTS}/{row_id}/link").status_code == 404
        assert client.post(f"{EXPORTS}/{row_id}/cancel").status_code == 404


@pytest.mark.parametrize("body", [{"scope": "planet"}, {"scope": "fan"}, {"scope": "creator", "id": ""}, {}])
def test_nonsense_is_named(world: Any, person: Person, body: dict[str, str]) -> None:
    assert ask(person(world.owner), **body).status_code == 400
