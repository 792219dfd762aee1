"""A creator's Instagram account is connected in a real browser: to the platform's consent page and back."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from accounts.models import PlatformAccount, User
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.e2e.conftest import Site, violations
from tests.factories.accounts import PASSWORD
from tests.sandbox.server import Sandbox


@pytest.fixture
def away(site: Site, platform: Sandbox, settings: Any) -> Iterator[Site]:
    """The platform's pages are on another host, to which the browser is led."""
    settings.BASE_URL = site.url
    yield site
    site.log.hosts.discard(urlsplit(platform.url).netloc)


@pytest.mark.parametrize("has_script", [True, False])
def test_an_instagram_account_is_connected(
    away: Site, stage: World, platform: Sandbox, has_script: bool
) -> None:
    page = away.open(stage.owner, "/settings/integrations/instagram/new", java_script_enabled=has_script)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Creator", exact=True).select_option(label="Luna Martel")
    page.get_by_label("I have read this").check()
    if has_script:
        assert violations(page) == []
    page.get_by_role("button", name="Agree and go on").click()
    expect(page.get_by_role("heading", name="Instagram")).to_be_visible()
    assert page.url.startswith(f"{platform.url}/instagram/www/oauth/authorize?")
    page.get_by_label("Ava Sinclair").check()
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading", name="Connected")).to_be_visible()
    assert "code=" not in page.url
    if has_script:
        assert violations(page) == []
    page.get_by_role("link", name="To the connected accounts").click()
    expect(page.get_by_text("avasinclair.ig")).to_be_visible()
    with cross_workspace("demo"):
        assert PlatformAccount.objects.get(platform="instagram").creator_id == stage.creator.pk


def test_a_refusal_on_the_platforms_page_is_said_in_french(
    away: Site, stage: World, platform: Sandbox
) -> None:
    User.objects.filter(pk=stage.owner.user_id).update(locale="fr")
    stage.owner.user.refresh_from_db()
    page = away.open(stage.owner, "/settings/integrations/instagram/new")
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main form button").first.click()
    page.locator("select[name=creator]").select_option(label="Luna Martel")
    page.locator("input[name=consent]").check()
    page.locator("main form .button--primary").click()
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_text("Rien n’a été connecté.")).to_be_visible()
