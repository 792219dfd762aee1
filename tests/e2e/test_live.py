"""What happens in one browser is seen in another at once, and later when nobody can tell it."""

from playwright.sync_api import Page, expect

from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from messaging.services import scheduler
from tests.conftest import World
from tests.e2e.conftest import Events, Site
from tests.e2e.test_queue_journey import Send
from tests.sandbox.server import Sandbox


def write(page: Page, text: str) -> None:
    page.get_by_label("To", exact=True).fill("@zoe_d")
    page.get_by_label("Message").fill(text)
    page.locator("#send").get_by_role("button", name="Send").click()


def listens(page: Page) -> None:
    """Until the page's stream is open."""
    page.wait_for_selector("#live[data-state=open]", state="attached")


def test_what_one_sends_another_sees_and_nothing_is_missed(site: Site, stage: World, events: Events) -> None:
    one, other = site.open(stage.owner, "/onlyfans"), site.open(stage.manager, "/onlyfans")
    listens(one)
    listens(other)
    write(one, "At once")
    expect(one.locator("#receipt")).to_contain_text("Queued")
    expect(other.locator("#list tbody tr")).to_contain_text("At once", timeout=1000)

    site.log.expected = ("net::ERR_", "htmx:sse:error", "htmx:error")
    events.stop()
    write(one, "While nobody told")
    expect(other.locator("#slow")).to_be_visible(timeout=15_000)
    expect(other.locator("#list tbody tr")).to_have_count(2, timeout=20_000)
    events.start()
    events.allow(site.url)
    expect(other.locator("#slow")).to_be_hidden(timeout=20_000)
    write(one, "Told again")
    expect(other.locator("#list tbody tr")).to_have_count(3, timeout=1500)


def test_what_was_sent_is_taken_back_and_never_leaves(
    site: Site, stage: World, platform: Sandbox, pump: Send
) -> None:
    stage.owner.user.undo_seconds = 10
    stage.owner.user.save()
    page = site.open(stage.owner, "/onlyfans")
    write(page, "Too fast")
    toast = page.locator("#undo")
    expect(toast.locator("[data-countdown]")).to_have_text("9 s")
    toast.get_by_role("button", name="Take back").click()
    expect(page.locator("#send")).to_contain_text("Taken back: nothing was sent.")
    expect(page.get_by_label("Message")).to_have_value("Too fast")
    expect(toast).to_have_count(0)
    with cross_workspace("demo"):
        assert list(Delivery.objects.values_list("state", flat=True)) == ["cancelled"]
    stage.owner.user.undo_seconds = 0
    stage.owner.user.save()
    page.get_by_label("Message").fill("Thought over")
    page.locator("#send").get_by_role("button", name="Send").click()
    expect(page.locator("#receipt")).to_contain_text("Queued")
    scheduler.schedule_deliveries()
    assert pump(1) == 1
    assert len(platform.sent()) == 1
