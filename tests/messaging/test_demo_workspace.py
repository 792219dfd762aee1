"""A person's demo workspace: made once, full and believable, reaching nobody, and gone without a trace."""

import threading
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import close_old_connections, connection

from accounts.errors import DemoStaysInside
from accounts.models import AuditEvent, Membership, PlatformAccount, User, Workspace
from accounts.services import invitations, platform_accounts
from accounts.services.audit import Actor
from accounts.services.connections import start
from accounts.services.mail import mail_to, send_due
from accounts.services.webhooks import endpoints
from accounts.types import Platform, Role
from billing.services.stripe.customers import customer_of
from huntaze.kernel import clock
from huntaze.kernel.errors import NotAllowed
from huntaze.kernel.limiter import Grant, Lane
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.platforms.errors import Permanent
from messaging.models import Campaign, Conversation, Delivery, Demo, Fan, FanSignal, Message
from messaging.rules.demo.plan import world as plan_of
from messaging.services import sync, uncertain
from messaging.services.campaigns import tend
from messaging.services.demos import asking, build, campaigns, work
from messaging.services.sending.claims import claim
from messaging.types import CampaignState
from tests.conftest import World
from tests.factories.messaging import delivery
from tests.sandbox.server import Sandbox


def asked(member: Membership) -> Demo:
    return asking.make(
        user_pk=member.user_id,
        home_pk=member.workspace_id,
        actor=Actor.member(member.user_id, member.pk),
        timezone="Europe/Paris",
        now=clock.now(),
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world that is made in no time, for what does not depend on its size."""
    for name, value in {"FANS": 110, "TALKS": 4, "DAYS": 5}.items():
        monkeypatch.setattr(f"messaging.rules.demo.plan.{name}", value)
    few = (campaigns.Shape("running", CampaignState.RUNNING, timedelta(minutes=5), sent=20, waiting=30),)
    monkeypatch.setattr(campaigns, "SHAPES", (few, (), ()))


@pytest.fixture
def demo(small: None, world: World) -> Demo:
    return made_for(world)


def made_for(world: World) -> Demo:
    made = asked(world.owner)
    assert work.tend(now=clock.now()) == 1
    made.refresh_from_db()
    return made


def counts() -> dict[str, int]:
    """Rows of every table there is, the log's own excepted: what was done is not undone by a wipe."""
    with cross_workspace("demo"):
        return {
            model._meta.label: model._default_manager.count()
            for model in apps.get_models()
            if model._meta.managed and model._meta.label != "accounts.AuditEvent"
        }


def test_the_same_seed_makes_the_same_world_and_another_another() -> None:
    now = clock.now()
    first = plan_of(7, now)
    assert first == plan_of(7, now)
    assert first != plan_of(8, now)
    for creator in first:
        assert len(creator.fans) == 400
        assert len({fan.handle for fan in creator.fans}) == 400
        moments = [payment.at for payment in creator.payments] + [line.at for line in creator.lines]
        assert max(moments) <= now
        assert now - min(moments) > timedelta(days=360)
        assert all(creator.fans[one.fan].first_seen_at <= one.sent_at for one in creator.payments)


def test_it_makes_three_creators_with_everything_that_pages_show(world: World) -> None:
    demo = made_for(world)
    assert (demo.state, demo.done_count == demo.total_count) == ("done", True)
    with workspace_scope(demo.workspace_id):
        roles = sorted(Membership.objects.values_list("role", flat=True))
        assert roles == ["chatter", "creator", "manager", "owner"]
        accounts = PlatformAccount.objects.order_by("pk")
        assert [(row.state, row.is_sending_paused) for row in accounts] == [
            ("connected", False), ("expired", False), ("connected", True),
        ]  # fmt: skip
        assert [Fan.objects.filter(account=row).count() for row in accounts] == [400, 400, 400]
        assert {row.state for row in Campaign.objects.all()} == {
            "done", "running", "scheduled", "awaiting_approval", "draft", "paused",
        }  # fmt: skip
        states = set(Delivery.objects.values_list("state", flat=True))
        assert states == {"queued", "scheduled", "held", "sent", "failed", "uncertain"}
        assert Conversation.objects.exclude(last_message_at=None).count() == 120
        paid = Message.objects.exclude(purchased_at=None)
        assert set(FanSignal.objects.filter(kind="purchase").values_list("message", flat=True)) == set(
            paid.values_list("pk", flat=True)
        )
        assert Message.objects.order_by("pk")[0].text.reveal() != ""
        oldest = FanSignal.objects.order_by("occurred_at").values_list("occurred_at", flat=True)[0]
        assert demo.asked_at - oldest > timedelta(days=360)
        assert not AuditEvent.objects.exists()


def test_nothing_of_it_is_claimed_by_the_senders(demo: Demo, world: World) -> None:
    own = delivery(world.fan, world.owner)
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(workspace=demo.workspace).update(
            state="connected", is_sending_paused=False
        )
        accounts = list(PlatformAccount.objects.values_list("pk", flat=True))
        grants = [
            Grant(pk, lane, 1, tuple(f"{pk}{lane}{n}" for n in range(10))) for pk in accounts for lane in Lane
        ]
        assert [row.id for row in claim(grants, lease=60)] == [own.pk]


def test_a_real_account_in_a_demos_workspace_is_claimed_on_the_sandbox_alone(
    world: World, settings: Any
) -> None:
    own = delivery(world.fan, world.owner)
    Workspace.objects.filter(pk=world.owner.workspace_id).update(is_demo=True)
    grants = [Grant(world.account.pk, Lane.INTERACTIVE, 1, ("a",))]
    settings.ONLYFANSAPI_BASE_URL = "https://app.onlyfansapi.com"
    assert claim(grants, lease=60) == []
    settings.ONLYFANSAPI_BASE_URL = "http://127.0.0.1:9/onlyfansapi"
    assert [row.id for row in claim(grants, lease=60)] == [own.pk]


def test_no_call_about_its_accounts_reaches_even_the_sandbox(demo: Demo, platform: Sandbox) -> None:
    before = len(platform.control("GET", "requests"))
    with workspace_scope(demo.workspace_id):
        account = PlatformAccount.objects.order_by("pk")[0]
        with pytest.raises(Permanent, match="made_up"):
            sync.sync_fans(account=account, now=clock.now())
        Delivery.objects.filter(state="uncertain").update(needs_lookup=True, available_at=clock.now())
    uncertain.resolve_uncertain(now=clock.now())
    assert len(platform.control("GET", "requests")) == before


def test_nothing_and_nobody_outside_can_be_reached_from_it(
    demo: Demo, settings: Any, mailoutbox: Any
) -> None:
    settings.ONLYFANSAPI_BASE_URL, settings.ONLYFANSAPI_API_KEY = "https://app.onlyfansapi.com", "key"
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    now = clock.now()
    with workspace_scope(demo.workspace_id):
        account = PlatformAccount.objects.select_related("creator").get(state="expired")
        owner = Membership.objects.get(role="owner")
        actor = Actor.member(owner.user_id, owner.pk)
        told: dict[str, Any] = {"consent": start.rules.CONSENT_VERSION, "actor": actor, "now": now}
        for call in (
            lambda: start.start(creator=account.creator, platform=Platform.ONLYFANS, **told),
            lambda: start.reconnect(account=account, **told),
            lambda: platform_accounts.connect(
                creator=account.creator, platform=Platform.ONLYFANS, external_id="acct_1",
                owner_external_id="1", handle="real", actor=actor, now=now,
            ),
        ):  # fmt: skip
            with pytest.raises(DemoStaysInside):
                call()
        with pytest.raises(NotAllowed):
            customer_of(demo.workspace)
        with pytest.raises(DemoStaysInside):
            invitations.invite(
                email="real@example.com", role=Role.MANAGER, creators=[], locale="en", actor=actor, now=now
            )
        with pytest.raises(DemoStaysInside):
            endpoints.add(
                workspace_pk=demo.workspace_id, url="https://example.com/", events=["message.sent"],
                actor=actor, now=now,
            )  # fmt: skip
        mail_to(User.objects.get(email__startswith="manager."), "welcome", now=now)
    send_due()
    assert mailoutbox == []


def test_the_loops_of_the_house_leave_it_as_it_is(demo: Demo) -> None:
    before = counts()
    for _ in range(2):
        tend.tend(now=clock.now())
        assert sync.bring_in(now=clock.now()) == 0
    with workspace_scope(demo.workspace_id):
        assert Campaign.objects.filter(state="running").count() == 1
    assert counts() == before


def test_wiped_there_are_as_many_rows_as_before_in_every_table(small: None, world: World) -> None:
    before = counts()
    made = asked(world.owner)
    work.tend(now=clock.now())
    assert counts()["messaging.Fan"] == before["messaging.Fan"] + 330
    assert asking.wipe(demo=made, now=clock.now()) is True
    assert asking.wipe(demo=made, now=clock.now()) is False
    work.tend(now=clock.now())
    connection.check_constraints()
    assert counts() == before
    with cross_workspace("demo"):
        rows = AuditEvent.objects.filter(action__startswith="demo.").order_by("pk")
        assert [(row.workspace_id, row.action) for row in rows] == [
            (world.owner.workspace_id, "demo.made"), (world.owner.workspace_id, "demo.wiped"),
        ]  # fmt: skip


def test_what_was_done_in_it_stays_in_the_log_with_a_nameless_workspace(demo: Demo, world: World) -> None:
    with workspace_scope(demo.workspace_id):
        owner = Membership.objects.get(role="owner")
        account = PlatformAccount.objects.order_by("pk")[0]
        actor = Actor.member(owner.user_id, owner.pk)
        platform_accounts.set_paused(account=account, is_paused=True, actor=actor, now=clock.now())
    asking.wipe(demo=demo, now=clock.now())
    work.tend(now=clock.now())
    connection.check_constraints()
    left = Workspace.objects.get(pk=demo.workspace_id)
    assert (left.name, left.status) == ("erased", "erased")
    with cross_workspace("demo"):
        mine = {model._meta.label: model._default_manager.filter(workspace=left).count()
                for model in (AuditEvent, Membership, PlatformAccount, Fan, Message, Demo)}  # fmt: skip
    assert {name: count for name, count in mine.items() if count} == {
        "accounts.AuditEvent": 1, "accounts.Membership": 1,
    }  # fmt: skip
    assert not User.objects.filter(email__endswith="@demo.invalid").exists()


def test_wiped_while_it_is_being_made_the_maker_stops(
    small: None, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, made = counts(), asked(world.owner)

    def wiped_meanwhile(seed: int, now: Any) -> Any:
        Context().run(asking.wipe, demo=made, now=now)
        return plan_of(seed, now)

    monkeypatch.setattr(build, "world", wiped_meanwhile)
    work.tend(now=clock.now())
    work.tend(now=clock.now())
    assert counts() == before


def test_a_demo_that_nobody_wiped_goes_by_itself(demo: Demo) -> None:
    for age, left in ((asking.LASTS - timedelta(minutes=1), 1), (asking.LASTS + timedelta(minutes=1), 0)):
        with cross_workspace("demo"):
            Demo.objects.update(asked_at=clock.now() - age)
        work.tend(now=clock.now())
        with cross_workspace("demo"):
            assert Demo.objects.count() == left


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one(world: World) -> None:
    barrier, found = threading.Barrier(2), []

    def click() -> None:
        barrier.wait()
        found.append(asked(world.owner).pk)
        close_old_connections()
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 2
    assert found[0] == found[1]
    assert Workspace.objects.filter(is_demo=True).count() == 1


def test_the_command_does_the_same(small: None, world: World) -> None:
    before = counts()
    call_command("demo_workspace", world.owner.user.email, verbosity=0)
    with cross_workspace("demo"):
        assert Demo.objects.get().state == "done"
    call_command("demo_workspace", world.owner.user.email, "--wipe", verbosity=0)
    assert counts() == before
    with pytest.raises(CommandError, match="no demo to wipe"):
        call_command("demo_workspace", world.owner.user.email, "--wipe", verbosity=0)
    with pytest.raises(CommandError, match="Nobody"):
        call_command("demo_workspace", "nobody@example.test", verbosity=0)
