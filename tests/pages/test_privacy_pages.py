"""The pages of privacy: fans found and erased, typed confirmation, progress, the month's clock, links, receipts."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import AuditEvent, Creator, PrivacyRequest, RetentionChoice, User
from accounts.services.privacy import holds, work
from accounts.sessions import note_proof
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Fan
from messaging.services.fans import handle_digest
from tests.conftest import World
from tests.factories.accounts import UserFactory
from tests.factories.messaging import delivery

Browser = Callable[..., Client]
ROOT, ERASE = "/settings/privacy", "/settings/privacy/erase"


@pytest.fixture
def proved(browser: Browser) -> Callable[[Any], Client]:
    """`proved(member)` gave their password just now."""

    def make(member: Any) -> Client:
        client = browser(member)
        session = client.session
        note_proof(session, clock.now())
        session.save()
        return client

    return make


@pytest.fixture(autouse=True)
def known_by_handle(world: World) -> None:
    """As a sync leaves them."""
    with cross_workspace("demo"):
        for fan in (world.fan, world.outsider_fan):
            assert fan.handle is not None
            Fan.objects.filter(pk=fan.pk).update(handle_digest=handle_digest(fan.handle.reveal()))


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def asked() -> PrivacyRequest:
    with cross_workspace("demo"):
        return PrivacyRequest.objects.order_by("-pk")[0]


def nothing_asked() -> bool:
    with cross_workspace("demo"):
        return not PrivacyRequest.objects.exists()


# --- typed confirmation


@pytest.mark.parametrize("scope", ["workspace", "creator", "fan", "me"])
def test_an_erasure_is_meant_when_its_name_is_typed(proved: Any, world: World, scope: str) -> None:
    who = world.chatter if scope == "me" else world.owner
    target = {"creator": world.creator, "fan": world.fan}.get(scope)
    form = {"scope": scope, "id": target.public_id if target else ""}
    handle = world.fan.handle
    assert handle is not None
    name = {
        "workspace": "Ours",
        "creator": world.creator.stage_name,
        "fan": f"@{handle.reveal()}",
        "me": world.chatter.user.email,
    }[scope]
    client = proved(who)
    assert f"Type “{name}”" in text(client.get(ERASE, form))
    for typed in ("", "something else"):
        answer = client.post(ERASE, form | {"typed": typed})
        assert (answer.status_code, nothing_asked()) == (422, True)
        assert "Nothing was erased." in text(answer)
    assert client.post(ERASE, form | {"typed": f" {name.upper()} "}).status_code == 302
    assert (asked().kind, asked().scope) == ("erase", scope)


# --- fans


def test_a_fan_is_found_by_handle_or_id_exported_and_erased(proved: Any, world: World) -> None:
    client, fan = proved(world.manager), world.fan
    assert fan.handle is not None
    for typed in (f"@{fan.handle.reveal().upper()}", fan.platform_user_id, f" {fan.public_id} "):
        page = text(client.get(ROOT, {"fan": typed}))
        assert f"{ERASE}?scope=fan&amp;id={fan.public_id}" in page
    client.post(f"{ROOT}/exports", {"scope": "fan", "id": fan.public_id})
    work.run_due()
    path = f"{ROOT}/requests/{asked().public_id}/files"
    with zipfile.ZipFile(io.BytesIO(b"".join(client.get(path).streaming_content))) as archive:
        assert fan.handle.reveal() in archive.read("fans.json").decode()
    client.post(ERASE, {"scope": "fan", "id": fan.public_id, "typed": f"@{fan.handle.reveal()}"})
    work.run_due()
    assert "Nobody is known by that." in text(client.get(ROOT, {"fan": fan.handle.reveal()}))


def test_fans_of_others_are_nobody(proved: Any, world: World) -> None:
    handle = world.outsider_fan.handle
    assert handle is not None
    client = proved(world.owner)
    for typed in (handle.reveal(), world.outsider_fan.public_id, world.outsider_fan.platform_user_id):
        assert "Nobody is known by that." in text(client.get(ROOT, {"fan": typed}))
    body = {"scope": "fan", "id": world.outsider_fan.public_id, "typed": handle.reveal()}
    assert (client.get(ERASE, body).status_code, client.post(ERASE, body).status_code) == (404, 404)
    assert nothing_asked()


def test_a_chatter_looks_for_nobody(proved: Any, world: World) -> None:
    client = proved(world.chatter)
    page = text(client.get(ROOT, {"fan": world.fan.public_id}))
    assert ("Handle or id" in page, "scope=fan" in page) == (False, False)
    assert client.get(ERASE, {"scope": "fan", "id": world.fan.public_id}).status_code == 403


# --- how far it is


def test_an_export_shows_how_far_it_is_and_asks_for_itself_until_it_is_over(
    proved: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        delivery(world.fan, world.owner, text=f"message {number}")
    client = proved(world.owner)
    client.post(f"{ROOT}/exports", {"scope": "workspace"})
    monkeypatch.setattr(work, "RUN_SECONDS", -1.0)
    monkeypatch.setattr(work, "MOST_RUNS", 5)
    monkeypatch.setattr(work, "BATCH", 4)
    work.run_due()
    row = asked()
    page = text(client.get(ROOT))
    percent = 100 * row.done_count // row.total_count
    assert 0 < percent < 100
    assert f'value="{percent}"' in page
    assert f"{row.done_count} / {row.total_count}" in page
    assert "data-poll" in page
    part = client.get(ROOT, headers={"HX-Request": "true"})
    assert ("<html" in text(part), f'value="{percent}"' in text(part)) == (False, True)
    monkeypatch.undo()
    work.run_due()
    assert "data-poll" not in text(client.get(ROOT, headers={"HX-Request": "true"}))


def test_the_months_clock_runs(proved: Any, world: World) -> None:
    proved(world.owner).post(f"{ROOT}/exports", {"scope": "workspace"})
    start = asked().asked_at

    def said(days: float) -> list[str]:
        with time_machine.travel(start + timedelta(days=days), tick=False):
            page = text(proved(world.owner).get(ROOT))
        return re.findall(r"\d+ days? left|The time is over\.", page)

    assert [said(0), said(0.1), said(28.5), said(29.5), said(30.5)] == [
        ["30 days left"], ["30 days left"], ["2 days left"], ["1 day left"], ["The time is over."],
    ]  # fmt: skip


def test_a_held_erasure_says_so(proved: Any, world: World) -> None:
    client = proved(world.owner)
    client.post(ERASE, {"scope": "workspace", "typed": "Ours"})
    holds.place(
        workspace_pk=world.owner.workspace_id, reason="Court order 12/345", user_pk=UserFactory().pk,
        now=clock.now(),
    )  # fmt: skip
    for path in (ROOT, f"{ROOT}/requests/{asked().public_id}", f"{ERASE}?scope=workspace"):
        page = text(client.get(path))
        assert ("A legal hold stands" in page, "Court order" in page) == (True, False)


# --- files and receipts


def test_a_link_for_15_minutes_is_shown_once_and_works_without_a_session(proved: Any, world: World) -> None:
    client = proved(world.owner)
    client.post(f"{ROOT}/exports", {"scope": "workspace"})
    page = f"{ROOT}/requests/{asked().public_id}"
    assert client.post(f"{page}/link").status_code == 404
    work.run_due()
    (url,) = set(
        re.findall(r"http://testserver(/api/privacy/files/[^<\"\s]+)", text(client.post(f"{page}/link")))
    )
    assert "/api/privacy/files/" not in text(client.get(page))
    with time_machine.travel(clock.now() + timedelta(minutes=14), tick=False):
        assert Client().get(url).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        assert Client().get(url).status_code == 404
    with cross_workspace("demo"):
        assert AuditEvent.objects.filter(action="export.link_made").count() == 1


def test_a_receipt_says_what_went_and_what_stayed(proved: Any, world: World) -> None:
    delivery(world.fan, world.owner, text="hello")
    client = proved(world.owner)
    client.post(ERASE, {"scope": "fan", "id": world.fan.public_id, "typed": f"@{world.fan.handle.reveal()}"})  # type: ignore[union-attr]
    work.run_due()
    page = text(client.get(f"{ROOT}/requests/{asked().public_id}"))
    for words in (
        "Texts of messages",
        "Went",
        "Stayed",
        "Evidence in payment disputes.",
        asked().receipt["hash"],
    ):
        assert words in page


def test_others_find_no_request(proved: Any, world: World) -> None:
    proved(world.owner).post(f"{ROOT}/exports", {"scope": "workspace"})
    work.run_due()
    page = f"{ROOT}/requests/{asked().public_id}"
    for member in (world.manager, world.outsider):
        client = proved(member)
        assert [client.get(page).status_code, client.get(f"{page}/files").status_code] == [404, 404]
        assert [client.post(f"{page}/{deed}").status_code for deed in ("link", "undo")] == [404, 404]


def test_a_creators_erasure_is_taken_back_on_its_page(proved: Any, world: World) -> None:
    client = proved(world.owner)
    client.post(ERASE, {"scope": "creator", "id": world.creator.public_id, "typed": world.creator.stage_name})
    page = f"{ROOT}/requests/{asked().public_id}"
    assert f"{page}/undo" in text(client.get(page))
    client.post(f"{page}/undo")
    with cross_workspace("demo"):
        assert Creator.objects.get(pk=world.creator.pk).status == "active"
    assert f"{page}/undo" not in text(client.get(page))
    assert "can&#x27;t be taken back" in text(client.post(f"{page}/undo", follow=True))


# --- how long texts are kept


def test_an_owner_chooses_how_long_texts_are_kept(proved: Any, world: World) -> None:
    client = proved(world.owner)
    page = text(client.get(ROOT))
    assert re.findall(r'<option value="(\d+)"( selected)?>([^<]+)', page) == [
        ("731", " selected", "2 years"), ("365", "", "1 year"), ("180", "", "180 days"), ("90", "", "90 days"),
    ]  # fmt: skip
    client.post(f"{ROOT}/keep", {"days": "90"})
    assert '<option value="90" selected>' in text(client.get(ROOT))
    for nonsense in ("1", "x", "99999", ""):
        assert "Choose one of the periods." in text(
            client.post(f"{ROOT}/keep", {"days": nonsense}, follow=True)
        )
    with cross_workspace("demo"):
        assert RetentionChoice.objects.values_list("days", flat=True).get() == 90
    assert proved(world.manager).post(f"{ROOT}/keep", {"days": "180"}).status_code == 403


def test_in_french_too(proved: Any, world: World) -> None:
    User.objects.filter(pk=world.owner.user_id).update(locale="fr")
    world.owner.user.refresh_from_db()
    client = proved(world.owner)
    client.post(f"{ROOT}/exports", {"scope": "me"})
    page = text(client.get(ROOT))
    assert ("Il reste 30 jours" in page, "Un fan" in page, "2 ans" in page) == (True, True, True)
