"""Dead letters in the staff's hands: by cause, one, some, or all that a filter finds, each with a row in the log."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import DeadLetterRun, Delivery
from messaging.selectors import dead_list as letters
from messaging.services import dead_letter_runs as runs
from messaging.types import DeadFilter, DeadLetterDeed
from tests.factories.messaging import FanFactory, delivery
from tests.factories.visits import staff

pytestmark = pytest.mark.django_db
LIST = "/admin/messaging/delivery/dead/"


def browser(group: str) -> Client:
    client = Client()
    client.force_login(staff(group))
    return client


@pytest.fixture
def dead(world: Any) -> list[Delivery]:
    """Three of ours, of two causes, and one of another workspace."""
    causes = ["timeout", "timeout", "forbidden"]
    rows = [
        delivery(FanFactory(account=world.account), world.owner, state="failed", last_error=cause)
        for cause in causes
    ]
    return [*rows, delivery(world.outsider_fan, world.outsider, state="failed", last_error="timeout")]


def states(rows: list[Delivery]) -> list[str]:
    with cross_workspace("demo"):
        found = dict(Delivery.objects.values_list("pk", "state"))
    return [found[row.pk] for row in rows]


def logged(action: str) -> list[tuple[str, str, str]]:
    with cross_workspace("demo"):
        rows = AuditEvent.objects.filter(action=action).order_by("target")
        return list(rows.values_list("target", "actor_kind", "reason"))


def ask(user: Any, deed: str = "retry", **wanted: Any) -> DeadLetterRun:
    with cross_workspace("demo"):
        return runs.ask(
            wanted=DeadFilter(**wanted),
            deed=DeadLetterDeed(deed),
            reason="Outage of the vendor",
            user_pk=user.pk,
            now=clock.now(),
        )


def test_the_list_narrows_by_cause_workspace_and_account(world: Any, dead: list[Delivery]) -> None:
    desk = browser("finance")

    def shown(**query: str) -> list[int]:
        return [row.pk for row in desk.get(LIST, query).context["page"].rows]

    first, second, third, theirs = (row.pk for row in dead)
    assert shown() == [theirs, third, second, first]
    assert shown(cause="timeout") == [theirs, second, first]
    assert shown(workspace=world.owner.workspace.public_id) == [third, second, first]
    assert shown(account=f"@{world.account.handle}", cause="forbidden") == [third]
    assert shown(account=world.outsider_account.public_id) == [theirs]
    assert shown(workspace="wsp_unknown") == shown(account="nobody") == []


def test_pages_end_in_a_cursor(world: Any, dead: list[Delivery], monkeypatch: Any) -> None:
    monkeypatch.setattr(letters, "PAGE", 3)
    desk = browser("support")
    first = desk.get(LIST).context["page"]
    second = desk.get(LIST, {"after": first.next_after}).context["page"]
    assert (len(first.rows), [row.pk for row in second.rows], second.next_after) == (3, [dead[0].pk], "")


@pytest.mark.parametrize("is_many", [False, True])
def test_the_list_costs_at_most_twelve_queries(
    world: Any, dead: list[Delivery], is_many: bool, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30 if is_many else 0):
        delivery(world.fan, world.owner, state="failed")
    desk = browser("support")
    desk.get(LIST)
    with django_assert_max_num_queries(12):
        desk.get(LIST, {"workspace": world.owner.workspace.public_id, "account": world.account.handle})


def test_one_and_chosen_ones_are_retried_at_once(dead: list[Delivery]) -> None:
    desk = browser("support")
    desk.post(LIST, {"do": f"retry:{dead[0].pk}"})
    desk.post(LIST, {"do": "retry:chosen", "chosen": [dead[1].pk, dead[0].pk]})
    assert states(dead) == ["queued", "queued", "failed", "failed"]
    targets = sorted(row.reference for row in dead[:2])
    assert logged("message.retried") == [(target, "staff", "") for target in targets]


def test_discarding_asks_why_first(dead: list[Delivery]) -> None:
    desk = browser("engineer")
    form = {"do": "discard:chosen", "chosen": [dead[0].pk]}
    preview = desk.post(LIST, form)
    assert (preview.status_code, preview.context["count"], states(dead[:1])) == (200, 1, ["failed"])
    assert desk.post(LIST, form | {"reason": " "}).status_code == 422
    assert desk.post(LIST, form | {"reason": "Sent by hand"}).status_code == 302
    assert states(dead) == ["cancelled", "failed", "failed", "failed"]
    assert logged("message.discarded") == [(dead[0].reference, "staff", "Sent by hand")]


def test_all_that_a_filter_finds_is_a_run(world: Any, dead: list[Delivery]) -> None:
    desk = browser("support")
    address = f"{LIST}?cause=timeout&workspace={world.owner.workspace.public_id}"
    preview = desk.post(address, {"do": "retry:all"})
    assert (preview.context["count"], DeadLetterRun.objects.count()) == (2, 0)
    led = desk.post(address, {"do": "retry:all", "reason": "Vendor is back"})
    run = DeadLetterRun.objects.get()
    assert led["Location"] == f"/admin/messaging/deadletterrun/{run.pk}/progress/"
    later = delivery(world.fan, world.owner, state="failed", last_error="timeout")
    assert runs.run_due(now=clock.now()) == 2
    run.refresh_from_db()
    assert (run.state, run.total_count, run.done_count, run.refused_count) == ("done", 2, 2, 0)
    assert states([*dead, later]) == ["queued", "queued", "failed", "failed", "failed"]
    assert {reason for _, _, reason in logged("message.retried")} == {"Vendor is back"}
    assert desk.get(led["Location"]).context["run"].is_over


def test_a_run_goes_on_where_it_was_left_and_a_lost_lease_writes_nothing(
    dead: list[Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "STEP", 1)
    run, seen = ask(staff()), []
    do = runs.do

    def killed(**what: Any) -> bool:
        seen.append(what["delivery"].pk)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return do(**what)

    monkeypatch.setattr(runs, "do", killed)
    with pytest.raises(KeyboardInterrupt):
        runs.run_due(now=clock.now())
    assert runs.run_due(now=clock.now()) == 0  # somebody holds it
    monkeypatch.setattr(runs, "do", do)
    assert runs.run_due(now=clock.now() + 2 * runs.LEASE) == 3
    run.refresh_from_db()
    assert (run.state, run.done_count, set(states(dead))) == ("done", 4, {"queued"})


def test_a_cancelled_run_stops_after_its_step(dead: list[Delivery], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "STEP", 1)
    user = staff()
    run, do = ask(user, "discard"), runs.do

    def cancelled_meanwhile(**what: Any) -> bool:
        runs.cancel(run=run, user_pk=user.pk, now=clock.now())
        return do(**what)

    monkeypatch.setattr(runs, "do", cancelled_meanwhile)
    runs.run_due(now=clock.now())
    run.refresh_from_db()
    assert (run.state, states(dead).count("cancelled")) == ("cancelled", 1)
    with pytest.raises(runs.RunIsOver):
        runs.cancel(run=run, user_pk=user.pk, now=clock.now())


def test_who_may_look_only_changes_nothing(dead: list[Delivery]) -> None:
    run, desk = ask(staff()), browser("finance")
    for scope in ("chosen", "all", str(dead[0].pk)):
        for deed in ("retry", "discard"):
            form = {"do": f"{deed}:{scope}", "chosen": [dead[0].pk], "reason": "Because I can"}
            assert desk.post(LIST, form).status_code == 403
    assert desk.post(f"/admin/messaging/deadletterrun/{run.pk}/progress/").status_code == 403
    run.refresh_from_db()
    assert (set(states(dead)), run.state, DeadLetterRun.objects.count()) == ({"failed"}, "queued", 1)


@pytest.mark.parametrize("do", ["", "retry", "retry:", "send:all", "retry:x"])
def test_what_is_no_deed_changes_nothing(dead: list[Delivery], do: str) -> None:
    assert browser("support").post(LIST, {"do": do}).status_code in {302, 400}
    assert set(states(dead)) == {"failed"}
