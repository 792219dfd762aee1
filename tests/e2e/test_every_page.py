"""What the keyboard does on a page, the menu, the theme that somebody chose, and the staff pages' policy."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import World
from tests.e2e.conftest import Site, violations
from tests.e2e.places import fill
from tests.factories.accounts import UserFactory


@pytest.fixture
def full(stage: World) -> World:
    return fill(stage)


PRESS = """(keys) => {
  for (const key of keys) document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
}"""


def opened(site: Site, world: World, path: str, **options: Any) -> Page:
    site.log.expected = (404,)
    return site.open(None if path == "/signin" else world.owner, path, **options)


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


def test_keys_lead_around_and_are_changed_and_switched_off(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/dashboard")
    keyboard = page.keyboard

    def change(act: str, key: str) -> None:
        page.locator(f"[data-shortcut={act}]").focus()
        keyboard.press("Enter")
        keyboard.press(key)
        expect(page.locator(f"[data-shortcut={act}]")).to_have_text(key.upper())

    def go(keys: str, title: str) -> None:
        """Both keys within the time that counts, however slow the machine: they are pressed in the page."""
        page.evaluate(PRESS, keys)
        expect(page.locator("h1")).to_have_text(title)

    keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    change("go", "x")
    change("o", "t")
    expect(page.locator("[data-shortcut=t]")).to_have_text("O")
    assert violations(page) == []
    keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    go("xt", "OnlyFans")
    expect(page.locator("[data-shortcut=go]")).to_have_text("X")  # kept, and the page listens
    go("xo", "Team")
    expect(page.locator("[data-shortcut=go]")).to_have_text("X")
    keyboard.press("?")
    page.get_by_role("button", name="As they were").click()
    expect(page.locator("[data-shortcut=go]")).to_have_text("G")
    page.locator("[data-keys-choice=off]").click()
    keyboard.press("Escape")
    keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()


def test_a_chosen_theme_stays(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/onlyfans")
    page.locator(".menu summary").click()
    page.locator("[data-theme-choice=dark]").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(19, 21, 24)"


def test_the_staff_pages_keep_the_policy(site: Site, full: World) -> None:
    """A violation of the content security policy is an error on the console, and the fixture fails on it."""
    staff = UserFactory(is_staff=True, is_superuser=True)
    page = site.open(user=staff, path="/admin/")
    expect(page.locator(".today__item--some").first).to_contain_text("3")
    for path in (
        "messaging/delivery/",
        "messaging/fan/?q=@zoe_d",
        "accounts/user/",
        "accounts/platformaccount/",
    ):
        page.goto(f"{site.url}/admin/{path}")
        page.emulate_media(color_scheme="dark")
        expect(page.locator("#result_list")).to_be_visible()
        page.emulate_media(color_scheme="light")
    page.goto(f"{site.url}/admin/messaging/delivery/?state__exact=failed")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("retry")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".messagelist")).to_contain_text("3 messages changed.")
    page.goto(f"{site.url}/admin/messaging/delivery/")
    page.locator("#result_list tbody th a").first.click()
    expect(page.locator("#content h1")).to_contain_text("View delivery")
