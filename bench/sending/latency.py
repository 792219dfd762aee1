"""One message at a time: from the commit that queues it to the request on the wire, idle and beside a campaign."""

import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction

from accounts.models import Membership
from accounts.selectors import principal_of
from bench.kit import rows
from bench.kit.house import House, Sandbox, wait_for
from bench.kit.report import at, ratio, spread
from bench.sending import truth
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Delivery, Fan
from messaging.services import scheduler
from messaging.services.send import plan_send, queue_message
from messaging.types import SendCommand


class Sender:
    """Queues single messages as the API does it, and notes the moment of each commit."""

    def __init__(self) -> None:
        self.commits: dict[str, float] = {}

    def send(self, desk: rows.Desk, number: int) -> None:
        with cross_workspace("demo"):
            member = Membership.objects.select_related("user", "workspace").get(pk=desk.member)
            fan = Fan.objects.get(pk=desk.fans[number % len(desk.fans)])
        principal = principal_of(member, limit=60)
        command = SendCommand(
            recipient_id=fan.public_id, content=rows.text(desk.account, -number - 1), priority=1
        )
        now = clock.now()
        with workspace_scope(desk.workspace):
            plan = plan_send(principal=principal, command=command, now=now)
            moment: list[float] = []
            with transaction.atomic():
                transaction.on_commit(partial(_note, moment))
                queued = queue_message(plan=plan, principal=principal, now=now)
        self.commits[queued.message_id] = moment[0]

    def waits(self, house: House, sandbox: Sandbox) -> list[float]:
        """Milliseconds from commit to the request's arrival, for every message sent so far."""
        keys = _keys(self.commits)
        since = min(self.commits.values()) - 1
        arrived: dict[str, float] = {}

        def are_there() -> bool:
            for row in sandbox.control(f"sent?since={since}"):
                arrived[row["idempotencyKey"]] = row["attemptTimes"][0]
            return all(key in arrived for key in keys)

        wait_for(are_there, seconds=90, what="single messages on the wire", house=house, every=0.5)
        return [(arrived[key] - self.commits[message]) * 1000 for key, message in keys.items()]


def _note(moment: list[float]) -> None:
    moment.append(time.time())


def _keys(message_ids: dict[str, float]) -> dict[str, str]:
    """Idempotency key of each message's delivery."""
    with cross_workspace("demo"):
        newest = Delivery.objects.filter(message__isnull=False).select_related("message").order_by("-pk")
        found = newest[: len(message_ids) * 4 + 1000]
        return {row.public_id: row.message.public_id for row in found if row.message.public_id in message_ids}


def singles(
    house: House, sandbox: Sandbox, desks: Sequence[rows.Desk], count: int, pause: float
) -> list[float]:
    """Waits of `count` single messages of these accounts in turn, at random distances around `pause` seconds."""
    sender, draw = Sender(), random.Random(7)
    for number in range(count):
        sender.send(desks[number % len(desks)], number + int(time.time() * 1000) % 100_000_000)
        time.sleep(draw.uniform(0.5, 1.5) * pause)
    return sender.waits(house, sandbox)


def run(
    house: House,
    sandbox: Sandbox,
    desks: Sequence[rows.Desk],
    *,
    count: int,
    backlog: int,
    limit: tuple[int, float],
    replies: int,
) -> dict[str, Any]:
    """A B A B: idle, beside another account's backlog; at last replies inside the backlog's own account."""
    allowed, window = limit
    busy, others = desks[0], desks[1:]
    house.start_engine(SEND_LIMIT_COUNT=str(allowed), SEND_LIMIT_WINDOW_SECONDS=str(window))
    singles(house, sandbox, others, 3, 0.2)
    idle: list[float] = []
    beside: list[float] = []
    for turn in range(2):
        idle += singles(house, sandbox, others, count // 2, 0.15)
        rows.queue([busy], backlog, lane="bulk", priority=7)
        scheduler.sweep()
        time.sleep(1)
        beside += singles(house, sandbox, others, count // 2, 0.15)
        if turn == 0:
            truth.forget_queue()
    within = singles(house, sandbox, [busy], replies, window / allowed * 4) if replies else []
    truth.forget_queue()
    return {
        "messages": count,
        "idle_ms": spread(idle),
        "beside_backlog_ms": spread(beside),
        "backlog": backlog,
        "ratio_beside_backlog": ratio(at(beside, 0.5), at(idle, 0.5)),
        "reply_in_own_campaign_ms": spread(within) if within else None,
        "slot_every_ms": round(window / allowed * 1000),
    }
