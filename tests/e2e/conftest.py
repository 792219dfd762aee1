"""A real browser on the real server: Debian's Chromium, the sandbox as the platform, and a log of everything wrong.

`CHROMIUM` names the browser; without it the usual path is tried, and a missing one fails with what to install.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.models import Creator, Membership, PlatformAccount, User, Workspace
from huntaze.kernel import i18n
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Fan
from messaging.services.fans import handle_digest
from messaging.services.sending.pump import Pump
from tests.conftest import World
from tests.sandbox.server import FAN, Sandbox
from tests.streams import serving

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Log:
    """What the browser complained about and asked for."""

    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    #: Refusals that a test expects; the browser reports each as an error of its own.
    expected: tuple[int | str, ...] = ()
    #: The test takes the connection away: what asks meanwhile fails.
    is_cut_off: bool = False

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self._say(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _say(self, kind: str, text: str) -> None:
        is_expected = any(
            (f"status of {part}" if isinstance(part, int) else part) in text for part in self.expected
        )
        # Chromium misses RS256, which security keys shall not sign with (ASVS 11.6.1).
        is_expected = is_expected or "publicKey.pubKeyCredParams is missing" in text
        if self.is_cut_off and ("ERR_INTERNET_DISCONNECTED" in text or "Failed to fetch" in text):
            return
        if kind in {"error", "warning"} and not is_expected:
            self.complaints.append(f"{kind}: {text}")


class Events:
    """The event streams on a port that stays the same."""

    def __init__(self) -> None:
        self.port = 0
        self._running: Any = None
        self._application: Any = None

    def start(self) -> None:
        from huntaze.asgi import Application

        self._application = Application()
        self._running = serving(self._application, self.port)
        self.port = self._running.__enter__()

    def stop(self) -> None:
        if self._running is not None:
            self._running.__exit__(None, None, None)
        self._running = None

    def allow(self, origin: str) -> None:
        """Pages of this address may listen, as those of EVENTS_ORIGINS do."""
        streams = self._application.streams
        streams.door = replace(streams.door, origins=frozenset({origin}))


@pytest.fixture(scope="session", autouse=True)
def french() -> None:
    i18n.compile_catalogue(django_settings.BASE_DIR, "fr")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: while it runs, this thread has an event loop that other tests must not meet."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium, or set CHROMIUM")
    # Playwright's loop runs in this thread, and Django would refuse the database beside it.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Site:
    """The running server with a browser; `open` gives a page of a member, or of nobody."""

    url: str
    browser: Browser
    log: Log
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self, member: Membership | None = None, path: str = "", *, user: User | None = None, **more: Any
    ) -> Page:
        options = {
            "viewport": {"width": 1440, "height": 900},
            "color_scheme": "light",
            "locale": "en-GB",
        } | more
        context = self.browser.new_context(**options)
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        user = member.user if member else user
        if user is not None:
            client = Client()
            client.force_login(user)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.url}])
        page = context.new_page()
        self.log.watch(page)
        if path:
            page.goto(self.url + path)
        return page


@pytest.fixture(scope="session")
def events(django_db_setup: None) -> Iterator[Events]:
    """The process of the event streams, as a thread; tests stop it and start it again."""
    events = Events()
    events.start()
    yield events
    events.stop()


@pytest.fixture
def site(live_server: Any, chromium: Browser, settings: Any, events: Events) -> Iterator[Site]:
    """Every test ends with a clean console and without a request to anybody else."""
    settings.COOKIE_SECURE = False
    settings.ALLOWED_HOSTS = ["*"]
    settings.EVENTS_LOOPBACK_PORT = events.port
    streams = f"http://localhost:{events.port}"
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    more = {"connect-src": [*policy["connect-src"], streams]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy | more}
    events.allow(live_server.url)
    log = Log()
    site = Site(live_server.url, chromium, log)
    yield site
    for context in site.contexts:
        context.close()
    assert log.complaints == []
    assert log.hosts <= {urlsplit(live_server.url).netloc, urlsplit(streams).netloc}


@pytest.fixture
def stage(world: World, platform: Sandbox) -> World:
    """The world with its first account and fan known to the sandbox, under names a person would have."""
    with cross_workspace("demo"):
        Workspace.objects.filter(pk=world.owner.workspace_id).update(name="Atelier", timezone="Europe/Paris")
        User.objects.filter(pk=world.owner.user_id).update(name="Olivia Owner")
        Creator.objects.filter(pk=world.creator.pk).update(stage_name="Luna Martel")
        PlatformAccount.objects.filter(pk=world.account.pk).update(
            external_id=platform.account, handle="lunamartel"
        )
        fan = Fan.objects.get(pk=world.fan.pk)
        fan.platform_user_id, fan.name, fan.handle = str(FAN), "Zoé Durand", "zoe_d"
        fan.handle_digest = handle_digest("zoe_d")
        fan.save()
    world.account.refresh_from_db()
    world.fan = fan
    return world


@pytest.fixture
def pump() -> Iterator[Callable[..., int]]:
    """`pump(count)` sends until so many are sent, or for so long, in a thread of its own, as a worker would."""
    with ThreadPoolExecutor(1) as thread:

        def run(count: int, seconds: float = 20) -> int:
            work = Pump(seconds=seconds, is_stopping=lambda: work.sent >= count)
            return thread.submit(asyncio.run, work.run()).result(30)

        yield run


#: WCAG 2.0 to 2.2, levels A and AA.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: The rules whose findings hang on colours: all that another theme can change.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def violations(page: Page, only: Any = RULES) -> list[str]:
    """axe's findings on the page as it stands."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(
        "only => axe.run({resultTypes: ['violations'], runOnly: only}).then(({violations}) => ({violations}))",
        only,
    )
    return [
        f"{finding['id']}: {node['target']} {node.get('failureSummary', '')}"
        for finding in found["violations"]
        for node in finding["nodes"]
    ]


def violations_in_both_themes(page: Page) -> list[str]:
    """All rules in the light, and in the dark those that it can change."""
    found = violations(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")  # the staff's links fade over
    found += [f"dark: {one}" for one in violations(page, COLOURS)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found
