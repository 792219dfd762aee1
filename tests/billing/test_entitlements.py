"""May this workspace do this now? Every kind of feature, access, and the answers at the doors."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Workspace
from billing.models import PlanLimit, UsageCount
from billing.rules import periods
from billing.rules.access import access, grace_ends_at
from billing.rules.credits import to_claw_back
from billing.rules.features import KINDS
from billing.selectors import cache
from billing.selectors.billing_page import offers
from billing.services import counters, entitlements, limits
from billing.types import Access, Feature, Verdict
from huntaze.kernel import clock, redis
from huntaze.kernel.errors import PlanRequired, UsageLimitExceeded
from tests.factories.accounts import CreatorFactory, MembershipFactory, WorkspaceFactory
from tests.factories.billing import credits, limit
from tests.factories.team import access_token

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
MONTH_ENDS = datetime(2026, 4, 15, tzinfo=UTC)
GRACE = timedelta(hours=72)


def ask(workspace: Workspace, feature: Feature, quantity: int = 1) -> Verdict:
    return entitlements.can(workspace_id=workspace.pk, feature=feature, now=NOW, quantity=quantity)


# --- rules


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (None, Access.FREE),
        ("active", Access.FULL),
        ("trialing", Access.FULL),
        ("unpaid", Access.READ_ONLY),
        ("paused", Access.READ_ONLY),
        ("canceled", Access.FREE),
        ("incomplete", Access.FREE),
        ("incomplete_expired", Access.FREE),
        ("brand_new_word", None),
    ],
)
def test_access_follows_the_processors_word(status: str | None, wanted: Access | None) -> None:
    assert access(status, None, NOW, grace=GRACE) == wanted


@pytest.mark.parametrize(
    ("hours", "wanted"), [(0, Access.FULL), (71, Access.FULL), (72, Access.READ_ONLY), (73, Access.READ_ONLY)]
)
def test_what_is_overdue_is_full_for_three_days(hours: int, wanted: Access) -> None:
    since = NOW - timedelta(hours=hours)
    assert access("past_due", since, NOW, grace=GRACE) == wanted
    assert grace_ends_at("past_due", since, grace=GRACE) == since + GRACE


@pytest.mark.parametrize(
    ("born", "now", "start", "end"),
    [
        ((2026, 1, 15), (2026, 1, 15), (2026, 1, 15), (2026, 2, 15)),
        ((2026, 1, 31), (2026, 2, 27), (2026, 1, 31), (2026, 2, 28)),
        ((2026, 1, 31), (2026, 2, 28), (2026, 2, 28), (2026, 3, 31)),
        ((2024, 2, 29), (2026, 3, 1), (2026, 2, 28), (2026, 3, 29)),
        ((2025, 12, 20), (2026, 1, 19), (2025, 12, 20), (2026, 1, 20)),
    ],
)
def test_free_months_begin_on_the_workspaces_day(born: Any, now: Any, start: Any, end: Any) -> None:
    found = periods.of_free(datetime(*born, 23, 59, tzinfo=UTC), datetime(*now, 0, 0, tzinfo=UTC))
    assert found == (datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))


def test_a_year_is_cut_into_months_and_goes_on_after_its_end() -> None:
    start, end = datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2027, 1, 31, 9, tzinfo=UTC)
    assert periods.of_paid(start, end, datetime(2026, 3, 1, tzinfo=UTC)) == (
        datetime(2026, 2, 28, 9, tzinfo=UTC),
        datetime(2026, 3, 31, 9, tzinfo=UTC),
    )
    assert periods.of_paid(start, end, end) == (end, datetime(2027, 2, 28, 9, tzinfo=UTC))


def test_a_billing_month_is_taken_as_it_is() -> None:
    start, end = datetime(2026, 2, 28, 9, tzinfo=UTC), datetime(2026, 3, 31, 9, tzinfo=UTC)
    assert periods.of_paid(start, end, NOW) == (start, end)


@pytest.mark.parametrize(
    ("credits_", "refunded", "paid", "already", "wanted"),
    [(10, 1, 3, 0, 4), (10, 2, 3, 4, 3), (10, 3, 3, 7, 3), (10, 0, 3, 4, -4), (25_000, 1, 29_900, 0, 1)],
)
def test_the_share_of_a_refund_is_rounded_up(
    credits_: int, refunded: int, paid: int, already: int, wanted: int
) -> None:
    assert to_claw_back(credits=credits_, refunded_minor=refunded, paid_minor=paid, already=already) == wanted


@pytest.mark.parametrize(("refunded", "paid"), [(5, 4), (-1, 4), (0, 0)])
def test_more_than_was_paid_is_no_refund(refunded: int, paid: int) -> None:
    with pytest.raises(ValueError, match="a refund lies between"):
        to_claw_back(credits=10, refunded_minor=refunded, paid_minor=paid, already=0)


def test_every_feature_has_a_kind() -> None:
    assert set(KINDS) == set(Feature)


# --- the first plans

PLANS = {
    "free": (100, 5, 5_000_000_000, 1, 1, 1, 100_000_000, 5, 1, 100, 0, 0, 0, 0, 0, 0, 30),
    "pro": (5_000, None, 100_000_000_000, 1, 3, 4, 5_000_000_000, 100, 10, 1_000, 0, 0, 0, 1, 1, 1, 395),
    "enterprise": (
        50_000, None, 500_000_000_000, 25, 25, 100, 50_000_000_000, None, None, None, 1, 1, 1, 1, 1, 1, 1_095,
    ),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("plan", PLANS)
def test_the_first_plans_stand_as_they_were_agreed(plan: str) -> None:
    rows = dict(PlanLimit.objects.filter(plan__key=plan).values_list("feature", "value"))
    assert tuple(rows[feature] for feature in Feature) == PLANS[plan]


# --- every kind


def test_a_flag_is_on_or_asks_for_the_plan_that_has_it(inside: Workspace) -> None:
    assert ask(inside, Feature.SCHEDULING) == Verdict(False, 0, None, None, None, "plan")
    with pytest.raises(PlanRequired) as refused:
        entitlements.require(workspace_id=inside.pk, feature=Feature.SCHEDULING, now=NOW)
    assert refused.value.data == {"feature": "scheduling", "plan": "pro"}
    limit(inside, Feature.SCHEDULING, 1)
    assert ask(inside, Feature.SCHEDULING).allowed


def test_a_window_is_so_many_days(inside: Workspace) -> None:
    asked = [ask(inside, Feature.ANALYTICS_HISTORY_DAYS, days).allowed for days in (29, 30, 31)]
    assert asked == [True, True, False]


def test_a_stock_is_what_there_is(inside: Workspace) -> None:
    limit(inside, Feature.CREATORS, 2)
    CreatorFactory(workspace=inside)
    CreatorFactory(workspace=inside, status="offboarded")
    assert ask(inside, Feature.CREATORS) == Verdict(True, 2, 1, 1, None)
    assert ask(inside, Feature.CREATORS, 2) == Verdict(False, 2, 1, 1, None, "limit")


def test_credits_count_with_packs_and_with_what_the_plan_still_gives(inside: Workspace) -> None:
    limit(inside, Feature.MESSAGES, 5)
    credits(inside, 3, now=NOW)
    assert ask(inside, Feature.MESSAGES, 8) == Verdict(True, 5, 0, 8, MONTH_ENDS)
    assert ask(inside, Feature.MESSAGES, 9) == Verdict(False, 5, 0, 8, MONTH_ENDS, "limit")


def test_a_counter_counts_to_its_limit(inside: Workspace) -> None:
    limit(inside, Feature.API_CALLS, 2)
    at = {"workspace_id": inside.pk, "feature": Feature.API_CALLS, "now": NOW}
    assert ask(inside, Feature.API_CALLS) == Verdict(True, 2, 0, 2, MONTH_ENDS)
    entitlements.count(**at)
    entitlements.count(**at)
    with pytest.raises(UsageLimitExceeded) as refused:
        entitlements.count(**at)
    assert refused.value.data == {
        "limit": 2, "used": 2, "reset_date": MONTH_ENDS, "feature": "api_calls",
    }  # fmt: skip
    assert ask(inside, Feature.API_CALLS) == Verdict(False, 2, 2, 0, MONTH_ENDS, "limit")


def test_a_counter_outlives_redis(inside: Workspace) -> None:
    limit(inside, Feature.API_CALLS, 5)
    at = {"workspace_id": inside.pk, "feature": Feature.API_CALLS, "now": NOW}
    for _ in range(3):
        entitlements.count(**at)
    assert (counters.flush(), counters.flush()) == (1, 0)
    assert list(UsageCount.objects.values_list("used", flat=True)) == [3]
    redis.client().flushdb()
    assert counters.count(**at).used == 4


def test_without_redis_calls_are_let_through(inside: Workspace, settings: Any) -> None:
    limit(inside, Feature.API_CALLS, 0)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert counters.count(workspace_id=inside.pk, feature=Feature.API_CALLS, now=NOW).allowed


def test_an_override_ends(inside: Workspace) -> None:
    from accounts.services.audit import Actor

    limits.override(
        workspace_id=inside.pk,
        limits={Feature.SCHEDULING: 1},
        until=NOW + timedelta(hours=1),
        reason="trial",
        actor=Actor.system(),
        now=NOW,
    )
    later = NOW + timedelta(hours=1)
    found = [
        entitlements.can(workspace_id=inside.pk, feature=Feature.SCHEDULING, now=at).allowed
        for at in (NOW, later)
    ]
    assert found == [True, False]


def test_an_edited_limit_is_in_force_as_soon_as_the_version_is_looked_up(
    inside: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not ask(inside, Feature.SCHEDULING).allowed
    PlanLimit.objects.filter(plan__key="free", feature="scheduling").update(value=1)
    assert not ask(inside, Feature.SCHEDULING).allowed
    redis.client().incr(cache.KEY)  # another process has told everybody
    monkeypatch.setattr(cache, "LOOK_S", 0.0)  # the second is over
    assert ask(inside, Feature.SCHEDULING).allowed


def test_asking_costs_no_query_for_what_is_remembered(
    inside: Workspace, django_assert_num_queries: Any
) -> None:
    ask(inside, Feature.SCHEDULING)
    with django_assert_num_queries(0):
        ask(inside, Feature.SCHEDULING)
    with django_assert_num_queries(1):
        ask(inside, Feature.MESSAGES)


# --- the doors


def test_a_door_answers_429_with_limit_used_and_reset_date(api: Any, purse: Workspace) -> None:
    owner = MembershipFactory(workspace=purse, role="owner")
    CreatorFactory(workspace=purse)
    answer = api(owner).post("/api/creators", {"stageName": "Second"}, format="json")
    body = answer.json()
    body.pop("requestId")
    assert (answer.status_code, body) == (
        429,
        {"error": "Usage limit exceeded", "limit": 1, "used": 1, "resetDate": None, "feature": "creators"},
    )


def test_a_door_answers_403_with_the_plan_that_opens_it(purse: Workspace) -> None:
    owner = MembershipFactory(workspace=purse, role="owner")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(owner)}")
    answer = client.post(
        "/api/webhooks/endpoints", {"url": "https://example.com/", "events": ["message.sent"]}, format="json"
    )
    body = answer.json()
    body.pop("requestId", None)
    assert (answer.status_code, body) == (
        403,
        {
            "error": "Plan required",
            "code": "plan_required",
            "feature": "outgoing_webhooks",
            "plan": "enterprise",
        },
    )


def test_a_key_has_so_many_calls(api: Any, purse: Workspace) -> None:
    limit(purse, Feature.API_CALLS, 2)
    client = api(MembershipFactory(workspace=purse, role="owner"))
    assert [client.get("/api/creators").status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_taken_once() -> None:
    import threading
    from concurrent.futures import ThreadPoolExecutor

    from accounts.services import people
    from accounts.services.audit import Actor
    from huntaze.kernel.tenancy import workspace_scope

    workspace = WorkspaceFactory(is_limited=True)
    start = threading.Barrier(8)

    def go(number: int) -> str:
        try:
            with workspace_scope(workspace.pk):
                start.wait(10)
                people.create_creator(
                    stage_name=f"Creator {number}", timezone="UTC", actor=Actor.system(), now=clock.now()
                )
            return "made"
        except UsageLimitExceeded:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(go, range(8))) == ["made"] + ["refused"] * 7


def test_a_plan_is_offered_with_what_it_allows(db: None) -> None:
    PlanLimit.objects.filter(plan__key="pro", feature="seats").update(value=7)
    found = {offer.key: dict(offer.allows) for offer in offers(None)}
    assert found["pro"] == {
        "messages": 5000, "creators": 1, "seats": 7, "platform_accounts": 4, "api_calls": 1000
    }  # fmt: skip
    assert found["enterprise"]["api_calls"] is None
