"""The staff's pages with a thousand messages and with a million. `bin/bench admin --quick`.

Lists, the search and every tab of a workspace's and a creator's page, asked for by a member of staff in this process,
one at a time: what Django, the queries and the template cost together. Both sizes are measured in one run on one
database; the second has the first below it. Rows are made inside PostgreSQL; their texts are one constant that nobody
opens. Of the million, one in a hundred has failed and one in two hundred waits. Beside them stand creators to search
among and rows of the audit log.
"""

import time
from argparse import Namespace
from dataclasses import dataclass
from typing import Any

from bench.kit import house, report

QUICK = {"messages": 200_000, "fans": 20_000, "calls": 10}
SMOKE = {"messages": 1500, "fans": 200, "calls": 1}
ACCOUNTS, FEW, FEW_FANS = 20, 1000, 100
NAME, MOST_QUERIES, MOST_RATIO = "Zoé Durand", 12, 2.0
TABS = ("overview", "people", "accounts", "queue", "messages", "campaigns", "billing", "audit")


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--fans", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=25, help="of each page, one at a time")
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace with its rows, and what its staff look for."""

    workspace: str
    creator: str
    handle: str
    mail: str


def measure(chosen: Namespace) -> dict[str, Any]:
    client = _client()
    few = _pages(client, _place(FEW, FEW_FANS), chosen.calls)
    many = _pages(client, _place(chosen.messages - FEW, chosen.fans - FEW_FANS), chosen.calls)
    pages = {
        name: {
            "queries": found["queries"],
            "few_ms": few[name]["ms"],
            "many_ms": found["ms"],
            "ratio": report.ratio(found["ms"]["p50"], few[name]["ms"]["p50"]),
        }
        for name, found in many.items()
    }
    return {
        "benchmark": "admin",
        "machine": report.machine(),
        "messages": chosen.messages,
        "fans": chosen.fans,
        "pages": pages,
        "most_queries": max(found["queries"] for found in pages.values()),
        "worst_ratio": max(found["ratio"] for found in pages.values()),
        "over": sorted(
            name
            for name, found in pages.items()
            if found["queries"] > MOST_QUERIES or found["ratio"] > MOST_RATIO
        ),
    }


def _client() -> Any:
    """A browser of a member of the support, in staff mode."""
    from django.conf import settings
    from django.contrib.auth.models import Group
    from django.test import Client

    from accounts.models import User
    from accounts.sessions import begin_staff_mode
    from huntaze.kernel import clock

    settings.ALLOWED_HOSTS = ["*"]
    user = User.objects.create(email=f"staff-{time.time_ns()}@example.test", name="Staff", is_staff=True)
    user.groups.set([Group.objects.get(name="support")])
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    begin_staff_mode(session, clock.now())
    session.save()
    return client


def _place(messages: int, fans: int) -> Place:
    from accounts.models import PlatformAccount
    from bench.kit import crm, fill, rows
    from huntaze.kernel.tenancy import cross_workspace

    desks = rows.desks(
        [f"acct_bench_{time.time_ns()}_{number}" for number in range(ACCOUNTS)], max(fans // ACCOUNTS, 1)
    )
    failed, queued = messages // 100, messages // 200
    for state, count in (("sent", messages - failed - queued), ("failed", failed), ("queued", queued)):
        fill.fill(desks, count, state)
    with cross_workspace("demo"):
        account = PlatformAccount.objects.select_related("creator", "workspace").get(pk=desks[0].account)
    crm.furnish(desks[0], creators=fans // 10, events=messages // 10, name=NAME)
    return Place(
        account.workspace.public_id, account.creator.public_id, account.handle, crm.mail_of(desks[0].member)
    )


def _pages(client: Any, place: Place, calls: int) -> dict[str, dict[str, Any]]:
    tables = "/admin/messaging"
    addresses = {
        "list.deliveries": f"{tables}/delivery/",
        "list.deliveries failed": f"{tables}/delivery/?state__exact=failed",
        "list.deliveries by error": f"{tables}/delivery/?last_error=timeout",
        "list.deliveries of an account": f"{tables}/delivery/?q={place.handle}",
        "list.dead letters": f"{tables}/delivery/dead/",
        "list.dead letters of a workspace": f"{tables}/delivery/dead/?workspace={place.workspace}",
        "list.messages": f"{tables}/message/",
        "list.fans": f"{tables}/fan/",
        "list.fans by name": f"{tables}/fan/?q={NAME}",
        "list.audit": "/admin/accounts/auditevent/",
        "search.fan's name": f"/admin/find/?q={NAME}",
        "search.creator": "/admin/find/?q=Amaranthe",
        "search.mail": f"/admin/find/?q={place.mail[:-4]}",
        "search.trace": f"/admin/find/?q={'0123456789abcdef' * 2}",
        **{f"workspace.{tab}": f"/admin/workspace/{place.workspace}/{tab}/" for tab in TABS},
        **{f"creator.{tab}": f"/admin/creator/{place.creator}/{tab}/" for tab in TABS},
    }
    return {name: _asked(client, address, calls) for name, address in addresses.items()}


def _asked(client: Any, address: str, calls: int) -> dict[str, Any]:
    """The first calls are left out; queries are counted in a call of their own."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times = []
    for number in range(calls + 2):
        started = time.perf_counter()
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
        if number >= 2:
            times.append((time.perf_counter() - started) * 1000)
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    return {"queries": len(asked), "ms": report.spread(times, 1)}


if __name__ == "__main__":
    chosen = options()
    house.set_up(STATIC_STORAGE="django.contrib.staticfiles.storage.StaticFilesStorage")
    report.publish(measure(chosen), chosen.json)
