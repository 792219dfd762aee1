"""What every worker, sender and beat pays at its start: no page, no form and no address is imported for them."""

import subprocess
import sys

from tests.faults.house import ROOT, environment

STARTED = """
import sys
from huntaze.celery import app
app.loader.import_default_modules()
assert "messaging.pump" in app.tasks
house, doors = {"accounts", "billing", "huntaze", "messaging"}, {"admin", "api", "crm", "forms", "urls", "views"}
names = [name.split(".") for name in sys.modules]
print(*sorted(".".join(name) for name in names if name[0] in house and doors & set(name[1:2])))
"""


def test_a_worker_knows_its_tasks_and_no_page() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTED],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr[-2000:]
