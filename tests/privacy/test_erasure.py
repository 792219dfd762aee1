"""After an erasure not one of the planted words is left anywhere; before it, every one was found."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import (
    AuditEvent,
    BrowserSession,
    Creator,
    ExportChunk,
    KnownDevice,
    LegalHold,
    Membership,
    PlatformAccount,
    PrivacyRequest,
    RefreshSession,
    Revocation,
    User,
    Workspace,
    WorkspaceKey,
)
from accounts.services.audit_chain import seal
from accounts.services.audit_check import verify
from accounts.services.connections import leave
from accounts.services.mail import mail_to, send_due
from accounts.services.privacy import registry, work
from accounts.templatetags.privacy_words import REASONS, STEPS, UNTIL
from accounts.types import PrivacyScope
from huntaze.kernel import clock, crypto
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.tenancy import WorkspaceModel, cross_workspace, workspace_scope
from messaging.models import Delivery, Fan, FanListEntry, FanSignal, InboundEvent, Message
from messaging.services import inbound
from messaging.services.fans import upsert_fan
from messaging.services.privacy import tombstone_id
from tests.factories.accounts import MembershipFactory, UserFactory, WorkspaceFactory
from tests.factories.messaging import delivery
from tests.privacy.canaries import found
from tests.privacy.world import Planted, of_the_fan, plant
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db
ERASURES = "/api/privacy/erasures"
Person = Callable[[Any], APIClient]
GRACE = timedelta(days=30)


@pytest.fixture
def planted(world: Any, platform: Sandbox, settings: Any, tmp_path: Path) -> Planted:
    """Mails are files here, and everybody has been around: their sessions, limits and caches are in Redis."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH, settings.MEDIA_ROOT = str(tmp_path / "mail"), str(tmp_path / "media")
    put = plant(world)
    go_around(world)
    send_due()
    places = found(put.words.values())
    missing = [name for name, word in put.words.items() if word not in places]
    assert (missing, len(put.words) >= 30) == ([], True)
    return put


def go_around(world: Any) -> None:
    for member in (world.owner, world.chatter):
        user = User.objects.get(pk=member.user_id)
        browser = Client()
        browser.post("/signin", {"email": user.email, "password": "wrong"})
        browser.post("/password/reset", {"email": user.email})
        browser.force_login(user)
        for path in ("/onlyfans", "/team", "/settings/privacy?fan=nobody", "/settings/security"):
            browser.get(path)


def ask(client: APIClient, **body: Any) -> Any:
    return client.post(ERASURES, body, format="json")


def run(at: Any = None) -> int:
    """The job, as if it were that time; the platforms are told of what was disconnected."""
    with time_machine.travel(at or clock.now(), tick=False):
        done = work.run_due()
    Revocation.objects.update(available_at=clock.now())
    leave.revoke_due()
    return done


def request_row() -> PrivacyRequest:
    with cross_workspace("demo"):
        return PrivacyRequest.objects.order_by("-pk")[0]


def left(put: Planted) -> dict[str, set[str]]:
    names = {word: name for name, word in put.words.items()}
    return {names[word]: places for word, places in found(put.words.values()).items()}


# --- a workspace


def test_nothing_of_an_erased_workspace_is_left(world: Any, person: Person, planted: Planted) -> None:
    answer = ask(person(world.owner), scope="workspace")
    assert answer.status_code == 202
    assert run(clock.now() + GRACE - timedelta(minutes=1)) == 0
    assert left(planted).keys() == planted.words.keys()
    assert run(clock.now() + GRACE + timedelta(minutes=1)) == 1
    assert left(planted) == {}
    row = request_row()
    assert (row.state, row.done_count == row.total_count) == ("done", True)


