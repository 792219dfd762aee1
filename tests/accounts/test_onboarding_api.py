"""`/api/users/onboarding-status`: each step follows its row, there and back."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Creator, Membership, PlatformAccount, SecurityKey, User
from accounts.services import onboarding
from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Delivery
from tests.accounts.authenticator import Passkey
from tests.factories.accounts import (
    NOW,
    CreatorFactory,
    MembershipFactory,
    PlatformAccountFactory,
    WorkspaceFactory,
)
from tests.factories.messaging import FanFactory, delivery
from tests.factories.team import Team, access_token

PATH = "/api/users/onboarding-status"


@pytest.fixture
def owner(db: None) -> Membership:
    """Somebody who has just signed up."""
    member: Membership = MembershipFactory(workspace=WorkspaceFactory(), user__email_verified_at=None)
    return member


def status(client: Any) -> dict[str, Any]:
    answer = client.get(PATH)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def states(client: Any) -> dict[str, str]:
    return {step["id"]: step["status"] for step in status(client)["steps"]}


def skip(client: Any, step: str, skipped: bool = True) -> Any:
    return client.patch(PATH, {"step": step, "skipped": skipped}, format="json")


def test_who_has_just_signed_up_has_everything_before_them(owner: Membership, person: Any) -> None:
    assert status(person(owner)) == {
        "completed": False,
        "currentStep": "welcome",
        "progress": 0,
        "steps": [
            {"id": "welcome", "status": "pending", "required": True, "estimatedMinutes": 1},
            {"id": "creator_assessment", "status": "pending", "required": True, "estimatedMinutes": 3},
            {"id": "first_platform", "status": "pending", "required": True, "estimatedMinutes": 3},
            {"id": "second_factor", "status": "pending", "required": False, "estimatedMinutes": 2},
            {"id": "completion", "status": "pending", "required": True, "estimatedMinutes": 1},
        ],
    }


def test_each_step_follows_its_row(owner: Membership, person: Any) -> None:
    client = person(owner)

    def now(step: str) -> str:
        return states(client)[step]

    User.objects.filter(pk=owner.user_id).update(email_verified_at=NOW)
    assert (now("welcome"), status(client)["currentStep"]) == ("completed", "creator_assessment")

    creator = CreatorFactory(workspace=owner.workspace)
    assert (now("creator_assessment"), status(client)["currentStep"]) == ("completed", "first_platform")

    account = PlatformAccountFactory(creator=creator)
    assert (now("first_platform"), status(client)["progress"]) == ("completed", 60)

    Passkey(owner.user).enrol()
    assert now("second_factor") == "completed"

    row = delivery(FanFactory(account=account), owner, state="queued")
    assert now("completion") == "pending"
    with cross_workspace("demo"):
        Delivery.objects.filter(pk=row.pk).update(state="sent", dispatched_at=NOW, answered_at=NOW)
    done = status(client)
    assert (done["completed"], done["currentStep"], done["progress"]) == (True, None, 100)

    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=account.pk).update(state="expired")
        assert (
            now("first_platform") == "completed"
        )  # it was connected; that it needs a hand is said elsewhere
        PlatformAccount.objects.filter(pk=account.pk).update(state="disconnected")
        assert now("first_platform") == "pending"
        Creator.objects.filter(pk=creator.pk).update(status="offboarded")
        assert now("creator_assessment") == "pending"
    SecurityKey.objects.all().delete()
    assert now("second_factor") == "pending"


def test_another_platform_is_a_step_where_the_operator_offers_one(
    owner: Membership, person: Any, settings: Any
) -> None:
    client = person(owner)
    assert "additional_platforms" not in states(client)
    settings.INSTAGRAM_APP_ID, settings.INSTAGRAM_APP_SECRET = "an-id", "a-secret"
    creator = CreatorFactory(workspace=owner.workspace)
    PlatformAccountFactory(creator=creator, platform="instagram")
    found = states(client)
    assert (found["first_platform"], found["additional_platforms"]) == ("pending", "completed")
    with cross_workspace("demo"):
        PlatformAccount.objects.update(platform="onlyfans")
    found = states(client)
    assert (found["first_platform"], found["additional_platforms"]) == ("completed", "pending")


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("owner", ["welcome", "creator_assessment", "first_platform", "second_factor", "completion"]),
        ("team", ["welcome", "creator_assessment", "first_platform", "second_factor", "completion"]),
        ("chatter", ["welcome", "second_factor", "completion"]),
        ("creator", ["welcome", "first_platform", "second_factor", "completion"]),
    ],
)
def test_everybody_has_the_steps_they_may_do(team: Team, person: Any, kind: str, steps: list[str]) -> None:
    assert list(states(person(team[kind]))) == steps


def test_a_step_is_done_by_what_the_member_reaches(team: Team, person: Any) -> None:
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=team.own_account.pk).update(state="disconnected")
    assert states(person(team["owner"]))["first_platform"] == "completed"
    assert states(person(team["team"]))["first_platform"] == "pending"


def test_another_workspace_s_rows_do_nothing_here(owner: Membership, theirs: Team, person: Any) -> None:
    delivery(FanFactory(account=theirs.own_account), theirs["owner"], state="sent", dispatched_at=NOW)
    assert set(states(person(owner)).values()) == {"pending"}


def test_a_key_looks_and_skips_nothing(team: Team, api: Any) -> None:
    client = api(team["owner"], scopes=("read",))
    assert status(client)["completed"] is False
    assert list(states(client))[:3] == ["welcome", "creator_assessment", "first_platform"]
    assert skip(client, "second_factor").status_code == 403
    assert api().get(PATH).status_code == 401


def test_an_optional_step_is_skipped_and_asked_again(owner: Membership, person: Any) -> None:
    client = person(owner)
    found = skip(client, "second_factor").json()
    assert [step["status"] for step in found["steps"] if step["id"] == "second_factor"] == ["skipped"]
    assert skip(client, "second_factor").status_code == 200
    assert states(client)["second_factor"] == "skipped"
    skip(client, "second_factor", skipped=False)
    assert states(client)["second_factor"] == "pending"


def test_what_one_skips_is_asked_of_the_others(team: Team, person: Any) -> None:
    skip(person(team["owner"]), "second_factor")
    assert states(person(team["manager"]))["second_factor"] == "pending"


@pytest.mark.parametrize(
    "step", ["welcome", "first_platform", "completion", "additional_platforms", "x", None]
)
def test_no_other_step_is_skipped(owner: Membership, person: Any, step: Any) -> None:
    client = person(owner)
    answer = skip(client, step)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "step")
    assert set(states(client).values()) == {"pending"}


def test_a_compulsory_second_factor_is_no_choice(team: Team, settings: Any, api: Any) -> None:
    settings.MFA_REQUIRED_ROLES = ["owner"]
    with cross_workspace("demo"):
        soon = clock.now() - timedelta(days=1)
        Membership.objects.filter(workspace=team.workspace).update(joined_at=soon)
        PlatformAccount.objects.filter(workspace=team.workspace).update(connected_at=soon)
    from rest_framework.test import APIClient

    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(team['owner'])}")
    found = {step["id"]: step["required"] for step in status(client)["steps"]}
    assert found["second_factor"] is True
    assert skip(client, "second_factor").status_code == 400


def test_it_costs_the_same_however_much_there_is(
    team: Team, person: Any, django_assert_max_num_queries: Any
) -> None:
    client = person(team["owner"])
    client.get(PATH)
    with django_assert_max_num_queries(12):
        client.get(PATH)


@pytest.mark.django_db(transaction=True)
def test_two_skips_at_once_are_both_kept(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The list is read and written: without the row's lock one of the two would be lost."""
    settings.INSTAGRAM_APP_ID, settings.INSTAGRAM_APP_SECRET = "an-id", "a-secret"
    assert [race(monkeypatch, is_locked) for is_locked in (False, True)] == [1, 2]


