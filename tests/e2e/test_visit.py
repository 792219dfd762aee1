"""Staff look through a member's eyes, in a browser: from the member's page in the admin to the end of the visit."""

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from accounts.models import AuditEvent, Mail, PlatformAccount
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.e2e.conftest import Site, violations_in_both_themes
from tests.factories.visits import REASON, browser, staff

PATHS = ["/onlyfans", "/team", "/settings/audit", "/settings/integrations", "/nothing-here", "/settings/keys"]


def begin(site: Site, world: World, locale: str = "en", **options: Any) -> Page:
    """Through the member's page; the support person has just given their second factor."""
    site.log.expected = (403, 404)
    page = site.open(locale=locale, **options)
    cookie = browser(staff(locale=locale, name="Sam Support")).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": site.url}])
    page.goto(f"{site.url}/admin/accounts/membership/{world.owner.pk}/change/")
    page.locator(f"a[href='/admin/accounts/membership/{world.owner.pk}/visit/']").click()
    page.locator("#id_reason").fill(REASON)
    page.locator("input[type=submit].default").click()
    expect(page.locator(".visit")).to_be_visible()
    return page


def test_a_visit_from_its_beginning_to_its_end(site: Site, stage: World) -> None:
    page = begin(site, stage)
    expect(page.locator(".visit")).to_contain_text(
        "You see Atelier as Olivia Owner sees it. You can only look."
    )
    expect(page.locator(".menu__name")).to_have_text("Olivia Owner")
    with cross_workspace("demo"):
        seen = AuditEvent.objects.filter(action="impersonation.viewed").values_list("changes", flat=True)
        assert [one["page"] for one in seen if one["page"] != "/jobs/bell"] == ["/dashboard"]
    assert Mail.objects.get(kind="staff_visit").to == stage.owner.user.email
    address = f"{site.url}/onlyfans/accounts/{stage.account.public_id}/pause"
    token = page.locator(".visit input[name=csrfmiddlewaretoken]").input_value()
    refused = page.request.post(address, form={"csrfmiddlewaretoken": token}, headers={"Referer": site.url})
    assert refused.status == 403
    with cross_workspace("demo"):
        assert not PlatformAccount.objects.get(pk=stage.account.pk).is_sending_paused
    page.get_by_role("button", name="End the visit").click()
    expect(page.locator("#result_list")).to_contain_text(REASON)
    expect(page.locator(".visit")).to_have_count(0)


@pytest.mark.parametrize(("locale", "words"), [("en", "End the visit"), ("fr", "Terminer la visite")])
def test_the_banner_is_on_every_page(site: Site, stage: World, locale: str, words: str) -> None:
    page = begin(site, stage, locale)
    for path in PATHS:
        page.goto(site.url + path)
        expect(page.get_by_role("button", name=words)).to_be_visible()
        assert violations_in_both_themes(page) == [], path
        for width in (360, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") == width, path
            page.mouse.wheel(0, 600)
            expect(page.get_by_role("button", name=words)).to_be_in_viewport()
