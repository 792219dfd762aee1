"""The staff's pages with a thousand messages and with a million. `bin/bench admin --quick`.

Lists, the search and every tab of a workspace's and a creator's page, asked for by a member of staff in this process,
one at a time: what Django, the queries and the template cost together. The two sizes stand in a database each of one
server and are asked in turns, so that whatever else the machine does slows both. Rows are made inside PostgreSQL;
their texts are one constant that nobody opens. Of the million, one in a hundred has failed and one in two hundred
waits. Beside them stand creators to search among and rows of the audit log.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.db import connections
from django.test.utils import CaptureQueriesContext

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


@dataclass(frozen=True, slots=True)
class _Side:
    """A database, and the place in it."""

    database: Any
    place: Place

    def ask(self, client: Any, address: str) -> float:
        """Milliseconds of one answer."""
        connections["default"] = self.database
        started = time.perf_counter()
        answer = client.get(address)
        spent = (time.perf_counter() - started) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
        return spent

    def queries(self, client: Any, address: str) -> int:
        connections["default"] = self.database
        with CaptureQueriesContext(self.database) as asked:
            client.get(address)
        return len(asked)


def measure(chosen: Namespace) -> dict[str, Any]:
    from django.db import connection

    started = time.perf_counter()
    client = _client()
    few = _Side(connection.copy(), _place(FEW, FEW_FANS))
    if not chosen.smoke:  # which measures nothing, on a database that others have open
        few.database.settings_dict["NAME"] = _copied()
    many = _Side(connection.copy(), _place(chosen.messages - FEW, chosen.fans - FEW_FANS))
    _settle()
    made = time.perf_counter() - started
    pages = {
        name: _compared(client, few, address(few.place), many, address(many.place), chosen.calls)
        for name, address in _pages().items()
    }
    return {
        "benchmark": "admin",
        "machine": report.machine(),
        "messages": chosen.messages,
        "fans": chosen.fans,
        "made_in_s": round(made),
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
        account.workspace.public_id,
        account.creator.public_id,
        account.handle,
        crm.mail_of(desks[0].member)[:-4],
    )


def _copied() -> str:
    """The database as it is now, under another name."""
    from django.db import connection

    connection.close()  # a template may have no visitors
    connection.creation.clone_test_db("few", verbosity=0)
    return str(connection.creation.get_test_db_clone_settings("few")["NAME"])


def _settle() -> None:
    """What autovacuum does to tables that have grown, now instead of in the middle of the measuring."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _pages() -> dict[str, Callable[[Place], str]]:
    tables = "/admin/messaging"
    lists = {
        "index": "/admin/",
        "list.deliveries": f"{tables}/delivery/",
        "list.deliveries failed": f"{tables}/delivery/?state__exact=failed",
        "list.deliveries by error": f"{tables}/delivery/?last_error=timeout",
        "list.deliveries of an account": f"{tables}/delivery/?q={{handle}}",
        "list.deliveries, a later page": f"{tables}/delivery/?p=15",
        "list.dead letters": f"{tables}/delivery/dead/",
        "list.dead letters of a workspace": f"{tables}/delivery/dead/?workspace={{workspace}}",
        "list.messages": f"{tables}/message/",
        "list.conversations": f"{tables}/conversation/",
        "list.fans": f"{tables}/fan/",
        "list.fans by name": f"{tables}/fan/?q={NAME}",
        "list.creators": "/admin/accounts/creator/",
        "list.audit": "/admin/accounts/auditevent/",
        "search.fan's name": f"/admin/find/?q={NAME}",
        "search.creator": "/admin/find/?q=Amaranthe",
        "search.mail": "/admin/find/?q={mail}",
        "search.trace": f"/admin/find/?q={'0123456789abcdef' * 2}",
    }
    tabs = {
        f"{kind}.{tab}": f"/admin/{kind}/{{{kind}}}/{tab}/"
        for kind in ("workspace", "creator")
        for tab in TABS
    }
    return {name: partial(_address, pattern) for name, pattern in (lists | tabs).items()}


def _address(pattern: str, place: Place) -> str:
    return pattern.format(**asdict(place))


def _compared(
    client: Any, few: _Side, few_address: str, many: _Side, many_address: str, calls: int
) -> dict[str, Any]:
    """Both sizes in turns, the first calls left out; queries are counted in a call of their own."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(calls + 2):
        for side, address, found in ((few, few_address, times[0]), (many, many_address, times[1])):
            spent = side.ask(client, address)
            if number >= 2:
                found.append(spent)
    few_ms, many_ms = (report.spread(found, 1) for found in times)
    return {
        "queries": many.queries(client, many_address),
        "few_ms": few_ms,
        "many_ms": many_ms,
        "ratio": report.ratio(many_ms["p50"], few_ms["p50"]),
    }


if __name__ == "__main__":
    chosen = options()
    house.set_up(STATIC_STORAGE="django.contrib.staticfiles.storage.StaticFilesStorage")
    report.publish(measure(chosen), chosen.json)
