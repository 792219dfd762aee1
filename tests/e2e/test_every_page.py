"""What holds on every page: contrast and structure, both themes and languages, narrow screens, bytes."""

import gzip
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import PlatformAccount, User
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.e2e.conftest import Site, violations
from tests.factories.accounts import UserFactory
from tests.factories.messaging import delivery

SHOWS = ["going", "planned", "uncertain", "failed", "sent"]
PATHS = [
    "/signin",
    "/team",
    "/nothing-here",
    *(f"/onlyfans?show={show}" for show in SHOWS),
    "/settings/integrations",
    "/billing",
    "/settings/keys",
    "/settings/audit",
    "/settings/privacy",
    "/settings/webhooks",
    "/settings/privacy/erase?scope=workspace",
]
JS_BUDGET, CSS_BUDGET, HTML_BUDGET, REQUESTS = 40_000, 25_000, 40_000, 12


@pytest.fixture
def full(stage: World) -> World:
    """Every list has rows, one account is in trouble."""
    now = clock.now()
    for state in ("queued", "scheduled", "uncertain", "failed", "sent", "sending"):
        for number in range(3):
            delivery(stage.fan, stage.owner, state=state, text=f"{state} {number} " + "long words " * 30,
                     last_error="timeout" if state in {"uncertain", "failed"} else "",
                     answered_at=now, dispatched_at=now)  # fmt: skip
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=stage.other_account.pk).update(state="expired")
    return stage


def opened(site: Site, world: World, path: str, **options: Any) -> Page:
    site.log.expected = (404,)
    return site.open(None if path == "/signin" else world.owner, path, **options)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(site: Site, full: World, path: str, theme: str) -> None:
    page = opened(site, full, path, color_scheme=theme)
    assert violations(page) == []


def test_axe_finds_nothing_on_a_phone(site: Site, full: World) -> None:
    page = opened(site, full, "/settings/integrations", viewport={"width": 360, "height": 760})
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_open_menu_and_the_errors(site: Site, full: World, theme: str) -> None:
    page = opened(site, full, "/onlyfans")
    page.locator(".menu summary").click()
    page.locator(f"[data-theme-choice={theme}]").click()
    site.log.expected = (422,)
    page.locator("#send").get_by_role("button", name="Send").click()
    expect(page.locator("#send [data-focus]")).to_be_visible()
    page.locator(".menu summary").click()
    assert page.locator("html").get_attribute("data-theme") == theme
    assert violations(page) == []


@pytest.mark.parametrize("locale", ["en", "fr"])
@pytest.mark.parametrize("path", PATHS)
def test_nothing_scrolls_sideways(site: Site, full: World, path: str, locale: str) -> None:
    User.objects.filter(pk=full.owner.user_id).update(locale=locale)
    page = opened(site, full, path, locale=locale)
    for width in (360, 720, 900, 1100, 1280):
        page.set_viewport_size({"width": width, "height": 760})
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("path", PATHS)
def test_the_french_page_holds_no_english(site: Site, full: World, path: str) -> None:
    User.objects.filter(pk=full.owner.user_id).update(locale="fr")
    page = opened(site, full, path, locale="fr-FR")
    english = (
        r"\b(the|and|with|sent|queued|failed|priority|account|message waits|sign|your|what|this|to go)\b"
    )
    text = re.sub(
        r"(queued|scheduled|uncertain|failed|sent|sending) \d.*", "", page.locator("body").inner_text()
    )
    assert page.locator("html").get_attribute("lang") == "fr"
    assert re.findall(english, text, re.IGNORECASE) == []


def test_the_first_view_keeps_its_budget(site: Site, full: World) -> None:
    page = site.open(full.owner)
    sizes: dict[str, int] = {}

    def weigh(response: Any) -> None:
        kind = response.request.resource_type
        sizes[f"{kind} {response.url}"] = len(gzip.compress(response.body(), 9))

    page.on("requestfinished", lambda request: weigh(request.response()))
    page.goto(site.url + "/onlyfans")
    page.wait_for_load_state("networkidle")
    first = {name: size for name, size in sizes.items() if not name.startswith("fetch")}

    def total(kind: str) -> int:
        return sum(size for name, size in first.items() if name.startswith(kind))

    assert 0 < total("script") <= JS_BUDGET
    assert 0 < total("stylesheet") <= CSS_BUDGET
    assert 0 < total("document") <= HTML_BUDGET
    assert len(first) <= REQUESTS


def test_a_message_is_sent_by_keyboard_alone(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/onlyfans")
    keyboard = page.keyboard
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keyboard.press("Enter")
    for _ in range(40):
        keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "id_recipient":
            break
    keyboard.type("@zoe_d")
    keyboard.press("Tab")
    keyboard.type("By keyboard")
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(page.locator("#send button[type=submit]")).to_be_focused()
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert ring == "2px"
    keyboard.press("Enter")
    expect(page.locator("#receipt")).to_contain_text("By keyboard")


def test_the_menu_opens_and_closes_by_keyboard(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/onlyfans")
    page.locator(".menu summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.locator(".menu summary")).to_be_focused()


def test_a_chosen_theme_stays(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/onlyfans")
    page.locator(".menu summary").click()
    page.locator("[data-theme-choice=dark]").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(19, 21, 24)"


def test_targets_are_large_enough(site: Site, full: World) -> None:
    page = opened(site, full, "/onlyfans")
    small = page.evaluate(
        """[...document.querySelectorAll("button, input:not([type=hidden]), select, summary, .button, .tab")]
           .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
           .filter(([, box]) => box.height > 0 && (box.height < 24 || box.width < 24))
           .map(([html]) => html).filter((html) => !html.includes("checkbox"))"""
    )
    assert small == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_staff_pages_keep_the_policy(site: Site, full: World, theme: str) -> None:
    """A violation of the content security policy is an error on the console, and the fixture fails on it."""
    staff = UserFactory(is_staff=True, is_superuser=True)
    page = site.open(user=staff, path="/admin/", color_scheme=theme)
    expect(page.locator(".today__item--some").first).to_contain_text("3")
    for path in (
        "messaging/delivery/",
        "messaging/fan/?q=@zoe_d",
        "accounts/user/",
        "accounts/platformaccount/",
    ):
        page.goto(f"{site.url}/admin/{path}")
        expect(page.locator("#result_list")).to_be_visible()
    page.goto(f"{site.url}/admin/messaging/delivery/?state__exact=failed")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("retry")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".messagelist")).to_contain_text("3 messages changed.")
    page.goto(f"{site.url}/admin/messaging/delivery/")
    page.locator("#result_list tbody th a").first.click()
    expect(page.locator("#content h1")).to_contain_text("View delivery")
