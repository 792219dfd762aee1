"""The pages of a person's demo: one click makes it, every page says what it is, one click wipes it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Workspace
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Campaign
from messaging.services.demos import work
from tests.conftest import World

Browser = Callable[..., Client]


def test_one_click_makes_it_and_one_wipes_it(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.rules.demo.plan.DAYS", 5)
    client = browser(world.owner)
    assert client.get("/demo/make").status_code == 405
    client.post("/demo/make")
    page = client.get("/demo")
    assert "The demo is being made" in page.content.decode()
    client.post("/demo/make")
    assert Workspace.objects.filter(is_demo=True).count() == 1
    work.tend(now=clock.now())
    fragment = client.get("/demo", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert fragment["HX-Redirect"] == "/dashboard"
    text = client.get("/dashboard").content.decode()
    assert "<title>DEMO · Dashboard" in text
    assert "nothing leaves this workspace" in text
    with cross_workspace("demo"):
        uids = [row.public_id for row in Campaign.objects.only("uid")]
    assert len(uids) == 7
    for path in (
        *(f"/marketing/{uid}" for uid in uids),
        "/marketing",
        "/onlyfans",
        "/team",
        "/billing",
        "/settings",
        "/nothing-here",
    ):
        assert "<title>DEMO · " in client.get(path).content.decode()
    client.post("/demo/wipe")
    home = client.get("/dashboard").content.decode()
    assert "DEMO" not in home
    assert browser(world.outsider).post("/demo/wipe").status_code == 404
    assert browser().post("/demo/make").status_code == 302


def test_a_demo_says_why_it_buys_nothing(browser: Browser, world: World, settings: Any) -> None:
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    client, buys = browser(world.owner), f'action="{reverse("billing_buy_plan")}"'
    assert buys in client.get("/billing").content.decode()
    Workspace.objects.filter(pk=world.owner.workspace_id).update(is_demo=True)
    page = client.get("/billing").content.decode()
    assert "nothing is sold here" in page
    assert "<button" not in page.split("<main")[1].split("</main>")[0]
    settings.STRIPE_API_BASE = "http://127.0.0.1:8099/stripe"
    assert buys in client.get("/billing").content.decode()
