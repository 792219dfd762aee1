"""API keys: a form that is checked before any look-up, and never more rights than scopes and member both give."""

import re
import secrets
import zlib
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import ApiKey, AuditEvent, Membership, User
from accounts.rules import api_keys
from accounts.services.api_keys import issue_api_key
from accounts.services.audit import Actor
from accounts.services.tokens import digest
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.factories.accounts import NOW, api_key
from tests.faults.house import wait_for

STATUS = "/api/onlyfans/messaging/status"
FAILED = "/api/onlyfans/messaging/failed"
SCANNED = re.compile(r"\bhz_(live|test)_[0-9A-Za-z]{36}\b")


def ask(key: str, *, ip: str = "203.0.113.1", at: Any = NOW, path: str = STATUS) -> tuple[int, str]:
    with time_machine.travel(at, tick=False):
        answer = APIClient().get(path, HTTP_AUTHORIZATION=f"Bearer {key}", REMOTE_ADDR=ip)
    return answer.status_code, answer.json().get("error", "")


def only_key() -> ApiKey:
    with cross_workspace("demo"):
        return ApiKey.objects.get()


REFUSED = (401, "Invalid API key")


# --- the form


@given(st.sampled_from(["live", "test"]), st.randoms(use_true_random=False))
def test_a_made_key_is_well_formed_and_seen_by_scanners(kind: str, source: Any) -> None:
    key = api_keys.make(kind, source.choice)
    assert (len(key), key[:8]) == (44, f"hz_{kind}_")
    assert api_keys.is_well_formed(key)
    assert SCANNED.fullmatch(key)


@given(st.integers(8, 43), st.sampled_from(api_keys.ALPHABET))
def test_one_wrong_character_is_found(place: int, character: str) -> None:
    key = "hz_test_" + "a" * 30 + api_keys.checksum("hz_test_" + "a" * 30)
    changed = key[:place] + character + key[place + 1 :]
    assert api_keys.is_well_formed(changed) is (changed == key)


@given(st.text(max_size=60))
def test_garbage_is_not_well_formed(text: str) -> None:
    assert not api_keys.is_well_formed(text)
    assert not api_keys.is_well_formed("hz_live_" + text)


def test_the_checksum_is_six_digits_of_crc32() -> None:
    body = "hz_test_" + "0" * 30
    number = sum(
        api_keys.ALPHABET.index(digit) * 62 ** (5 - place)
        for place, digit in enumerate(api_keys.checksum(body))
    )
    assert number == zlib.crc32(body.encode())
    assert {len(api_keys.checksum(f"hz_test_{n:030}")) for n in range(200)} == {6}


def test_a_malformed_key_costs_no_query(db: None) -> None:
    good = api_keys.make("test", secrets.choice)
    wrong = good[:-1] + ("a" if good[-1] != "a" else "b")
    for key in (wrong, "hz_", "hz_live_short", "hz_prod_" + good[8:], good + "0"):
        with CaptureQueriesContext(connection) as queries:
            assert ask(key) == REFUSED
        assert len(queries) == 0


def test_an_unknown_well_formed_key_is_refused(db: None) -> None:
    assert ask(api_keys.make("live", secrets.choice)) == REFUSED


# --- life


def test_a_key_is_kept_as_a_hash_and_a_prefix(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        key, secret = issue_api_key(
            member=world.owner, name="CI", scopes=["read"], actor=Actor.system(), now=NOW
        )
    stored = only_key()
    assert (bytes(stored.digest), stored.prefix) == (digest(secret), secret[:12])
    assert (stored.scopes, stored.created_at, stored.membership_id) == (["read"], NOW, world.owner.pk)
    assert ask(secret) == (200, "")
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="key.created")
    assert (row.target, row.changes) == (
        key.public_id,
        {"scopes": ["read"], "expiresAt": None, "addresses": 0},
    )


@pytest.mark.parametrize(
    "scopes", [[], ["admin"], ["read", "messaging"], ["messaging:send"], ["keys:write"], ["READ"]]
)
def test_unknown_scopes_are_refused_and_nothing_is_made(world: Any, scopes: list[str]) -> None:
    with workspace_scope(world.owner.workspace_id), pytest.raises(Invalid):
        issue_api_key(member=world.owner, name="x", scopes=scopes, actor=Actor.system(), now=NOW)
    with cross_workspace("demo"):
        assert ApiKey.objects.count() == 0


@pytest.mark.parametrize(("seconds", "answer"), [(-1, (200, "")), (0, REFUSED), (1, REFUSED)])
def test_a_key_ends_at_its_time(world: Any, seconds: float, answer: tuple[int, str]) -> None:
    key = api_key(world.owner, expires_at=NOW)
    assert ask(key, at=NOW + timedelta(seconds=seconds)) == answer


def test_a_revoked_key_is_refused(world: Any) -> None:
    assert ask(api_key(world.owner, revoked_at=NOW)) == REFUSED


