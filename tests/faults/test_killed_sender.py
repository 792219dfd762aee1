"""Processes are killed in the middle of sending; the sandbox counts what arrived."""

from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery, Message
from tests.faults.stage import Stage

#: When things happen: after these shares of the messages have arrived.
THIRDS = (0.15, 0.4, 0.65)


def test_three_kills_of_the_sender_lose_and_double_nothing(stage: Stage) -> None:
    count = stage.queue()
    stage.house.start_all()
    for share in THIRDS:
        stage.wait_for_arrivals(int(count * share))
        stage.house.kill("send")
        stage.note("killed the sender")
        stage.house.start_sender()
    stage.wait_until_sent(count)
    stage.expect_exactly_once()


def test_without_keys_on_the_platform_nothing_is_sent_again_by_itself(stage: Stage) -> None:
    stage.settings(idempotency=False)
    stage.house.env["ONLYFANSAPI_KEEPS_KEYS"] = "0"
    count = stage.queue()
    stage.platform.fault("reset_before", count=3, after=5, match={"method": "POST", "path": "*/messages"})
    stage.house.start_all()
    for share in THIRDS:
        stage.wait_for_arrivals(int(count * share))
        stage.house.kill("send")
        stage.note("killed the sender")
        stage.house.start_sender()
    stage.wait_until_settled(count)
    with cross_workspace("demo"):
        uncertain = Delivery.objects.filter(state="uncertain").count()
        replayed = Delivery.objects.filter(replays__gt=0).count()
        ours = set(
            Message.objects.filter(delivery__state="sent").values_list("platform_message_id", flat=True)
        )
    theirs = {str(row["messageId"]) for row in stage.platform.sent()}
    stage.tell(
        f"counted: {count} queued, {len(theirs)} arrived, {uncertain} uncertain, {replayed} sent again by itself,"
        f" {len(stage.platform.control('GET', 'duplicates'))} doubled; most in a window: {stage.most_in_a_window()}"
    )
    assert theirs == ours
    assert len(theirs) + uncertain == count
    assert uncertain >= 3
    assert replayed == 0
    assert stage.platform.control("GET", "duplicates") == []
    assert stage.most_in_a_window() <= 10


def test_kills_of_a_pump_of_beat_and_of_everything_are_survived(stage: Stage) -> None:
    count = stage.queue()
    stage.house.start_all()
    stage.wait_for_arrivals(int(count * THIRDS[0]))
    stage.house.kill_child("send")
    stage.note("killed one pump")
    stage.wait_for_arrivals(int(count * THIRDS[1]))
    stage.house.kill("beat")
    stage.note("killed beat")
    stage.house.start_beat()
    stage.wait_for_arrivals(int(count * THIRDS[2]))
    for name in list(stage.house.running):
        stage.house.kill(name)
    stage.note("killed senders, worker and beat")
    stage.house.start_all()
    stage.wait_until_sent(count)
    stage.expect_exactly_once()


def test_a_rolling_restart_leaves_nothing_uncertain(stage: Stage) -> None:
    count = stage.queue(stage.scale.each * 2)
    names = ("send", "send2")
    for name in names:
        stage.house.start_sender(name, pumps=1)
    stage.house.start_worker()
    stage.house.start_beat()
    for place, name in enumerate((*names, *names)):
        stage.wait_for_arrivals(int(count * (0.1 + 0.15 * place)))
        stage.house.wait_until_ready(name, 1 + place // len(names))
        assert stage.house.stop(name) == 0
        stage.note(f"stopped {name}")
        stage.house.start_sender(name, pumps=1)
    stage.wait_until_sent(count)
    with cross_workspace("demo"):
        assert Delivery.objects.exclude(attempts=1).count() == 0
    stage.tell(f"allowance used from the first message to the last: {_allowance_used(stage):.1%}")
    stage.expect_exactly_once()


def _allowance_used(stage: Stage) -> float:
    """Of what the limit allowed from the first message on, the share that arrived until an account had no more."""
    times: dict[str, list[float]] = {}
    for row in stage.platform.sent():
        times.setdefault(row["account"], []).append(row["acceptedAt"])
    begin, end = min(map(min, times.values())), min(map(max, times.values()))
    arrived = sum(begin <= at <= end for account in times.values() for at in account)
    windows = (end - begin) / stage.scale.window
    allowed = len(times) * 10 * (int(windows) + 1)
    return arrived / allowed