def test_mails_of_the_erased_go_as_files_too_and_others_stay(
    world: Any, person: Person, planted: Planted, settings: Any
) -> None:
    mail_to(world.outsider.user, "welcome", now=clock.now())
    send_due()
    places = found([planted.words["owner_email"]])[planted.words["owner_email"]]
    assert "file" in places
    ask(person(world.owner), scope="workspace", atOnce=True, reason="Court order 12/345")
    run()
    texts = [path.read_text() for path in Path(settings.EMAIL_FILE_PATH).iterdir()]
    assert len([text for text in texts if world.outsider.user.email in text]) == 1


def test_an_erased_workspace_leaves_others_alone(world: Any, person: Person, planted: Planted) -> None:
    before = rows_of(world.outsider.workspace_id)
    delivery(world.outsider_fan, world.outsider, text="theirs")
    ask(person(world.owner), scope="workspace")
    run(clock.now() + GRACE + timedelta(minutes=1))
    after = rows_of(world.outsider.workspace_id)
    assert {name: after[name] for name in before} == before | {
        "messaging.Message": before["messaging.Message"] + 1,
        "messaging.Delivery": before["messaging.Delivery"] + 1,
        "messaging.Conversation": before["messaging.Conversation"] + 1,
    }
    with cross_workspace("demo"):
        assert Message.objects.get(account=world.outsider_account).text.reveal() == "theirs"
        assert Fan.objects.get(pk=world.outsider_fan.pk).name.reveal() == world.outsider_fan.name.reveal()


def rows_of(workspace_id: int) -> dict[str, int]:
    with cross_workspace("demo"):
        return {
            model._meta.label: model.objects.filter(workspace_id=workspace_id).count()
            for model in apps.get_models()
            if issubclass(model, WorkspaceModel)
        }


def test_every_table_of_a_workspace_is_emptied_or_kept_for_a_reason(
    world: Any, person: Person, planted: Planted
) -> None:
    """A new tenant table that no erasure knows about fails here as soon as a row of it is planted."""
    ask(person(world.owner), scope="workspace")
    run(clock.now() + GRACE + timedelta(minutes=1))
    kept = {name for name, count in rows_of(world.owner.workspace_id).items() if count}
    assert kept == {
        "accounts.ApiKey",  # nameless; the log names it
        "accounts.AuditEvent",
        "accounts.Consent",  # it proves what was agreed to
        "accounts.Creator",  # nameless
        "accounts.CreatorAssignment",
        "accounts.Membership",
        "accounts.PlatformAccount",  # nameless, under a digest
        "accounts.PrivacyRequest",
    }


def test_the_keys_are_destroyed_and_none_is_made_again(world: Any, person: Person, planted: Planted) -> None:
    """What lies in an old backup is the sealed text; it does not open any more."""
    with cross_workspace("demo"):
        old = Message.objects.filter(direction="in").get()
        text, place = old.text.stored_text(), Message._meta.get_field("text").place_of(old)
    assert crypto.decrypt(text, **place) == planted.words["text_in"]
    ask(person(world.owner), scope="workspace")
    run(clock.now() + GRACE + timedelta(minutes=1))
    assert not WorkspaceKey.objects.filter(workspace=world.owner.workspace).exists()
    with pytest.raises(DecryptionFailed):
        crypto.decrypt(text, **place)
    with pytest.raises(DecryptionFailed, match="seals nothing"):
        crypto.encrypt("new", **place)


@pytest.mark.django_db(transaction=True)
def test_the_log_of_an_erased_workspace_still_adds_up(world: Any, person: Person, planted: Planted) -> None:
    seal(now=clock.now())
    ask(person(world.owner), scope="workspace")
    run(clock.now() + GRACE + timedelta(minutes=1))
    seal(now=clock.now())
    proof = verify(world.owner.workspace)
    assert (proof.findings, proof.unsealed) == ([], 0)
    with cross_workspace("demo"):
        last = AuditEvent.objects.filter(workspace=world.owner.workspace).first()
    assert last is not None
    assert last.action == "erasure.done"