@pytest.mark.parametrize("end", ["membership", "person"])
def test_a_key_dies_with_its_members_place(world: Any, end: str) -> None:
    key = api_key(world.owner)
    with cross_workspace("demo"):
        if end == "membership":
            Membership.objects.filter(pk=world.owner.pk).update(ended_at=NOW)
        else:
            User.objects.filter(pk=world.owner.user_id).update(is_active=False)
    assert ask(key) == REFUSED


@pytest.mark.parametrize(
    ("allowed", "ip", "status"),
    [
        ([], "203.0.113.1", 200),
        (["203.0.113.0/24"], "203.0.113.1", 200),
        (["203.0.113.0/24"], "203.0.114.1", 401),
        (["198.51.100.7/32", "203.0.113.0/24"], "198.51.100.7", 200),
        (["203.0.113.0/24"], "::ffff:203.0.113.1", 200),
        (["2001:db8::/32"], "2001:db8::1", 200),
        (["2001:db8::/32"], "203.0.113.1", 401),
        (["203.0.113.0/24"], "", 401),
        ([], "", 200),
    ],
)
def test_a_key_may_be_kept_to_addresses(world: Any, allowed: list[str], ip: str, status: int) -> None:
    assert ask(api_key(world.owner, allowed_ips=allowed), ip=ip)[0] == status


def test_a_refused_address_is_not_a_use(world: Any) -> None:
    ask(api_key(world.owner, allowed_ips=["198.51.100.0/24"]))
    assert only_key().last_used_at is None


def test_last_use_is_written_once_a_minute(world: Any) -> None:
    key = api_key(world.owner)
    written = []
    for seconds in (0, 1, 59, 60, 60.5, 61, 130):
        ask(key, at=NOW + timedelta(seconds=seconds))
        last = only_key().last_used_at
        assert last is not None
        written.append((last - NOW).total_seconds())
    assert written == [0, 0, 0, 0, 60.5, 60.5, 130]


def test_a_key_has_its_own_limit(world: Any) -> None:
    key = api_key(world.owner, requests_per_minute=2)
    assert [ask(key)[0] for _ in range(3)] == [200, 200, 429]


# --- rights


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        (("read",), 200, 403),
        (("write",), 200, 404),
        (("messaging:read",), 200, 403),
        (("messaging:write",), 200, 404),
        (("accounts:write",), 403, 403),
        (("analytics:read", "billing:write"), 403, 403),
    ],
)
def test_scopes_open_doors(world: Any, scopes: tuple[str, ...], reads: int, writes: int) -> None:
    """404 is the retry of a message that does not exist: the door was open."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {api_key(world.owner, scopes=scopes)}")
    assert client.get(FAILED).status_code == reads
    assert client.post("/api/onlyfans/messaging/msg_x/retry").status_code == writes


def test_a_key_has_no_more_than_its_member(world: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {api_key(world.chatter, scopes=('read', 'write'))}")
    assert client.get(STATUS).status_code == 200
    assert client.post("/api/onlyfans/messaging/msg_x/retry").status_code == 403


# --- what a process remembers of a key


def asked(key: str) -> tuple[int, bool]:
    """The status, and whether the key was looked up."""
    with CaptureQueriesContext(connection) as queries:
        status = APIClient().get(STATUS, HTTP_AUTHORIZATION=f"Bearer {key}").status_code
    return status, any("accounts_apikey" in query["sql"] for query in queries)


def test_a_key_is_looked_up_once_in_some_seconds(world: Any, settings: Any) -> None:
    key = api_key(world.owner)
    settings.API_KEY_SEEN_SECONDS = 60.0
    assert [asked(key) for _ in range(4)] == [(200, True), (200, True), (200, False), (200, False)]


def test_a_revocation_is_seen_when_they_are_over(world: Any, settings: Any) -> None:
    """The first request writes the key's last use and forgets what it had read before that."""
    key = api_key(world.owner)
    settings.API_KEY_SEEN_SECONDS = 0.3
    assert [asked(key)[0] for _ in range(2)] == [200, 200]
    with cross_workspace("demo"):
        ApiKey.objects.update(revoked_at=clock.now())
    wait_for(lambda: asked(key)[0] == 401, seconds=3, what="the key is refused")


def test_what_is_remembered_keeps_within_the_rule_for_revocations() -> None:
    from huntaze import settings as as_delivered

    assert 0 < as_delivered.API_KEY_SEEN_SECONDS < 5


def test_who_is_unknown_is_looked_up_each_time(world: Any, settings: Any) -> None:
    settings.API_KEY_SEEN_SECONDS = 60.0
    unknown = api_keys.make("live", secrets.choice)
    assert [asked(unknown) for _ in range(2)] == [(401, True), (401, True)]


def test_an_address_that_is_not_allowed_is_refused_from_memory_too(world: Any, settings: Any) -> None:
    settings.API_KEY_SEEN_SECONDS = 60.0
    key = api_key(world.owner, allowed_ips=["203.0.113.0/24"])
    path, bearer = STATUS, f"Bearer {key}"
    for _ in range(2):
        assert APIClient().get(path, HTTP_AUTHORIZATION=bearer, REMOTE_ADDR="203.0.113.7").status_code == 200
    assert APIClient().get(path, HTTP_AUTHORIZATION=bearer, REMOTE_ADDR="198.51.100.7").status_code == 401
