"""The dashboard: its figures are the rows', cut to whom the reader reaches, in a bounded number of queries."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import Creator, PlatformAccount
from billing.models import Plan, SubscriptionRecord
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Conversation, FanSignal
from messaging.services.dashboard import dashboard as state_of
from tests.conftest import World
from tests.factories.accounts import MembershipFactory
from tests.factories.campaigns import campaign
from tests.factories.messaging import delivery

Browser = Callable[..., Client]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def paid(fan: Any, number: int, *, kind: str = "tip", minor: int | None = 500, days: int = 1) -> FanSignal:
    with cross_workspace("demo"):
        talk, _ = Conversation.objects.get_or_create(
            fan=fan, defaults={"workspace_id": fan.workspace_id, "account": fan.account}
        )
        return FanSignal.objects.create(
            workspace_id=fan.workspace_id, account=fan.account, conversation=talk, kind=kind,
            amount_minor=minor, platform_event_id=f"evt{number}",
            occurred_at=clock.now() - timedelta(days=days),
        )  # fmt: skip


@pytest.fixture
def busy(world: World) -> World:
    """Something of everything, for the first account and for the second, which a chatter does not reach."""
    for fan, count in ((world.fan, 2), (world.other_fan, 1)):
        for state in ("queued", "scheduled", "failed", "uncertain", "sent"):
            for _ in range(count):
                delivery(fan, world.owner, state=state, last_error="timeout", answered_at=clock.now())
    everybody = [{"all": "yes"}]
    running = campaign(world.account, world.owner, everybody, name="Friday", state="running")
    delivery(world.fan, world.owner, lane="bulk", priority=7, campaign=running)
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.other_account.pk).update(state="expired")
    campaign(
        world.account, world.owner, everybody, name="Sunday", state="awaiting_approval", approved_by=None
    )
    campaign(world.other_account, world.owner, everybody, name="Secret", state="draft")
    paid(world.fan, 1)
    paid(world.fan, 2, minor=None, days=20)
    paid(world.other_fan, 3, kind="purchase", minor=1250, days=2)
    paid(world.outsider_fan, 4, minor=99_900)
    return world


def shown(client: Client) -> Any:
    return client.get("/dashboard").context["dashboard"]


def test_every_figure_is_counted_from_the_rows(browser: Browser, busy: World) -> None:
    found = shown(browser(busy.owner))
    assert {alert.kind: alert.count for alert in found.alerts} == {
        "reconnect": 1, "failed": 3, "uncertain": 3, "approve": 1, "drafts": 1,
    }  # fmt: skip
    assert [one.line.counts.queued for one in found.going] == [3, 1]
    assert [(row.name, row.state, row.planned, row.left) for row in found.campaigns] == [
        ("Friday", "running", 1, 1), ("Sunday", "awaiting_approval", 0, 0), ("Secret", "draft", 0, 0),
    ]  # fmt: skip
    assert len(found.wrong.rows) == 6
    assert [(one.kind, one.days, one.count, one.unread, one.total.minor) for one in found.paid] == [
        ("purchase", 7, 1, 0, 1250), ("purchase", 30, 1, 0, 1250), ("tip", 7, 1, 0, 500), ("tip", 30, 2, 1, 500),
    ]  # fmt: skip
    assert found.going[0].empty_at is not None  # it moves
    assert found.going[1].empty_at is None  # nothing leaves an account that has to be reconnected


def test_each_role_sees_what_it_reaches_and_nothing_else(browser: Browser, busy: World) -> None:
    creator = MembershipFactory(workspace=busy.owner.workspace, role="creator")
    with cross_workspace("demo"):
        Creator.objects.filter(pk=busy.creator.pk).update(user=creator.user)
    for member in (busy.chatter, creator):
        answer = browser(member).get("/dashboard")
        found = answer.context["dashboard"]
        assert {alert.kind: alert.count for alert in found.alerts} == {
            "failed": 2,
            "uncertain": 2,
            "approve": 1,
        }
        assert [one.line.handle for one in found.going] == [str(busy.account)]
        assert [one.kind for one in found.paid] == ["tip", "tip"]
        assert "Secret" not in answer.content.decode()
    assert [one.line.handle for one in shown(browser(busy.manager)).going] == [
        str(busy.account), str(busy.other_account),
    ]  # fmt: skip
    one = browser(busy.owner).get("/dashboard", {"creator": busy.other_creator.public_id})
    assert [line.line.handle for line in one.context["dashboard"].going] == [str(busy.other_account)]
    far = browser(busy.chatter).get("/dashboard", {"creator": busy.other_creator.public_id})
    assert far.status_code == 404
    theirs = browser(busy.outsider).get("/dashboard")
    assert theirs.context["dashboard"].alerts == ()
    assert str(busy.account) not in theirs.content.decode()


def test_what_is_unpaid_is_told_to_those_who_see_the_bill(browser: Browser, busy: World) -> None:
    now = clock.now()
    with cross_workspace("demo"):
        SubscriptionRecord.objects.create(
            workspace_id=busy.owner.workspace_id, plan=Plan.objects.get(key="pro"), status="past_due",
            access_status="past_due", past_due_since=now, current_period_start=now,
            current_period_end=now + timedelta(days=30),
        )  # fmt: skip
    assert "unpaid" in {alert.kind for alert in shown(browser(busy.owner)).alerts}
    assert "unpaid" not in {alert.kind for alert in shown(browser(busy.chatter)).alerts}


def test_it_asks_at_most_twelve_things_and_renders_without_the_database(
    browser: Browser, busy: World, django_assert_max_num_queries: Any
) -> None:
    client = browser(busy.owner)
    answer = client.get("/dashboard")
    principal = answer.wsgi_request.principal
    with workspace_scope(principal.workspace_pk), django_assert_max_num_queries(12):
        state_of(principal, clock.now())

    def refuse(*_: Any) -> None:
        raise AssertionError("a template asked the database")

    context = {name: answer.context[name] for name in ("dashboard", "principal", "csrf_token")}
    with connection.execute_wrapper(refuse):
        text = render_to_string("messaging/_dashboard.html", context, request=answer.wsgi_request)
    assert "Friday" in text


def test_the_fragment_is_answered_anew_only_when_something_changed(browser: Browser, busy: World) -> None:
    client = browser(busy.owner)
    first = client.get("/dashboard", headers=HTMX)
    assert (first.status_code, b"<html" in first.content) == (200, False)
    again = client.get("/dashboard", headers=HTMX | {"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    delivery(busy.fan, busy.owner, state="failed")
    assert client.get("/dashboard", headers=HTMX | {"If-None-Match": first["ETag"]}).status_code == 200


def test_a_sum_opens_its_rows_page_by_page(
    browser: Browser, busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.selectors.dashboard.PAYMENTS_PAGE", 1)
    client = browser(busy.owner)
    first = client.get("/dashboard/payments?kind=tip&days=30")
    rest = client.get(
        "/dashboard/payments", {"kind": "tip", "days": 30, "after": first.context["next_after"]}
    )
    rows = [*first.context["rows"], *rest.context["rows"]]
    assert [row.amount.minor if row.amount else None for row in rows] == [500, None]
    assert rest.context["next_after"] == ""
    assert [row.kind for row in browser(busy.chatter).get("/dashboard/payments").context["rows"]] == ["tip"]


def test_what_needs_somebody_leads_to_its_rows_alone(browser: Browser, busy: World) -> None:
    page = browser(busy.owner).get("/dashboard", {"creator": busy.creator.public_id}).content.decode()
    assert f'href="/marketing?state=awaiting_approval&amp;creator={busy.creator.public_id}"' in page
    assert f'href="/onlyfans?show=failed&amp;creator={busy.creator.public_id}"' in page


def test_payments_are_those_of_the_creator_and_the_currency(browser: Browser, busy: World) -> None:
    client = browser(busy.owner)

    def found(**query: str) -> int:
        return len(client.get("/dashboard/payments", {"kind": "tip"} | query).context["rows"])

    assert found(creator=busy.creator.public_id) == found(currency="USD") == 2
    assert found(creator=busy.other_creator.public_id) == found(currency="EUR") == 0


def test_the_empty_dashboard_teaches_the_first_step(browser: Browser, db: None) -> None:
    owner = MembershipFactory(role="owner")
    chatter = MembershipFactory(workspace=owner.workspace, role="chatter")
    assert 'href="/onboarding"' in browser(owner).get("/dashboard").content.decode().split("<main")[1]
    theirs = browser(chatter).get("/dashboard").content.decode().split("<main")[1]
    assert "The owner of the workspace connects accounts." in theirs
    assert 'href="/onboarding"' not in theirs
