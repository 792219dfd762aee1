"""Texts are emptied when their time is over, the workspace's own or the installation's; the rows stay as evidence."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.errors import AlreadyHeld
from accounts.models import RetentionChoice
from accounts.services.audit import Actor
from accounts.services.privacy import holds
from accounts.services.retention import choices, registry, run
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.errors import NotFailed
from messaging.models import Campaign, Delivery, InboundEvent, Message
from messaging.rules.content import NO_TEXT
from messaging.services import inbound, retention
from messaging.services.dead_letters import retry_failed
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import campaign
from tests.factories.messaging import delivery
from tests.platforms.webhooks import body

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SYSTEM = Actor.system()


def written(world: Any, text: str, age: timedelta, *, fan: Any = None, state: str = "sent") -> Message:
    member = world.outsider if fan is not None else world.owner
    row = delivery(fan or world.fan, member, text=text, state=state)
    with cross_workspace("demo"):
        Message.objects.filter(pk=row.message_id).update(created_at=clock.now() - age)
    return row.message


def texts() -> list[str]:
    with cross_workspace("demo"):
        return [row.text.reveal() for row in Message.objects.order_by("pk")]


def choose(member: Any, days: int) -> bool:
    with workspace_scope(member.workspace_id):
        return choices.choose(
            workspace_pk=member.workspace_id, name="message_texts", days=days, actor=SYSTEM, now=clock.now()
        )


def test_texts_are_emptied_after_two_years_and_everything_else_stays(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "TEXTS", 2)
    for number in range(5):
        written(world, f"old {number}", 732 * DAY)
    written(world, "young", 730 * DAY)
    assert registry.rule_of("message_texts").waiting(clock.now()) == 5
    assert run.forget("message_texts", now=clock.now()) == 5
    assert texts() == ["", "", "", "", "", "young"]
    with cross_workspace("demo"):
        assert Message.objects.filter(text_digest=NO_TEXT).count() == 5
        assert Delivery.objects.filter(state="sent").count() == 6
    assert run.forget("message_texts", now=clock.now()) == 0


def test_a_workspace_may_keep_texts_for_less(world: Any) -> None:
    written(world, "ours", 91 * DAY)
    written(world, "theirs", 91 * DAY, fan=world.outsider_fan)
    assert (choose(world.owner, 90), choose(world.owner, 90)) == (True, False)
    assert run.forget("message_texts", now=clock.now()) == 1
    assert texts() == ["", "theirs"]


@pytest.mark.parametrize("days", [0, 89, 732])
def test_a_choice_stays_within_its_bounds(world: Any, days: int) -> None:
    with pytest.raises(Invalid):
        choose(world.owner, days)
    with cross_workspace("demo"):
        assert not RetentionChoice.objects.exists()


def test_a_longer_period_of_old_gives_way_to_a_shorter_one_of_the_installation(
    world: Any, settings: Any
) -> None:
    choose(world.owner, 365)
    settings.RETENTION = settings.RETENTION | {"message_texts": 100 * DAY}
    assert choices.chosen(workspace_pk=world.owner.workspace_id, name="message_texts") == 100 * DAY


@pytest.mark.parametrize("state", ["held", "scheduled", "queued", "sending", "uncertain"])
def test_what_is_still_to_be_sent_keeps_its_text(world: Any, state: str) -> None:
    written(world, "for later", 800 * DAY, state=state)
    assert run.forget("message_texts", now=clock.now()) == 0
    assert texts() == ["for later"]


def test_a_dead_letter_without_its_text_can_not_be_sent_any_more(world: Any) -> None:
    written(world, "given up", 800 * DAY, state="failed")
    assert run.forget("message_texts", now=clock.now()) == 1
    with cross_workspace("demo"):
        row = Delivery.objects.select_related("account").get()
        assert (row.state, row.last_error) == ("cancelled", "retention")
        with pytest.raises(NotFailed):
            retry_failed(delivery=row, actor=SYSTEM, now=clock.now())


def test_what_is_queued_again_at_that_moment_keeps_its_text(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the second look, under the deliveries' lock, an empty message would go out."""
    written(world, "after all", 800 * DAY, state="failed")
    real = retention._given_up

    def queued_meanwhile(pks: list[int]) -> set[int]:
        Delivery.objects.update(state="queued")
        return real(pks)

    monkeypatch.setattr(retention, "_given_up", queued_meanwhile)
    assert run.forget("message_texts", now=clock.now()) == 0
    assert texts() == ["after all"]


def test_texts_of_campaigns_are_emptied_two_years_after_their_end(world: Any) -> None:
    now = clock.now()
    rows = [campaign(world.account, world.owner, [], text=f"offer {age}", name="x") for age in (730, 732, 0)]
    with cross_workspace("demo"):
        for row, age in zip(rows[:2], (730, 732), strict=True):
            Campaign.objects.filter(pk=row.pk).update(ended_at=now - age * DAY, state="cancelled")
    assert run.forget("campaign_texts", now=now) == 1
    with cross_workspace("demo"):
        found = [row.text.reveal() for row in Campaign.objects.order_by("pk")]
    assert found == ["offer 730", "", "offer 0"]


# --- holds


def test_nothing_of_a_held_workspace_is_forgotten_until_it_is_released(world: Any) -> None:
    now = clock.now()
    written(world, "ours", 800 * DAY)
    written(world, "theirs", 800 * DAY, fan=world.outsider_fan)
    told = {"their": world.outsider_account.external_id, "our": world.account.external_id}
    for key, account in told.items():
        inbound.store(body=body("posts.liked", account, {"id": 1}), event_key=key, now=now - 40 * DAY)
    hold = holds.place(
        workspace_pk=world.owner.workspace_id, reason="Court order 12/345", user_pk=UserFactory().pk, now=now
    )
    assert (run.forget("message_texts", now=now), run.forget("inbound_events", now=now)) == (1, 1)
    assert texts() == ["ours", ""]
    assert InboundEvent.objects.values_list("event_key", flat=True).get() == "our"
    holds.release(hold=hold, user_pk=UserFactory().pk, now=now)
    assert (run.forget("message_texts", now=now), run.forget("inbound_events", now=now)) == (1, 1)
    assert texts() == ["", ""]


def test_a_workspace_is_held_once(world: Any) -> None:
    values: dict[str, Any] = {
        "workspace_pk": world.owner.workspace_id, "reason": "Court order 12/345", "user_pk": UserFactory().pk,
    }  # fmt: skip
    holds.place(**values, now=clock.now())
    with pytest.raises(AlreadyHeld):
        holds.place(**values, now=clock.now())
