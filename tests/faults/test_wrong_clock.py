"""Machines whose clocks are wrong: nothing but PostgreSQL's and Redis' clocks decides anything."""

from pathlib import Path

from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from tests.faults.stage import Stage

#: Runs before anything else in a Python process that finds it on its path.
SHIFT = """
import datetime
import os

import time_machine

there = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=float(os.environ["CLOCK_OFF_BY"]))
time_machine.travel(there, tick=True).start()
"""


def test_clocks_five_minutes_wrong_have_no_effect(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "shift"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SHIFT)
    off = {"PYTHONPATH": str(folder)}
    count = stage.queue()
    with cross_workspace("demo"):
        later = Delivery.objects.filter(account_id=stage.desks[0].account, lane="bulk")
        later.update(state="scheduled")
    stage.platform.fault("reset_before", count=3, after=5, match={"method": "POST", "path": "*/messages"})
    stage.house.start_sender("ahead", pumps=1, CLOCK_OFF_BY="300", **off)
    stage.house.start_sender("behind", pumps=1, CLOCK_OFF_BY="-300", **off)
    stage.house.start_worker(CLOCK_OFF_BY="-300", **off)
    stage.house.start_beat()
    stage.tell("one sender's clock is 5 minutes ahead, one sender's and the worker's 5 minutes behind")
    stage.wait_until_sent(count)
    stage.expect_exactly_once()
