"""Changing keys beside traffic: everything moves, nothing is lost, and what is moved elsewhere does not open."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from itertools import permutations
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.errors import RotationUnfinished
from accounts.models import (
    ExportChunk,
    KeyRotation,
    OAuthState,
    PlatformAccount,
    PrivacyRequest,
    Revocation,
    WebhookSubscription,
    WorkspaceKey,
)
from accounts.services import key_rotation
from accounts.services.keys import WorkspaceDataKeys
from huntaze.kernel import clock, crypto, reseal
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Campaign, Fan, InboundEvent, Message
from tests.architecture.calls import open_connection
from tests.factories.accounts import NOW
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery

LATER = NOW + key_rotation.EVERYBODY_KNOWS


@pytest.fixture(autouse=True)
def fresh_keys(db: None) -> Iterator[None]:
    crypto.register_data_keys(WorkspaceDataKeys())
    yield
    crypto.forget_data_keys()


@pytest.fixture
def texts(world: Any) -> Any:
    """Something in every sealed column of a workspace."""
    delivery(world.fan, world.owner, text="Bonjour 👋")
    delivery(world.outsider_fan, world.outsider, text="Theirs")
    campaign(world.account, world.owner, [], text="Campaign text")
    with cross_workspace("demo"):
        world.account.credentials = "token-1"
        world.account.save()
        request = PrivacyRequest.objects.create(
            workspace=world.owner.workspace, kind="export", scope="workspace", target_pk=1, target_id="wsp_1",
            asked_by=world.owner, asked_at=NOW, answer_by=NOW, available_at=NOW, state="done",
        )  # fmt: skip
        ExportChunk.objects.create(
            workspace=world.owner.workspace, request=request, dataset="fans", seq=0, body="packed"
        )
        WebhookSubscription.objects.create(
            workspace=world.owner.workspace, url="https://example.test/a", events=[], secret="new", old_secret="old",
            created_at=NOW,
        )  # fmt: skip
        attempt = open_connection(world.creator, world.owner)
        OAuthState.objects.create(
            workspace=world.owner.workspace, connection=attempt, digest=b"d" * 32, redirect_uri="https://example.test",
            verifier="verifier", offer="offer", expires_at=NOW,
        )  # fmt: skip
    Revocation.objects.create(
        platform="tiktok", external_id="1", tokens="tokens", queued_at=NOW, available_at=NOW
    )
    InboundEvent.objects.create(
        vendor="onlyfansapi", event_key="k", body_digest=b"d" * 32, event="e", body="{}",
        received_at=NOW, available_at=NOW,
    )  # fmt: skip
    return world


def versions(workspace_id: int | None) -> dict[str, set[int]]:
    """Versions of the data key by table and column, read by SQL."""
    found: dict[str, set[int]] = {}
    for model in reseal.sealed_models(of_workspaces=workspace_id is not None):
        for field in reseal.sealed_fields(model):
            where = f"{field.column} IS NOT NULL" + (" AND workspace_id = %s" if workspace_id else "")
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT split_part({field.column}, '.', 2)::int FROM {model._meta.db_table} WHERE {where}",
                    [workspace_id] if workspace_id else [],
                )
                found[f"{model._meta.db_table}.{field.column}"] = {row[0] for row in cursor.fetchall()}
    return found


def rotate(workspace: Any, *, at: Any = LATER) -> KeyRotation:
    rotation = key_rotation.start_rotation(workspace=workspace, now=NOW)
    key_rotation.go_on(rotation=rotation, now=at)
    return rotation


# --- data keys


def test_nothing_is_left_under_the_old_key_and_everything_still_opens(texts: Any) -> None:
    workspace = texts.owner.workspace
    before = versions(workspace.pk)
    assert set().union(*before.values()) == {1}
    assert all(before.values()), before  # every sealed column is put to the test
    rotation = rotate(workspace)
    assert versions(workspace.pk) == {column: {2} for column in before}
    assert versions(texts.outsider.workspace_id)["messaging_fan.name"] == {1}
    assert rotation.finished_at == LATER
    with cross_workspace("demo"):
        assert Message.objects.get(account=texts.account).text.reveal() == "Bonjour 👋"
        assert Campaign.objects.get().text.reveal() == "Campaign text"
        assert PlatformAccount.objects.get(pk=texts.account.pk).credentials.reveal() == "token-1"
        assert Fan.objects.get(pk=texts.fan.pk).name.reveal() == texts.fan.name.reveal()


def test_the_installations_key_is_changed_too(texts: Any) -> None:
    rotate(None)
    assert versions(None)["messaging_inboundevent.body"] == {2}
    assert versions(None)["accounts_revocation.tokens"] == {2}
    assert Revocation.objects.get().tokens.reveal() == "tokens"
    assert InboundEvent.objects.get().body.reveal() == "{}"
    assert versions(texts.owner.workspace_id)["messaging_fan.name"] == {1}


def test_a_rotation_ends_only_after_every_process_knows_the_new_key(texts: Any) -> None:
    rotation = rotate(texts.owner.workspace, at=NOW + timedelta(minutes=1))
    assert (rotation.finished_at, rotation.walks) == (None, 1)
    # A process that still knows the old key only seals something.
    late = FanFactory(account=texts.account)
    with cross_workspace("demo"), sealing_with_version(texts.owner.workspace_id, 1):
        late.name = "Late"
        late.save()
    assert versions(texts.owner.workspace_id)["messaging_fan.name"] == {1, 2}
    assert key_rotation.go_on(rotation=KeyRotation.objects.get(), now=LATER)
    assert versions(texts.owner.workspace_id)["messaging_fan.name"] == {2}
    assert KeyRotation.objects.get().walks == 3  # the second found one, the third nothing


@contextmanager
def sealing_with_version(workspace_id: int, version: int) -> Iterator[None]:
    """What another process does whose memory holds an older key."""

    class Older(WorkspaceDataKeys):
        def current(self, wanted: int | None) -> tuple[int, bytes]:
            return version, self.by_version(wanted, version)

    crypto.register_data_keys(Older())
    try:
        yield
    finally:
        crypto.register_data_keys(WorkspaceDataKeys())


def test_it_goes_on_where_it_was_stopped(texts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rotation, "BATCH", 2)
    for _ in range(7):
        FanFactory(account=texts.account)
    workspace = texts.owner.workspace
    key_rotation.start_rotation(workspace=workspace, now=NOW)
    runs = 1
    while not key_rotation.go_on(rotation=KeyRotation.objects.get(), now=LATER, most_steps=1):
        runs += 1
        assert runs < 100
    rotation = KeyRotation.objects.get()
    assert versions(workspace.pk)["messaging_fan.name"] == {2}
    assert runs > 5
    # Names and handles of nine fans; message, campaign, credentials, export; three of a webhook's endpoint; two of a
    # state that a consent page brings back.
    assert rotation.changed == 9 * 2 + 4 + 3 + 2
    assert WorkspaceKey.objects.filter(workspace=workspace).count() == 2


def test_running_it_twice_makes_one_key(texts: Any) -> None:
    first = key_rotation.start_rotation(workspace=texts.owner.workspace, now=NOW)
    assert key_rotation.start_rotation(workspace=texts.owner.workspace, now=LATER) == first
    assert WorkspaceKey.objects.filter(workspace=texts.owner.workspace).count() == 2


def test_a_text_that_does_not_open_is_counted_and_left(texts: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_fan SET name = handle WHERE id = %s", [texts.fan.pk]
        )  # moved: does not open
    rotation = rotate(texts.owner.workspace)
    assert (rotation.unreadable, rotation.finished_at) == (1, LATER)
    with pytest.raises(RotationUnfinished):
        key_rotation.destroy_old_keys(workspace=texts.owner.workspace, now=LATER + timedelta(days=2))


@pytest.mark.django_db(transaction=True)
def test_what_others_write_meanwhile_wins(texts: Any) -> None:
    """A writer changes every name over and over while the keys change; no write is lost, none stays old."""
    fans = [texts.fan, *[FanFactory(account=texts.account) for _ in range(30)]]
    stop = Event()
    written: dict[int, str] = {}

    def write() -> int:
        rounds = 0
        try:
            while not stop.is_set() or rounds < 2:
                for fan in fans:
                    with cross_workspace("demo"):
                        row = Fan.objects.get(pk=fan.pk)
                        row.name = written[fan.pk] = f"{fan.pk}-{rounds}"
                        row.save(update_fields=["name"])
                rounds += 1
        finally:
            connection.close()
        return rounds

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        for _ in range(3):
            rotate(texts.owner.workspace)
        stop.set()
        assert writer.result(60) >= 2
    rotate(texts.owner.workspace)
    with cross_workspace("demo"):
        assert {row.pk: row.name.reveal() for row in Fan.objects.filter(pk__in=written)} == written
    assert versions(texts.owner.workspace_id)["messaging_fan.name"] == {5}


def test_old_keys_are_destroyed_a_day_later_and_not_before(texts: Any) -> None:
    workspace, day = texts.owner.workspace, key_rotation.OLD_KEYS_KEPT
    with pytest.raises(RotationUnfinished):
        key_rotation.destroy_old_keys(workspace=workspace, now=LATER)
    rotate(workspace)
    with pytest.raises(RotationUnfinished):
        key_rotation.destroy_old_keys(workspace=workspace, now=LATER + day - timedelta(seconds=1))
    assert key_rotation.destroy_old_keys(workspace=workspace, now=LATER + day) == 1
    assert list(WorkspaceKey.objects.filter(workspace=workspace).values_list("version", flat=True)) == [2]
    with cross_workspace("demo"):
        assert Message.objects.get(account=texts.account).text.reveal() == "Bonjour 👋"


# --- wrapping keys


def test_every_data_key_moves_to_the_newest_wrapping_key(texts: Any, settings: Any) -> None:
    older = settings.CRYPTO_KEKS
    settings.CRYPTO_KEKS = [("fresh", os.urandom(32)), *older]
    count = WorkspaceKey.objects.count()
    assert key_rotation.rewrap_keys() == key_rotation.Rewrapped(count, 0)
    assert key_rotation.rewrap_keys() == key_rotation.Rewrapped(0, 0)
    settings.CRYPTO_KEKS = settings.CRYPTO_KEKS[:1]  # the old one is gone now
    crypto.forget_data_keys()
    with cross_workspace("demo"):
        assert Message.objects.get(account=texts.account).text.reveal() == "Bonjour 👋"


def test_a_key_that_no_wrapping_key_opens_stops_the_change(texts: Any, settings: Any) -> None:
    settings.CRYPTO_KEKS = [("fresh", os.urandom(32))]
    with pytest.raises(DecryptionFailed):
        key_rotation.rewrap_keys()
    assert not WorkspaceKey.objects.filter(kek_id="fresh").exists()


# --- the command


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_did(texts: Any) -> None:
    name = texts.owner.workspace.public_id
    first = told("data", "--workspace", name)
    assert f"{name}: data key 2 under way; walk 1" in first
    KeyRotation.objects.update(started_at=clock.now() - key_rotation.EVERYBODY_KNOWS)
    assert "finished, nothing is under an older key" in told("data", "--workspace", name)
    assert "finished" in told("status")
    with pytest.raises(CommandError, match="wait a day"):
        told("destroy", "--workspace", name)
    with pytest.raises(CommandError, match="Say which"):
        told("data")
    assert ", 0 under an older wrapping key" in told("wrapping")


# --- moved ciphertext


def test_a_text_moved_to_another_column_row_table_or_workspace_does_not_open(texts: Any) -> None:
    """Every sealed value, put into every other place."""
    places = []
    for model in reseal.sealed_models(of_workspaces=True):
        with cross_workspace("demo"):
            for row in model._default_manager.order_by("pk"):  # type: ignore[attr-defined]
                for field in reseal.sealed_fields(model):
                    if getattr(row, field.attname) is not None:
                        places.append((row, field, getattr(row, field.attname)))
    assert len(places) == 16
    for (_, _, moved), (row, field, own) in permutations(places, 2):
        place = field.place_of(row)
        with pytest.raises(DecryptionFailed):
            crypto.decrypt(moved.stored_text(), **place)
        assert crypto.decrypt(own.stored_text(), **place)
