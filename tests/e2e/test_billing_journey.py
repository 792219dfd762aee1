"""A creator's money in a real browser: sign up, buy a plan, buy a pack, see it arrive, cancel. Stripe is the sandbox's,
its webhooks go to the running server, signed."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from billing.models import CheckoutIntent, MessagePack, StripeEvent
from billing.selectors import cache
from billing.services.stripe import catalogue, work
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.letters import link
from tests.billing.stripe.conftest import PRICES, SECRET, stripe_settings  # noqa: F401  (a fixture)
from tests.e2e.conftest import Site
from tests.sandbox.server import Sandbox, flush

PASSWORD = "Correct-horse-7"


class Market:
    """What happens outside the browser: events come in and a worker works on them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def work(self) -> None:
        flush(self.sandbox)
        work.process_due(time=clock.now)
        cache.forget()


@pytest.fixture
def market(site: Site, stripe_settings: Sandbox, settings: Any) -> Market:  # noqa: F811
    settings.BASE_URL = site.url
    for key, amount in PRICES.items():
        MessagePack.objects.filter(key=key).update(amount_minor=amount)
    catalogue.push()
    stripe_settings.control(
        "POST", "stripe/listen", {"url": f"{site.url}/api/webhooks/stripe", "secret": SECRET}
    )
    return Market(stripe_settings)


def sign_up(site: Site, **options: Any) -> Page:
    page = site.open(path="/signup", **options)
    page.locator("#id_name").fill("Luna Martel")
    page.locator("#id_email").fill("luna@example.test")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_accept_terms").check()
    page.locator("form button.button--primary").click()
    expect(page.locator("h1")).to_contain_text("Luna Martel")
    page.goto(site.url + link("/verify-email/"))
    page.locator("main form button").first.click()
    return page


def at_stripe(page: Page, market: Market, button: str) -> None:
    page.wait_for_url(f"{market.sandbox.url}/stripe/pages/**")
    page.get_by_role("button", name=button, exact=True).click()


@pytest.mark.parametrize("has_script", [True, False])
def test_from_sign_up_to_a_plan_a_pack_and_the_end(site: Site, market: Market, has_script: bool) -> None:
    page = sign_up(site, java_script_enabled=has_script)
    page.goto(f"{site.url}/billing")
    expect(page.locator("#plan")).to_have_text("Free")

    page.get_by_role("button", name="Choose Pro by the month").click()
    at_stripe(page, market, "Pay with a card that is declined")
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    at_stripe(page, market, "Pay")
    expect(page.locator("h1")).to_have_text("One moment")
    market.work()
    expect(page.locator("h1")).to_have_text("Thank you")
    expect(page.get_by_role("status")).to_have_text("Pro is in force.")
    page.get_by_role("link", name="To the billing page").click()
    expect(page.locator("#plan")).to_have_text("Pro")
    expect(page.get_by_text("Visa ···· 4242")).to_be_visible()

    page.get_by_role("button", name="25,000 messages").click()
    at_stripe(page, market, "Pay with 3-D Secure")
    at_stripe(page, market, "Yes")
    expect(page.locator("h1")).to_have_text("One moment")
    market.work()
    expect(page.get_by_role("status")).to_have_text("25,000 messages have been added.")
    page.get_by_role("link", name="To the billing page").click()
    expect(page.locator("section[aria-labelledby=messages]")).to_contain_text("30,000")

    page.get_by_role("button", name="Cancel the subscription").click()
    expect(page.locator("#notices")).to_contain_text("The subscription ends with the period.")
    market.work()
    page.reload()
    expect(page.get_by_role("button", name="Keep the plan")).to_be_visible()
    with cross_workspace("test"):
        assert list(CheckoutIntent.objects.order_by("pk").values_list("choice", "state")) == [
            ("plan:pro:month:USD", "paid"),
            ("pack:25k", "paid"),
        ]
    assert StripeEvent.objects.exclude(state="done").count() == 0
    site.log.hosts.discard(urlsplit(market.sandbox.url).netloc)
    _without_the_sandbox(site, market)


def _without_the_sandbox(site: Site, market: Market) -> None:
    """What the sandbox's page lacks (an icon) is no complaint about ours."""
    site.log.complaints = [text for text in site.log.complaints if market.sandbox.url not in text]


def test_the_page_after_paying_grants_nothing_by_itself(site: Site, market: Market) -> None:
    page = sign_up(site)
    page.goto(f"{site.url}/billing")
    page.get_by_role("button", name="25,000 messages").click()
    expect(page.get_by_role("button", name="Pay", exact=True)).to_be_visible()
    with cross_workspace("test"):
        intent = CheckoutIntent.objects.get()
    page.goto(f"{site.url}/billing/return?checkout={intent.public_id}")
    market.work()
    expect(page.locator("h1")).to_have_text("One moment")
    with cross_workspace("test"):
        intent.refresh_from_db()
    assert intent.state == "open"
    page.goto(f"{site.url}/billing")
    expect(page.locator("section[aria-labelledby=messages]")).to_contain_text("To spend")
    site.log.hosts.discard(urlsplit(market.sandbox.url).netloc)
    _without_the_sandbox(site, market)


def test_an_upgrade_is_shown_before_it_is_paid(site: Site, market: Market) -> None:
    page = sign_up(site)
    page.goto(f"{site.url}/billing")
    page.get_by_role("button", name="Choose Pro by the month").click()
    at_stripe(page, market, "Pay")
    market.work()
    page.goto(f"{site.url}/billing")
    page.get_by_role("button", name="Change to Enterprise by the month").click()
    expect(page.get_by_text("To pay now")).to_be_visible()
    expect(page.locator(".facts--sum")).to_contain_text("Remaining time on Huntaze Enterprise")
    page.get_by_role("button", name="Pay and change").click()
    market.work()
    page.reload()
    expect(page.locator("#plan")).to_have_text("Enterprise")
    site.log.hosts.discard(urlsplit(market.sandbox.url).netloc)
    _without_the_sandbox(site, market)
