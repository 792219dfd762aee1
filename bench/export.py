"""How long an export of a workspace with 100,000 messages takes, and its zip. `bin/bench export`.

Messages really encrypted, the export asked for as an owner does, worked on by the service that the job calls, in this
process; then the zip is read as a browser would. PostgreSQL and Valkey with fsync.
"""

import io
import json
import time
import zipfile
from argparse import Namespace
from typing import Any

from bench.kit import house, report

QUICK = {"messages": 20_000}
SMOKE = {"messages": 300}
FANS = 500


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from accounts.services.privacy import work
    from bench.kit import rows

    desk = rows.desks([f"acct_bench_{time.time_ns()}"], FANS)[0]
    rows.queue([desk], chosen.messages, lane="bulk", state="sent")
    started = time.perf_counter()
    request = _ask(desk)
    while request.state in {"queued", "working"}:
        work.run_due()
        request.refresh_from_db()
    ready = time.perf_counter() - started
    body, zipped = _download(request)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        found = len(json.loads(archive.read("messages.json")))
    return {
        "benchmark": "export",
        "machine": report.machine(),
        "messages": chosen.messages,
        "messages_in_the_zip": found,
        "rows": request.done_count,
        "ready_after_s": round(ready, 2),
        "zip_s": round(zipped, 2),
        "zip_mib": round(len(body) / 2**20, 2),
        "rows_per_second": round(request.done_count / ready),
    }


def _ask(desk: Any) -> Any:
    from accounts.models import Membership, User
    from accounts.selectors import principal_of
    from accounts.services.privacy import requests
    from accounts.types import PrivacyScope
    from huntaze.kernel import clock
    from huntaze.kernel.tenancy import cross_workspace

    User.objects.update(email_verified_at=clock.now())  # without it nothing is exported
    with cross_workspace("demo"):
        member = Membership.objects.select_related("user", "workspace").get(pk=desk.member)
        principal = principal_of(member, limit=60)
    subject = requests.subject_of(
        principal=principal, kind="export", scope=PrivacyScope.WORKSPACE, target_id=None
    )
    return requests.ask_export(subject=subject, principal=principal, now=clock.now())


def _download(request: Any) -> tuple[bytes, float]:
    from accounts.services.privacy import export

    started = time.perf_counter()
    body = b"".join(export.zipped(request))
    return body, time.perf_counter() - started


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
