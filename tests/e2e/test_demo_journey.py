"""A newcomer looks around: the empty dashboard, a demo made by one click, its pages, and nothing left after another."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User, Workspace
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Demo, Fan
from messaging.services.demos import work
from tests.e2e.conftest import COLOURS, RULES, Site, violations
from tests.factories.accounts import MembershipFactory

#: `SCREENSHOTS` names a folder in which pictures are left, to be looked at.
FOLDER = os.environ.get("SCREENSHOTS", "")


def picture(page: Page, name: str) -> None:
    if FOLDER:
        page.screenshot(path=Path(FOLDER) / f"demo-{name}.png", full_page=True)


def sound(page: Page, name: str) -> None:
    """Nothing for axe to find in both themes, and nothing that scrolls sideways on a phone."""
    for theme, rules in (("dark", COLOURS), ("light", RULES)):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert violations(page, rules) == []
        picture(page, f"{name}-{theme}")
    page.set_viewport_size({"width": 360, "height": 760})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.set_viewport_size({"width": 360, "height": 4000})  # the bar at the bottom hides nothing
    assert violations(page) == []
    picture(page, f"{name}-360")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_newcomer_makes_a_demo_looks_and_wipes_it(
    site: Site, transactional_db: None, language: str
) -> None:
    words = {
        "en": (
            "Look around with a demo workspace",
            "Needs you",
            "Wipe the demo",
            "account has to be reconnected",
        ),
        "fr": (
            "Découvrir avec un espace de démo",
            "À faire",
            "Effacer la démo",
            "compte doit être reconnecté",
        ),
    }
    ask, needs, wipe, reconnect = words[language]
    member = MembershipFactory(role="owner", workspace__timezone="Europe/Paris")
    User.objects.filter(pk=member.user_id).update(locale=language, name="Camille Roy")
    locale = {"en": "en-GB", "fr": "fr-FR"}[language]
    page = site.open(member, "/dashboard", locale=locale, reduced_motion="reduce")
    sound(page, f"{language}-empty")
    page.get_by_role("button", name=ask).click()
    expect(page.locator("#demo progress")).to_be_visible()
    sound(page, f"{language}-making")
    work.tend(now=clock.now())
    expect(page.get_by_role("heading", name=needs)).to_be_visible()
    assert page.url == f"{site.url}/dashboard"
    expect(page.locator(".alerts")).to_contain_text(reconnect)
    expect(page.locator(".demo-mark")).to_be_visible()
    assert page.title().startswith("DEMO · ")
    sound(page, f"{language}-dashboard")
    page.locator("#paid + table a").first.click()
    expect(page.locator("tbody tr")).not_to_have_count(0)
    sound(page, f"{language}-payments")
    page.goto(f"{site.url}/demo")
    sound(page, f"{language}-ready")
    page.goto(f"{site.url}/onlyfans")
    picture(page, f"{language}-onlyfans")
    page.locator(".demo-mark").get_by_role("button", name=wipe).click()
    expect(page.locator(".demo-mark")).to_have_count(0)
    work.tend(now=clock.now())
    with cross_workspace("demo"):
        assert (Demo.objects.count(), Fan.objects.count()) == (0, 0)
    assert Workspace.objects.filter(is_demo=True).count() == 0
