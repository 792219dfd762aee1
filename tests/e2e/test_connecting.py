"""A creator's account is connected in a real browser, on the vendor's page in its frame."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from accounts.models import PlatformAccount
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.e2e.conftest import Site, violations
from tests.factories.accounts import PASSWORD
from tests.sandbox.server import Sandbox


def test_from_the_consent_to_a_connected_account(site: Site, stage: World, platform: Sandbox) -> None:
    page = site.open(stage.owner, "/settings/integrations/onlyfans/new")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Creator", exact=True).select_option(label="Luna Martel")
    page.get_by_label("I have read this").check()
    assert violations(page) == []
    page.get_by_role("button", name="Agree and go on").click()
    frame = page.frame_locator("iframe.frame")
    frame.get_by_role("button", name="Wrong password").click()
    expect(page.get_by_text("OnlyFans refused the sign-in. It can be tried again.")).to_be_visible()
    frame.get_by_role("button", name="Ask code").click()
    frame.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Connected")).to_be_visible()
    site.log.hosts.discard(urlsplit(platform.url).netloc)
    with cross_workspace("demo"):
        found = PlatformAccount.objects.filter(creator=stage.creator).exclude(pk=stage.account.pk)
        assert [row.state for row in found] == ["connected"]
