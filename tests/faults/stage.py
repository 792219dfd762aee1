"""What a fault test counts: many accounts of the sandbox as our rows, what was queued, and what arrived."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection

from bench.kit import rows
from huntaze.kernel import clock, ids
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from tests.faults.house import House, wait_for
from tests.sandbox.server import Sandbox

Tell = Callable[[str], None]
LIMIT = 10
FANS = 5
#: Accounts of the test of many at once; each account of the sandbox has twenty fans.
CROWD = 100


@dataclass(frozen=True, slots=True)
class Scale:
    """How many accounts, messages for each, and in seconds: the limit's window, how long an answer may take and a
    sender hold a row, and how long the test waits for anything."""

    accounts: int
    each: int
    window: float
    timeout: float
    lease: float
    patience: float


SMALL = Scale(accounts=8, each=20, window=3.0, timeout=2, lease=6, patience=90)
#: By hand, with FAULTS_SCALE=big: what the small run proves, in a crowd. On a machine that is busy with it answers of
#: the stand-in take seconds at times, and one given up would count as a fault that nobody caused.
BIG = Scale(accounts=1000, each=20, window=6.0, timeout=6, lease=15, patience=400)
SCALE = BIG if os.environ.get("FAULTS_SCALE") == "big" else SMALL


@dataclass
class Stage:
    """Accounts with what was queued for them, and the sandbox that counts."""

    platform: Sandbox
    house: House
    desks: Sequence[rows.Desk]
    tell: Tell
    scale: Scale

    def queue(self, each: int | None = None) -> int:
        """Messages for every account, half of them replies, half of them bulk; returns how many there are."""
        half = (each or self.scale.each) // 2
        for lane, priority in (("interactive", 3), ("bulk", 7)):
            rows.queue(self.desks, half, lane=lane, priority=priority)
        return len(self.desks) * half * 2

    def settings(self, **changes: Any) -> None:
        self.platform.control("POST", "settings", changes)

    def arrivals(self) -> int:
        return int(self.platform.control("GET", "healthz")["accepted"])

    def wait_for_arrivals(self, count: int) -> None:
        wait_for(
            lambda: self.arrivals() >= count,
            seconds=self.scale.patience,
            what=f"{count} arrived",
            house=self.house,
        )

    def states(self) -> dict[str, int]:
        """Deliveries by state; nothing while the database is away."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT state, count(*) FROM messaging_delivery GROUP BY state")
                return dict(cursor.fetchall())
        except DatabaseError:
            connection.close()
            return {}

    def wait_until_sent(self, count: int) -> None:
        wait_for(
            lambda: self.states() == {"sent": count},
            seconds=self.scale.patience,
            what=f"all {count} sent",
            house=self.house,
        )

    def wait_until_settled(self, count: int) -> None:
        """Every row is sent, or uncertain with nothing left to try: a person's turn."""
        wait_for(
            lambda: self._settled() == count,
            seconds=self.scale.patience,
            what=f"all {count} settled",
            house=self.house,
        )

    def _settled(self) -> int:
        with cross_workspace("demo"):
            asleep = Delivery.objects.filter(state="uncertain", needs_lookup=False).count()
        return self.states().get("sent", 0) + asleep

    def database_now(self) -> datetime:
        """PostgreSQL's time, by which rows are dated."""
        return clock.of_database()

    def note(self, deed: str) -> None:
        """Say what was done, and how far things were."""
        self.tell(f"{deed} after {self.arrivals()} arrivals; rows: {self.states()}")

    def expect_exactly_once(self) -> None:
        """Every message but those cancelled is sent and arrived once, and no window held more than the limit."""
        with cross_workspace("demo"):
            uids = Delivery.objects.exclude(state="cancelled").values_list("uid", flat=True)
            keys = {ids.encode(Delivery.PREFIX, uid) for uid in uids}
        sent = self.platform.sent()
        counts = Counter(row["idempotencyKey"] for row in sent)
        doubled = sum(count > 1 for count in counts.values())
        self.tell(
            f"counted: {len(keys)} queued, {sum(counts.values())} arrived, {len(keys - set(counts))} lost,"
            f" {doubled} doubled; most in a window: {self.most_in_a_window()}"
        )
        assert self.states().get("sent", 0) == len(keys)
        assert counts == Counter(dict.fromkeys(keys, 1))
        assert {row["acceptedUnderKey"] for row in sent} == {1}
        assert self.platform.control("GET", "duplicates") == []
        assert self.most_in_a_window() <= LIMIT

    def most_in_a_window(self) -> int:
        found = self.platform.control("GET", f"limits?window={self.scale.window}")
        return max((row["maxInWindow"] for row in found), default=0)
