"""A member of staff at work: finds a creator by a fan's name, frees the dead letters, finds the row of the log."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery, Fan
from messaging.services import dead_letter_runs as runs
from messaging.services.fans import name_digest
from messaging.types import DeadFilter, DeadLetterDeed
from tests.conftest import World
from tests.e2e.conftest import Site, violations_in_both_themes
from tests.factories.messaging import delivery
from tests.factories.visits import staff


@pytest.fixture
def stuck(stage: World) -> World:
    """Three of the first fan's messages have failed."""
    with cross_workspace("demo"):
        Fan.objects.filter(pk=stage.fan.pk).update(name_digest=name_digest("Zoé Durand"))
    stage.rows = [  # type: ignore[attr-defined]
        delivery(
            stage.fan, stage.owner, state="failed", last_error="timeout", answered_at=clock.now(), attempts=5
        )
        for _ in range(3)
    ]
    return stage


def test_a_fans_name_leads_to_the_creator_whose_dead_letters_go_out_again(site: Site, stuck: World) -> None:
    page = site.open(user=staff("support"), path="/admin/")
    page.keyboard.press("/")
    page.keyboard.type("zoé durand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Creators with this fan")).to_be_visible()
    page.locator("#find").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Luna Martel")).to_be_visible()
    page.get_by_role("link", name="3 dead letters").click()
    page.get_by_role("button", name="Retry all 3").click()
    page.get_by_label("Why").fill("The platform is back")
    page.get_by_role("button", name="Retry 3").click()
    expect(page.locator("#run")).to_contain_text("waits for a worker")
    assert runs.run_due(now=clock.now()) == 3
    expect(page.locator("#run")).to_contain_text("done")  # the page asks by itself
    expect(page.locator("#run")).to_contain_text("3 / 3")
    _find_the_row(page, stuck)
    with cross_workspace("demo"):
        assert set(Delivery.objects.values_list("state", flat=True)) == {"queued"}


def _find_the_row(page: Page, world: Any) -> None:
    page.locator("#find").fill(world.owner.workspace.public_id)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Audit log", exact=True).click()
    row = page.get_by_role("row").filter(has_text=world.rows[1].reference)
    expect(row).to_contain_text("The platform is back")
    expect(page.get_by_role("link", name="Audit log", exact=True)).to_have_attribute("aria-current", "page")
    assert page.url.endswith("/audit/")
    row.get_by_role("link").click()
    expect(page.locator(".field-action")).to_contain_text("message.retried")


def test_it_works_without_scripts(site: Site, stuck: World) -> None:
    page = site.open(
        user=staff("support"),
        path=f"/admin/creator/{stuck.creator.public_id}/",
        java_script_enabled=False,
    )
    page.get_by_role("link", name="Messages", exact=True).click()
    expect(page.get_by_role("row").filter(has_text=stuck.rows[0].reference)).to_contain_text("•••")  # type: ignore[attr-defined]
    page.goto(f"{site.url}/admin/messaging/delivery/dead/")
    page.get_by_role("checkbox", name=stuck.rows[0].reference).check()  # type: ignore[attr-defined]
    page.get_by_role("button", name="Discard chosen").click()
    page.get_by_label("Why").fill("Sent by hand")
    page.get_by_role("button", name="Discard 1").click()
    expect(page.locator(".messagelist")).to_contain_text("1 message is discarded.")


def test_axe_finds_nothing_on_the_staffs_pages(site: Site, stuck: World) -> None:
    user = staff("support")
    with cross_workspace("demo"):
        run = runs.ask(
            wanted=DeadFilter(), deed=DeadLetterDeed.RETRY, reason="Looking", user_pk=user.pk, now=clock.now()
        )
    place, message = stuck.owner.workspace.public_id, stuck.rows[0].message  # type: ignore[attr-defined]
    page = site.open(user=user)
    found = {}
    for path in (
        "",
        "find/?q=zoé durand",
        *(
            f"workspace/{place}/{tab}/"
            for tab in ("overview", "people", "accounts", "queue", "messages", "audit")
        ),
        "messaging/delivery/dead/",
        f"messaging/deadletterrun/{run.pk}/progress/",
        f"messaging/message/{message.pk}/reveal/",
    ):
        page.goto(f"{site.url}/admin/{path}")
        found[path] = violations_in_both_themes(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
