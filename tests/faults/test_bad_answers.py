"""The platform answers badly: errors, cut connections, its own limit, a lost session."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import PlatformAccount
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery, Message
from messaging.services.sync import register_webhook
from tests.faults.house import holds_for, wait_for
from tests.faults.stage import Stage

SENDS = {"method": "POST", "path": "*/messages"}


def test_errors_and_cut_connections_are_told_apart_to_the_last_message(stage: Stage) -> None:
    rates = {
        "5xx_not_sent": 0.02,
        "5xx_unknown_sent": 0.015,
        "5xx_unknown_not_sent": 0.015,
        "reset_after": 0.02,
        "reset_before": 0.02,
    }
    for place, (kind, rate) in enumerate(rates.items()):
        stage.platform.fault(kind, rate=rate, match=SENDS)
        # Each of them at least once, and far apart: five failures in a row would open the platform's breaker.
        stage.platform.fault(kind, count=1, after=10 + 20 * place, match=SENDS)
    count = stage.queue()
    stage.house.start_all()
    stage.wait_until_settled(count)
    hits: dict[str, int] = dict.fromkeys(rates, 0)
    for fault in stage.platform.control("GET", "faults"):
        hits[fault["kind"]] += fault["hits"]
    with cross_workspace("demo"):
        codes = list(Delivery.objects.filter(state="uncertain").values_list("last_error", flat=True))
        ours = set(
            Message.objects.filter(delivery__state="sent").values_list("platform_message_id", flat=True)
        )
    theirs = {str(row["messageId"]) for row in stage.platform.sent()}
    stage.tell(f"caused: {hits}")
    stage.tell(
        f"counted: {count} queued, {len(theirs)} arrived, {len(codes)} uncertain,"
        f" {len(stage.platform.control('GET', 'duplicates'))} doubled; most in a window: {stage.most_in_a_window()}"
    )
    assert min(hits.values()) >= 1
    assert codes == ["outcome_unknown"] * hits["5xx_unknown_not_sent"]
    assert len(theirs) == count - len(codes)
    assert theirs == ours
    assert stage.platform.control("GET", "duplicates") == []
    assert stage.most_in_a_window() <= 10


def test_a_platform_that_enforces_its_limit_refuses_nothing(stage: Stage) -> None:
    stage.settings(enforceLimit=10, windowSeconds=stage.scale.window, latencyMs=[20, 300])
    count = stage.queue()
    stage.house.start_all()
    stage.wait_until_sent(count)
    found = stage.platform.control("GET", f"limits?window={stage.scale.window}")
    refused = sum(row["refused"] for row in found)
    stage.tell(f"the platform refused {refused} of {count}")
    assert refused == 0
    stage.expect_exactly_once()


@pytest.fixture
def webhooks(stage: Stage, settings: Any) -> Iterator[None]:
    """The vendor tells our web process what happens to accounts."""
    secret = secrets.token_urlsafe(32)
    settings.ONLYFANSAPI_WEBHOOK_SECRETS = [secret]
    stage.house.env["ONLYFANSAPI_WEBHOOK_SECRETS"] = secret
    url = stage.house.start_web()
    stage.settings(webhooks=True)
    register_webhook(url=f"{url}/api/webhooks/onlyfans")
    yield
    stage.settings(webhooks=False)


@pytest.mark.usefixtures("webhooks")
def test_an_account_that_lost_its_session_pauses_and_others_do_not_notice(
    stage: Stage, tmp_path: Path
) -> None:
    count = stage.queue()
    desk = stage.desks[0]
    with cross_workspace("demo"):
        lost = PlatformAccount.objects.get(pk=desk.account)
    stage.house.start_all()
    stage.wait_for_arrivals(int(count * 0.2))
    stage.platform.control("POST", f"accounts/{lost.external_id}/state", {"state": "session_expired"})
    stage.note("expired the session of one account")
    others = len(stage.desks) - 1
    wait_for(
        lambda: sent_of_others(desk.account) == others * stage.scale.each,
        seconds=stage.scale.patience,
        what="the others are done",
        house=stage.house,
    )
    wait_for(lambda: state_of(desk.account) == "expired", seconds=30, what="it is paused", house=stage.house)
    arrived = arrivals_of(stage, lost.external_id)
    with cross_workspace("demo"):
        rows = Delivery.objects.filter(account_id=desk.account)
        kept = rows.filter(state__in=["queued", "scheduled"]).count()
    stage.tell(f"counted: {arrived} arrived of the account, {kept} kept; all {others} others done")
    assert kept == stage.scale.each - arrived
    assert stage.platform.control("GET", "duplicates") == []
    assert stage.most_in_a_window() <= 10
    assert holds_for(lambda: arrivals_of(stage, lost.external_id) == arrived, seconds=stage.scale.window)


def arrivals_of(stage: Stage, account: str) -> int:
    return len(stage.platform.control("GET", f"sent?account={account}"))


def state_of(account: int) -> str:
    with cross_workspace("demo"):
        return str(PlatformAccount.objects.values_list("state", flat=True).get(pk=account))


def sent_of_others(account: int) -> int:
    with cross_workspace("demo"):
        return int(Delivery.objects.filter(state="sent").exclude(account_id=account).count())
