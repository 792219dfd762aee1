"""A forgotten password, a changed one, and what both end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import AuditEvent, Mail, Membership, User
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.factors import with_app
from tests.accounts.letters import link, send, subjects, token
from tests.factories.accounts import NOW, PASSWORD, UserFactory

RESET, CONFIRM, CHANGE = (f"/api/auth/password/{name}" for name in ("reset", "reset/confirm", "change"))
STATUS = "/api/onlyfans/messaging/status"
NEW = "Another-horse-8"


def ask(email: str, client: APIClient | None = None) -> Any:
    return (client or APIClient()).post(RESET, {"email": email}, format="json")


def choose(value: str, password: str = NEW) -> Any:
    return APIClient().post(CONFIRM, {"token": value, "password": password}, format="json")


def reset_token(user: User) -> str:
    ask(user.email, APIClient(REMOTE_ADDR=f"198.51.100.{user.pk % 250}"))
    return token("/password/reset/")


def signed_in(member: Membership, password: str = PASSWORD) -> APIClient:
    client = APIClient()
    answer = client.post(
        "/api/auth/signin", {"email": member.user.email, "password": password}, format="json"
    )
    assert answer.status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['accessToken']}")
    return client


def refreshed(client: APIClient) -> int:
    """The status of a refresh; the new access token is used from then on."""
    answer = client.post("/api/auth/refresh", {}, format="json")
    if answer.status_code == 200:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['accessToken']}")
    return int(answer.status_code)


def change(client: APIClient, current: str = PASSWORD, new: str = NEW) -> Any:
    return client.post(CHANGE, {"currentPassword": current, "newPassword": new}, format="json")


def test_a_password_counts_exactly_as_it_was_chosen(world: Any) -> None:
    """Spaces, other alphabets, case and length: nothing is cut, folded or trimmed on the way in or out."""
    long = "Été à Nice 7 " + "x" * 100 + " ÿ "
    client = signed_in(world.owner)
    assert change(client, new=long).status_code == 200
    for number, other in enumerate(
        (long.strip(), long.lower(), long[:64], long[:72], long + "x", "e" + long[1:])
    ):
        guesser = APIClient(REMOTE_ADDR=f"198.51.100.{number}")
        body = {"email": world.owner.user.email, "password": other}
        assert guesser.post("/api/auth/signin", body, format="json").status_code == 401
    assert signed_in(world.owner, long).get(STATUS).status_code == 200


def test_a_password_does_not_grow_old(world: Any) -> None:
    """Ten years later it still opens the door, and nobody is asked to change it."""
    with time_machine.travel(NOW + timedelta(days=3650), tick=False):
        assert signed_in(world.owner).get(STATUS).status_code == 200


def test_a_new_password_does_not_stand_in_for_the_second_factor(world: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        _, codes = with_app(world.owner.user, NOW)
        assert choose(reset_token(world.owner.user)).status_code == 200
        body = {"email": world.owner.user.email, "password": NEW}
        answer = APIClient().post("/api/auth/signin", body, format="json")
        assert (answer.status_code, answer.json()["error"]) == (401, "Second factor required")
        assert (
            APIClient().post("/api/auth/signin", body | {"code": codes[0]}, format="json").status_code == 200
        )


def test_nobody_has_a_hint_or_a_question() -> None:
    fields = {field.name for model in (User, Membership) for field in model._meta.get_fields()}
    assert {name for name in fields if "hint" in name or "question" in name or "answer" in name} == set()


# --- forgotten


def test_the_answer_is_the_same_for_a_known_and_an_unknown_mail(world: Any) -> None:
    answers = [ask(world.owner.user.email), ask("nobody@example.test")]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert {answer.json()["message"] for answer in answers} == {"If the account exists, a mail was sent"}
    assert [sorted(answer.headers) for answer in answers] == [sorted(answers[0].headers)] * 2
    assert subjects() == ["Choose a new password"]


def test_the_work_is_the_same_for_a_known_and_an_unknown_mail(world: Any) -> None:
    """The time follows: who the mail belongs to is found out by the worker."""
    ask("first@example.test")  # makes the data key
    done = []
    for email in (world.owner.user.email, "nobody@example.test"):
        with CaptureQueriesContext(connection) as queries:
            ask(email)
        done.append([query["sql"].split(" ")[0] for query in queries])
    assert done[0] == done[1]


def test_an_inactive_person_gets_no_mail(db: None) -> None:
    ask(UserFactory(is_active=False).email)
    assert send() == []


def test_the_mail_speaks_the_person_s_language(db: None) -> None:
    ask(UserFactory(locale="fr").email)
    assert subjects() == ["Choisissez un nouveau mot de passe"]


def test_more_than_three_an_hour_for_a_mail_are_silently_none(world: Any) -> None:
    answers = [
        ask(world.owner.user.email, APIClient(REMOTE_ADDR=f"203.0.113.{number}")) for number in range(5)
    ]
    assert [answer.status_code for answer in answers] == [202] * 5
    assert len(send()) == 3


def test_an_address_asks_three_times_a_minute(db: None) -> None:
    codes = [ask(f"person{number}@example.test").status_code for number in range(4)]
    assert codes == [202, 202, 202, 429]


def test_the_link_gives_a_new_password_and_does_not_sign_in(world: Any) -> None:
    answer = choose(reset_token(world.owner.user))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert django_settings.REFRESH_COOKIE_NAME not in answer.cookies
    signed_in(world.owner, NEW)
    assert User.objects.get(pk=world.owner.user_id).check_password(NEW)


def test_it_ends_every_session_and_tells_the_person(world: Any) -> None:
    laptop, phone, other = signed_in(world.owner), signed_in(world.owner), signed_in(world.manager)
    choose(reset_token(world.owner.user))
    assert [client.get(STATUS).status_code for client in (laptop, phone, other)] == [401, 401, 200]
    assert [refreshed(client) for client in (laptop, phone, other)] == [401, 401, 200]
    assert subjects()[-1] == "Your password was changed"
    with cross_workspace("demo"):
        assert AuditEvent.objects.filter(action="auth.password_reset").count() == 1


def test_a_link_works_once(world: Any) -> None:
    value = reset_token(world.owner.user)
    assert choose(value).status_code == 200
    again = choose(value, "A-third-horse-9")
    assert (again.status_code, again.json()["error"]) == (400, "Invalid or expired token")
    assert User.objects.get(pk=world.owner.user_id).check_password(NEW)


def test_a_link_dies_with_any_password_change(world: Any) -> None:
    value = reset_token(world.owner.user)
    assert change(signed_in(world.owner)).status_code == 200
    assert choose(value, "A-third-horse-9").status_code == 400


def test_a_link_works_for_an_hour(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        value = reset_token(world.owner.user)
        clock.shift(timedelta(hours=1, seconds=1))
        assert choose(value).status_code == 400
        clock.shift(timedelta(seconds=-2))
        assert choose(value).status_code == 200


def test_a_verification_link_gives_no_password(db: None) -> None:
    from accounts.services import links

    user = UserFactory(email_verified_at=None)
    assert choose(links.verify_token(user)).status_code == 400


def test_a_weak_password_leaves_everything_as_it_was(world: Any) -> None:
    value = reset_token(world.owner.user)
    answer = choose(value, "Password1")
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "password")
    signed_in(world.owner)
    assert choose(value).status_code == 200


def test_reading_the_mail_proves_the_address(world: Any) -> None:
    User.objects.filter(pk=world.owner.user_id).update(email_verified_at=None)
    choose(reset_token(world.owner.user))
    assert User.objects.get(pk=world.owner.user_id).email_verified_at is not None


@pytest.mark.django_db(transaction=True)
def test_of_two_that_use_a_link_at_once_one_wins(world: Any) -> None:
    value, barrier = reset_token(world.owner.user), threading.Barrier(2)

    def work(number: int) -> int:
        try:
            barrier.wait(10)
            return int(choose(value, f"Another-horse-{number}").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, range(2))) == [200, 400]
    assert Mail.objects.filter(kind="password_changed").count() == 1


# --- changed


def test_a_change_keeps_this_session_and_ends_the_others(world: Any) -> None:
    here, there = signed_in(world.owner), signed_in(world.owner)
    answer = change(here)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [refreshed(here), refreshed(there)] == [200, 401]
    assert [here.get(STATUS).status_code, there.get(STATUS).status_code] == [200, 401]
    assert subjects()[-1] == "Your password was changed"


def test_it_needs_the_current_password(world: Any) -> None:
    client = signed_in(world.owner)
    answer = change(client, "Wrong-password-1")
    assert (answer.status_code, answer.json()["error"]) == (401, "Invalid credentials")
    assert User.objects.get(pk=world.owner.user_id).check_password(PASSWORD)
    assert client.get(STATUS).status_code == 200


def test_the_new_one_keeps_the_rules(world: Any) -> None:
    answer = change(signed_in(world.owner), new="Qwerty123")
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "newPassword")


def test_a_key_can_not_change_a_password(world: Any, api: Any) -> None:
    assert change(api(world.owner)).status_code == 403


def test_the_address_of_the_link_is_ours(world: Any, settings: Any) -> None:
    ask(world.owner.user.email, APIClient(SERVER_NAME="evil.example", HTTP_HOST="testserver"))
    assert str(send()[0].body).count(f"{settings.BASE_URL}/password/reset/") == 1
    assert link("/password/reset/")