def test_people_with_another_workspace_stay_and_the_others_go(
    world: Any, person: Person, planted: Planted
) -> None:
    elsewhere = MembershipFactory(user=world.manager.user, workspace=WorkspaceFactory(name="Elsewhere"))
    ask(person(world.owner), scope="workspace")
    run(clock.now() + GRACE + timedelta(minutes=1))
    people = User.objects.in_bulk([world.owner.user_id, world.chatter.user_id, world.manager.user_id])
    assert {pk: (row.is_active, row.name) for pk, row in people.items()} == {
        world.owner.user_id: (False, "erased"),
        world.chatter.user_id: (False, "erased"),
        world.manager.user_id: (True, world.manager.user.name),
    }
    with cross_workspace("demo"):
        assert Membership.objects.get(pk=elsewhere.pk).ended_at is None


@pytest.mark.parametrize("scope", PrivacyScope)
def test_every_step_has_a_name_of_its_own_and_words_for_the_page(scope: PrivacyScope) -> None:
    """A receipt counts by name: two steps of one name would be counted as one."""
    steps = registry.steps_of(scope)
    names = [step.name for step in steps]
    assert len(names) == len(set(names))
    assert set(names) <= set(STEPS)
    kept = [step for step in steps if step.some is None]
    assert {(step.reason in REASONS, step.until in UNTIL) for step in kept} <= {(True, True)}


# --- grace, undo, holds


def test_a_closing_workspace_rests_and_can_be_taken_back(
    world: Any, person: Person, planted: Planted
) -> None:
    client = person(world.owner)
    row_id = ask(client, scope="workspace").json()["id"]
    assert Workspace.objects.get(pk=world.owner.workspace_id).status == "closing"
    send = client.post("/api/onlyfans/messaging/send", {"recipientId": "1", "content": "x"}, format="json")
    assert send.status_code == 403
    assert client.post(f"{ERASURES}/{row_id}/undo").json()["status"] == "cancelled"
    assert Workspace.objects.get(pk=world.owner.workspace_id).status == "active"
    assert run(clock.now() + 2 * GRACE) == 0
    assert left(planted).keys() == planted.words.keys()
    assert client.post(f"{ERASURES}/{row_id}/undo").status_code == 409


def test_a_legal_request_skips_the_grace_and_says_why(world: Any, person: Person, planted: Planted) -> None:
    client = person(world.owner)
    refused = ask(client, scope="workspace", atOnce=True, reason="please")
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "reason")
    assert Workspace.objects.get(pk=world.owner.workspace_id).status == "active"
    assert ask(client, scope="workspace", atOnce=True, reason="Court order 12/345").status_code == 202
    assert run() == 1
    assert left(planted) == {}


def test_a_legal_hold_stops_the_erasure_until_it_is_released(
    world: Any, person: Person, planted: Planted
) -> None:
    with workspace_scope(world.owner.workspace_id):
        hold = LegalHold.objects.create(reason="Court", placed_by=UserFactory(), placed_at=clock.now())
    client = person(world.owner)
    assert client.post(f"{ERASURES}/preview", {"scope": "workspace"}, format="json").json()["held"] is True
    ask(client, scope="workspace", atOnce=True, reason="Court order 12/345")
    assert run() == 1
    assert (request_row().state, request_row().last_error) == ("queued", "legal hold")
    assert left(planted).keys() == planted.words.keys()
    with cross_workspace("demo"):
        LegalHold.objects.filter(pk=hold.pk).update(released_at=clock.now())
    assert run(clock.now() + timedelta(days=1, minutes=1)) == 1
    assert left(planted) == {}


def test_asking_twice_is_refused(world: Any, person: Person) -> None:
    client = person(world.owner)
    assert [ask(client, scope="workspace").status_code for _ in range(2)] == [202, 409]


