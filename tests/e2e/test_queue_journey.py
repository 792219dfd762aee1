"""A member's way through the page of the queue, with the messages really going out."""

from collections.abc import Callable

from playwright.sync_api import expect

from accounts.models import PlatformAccount
from accounts.services.tokens import end_everywhere
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Delivery
from messaging.services.news import show_queues
from tests.conftest import World
from tests.e2e.conftest import Site
from tests.factories.accounts import PASSWORD
from tests.factories.messaging import delivery
from tests.sandbox.server import Sandbox

Send = Callable[..., int]


def tell(stage: World) -> None:
    """As whatever moves a queue does."""
    with workspace_scope(stage.owner.workspace_id):
        show_queues([stage.account.pk])


def test_sign_in_send_and_watch_it_go_out(site: Site, stage: World, platform: Sandbox, pump: Send) -> None:
    page = site.open(path="/onlyfans")
    page.get_by_label("Email").fill(stage.owner.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="OnlyFans", level=1)).to_be_visible()
    expect(page.get_by_text("Nothing is waiting")).to_be_visible()

    page.get_by_label("To", exact=True).fill("@zoe_d")
    expect(page.locator("#recipient")).to_contain_text("Zoé Durand")
    page.get_by_label("Message").fill("Bonsoir Zoé")
    expect(page.locator("#count-text")).to_have_text("11 / 5,000")
    expect(page.locator("#forecast")).to_contain_text("Will go out at about")
    page.locator("#send").get_by_role("button", name="Send").click()

    receipt = page.locator("#receipt")
    expect(receipt).to_contain_text("Queued")
    expect(receipt).to_contain_text("Goes out at about")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(page.get_by_label("Message")).to_have_value("")

    assert pump(1) == 1
    expect(receipt).to_contain_text("Went out at")
    expect(page.get_by_text("Nothing is waiting")).to_be_visible()
    expect(page.locator(f"#line-{stage.account.public_id} .meter i.on")).to_have_count(1)
    assert len(platform.sent()) == 1

    page.get_by_role("link", name="Sent", exact=True).click()
    expect(page.locator("#list tbody tr")).to_contain_text("Bonsoir Zoé")
    assert page.url.endswith("/onlyfans?show=sent")
    page.go_back()
    expect(page.get_by_role("link", name="Going out")).to_have_attribute("aria-current", "page")


def test_a_refused_message_is_explained_and_tried_again(
    site: Site, stage: World, platform: Sandbox, pump: Send
) -> None:
    row = delivery(stage.fan, stage.owner, text="Try me", state="failed", last_error="not_found")
    page = site.open(stage.owner, "/onlyfans?show=failed")
    expect(page.locator(f"#{row.message.public_id}")).to_contain_text(
        "This fan no longer exists on OnlyFans."
    )
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#notices")).to_contain_text("The message is queued again.")
    expect(page.get_by_text("Nothing has failed")).to_be_visible()
    assert pump(1) == 1
    assert len(platform.sent()) == 1


def test_an_uncertain_message_is_decided_by_a_person(site: Site, stage: World) -> None:
    row = delivery(stage.fan, stage.owner, state="uncertain", last_error="timeout")
    page = site.open(stage.owner, "/onlyfans?show=uncertain")
    expect(page.locator("#list")).to_contain_text("Look into the chat on OnlyFans")
    page.get_by_role("button", name="It arrived").click()
    expect(page.get_by_text("Nothing is uncertain")).to_be_visible()
    with cross_workspace("demo"):
        assert Delivery.objects.get(pk=row.pk).state == "sent"


