"""A manager's campaign, from the audience to what it brought: planned, cancelled, copied, approved by somebody else,
launched, paused, resumed and through, with the messages really going out."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import FanList, FanListEntry, Message
from messaging.services.campaigns import tend
from tests.conftest import World
from tests.e2e.conftest import Site, violations
from tests.factories.messaging import FanFactory
from tests.sandbox.server import FAN, Sandbox

Send = Callable[..., int]
#: `SCREENSHOTS` names a folder in which pictures are left, to be looked at.
FOLDER = os.environ.get("SCREENSHOTS", "")
#: Sent before it is paused, and the seconds in which the account may send ten: the campaign takes each tenth of them.
FIRST, WINDOW = 3, 6.0


def looked_at(page: Page, name: str) -> None:
    assert violations(page) == []
    if FOLDER:
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=Path(FOLDER) / f"campaign-{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})


@pytest.fixture
def audience(stage: World, platform: Sandbox, settings: Any) -> World:
    """Nine fans of the account: one can't receive messages, one stands on a list."""
    settings.SEND_LIMIT_WINDOW_SECONDS = WINDOW
    rows = platform.control("GET", f"fans?account={platform.account}&limit=9")
    others = [row["id"] for row in rows if row["id"] != FAN][:8]
    fans = [FanFactory(account=stage.account, platform_user_id=str(pk)) for pk in others]
    with workspace_scope(stage.owner.workspace_id):
        type(fans[0]).objects.filter(pk=fans[0].pk).update(can_receive=False)
        regulars = FanList.objects.create(account=stage.account, name="Regulars", created_at=clock.now())
        FanListEntry.objects.create(fan_list=regulars, fan=fans[1], added_at=clock.now())
    return stage


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def state(page: Page) -> Any:
    return page.locator("#progress")


def test_a_campaign_from_its_audience_to_what_it_brought(
    site: Site, audience: World, platform: Sandbox, pump: Send
) -> None:
    page = site.open(audience.manager, "/marketing")
    plan_and_cancel(page)
    press(page, "Copy as a new draft")
    expect(page.get_by_role("heading", level=1)).to_have_text("Copy of Sunday set")
    price_it_and_count(page)
    somebody_else_approves(site, audience, page)
    press(page, "Launch")
    expect(state(page)).to_contain_text("Scheduled")
    tend.tend(now=clock.now())
    expect(state(page)).to_contain_text("Running")
    expect(state(page)).to_contain_text("0 of 7 done")

    assert pump(FIRST) == FIRST
    expect(state(page)).to_contain_text("3 of 7 done")
    looked_at(page, "running")
    press(page, "Pause")
    expect(state(page)).to_contain_text("Paused")
    assert pump(1, seconds=WINDOW / 3) == 0
    assert len(platform.sent()) == FIRST
    press(page, "Resume")
    expect(state(page)).to_contain_text("Running")
    assert pump(4) == 4
    expect(state(page)).to_contain_text("7 of 7 done")
    tend.tend(now=clock.now())
    expect(state(page)).to_contain_text("Done")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(
        0
    )  # the steps follow by themselves
    assert len(platform.sent()) == 7
    what_it_brought(page)


def plan_and_cancel(page: Page) -> None:
    """The audience is counted while it is chosen; a plan for tomorrow is withdrawn."""
    page.get_by_role("link", name="New campaign").click()
    expect(page.locator("#audience .total")).to_contain_text("8 fans would get it now")
    page.get_by_label("But not").select_option(label="Regulars")
    expect(page.locator("#audience .total")).to_contain_text("7 fans would get it now")
    expect(page.locator("#audience")).to_contain_text("You left them out1")
    page.get_by_label("Name", exact=True).fill("Sunday set")
    page.get_by_label("Message").fill("Hey {firstName|you}, look")
    tomorrow = timezone.localtime(clock.now()) + timedelta(days=1)
    page.get_by_label("Not before").fill(tomorrow.strftime("%Y-%m-%dT10:00"))
    looked_at(page, "form")
    press(page, "Save and look at it")
    expect(page.locator(".bubble").first).to_contain_text("look")
    expect(page.get_by_text("Hey Zoé, look")).to_be_visible()
    press(page, "Count who gets it")
    expect(state(page)).to_contain_text("To be approved")
    press(page, "Approve it as it is")
    press(page, "Launch")
    expect(state(page)).to_contain_text("Begins at")
    page.get_by_text("Cancel the campaign").click()
    press(page, "Cancel what has not left")
    expect(state(page)).to_contain_text("Cancelled")


def price_it_and_count(page: Page) -> None:
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Price").fill("120")
    page.get_by_label("Media ids").fill("3000000001")
    press(page, "Save and look at it")
    press(page, "Count who gets it")
    expect(state(page)).to_contain_text("Recipients7")
    page.get_by_text("Who is left out, and why").click()
    expect(state(page)).to_contain_text("You left them out1")
    looked_at(page, "counted")


def somebody_else_approves(site: Site, world: World, page: Page) -> None:
    """Above 100 dollars the editor's own word is not enough; the editor's page sees the approval by itself."""
    expect(page.get_by_text("Somebody else than the last editor has to approve this")).to_be_visible()
    expect(page.get_by_role("button", name="Approve it as it is")).to_have_count(0)
    other = site.open(world.owner, page.url.removeprefix(site.url))
    press(other, "Approve it as it is")
    expect(other.get_by_text("Approved by Olivia Owner")).to_be_visible()
    expect(page.get_by_text("Approved by Olivia Owner")).to_be_visible()


def what_it_brought(page: Page) -> None:
    with cross_workspace("demo"):
        bought = Message.objects.filter(sent_at__isnull=False).order_by("pk").first()
        assert bought is not None
        Message.objects.filter(pk=bought.pk).update(purchased_at=clock.now())
    page.reload()
    expect(state(page)).to_contain_text("Bought1")
    expect(state(page)).to_contain_text("$120.00")
    looked_at(page, "done")
    page.get_by_role("link", name="Marketing").last.click()
    page.get_by_role("link", name="Over", exact=True).click()
    row = page.get_by_role("row").filter(has_text="Copy of Sunday set")
    expect(row).to_contain_text("Done")
    expect(row).to_contain_text("$120.00")