def test_a_preview_says_what_goes_and_what_stays_and_changes_nothing(
    world: Any, person: Person, planted: Planted
) -> None:
    before = rows_of(world.owner.workspace_id)
    body = person(world.owner).post(f"{ERASURES}/preview", {"scope": "workspace"}, format="json").json()
    lines = {line["what"]: line for line in body["lines"]}
    assert (lines["messages"]["count"], lines["fans"]["count"], lines["data_keys"]["count"]) == (2, 2, 1)
    assert (lines["audit"]["kept"], lines["audit"]["reason"], lines["audit"]["until"]) == (
        True,
        "accountability",
        "audit",
    )
    assert rows_of(world.owner.workspace_id) == before


# --- a creator


def test_a_creator_goes_and_the_rest_of_the_workspace_stays(
    world: Any, person: Person, planted: Planted
) -> None:
    other = delivery(world.other_fan, world.owner, text="other creator's")
    answer = ask(person(world.owner), scope="creator", id=world.creator.public_id)
    assert answer.status_code == 202
    with cross_workspace("demo"):
        assert Creator.objects.get(pk=world.creator.pk).status == "paused"
    run(clock.now() + GRACE + timedelta(minutes=1))
    gone = set(planted.words) - set(left(planted))
    assert gone >= {
        "fan_name", "fan_handle", "fan_platform_id", "text_in", "text_out", "campaign_text", "list_name",
        "segment_name", "stage_name", "account_handle", "account_id", "credentials", "hook_fan", "hook_other",
    }  # fmt: skip
    assert set(left(planted)) >= {"workspace_name", "owner_email", "chatter_name", "invited"}
    with cross_workspace("demo"):
        assert Delivery.objects.get(pk=other.pk).message.text.reveal() == "other creator's"
        account = PlatformAccount.objects.get(pk=world.account.pk)
    assert (account.state, account.credentials, account.external_id[:7]) == ("disconnected", None, "erased:")


# --- a fan


def test_a_fan_is_forgotten_at_once_and_the_evidence_of_payments_stays(
    world: Any, person: Person, planted: Planted
) -> None:
    assert ask(person(world.manager), scope="fan", id=world.fan.public_id).status_code == 202
    assert run() == 1
    assert set(left(planted)) == set(planted.words) - {
        name for name, word in planted.words.items() if word in of_the_fan(planted)
    }
    with cross_workspace("demo"):
        assert FanSignal.objects.values_list("amount_minor", flat=True).get() == 500
        assert list(Delivery.objects.values_list("state", flat=True)) == ["cancelled"]
        assert not FanListEntry.objects.exists()
        assert {row.text.reveal() for row in Message.objects.all()} == {""}
    lines = {line["what"]: line for line in request_row().receipt["lines"]}
    assert (lines["payments"]["kept"], lines["payments"]["count"], lines["texts"]["count"]) == (True, 1, 2)
    assert len(request_row().receipt["hash"]) == 64


def test_neither_sync_nor_webhook_brings_an_erased_fan_back(
    world: Any, person: Person, planted: Planted
) -> None:
    ask(person(world.owner), scope="fan", id=world.fan.public_id)
    run()
    platform_id = planted.words["fan_platform_id"]
    with workspace_scope(world.owner.workspace_id):
        known = upsert_fan(
            account=world.account, platform_user_id=platform_id, name=planted.words["fan_name"],
            handle=planted.words["fan_handle"], now=clock.now(),
        )  # fmt: skip
    assert (known.pk, known.platform_user_id) == (world.fan.pk, tombstone_id(world.account.pk, platform_id))
    sender = {"id": int(platform_id), "name": planted.words["fan_name"]}
    body = json.dumps(
        {
            "event": "messages.received",
            "account_id": planted.words["account_id"],
            "payload": {"id": 5, "text": planted.words["text_in"], "fromUser": sender},
        }
    )
    assert inbound.store(body=body.encode(), event_key="again", now=clock.now())
    inbound.apply_due()
    event = InboundEvent.objects.get(event_key="again")
    assert (event.state, event.last_error, event.body.reveal()) == ("done", "erased", "{}")
    assert not set(left(planted)) & {"fan_name", "fan_handle", "fan_platform_id", "text_in"}


