"""How soon pages stand: at the server and in a browser. `bin/bench pages --quick`.

Server: pages and their fragments through gunicorn for the owner of twenty accounts, one caller at a time, with a
thousand messages and then with a hundred thousand in the same workspace, all really encrypted.

Browser: Chromium with its processor slowed down four times. Each page is opened anew with an empty cache, then its menu
is opened and closed and, where it has a field, something is typed. LCP, INP and CLS are those of the library
web-vitals, with interactions of any length counted.
"""

import os
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from bench.kit import house, report

QUICK = {"messages": 20_000, "fans": 4000, "calls": 20, "visits": 3}
SMOKE = {"messages": 300, "fans": 40, "calls": 1, "visits": 1, "only": ["dashboard"]}
ACCOUNTS, FEW, SLOWER = 20, 1000, 4
PAGES = {
    "dashboard": "/dashboard",
    "onlyfans": "/onlyfans",
    "onlyfans, failed": "/onlyfans?show=failed",
    "onlyfans, sent": "/onlyfans?show=sent",
    "marketing": "/marketing",
    "billing": "/billing",
    "team": "/team",
    "settings": "/settings",
}
FRAGMENTS = {
    "dashboard": "/dashboard",
    "onlyfans, figures": "/onlyfans/figures",
    "onlyfans, list": "/onlyfans/list",
    "onlyfans, list of sent": "/onlyfans/list?show=sent",
    "onlyfans, forecast": "/onlyfans/forecast?account={account}",
}
#: Goals for milliseconds with 100,000 messages: P95 of a page and of a fragment at the server, LCP and INP; then CLS.
GOALS = {"page_ms": 250, "fragment_ms": 150, "lcp_ms": 1800, "inp_ms": 150, "cls": 0.05}
VITALS = Path(__file__).parent / "vendor" / "web-vitals-6.2.3.iife.js"
WATCH = """
window.vitals = {LCP: null, INP: null, CLS: 0};
for (const name of Object.keys(window.vitals))
  webVitals[`on${name}`](({value}) => { window.vitals[name] = value; }, {reportAllChanges: true, durationThreshold: 0});
"""
FIELD = (
    "main :is(input:not([type]), input[type=text], input[type=search], input[type=email], textarea):visible"
)


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--fans", type=int, default=20_000)
    parser.add_argument("--calls", type=int, default=60, help="of each page and fragment, one at a time")
    parser.add_argument("--visits", type=int, default=7, help="of each page in the browser")
    parser.add_argument("--only", nargs="+", choices=PAGES, default=list(PAGES), help="of the pages")
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import rows, web

    names = [f"acct_bench_{time.time_ns()}_{number}" for number in range(ACCOUNTS)]
    desks = rows.desks(names, max(chosen.fans // ACCOUNTS, 1))
    cookie, account = _cookie(desks[0]), _account(desks[0])
    with house.house() as running:
        port = web.start(running, workers=1, threads=4)
        _write(desks, FEW)
        pages = {name: PAGES[name] for name in chosen.only}
        few = _server(port, cookie, account, pages, chosen.calls)
        _write(desks, chosen.messages - FEW)
        many = _server(port, cookie, account, pages, chosen.calls)
        browser = _browser(port, cookie, pages, chosen.visits)
    server = {
        name: {"few_ms": few[name], "many_ms": found, "ratio": report.ratio(found["p50"], few[name]["p50"])}
        for name, found in many.items()
    }
    return {
        "benchmark": "pages",
        "machine": report.machine(),
        "messages": chosen.messages,
        "fans": chosen.fans,
        "server": server,
        "browser": browser,
        "goals": GOALS,
        "over": _over(many, browser),
    }


def _write(desks: Any, count: int) -> None:
    """Four of five have gone out, the rest waits, failed, or nobody knows."""
    from django.db import connection

    from bench.kit import rows

    each = max(count // ACCOUNTS // 20, 1)
    for state, share in (("sent", 16), ("queued", 2), ("failed", 1), ("uncertain", 1)):
        rows.queue(desks, each * share, lane="interactive", state=state)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_delivery SET answered_at = now() - id % 86400 * interval '1 second'"
            " WHERE state = 'sent' AND answered_at IS NULL"
        )
    rows.analyze("messaging_delivery")


def _cookie(desk: Any) -> tuple[str, str]:
    """Name and value of the owner's session."""
    from accounts.models import Membership
    from bench.kit import web
    from huntaze.kernel.tenancy import cross_workspace

    with cross_workspace("demo"):
        owner = Membership.objects.select_related("user").get(pk=desk.member).user
    return web.session_of(owner)


def _account(desk: Any) -> str:
    from accounts.models import PlatformAccount
    from huntaze.kernel.tenancy import cross_workspace

    with cross_workspace("demo"):
        return PlatformAccount.objects.get(pk=desk.account).public_id


def _server(
    port: int, cookie: tuple[str, str], account: str, pages: dict[str, str], calls: int
) -> dict[str, dict[str, float]]:
    from bench.kit import web

    head = f"Cookie: {'='.join(cookie)}\r\n"
    kinds = [("page", pages, head), ("fragment", FRAGMENTS, f"{head}HX-Request: true\r\n")]
    found = {}
    for kind, paths, more in kinds:
        for name, path in paths.items():
            asked = [web.request("GET", path.format(account=account), "none", more=more)] * (calls + 2)
            answers = web.drive(port, asked, connections=1, seconds=120, status=200)
            if answers.wrong:
                raise SystemExit(f"{path}: {answers.wrong}")
            found[f"{kind} {name}"] = report.spread(answers.times[2:], 1)
    return found


def _browser(
    port: int, cookie: tuple[str, str], pages: dict[str, str], visits: int
) -> dict[str, dict[str, float]]:
    from playwright.sync_api import sync_playwright

    path = os.environ["CHROMIUM"]
    site = f"http://127.0.0.1:{port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        # The pages take turns, so that a busy moment of the machine meets all of them.
        seen = [
            (name, _visit(browser, site, cookie, path)) for _ in range(visits) for name, path in pages.items()
        ]
        browser.close()
    return {
        name: {
            key: round(report.median([vitals[vital] for page, vitals in seen if page == name]), digits)
            for key, vital, digits in (("lcp_ms", "LCP", 0), ("inp_ms", "INP", 0), ("cls", "CLS", 4))
        }
        for name in pages
    }


def _visit(browser: Any, site: str, cookie: tuple[str, str], path: str) -> dict[str, float]:
    # Waiting for a figure takes eval, which our policy forbids.
    with browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True) as context:
        context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": site}])
        context.add_init_script(VITALS.read_text() + WATCH)
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(site + path, wait_until="load")
        page.wait_for_function("vitals.LCP !== null")
        menu = page.locator(".topbar .menu summary").last
        menu.click()
        menu.click()
        if page.locator(FIELD).count():
            page.locator(FIELD).first.press_sequentially("hello")
        page.wait_for_function("vitals.INP !== null")
        found: dict[str, float] = page.evaluate("vitals")
        return found


def _over(server: dict[str, dict[str, float]], browser: dict[str, dict[str, float]]) -> list[str]:
    slow = [name for name, ms in server.items() if ms["p95"] > GOALS[f"{name.split()[0]}_ms"]]
    worse = [f"{name} {key}" for name, page in browser.items() for key in page if page[key] > GOALS[key]]
    return sorted(slow + worse)


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
