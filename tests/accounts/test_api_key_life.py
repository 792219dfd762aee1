"""Making, rotating, revoking and checking keys: over the API, by owners only, and one at a time."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.errors import ExposedApiKey, KeyEnded
from accounts.models import ApiKey, AuditEvent, Mail, Workspace
from accounts.rules import api_keys as rules
from accounts.services.api_keys import issue_api_key, rotate_api_key
from accounts.services.audit import Actor
from accounts.services.mail import send_due
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.factories.accounts import NOW, MembershipFactory, api_key

STATUS = "/api/onlyfans/messaging/status"
Person = Callable[[Any], APIClient]


def works(secret: str, at: Any = None, **extra: Any) -> bool:
    with time_machine.travel(at or clock.now(), tick=False):
        answer = APIClient().get(STATUS, HTTP_AUTHORIZATION=f"Bearer {secret}", **extra)
    assert answer.status_code in {200, 401}
    return bool(answer.status_code == 200)


def keys() -> list[ApiKey]:
    with cross_workspace("demo"):
        return list(ApiKey.objects.order_by("pk"))


def actions() -> list[str]:
    with cross_workspace("demo"):
        return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def make(client: APIClient, **body: Any) -> Any:
    return client.post("/api/keys", {"name": "CI", "scopes": ["read"]} | body, format="json")


# --- over the API


def test_a_key_is_shown_once(world: Any, person: Person) -> None:
    answer = make(person(world.owner), allowedIps=["192.0.2.7", "2001:DB8::/32"])
    assert answer.status_code == 201
    body = answer.json()
    assert rules.is_well_formed(body["key"])
    assert body["key"].startswith("hz_live_")
    assert (body["prefix"], body["allowedIps"], body["status"], body["createdBy"]) == (
        body["key"][:12],
        ["192.0.2.7/32", "2001:db8::/32"],
        "active",
        world.owner.public_id,
    )
    listed = person(world.owner).get("/api/keys").json()
    assert (listed["total"], listed["keys"][0]["id"]) == (1, body["id"])
    assert "key" not in listed["keys"][0]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["keys:write"]}, "scopes"),
        ({"name": ""}, "name"),
        ({"allowedIps": ["192.0.2.0/33"]}, "allowedIps.0"),
        ({"allowedIps": ["192.0.2.1", "example.com"]}, "allowedIps.1"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(
    world: Any, person: Person, body: dict[str, Any], field: str
) -> None:
    answer = make(person(world.owner), **body)
    assert (answer.status_code, [item["field"] for item in answer.json()["details"]]) == (400, [field])
    assert (keys(), actions()) == ([], [])


@pytest.mark.parametrize("who", ["manager", "chatter"])
def test_only_owners_manage_keys(world: Any, person: Person, who: str) -> None:
    client = person(getattr(world, who))
    api_key(world.owner)
    key = keys()[0]
    found = [
        make(client),
        client.get("/api/keys"),
        client.post(f"/api/keys/{key.public_id}/rotate", {}, format="json"),
        client.delete(f"/api/keys/{key.public_id}"),
    ]
    assert [answer.status_code for answer in found] == [403] * 4
    assert [(row.revoked_at, row.replaced_by_id) for row in keys()] == [(None, None)]


def test_somebody_elses_key_does_not_exist(world: Any, person: Person) -> None:
    api_key(world.owner)
    key, client = keys()[0], person(world.outsider)
    assert client.get("/api/keys").json()["total"] == 0
    assert client.delete(f"/api/keys/{key.public_id}").status_code == 404
    assert client.post(f"/api/keys/{key.public_id}/rotate", {}, format="json").status_code == 404
    assert [(row.revoked_at, row.replaced_by_id) for row in keys()] == [(None, None)]


def test_a_key_can_not_manage_keys(world: Any, api: Any) -> None:
    client = api(world.owner, scopes=("read", "write"))
    assert client.get("/api/keys").status_code == 403
    assert make(client).status_code == 403
    assert len(keys()) == 1


def test_a_revoked_key_ends_at_once_and_revoking_again_changes_nothing(world: Any, person: Person) -> None:
    secret, client = api_key(world.owner), person(world.owner)
    assert works(secret)
    url = f"/api/keys/{keys()[0].public_id}"
    assert client.delete(url).status_code == 204
    first = keys()[0].revoked_at
    assert client.delete(url).status_code == 204
    assert (works(secret), keys()[0].revoked_at) == (False, first)
    assert actions() == ["key.revoked"]


# --- rotation


def test_both_keys_work_during_the_overlap(world: Any, person: Person) -> None:
    old = api_key(world.owner, scopes=("messaging:read",), allowed_ips=["127.0.0.0/8"], requests_per_minute=7)
    with time_machine.travel(NOW, tick=False):
        url = f"/api/keys/{keys()[0].public_id}/rotate"
        body = person(world.owner).post(url, {"overlapHours": 2}, format="json").json()
    new = body["key"]
    before, after = NOW + timedelta(hours=2, seconds=-1), NOW + timedelta(hours=2)
    assert [(works(old, at), works(new, at)) for at in (before, after)] == [(True, True), (False, True)]
    first, second = keys()
    assert (first.replaced_by_id, first.expires_at) == (second.pk, after)
    assert (second.scopes, second.allowed_ips, second.requests_per_minute, second.expires_at) == (
        ["messaging:read"],
        ["127.0.0.0/8"],
        7,
        None,
    )
    assert actions() == ["key.rotated"]


def test_a_successor_lives_as_long_as_its_predecessor_was_meant_to(world: Any) -> None:
    api_key(world.owner, expires_at=NOW + timedelta(days=90))
    later = NOW + timedelta(days=89, hours=12)
    key = keys()[0]
    with workspace_scope(world.owner.workspace_id):
        new, _ = rotate_api_key(key=key, overlap=timedelta(hours=24), actor=Actor.system(), now=later)
    assert new.expires_at == later + timedelta(days=90)
    assert keys()[0].expires_at == NOW + timedelta(days=90)


@pytest.mark.parametrize("fields", [{"revoked_at": NOW}, {"expires_at": NOW}])
def test_an_ended_key_is_not_rotated(world: Any, person: Person, fields: dict[str, Any]) -> None:
    api_key(world.owner, **fields)
    answer = person(world.owner).post(f"/api/keys/{keys()[0].public_id}/rotate", {}, format="json")
    assert (answer.status_code, len(keys())) == (409, 1)


@pytest.mark.django_db(transaction=True)
def test_of_many_rotations_at_once_one_wins(world: Any) -> None:
    api_key(world.owner)
    key, start = keys()[0], Barrier(6)

    def rotate(_: int) -> bool:
        try:
            start.wait(10)
            with workspace_scope(world.owner.workspace_id):
                rotate_api_key(key=key, overlap=timedelta(0), actor=Actor.system(), now=clock.now())
        except KeyEnded:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(rotate, range(6))) == [False] * 5 + [True]
    assert len(keys()) == 2


# --- limits and leaks


def test_a_workspace_has_at_most_fifty_living_keys(world: Any, person: Person) -> None:
    for _ in range(rules.MOST_KEYS):
        api_key(world.owner)
    client = person(world.owner)
    assert make(client).status_code == 409
    client.delete(f"/api/keys/{keys()[0].public_id}")
    assert make(client).status_code == 201
    assert make(person(world.outsider)).status_code == 201


def test_a_key_in_an_address_is_refused_and_ended(world: Any) -> None:
    secret = api_key(world.owner)
    answer = APIClient().get(f"{STATUS}?api_key={secret}")
    assert (answer.status_code, answer.json()["error"]) == (
        401,
        "API keys don't belong in addresses; this one was revoked",
    )
    assert not works(secret)
    assert (keys()[0].revoked_reason, actions()) == ("in_address", ["key.revoked"])


@pytest.mark.parametrize(
    "address",
    [
        "/signin?next={}",
        "/nowhere?q=1&k={}",
        "/api/health?key={}",
        "/api/auth/signin?x={}",
        "/api/keys?%6bey={}",
    ],
)
def test_whatever_the_address_is_of(world: Any, address: str) -> None:
    secret = api_key(world.owner)
    answer = APIClient().get(address.format(secret.replace("_", "%5F").replace("hz", "%68z")))
    assert (answer.status_code, answer.json()["error"]) == (401, ExposedApiKey.message)
    assert secret not in answer.content.decode()
    assert not works(secret)


def test_its_maker_and_the_owners_are_told_by_mail_once(world: Any) -> None:
    other = MembershipFactory(workspace=world.owner.workspace, role="owner")
    secret = api_key(world.manager)
    for _ in range(2):
        APIClient().get(f"{STATUS}?api_key={secret}")
    mails = Mail.objects.filter(kind="key_exposed")
    assert {row.to for row in mails} == {
        world.owner.user.email, world.manager.user.email, other.user.email,
    }  # fmt: skip
    assert len(mails) == 3
    mail.outbox.clear()
    assert send_due() == 3
    said = str(mail.outbox[0].body)
    assert (f"“Test key” ({secret[:12]}…)" in said, secret in said) == (True, False)


def test_an_address_that_only_looks_like_a_key_costs_nothing(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert APIClient().get(f"{STATUS}?q=hz_live_{'a' * 36}").status_code == 401
    assert len(queries) == 0


def test_a_test_key_acts_only_in_a_demo(world: Any) -> None:
    Workspace.objects.filter(pk=world.owner.workspace_id).update(is_demo=True)
    world.owner.refresh_from_db()
    with workspace_scope(world.owner.workspace_id):
        _, secret = issue_api_key(
            member=world.owner, name="Demo", scopes=["read"], actor=Actor.system(), now=clock.now()
        )
    assert (secret[:8], works(secret)) == ("hz_test_", True)
    Workspace.objects.filter(pk=world.owner.workspace_id).update(is_demo=False)
    assert not works(secret)


# --- the public check


def check(key: str, ip: str = "203.0.113.9") -> Any:
    return APIClient().post("/api/keys/check", {"key": key}, format="json", REMOTE_ADDR=ip)


def test_the_check_tells_form_and_life_and_nothing_else(world: Any) -> None:
    secret, ended = api_key(world.owner), api_key(world.owner, revoked_at=NOW)
    unknown = rules.make("live", secrets.choice)
    answers = [check(key).json() for key in (secret, ended, unknown, "hz_live_x")]
    assert answers == [
        {"format": True, "active": True},
        {"format": True, "active": False},
        {"format": True, "active": False},
        {"format": False, "active": False},
    ]
    assert keys()[0].last_used_at is None


def test_a_check_of_nonsense_costs_no_query(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert check("hz_live_" + "0" * 36).json() == {"format": False, "active": False}
    assert len(queries) == 0


def test_ten_checks_a_minute_for_an_address(db: None) -> None:
    many = [check("x", f"2001:db8::{number}").status_code for number in range(11)]
    assert many == [200] * 10 + [429]
    assert check("x", "2001:db8:0:1::1").status_code == 200