def test_nothing_is_sent_to_an_erased_fan(world: Any, person: Person, planted: Planted) -> None:
    client = person(world.owner)
    ask(client, scope="fan", id=world.fan.public_id)
    run()
    body = {"recipientId": world.fan.public_id, "content": "hello"}
    assert client.post("/api/onlyfans/messaging/send", body, format="json").status_code == 404


# --- oneself


def test_a_person_goes_with_their_name_and_mail_and_the_work_stays(
    world: Any, person: Person, planted: Planted
) -> None:
    client = person(world.chatter)
    mine = [KnownDevice, BrowserSession, RefreshSession]
    KnownDevice.objects.create(
        user=world.chatter.user, digest=b"k" * 32, first_seen_at=clock.now(), last_seen_at=clock.now()
    )
    assert [model.objects.filter(user=world.chatter.user).exists() for model in mine] == [True, True, True]
    answer = ask(client, scope="me")
    assert answer.status_code == 202
    assert run() == 1
    gone = set(planted.words) - set(left(planted))
    assert gone == {"chatter_email", "chatter_name"}
    assert [model.objects.filter(user=world.chatter.user).exists() for model in mine] == [False, False, False]
    row = User.objects.get(pk=world.chatter.user_id)
    assert (row.is_active, row.name, row.email.endswith("@erased.invalid"), row.has_usable_password()) == (
        False,
        "erased",
        True,
        False,
    )
    with cross_workspace("demo"):
        assert Membership.objects.get(pk=world.chatter.pk).ended_at is not None


def test_the_last_owner_closes_or_hands_over_first(world: Any, person: Person) -> None:
    """Also where they are alone in another workspace than the one they ask in."""
    MembershipFactory(user=world.chatter.user, workspace=WorkspaceFactory(name="Their own"), role="owner")
    for member in (world.owner, world.chatter):
        assert ask(person(member), scope="me").status_code == 409
    assert ask(person(world.manager), scope="me").status_code == 202


# --- rights


@pytest.mark.parametrize(
    ("who", "scope", "status"),
    [
        ("owner", "workspace", 202), ("manager", "workspace", 403), ("chatter", "workspace", 403),
        ("owner", "creator", 202), ("manager", "creator", 403), ("chatter", "creator", 403),
        ("outsider", "creator", 404),
        ("owner", "fan", 202), ("manager", "fan", 202), ("chatter", "fan", 403), ("outsider", "fan", 404),
    ],
)  # fmt: skip
def test_who_may_erase_what(world: Any, person: Person, who: str, scope: str, status: int) -> None:
    target = {"creator": world.creator.public_id, "fan": world.fan.public_id}.get(scope)
    body = {"scope": scope} | ({"id": target} if target else {})
    assert ask(person(getattr(world, who)), **body).status_code == status
    with cross_workspace("demo"):
        assert PrivacyRequest.objects.count() == (status == 202)


def test_a_key_erases_nothing(world: Any, api: Any) -> None:
    assert ask(api(world.owner), scope="workspace").status_code == 403


def test_a_dead_worker_is_followed_by_one_that_goes_on(
    world: Any, person: Person, planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's time is up after each step: many runs do what one would."""
    monkeypatch.setattr(work, "RUN_SECONDS", -1.0)
    monkeypatch.setattr(work, "BATCH", 1)
    ask(person(world.owner), scope="workspace", atOnce=True, reason="Court order 12/345")
    assert run() == 20
    while request_row().state != "done":
        assert run()
    assert left(planted) == {}
    assert request_row().done_count == request_row().total_count
    with cross_workspace("demo"):
        assert not ExportChunk.objects.exists()
