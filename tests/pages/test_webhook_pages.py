"""The pages of outgoing webhooks: secrets shown once, states with reasons in words, every deed a plain form."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import AuditEvent, User, WebhookDelivery, WebhookSubscription
from accounts.sessions import note_proof
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.factories.accounts import UserFactory
from tests.factories.webhooks import SECRET, webhook_endpoint

Browser = Callable[..., Client]
ROOT = "/settings/webhooks"
FORM = {
    "url": "https://example.com/hook?token=abc",
    "events": ["message.failed", "export.ready"],
    "description": "Pager",
}
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")


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


@pytest.fixture
def told(world: World) -> tuple[WebhookSubscription, WebhookDelivery]:
    with cross_workspace("demo"):
        return webhook_endpoint(world.owner.workspace, "night")


def row(found: Any) -> Any:
    with cross_workspace("demo"):
        return type(found).objects.get(pk=found.pk)


def put(found: Any, **fields: Any) -> None:
    with cross_workspace("demo"):
        type(found).objects.filter(pk=found.pk).update(**fields)


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_without_endpoints_it_says_what_they_are_for(browser: Browser, world: World) -> None:
    assert "No endpoints yet" in text(browser(world.owner).get(ROOT))


def test_a_new_endpoint_shows_its_secret_once(proved: Any, world: World) -> None:
    client = proved(world.owner)
    answer = client.post(f"{ROOT}/new", FORM)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store, private")
    (secret,) = set(_SECRET.findall(text(answer)))
    with cross_workspace("demo"):
        made = WebhookSubscription.objects.get()
    assert (made.secret.reveal(), made.url.reveal(), made.events) == (
        secret,
        FORM["url"],
        sorted(FORM["events"]),
    )
    page = text(client.get(f"{ROOT}/{made.public_id}"))
    assert (_SECRET.findall(page), "Pager" in page) == ([], True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://example.com/"}, "Use a public https address, on port 443 or 8443."),
        ({"url": "https://127.0.0.1/"}, "Use a public https address, on port 443 or 8443."),
        ({"url": ""}, "This field is required."),
        ({"events": []}, "Choose at least one."),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    proved: Any, world: World, wrong: dict[str, Any], said: str
) -> None:
    answer = proved(world.owner).post(f"{ROOT}/new", FORM | wrong)
    assert answer.status_code == 422
    assert said in text(answer)
    assert 'value="Pager"' in text(answer)
    with cross_workspace("demo"):
        assert not WebhookSubscription.objects.exists()


def test_adding_changing_and_new_secrets_ask_for_the_password_first(
    browser: Browser, world: World, told: Any
) -> None:
    client, path = browser(world.owner), f"{ROOT}/{told[0].public_id}"
    for address in (f"{ROOT}/new", f"{path}/change", f"{path}/rotate", f"{path}/enable"):
        assert client.post(address, FORM)["Location"].startswith("/confirm")
    assert row(told[0]).secret.reveal() == SECRET


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, ["On"]),
        ({"failing_since": clock.now()}, ["Failing", "since"]),
        ({"disabled_at": clock.now(), "disabled_reason": "failing"}, ["Off", "It failed for five days."]),
        ({"disabled_at": clock.now(), "disabled_reason": "gone"}, ["It answered that the address is gone"]),
        ({"disabled_at": clock.now(), "disabled_reason": "by_member"}, ["A member switched it off."]),
    ],
)  # fmt: skip
def test_its_state_is_said_in_words(
    browser: Browser, world: World, told: Any, fields: dict[str, Any], said: list[str]
) -> None:
    put(told[0], **fields)
    client = browser(world.owner)
    for address in (ROOT, f"{ROOT}/{told[0].public_id}"):
        page = text(client.get(address))
        assert [word for word in said if word not in page] == []


def test_its_log_says_what_became_of_each_event(browser: Browser, world: World, told: Any) -> None:
    tries = [{"at": "2026-01-01T00:00:00Z", "status": 503, "error": "http_503", "ms": 120}]
    put(told[1], last_error="http_503", tries=tries)
    page = text(browser(world.owner).get(f"{ROOT}/{told[0].public_id}"))
    for words in ("A message could not be sent", "Given up", "It answered 503.", "503 · 120 ms"):
        assert words in page


def test_in_french_too(browser: Browser, world: World, told: Any) -> None:
    put(told[0], disabled_at=clock.now(), disabled_reason="failing")
    User.objects.filter(pk=world.owner.user_id).update(locale="fr")
    world.owner.user.refresh_from_db()
    page = text(browser(world.owner).get(f"{ROOT}/{told[0].public_id}"))
    assert "Il a échoué pendant cinq jours." in page
    assert "Un message n’a pas pu être envoyé" in page


def test_a_log_of_many_pages_is_walked_to_its_end(browser: Browser, world: World, told: Any) -> None:
    with cross_workspace("demo"):
        for number in range(60):
            copy = WebhookDelivery.objects.get(pk=told[1].pk)
            copy.pk, copy.uid, copy.event_uid = None, WebhookDelivery().uid, WebhookDelivery().uid
            copy.body = f'{{"number":{number}}}'
            copy.save()
    client, path = browser(world.owner), f"{ROOT}/{told[0].public_id}"
    first = text(client.get(path))
    (after,) = re.findall(r"\?after=(whd_\w+)", first)
    second = text(client.get(f"{path}?after={after}"))
    numbers = [int(found) for found in re.findall(r"number&quot;:(\d+)", first + second)]
    assert numbers == list(range(59, -1, -1))
    assert (first.count('rel="next"'), second.count('rel="next"')) == (1, 0)
    assert "No older events" in text(client.get(f"{path}?after={told[1].public_id}"))


# --- deeds


def test_it_is_tested_switched_off_and_on_and_removed(proved: Any, world: World, told: Any) -> None:
    client, path = proved(world.owner), f"{ROOT}/{told[0].public_id}"
    assert client.post(f"{path}/test")["Location"] == path
    with cross_workspace("demo"):
        assert WebhookDelivery.objects.filter(kind="webhook.ping", state="queued").count() == 1
    client.post(f"{path}/disable")
    assert row(told[0]).disabled_reason == "by_member"
    assert "switch it on first" in text(client.post(f"{path}/test", follow=True))
    client.post(f"{path}/enable")
    assert row(told[0]).disabled_at is None
    assert client.post(f"{path}/remove")["Location"] == ROOT
    assert row(told[0]).removed_at is not None
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/nothing").status_code == 404


def test_an_event_and_everything_missed_are_sent_again(proved: Any, world: World, told: Any) -> None:
    client, path = proved(world.owner), f"{ROOT}/{told[0].public_id}"
    again = f"{path}/events/{told[1].public_id}/replay"
    client.post(again)
    assert row(told[1]).state == "queued"
    assert "still waiting" in text(client.post(again, follow=True))
    put(told[1], state="failed", queued_at=clock.now() - timedelta(days=1))
    assert "1 event is sent again." in text(client.post(f"{path}/replay", follow=True))
    assert row(told[1]).state == "queued"


def test_a_new_secret_is_shown_once_and_the_old_one_lives_on_for_a_day(
    proved: Any, world: World, told: Any
) -> None:
    page = text(proved(world.owner).post(f"{ROOT}/{told[0].public_id}/rotate"))
    (secret,) = set(_SECRET.findall(page))
    found = row(told[0])
    assert (found.secret.reveal(), found.old_secret.reveal()) == (secret, SECRET)
    assert "both signatures" in page


def test_it_is_changed(proved: Any, world: World, told: Any) -> None:
    client, path = proved(world.owner), f"{ROOT}/{told[0].public_id}"
    assert client.post(f"{path}/change", FORM | {"url": "ftp://x"}).status_code == 422
    assert client.post(f"{path}/change", FORM)["Location"] == path
    assert (row(told[0]).url.reveal(), row(told[0]).description) == (FORM["url"], "Pager")


# --- who


def test_only_owners_get_in_and_theirs_are_nobody_elses(
    browser: Browser, proved: Any, world: World, told: Any
) -> None:
    path = f"{ROOT}/{told[0].public_id}"
    found = {
        name: [browser(getattr(world, name)).get(address).status_code for address in (ROOT, path)]
        for name in ("owner", "manager", "chatter", "outsider")
    }
    assert found == {
        "owner": [200, 200],
        "manager": [403, 403],
        "chatter": [403, 403],
        "outsider": [200, 404],
    }
    assert proved(world.outsider).post(f"{path}/remove").status_code == 404
    assert row(told[0]).removed_at is None


# --- the staff's pages


def staff(group: str) -> Client:
    user = UserFactory(is_staff=True)
    user.groups.set([Group.objects.get(name=group)])
    client = Client()
    client.force_login(user)
    return client


def test_staff_look_and_with_the_right_send_again(db: None, world: World, told: Any) -> None:
    lists = "/admin/accounts/webhookdelivery/"
    deed = {"action": "send_again", "_selected_action": [told[1].pk]}
    looking = staff("finance")
    page = text(looking.get(f"/admin/accounts/webhooksubscription/{told[0].pk}/change/"))
    assert ("night Endpoint" in page, SECRET in page, "example.com" in page) == (True, False, False)
    looking.post(lists, deed)
    assert row(told[1]).state == "failed"
    acting = staff("support")
    assert "1 event is sent again." in text(acting.post(lists, deed, follow=True))
    assert row(told[1]).state == "queued"
    with cross_workspace("demo"):
        assert AuditEvent.objects.get(action="webhook.sent_again").actor_kind == "staff"
    put(told[1], state="failed")
    put(told[0], disabled_at=clock.now())
    assert "1 event has an endpoint that is off." in text(acting.post(lists, deed, follow=True))
    assert row(told[1]).state == "failed"