def race(monkeypatch: pytest.MonkeyPatch, is_locked: bool) -> int:
    """How many of two skips are kept when both have read before either writes, as far as the lock lets them."""
    member = MembershipFactory()
    principal = onboarding_principal(member)
    meet = threading.Barrier(2, timeout=1)

    def look(row: Membership) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            meet.wait()  # the other one may wait for our lock
        return row

    rows = Membership.objects.select_for_update if is_locked else Membership.objects.select_related

    class Meeting:
        def __init__(self, found: Any) -> None:
            self.found = found

        def get(self, **names: Any) -> Any:
            return look(self.found.get(**names))

    def work(step: str) -> None:
        try:
            with workspace_scope(member.workspace_id):
                onboarding.skip(principal=principal, step=step, is_skipped=True, now=NOW)
        finally:
            connection.close()

    with monkeypatch.context() as patch:
        patch.setattr(
            Membership.objects,
            "select_for_update",
            lambda **how: Meeting(rows(**how) if is_locked else rows()),
            raising=False,
        )
        with ThreadPoolExecutor(2) as both:
            list(both.map(work, ["second_factor", "additional_platforms"]))
    with cross_workspace("demo"):
        return len(Membership.objects.get(pk=member.pk).skipped_steps)


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_adds_one_creator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both look before either writes: without the workspace's lock there would be two."""
    assert [twice(monkeypatch, is_locked) for is_locked in (False, True)] == [[True, True], [False, True]]


def twice(monkeypatch: pytest.MonkeyPatch, is_locked: bool) -> list[bool]:
    """What two at once are told, as far as the lock lets them meet between looking and writing."""
    member = MembershipFactory()
    principal = onboarding_principal(member)
    meet = threading.Barrier(2, timeout=1)
    look = onboarding._has_creator

    def looked(who: Any) -> bool:
        found = look(who)
        with contextlib.suppress(threading.BrokenBarrierError):
            meet.wait()  # the other one may wait for our lock
        return found

    def work(name: str) -> bool:
        try:
            with workspace_scope(member.workspace_id):
                return onboarding.add_first_creator(
                    principal=principal, stage_name=name, timezone="UTC", actor=Actor.of(principal), now=NOW
                )
        finally:
            connection.close()

    with monkeypatch.context() as patch:
        patch.setattr(onboarding, "_has_creator", looked)
        if not is_locked:
            patch.setattr(onboarding, "lock_workspace", lambda pk: None)
        with ThreadPoolExecutor(2) as both:
            told = sorted(both.map(work, ["Luna", "Luna"]))
    with cross_workspace("demo"):
        assert Creator.objects.filter(workspace=member.workspace).count() == sum(told)
    return told


def onboarding_principal(member: Membership) -> Any:
    from accounts.selectors import principal_of

    with workspace_scope(member.workspace_id):
        return principal_of(member, limit=60)