def test_errors_keep_the_input_and_take_the_focus(site: Site, stage: World) -> None:
    site.log.expected = (422,)
    page = site.open(stage.owner, "/onlyfans")
    page.get_by_label("To", exact=True).fill("@nobody")
    page.get_by_label("Message").fill("Kept text")
    page.get_by_text("Price, media, priority, time").click()
    page.get_by_label("Price").fill("2")
    page.get_by_label("Price").press("Enter")
    summary = page.locator("#send [data-focus]")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Use 0, or a price from 3 to 200.")
    expect(page.get_by_label("To", exact=True)).to_have_value("@nobody")
    expect(page.get_by_label("Message")).to_have_value("Kept text")
    expect(page.get_by_label("Price")).to_have_value("2")
    summary.get_by_role("link", name="Price").click()
    expect(page.get_by_label("Price")).to_be_focused()


def test_a_double_click_sends_once(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/onlyfans")
    page.get_by_label("To", exact=True).fill("@zoe_d")
    page.get_by_label("Message").fill("Once")
    page.locator("#send").get_by_role("button", name="Send").dblclick()
    expect(page.locator("#receipt")).to_contain_text("Queued")
    with cross_workspace("demo"):
        assert Delivery.objects.count() == 1


def test_what_is_typed_survives_the_polling(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/onlyfans")
    page.get_by_label("Message").fill("Half a sentence")
    page.get_by_text("Price, media, priority, time").click()
    delivery(stage.fan, stage.owner, text="From somebody else")
    tell(stage)
    expect(page.locator("#list")).to_contain_text("From somebody else")
    expect(page.get_by_label("Message")).to_have_value("Half a sentence")
    expect(page.get_by_label("Price")).to_be_visible()
    expect(page.get_by_label("Message")).to_be_visible()


def test_an_account_in_trouble_appears_by_itself(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/onlyfans")
    expect(page.locator("#figures")).to_contain_text("Connected")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=stage.account.pk).update(state="expired")
    tell(stage)
    expect(page.locator("#figures")).to_contain_text("OnlyFans ended the session.")
    expect(page.locator("#forecast")).to_contain_text("This account sends nothing right now")
    page.get_by_role("button", name=f"Pause {stage.other_account}").click()
    expect(page.get_by_role("button", name=f"Resume {stage.other_account}")).to_be_visible()


def test_polling_rests_while_the_page_is_hidden(site: Site, stage: World) -> None:
    page = site.open(stage.owner, "/onlyfans")
    page.wait_for_selector("#live[data-state=open]", state="attached")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
    page.wait_for_timeout(4500)
    assert asked == []
    with page.expect_request("**/onlyfans/list*"):
        page.evaluate(
            "Object.defineProperty(document, 'visibilityState', {value: 'visible', configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )


def test_the_end_of_a_session_leads_to_sign_in_and_back(site: Site, stage: World) -> None:
    site.log.expected = (401,)
    page = site.open(stage.owner, "/onlyfans?show=sent")
    page.wait_for_selector("#live[data-state=open]", state="attached")
    page.get_by_label("Message").fill("Half a sentence")
    end_everywhere(user=stage.owner.user, reason="test", now=clock.now())
    page.wait_for_url("**/signin?next=/onlyfans%3Fshow%3Dsent")
    assert "sentence" not in page.evaluate("sessionStorage.getItem('kept')")
    page.get_by_label("Email").fill(stage.owner.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("Message")).to_have_value("Half a sentence")
    assert page.evaluate("sessionStorage.length") == 0


def test_without_script_everything_still_works(site: Site, stage: World) -> None:
    failed = delivery(stage.fan, stage.owner, text="Again", state="failed", last_error="server_error")
    page = site.open(path="/onlyfans", java_script_enabled=False)
    page.get_by_label("Email").fill(stage.owner.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("To", exact=True).fill("zoe_d")
    page.get_by_label("Message").fill("Plain form")
    page.locator("#send").get_by_role("button", name="Send").click()
    expect(page.locator("#notices")).to_contain_text("The message is queued.")
    expect(page.locator("#list tbody tr")).to_contain_text("Plain form")
    page.get_by_role("link", name="Failed").first.click()
    page.locator(f"#{failed.message.public_id}").get_by_role("button", name="Retry").click()
    expect(page.locator("#notices")).to_contain_text("The message is queued again.")
