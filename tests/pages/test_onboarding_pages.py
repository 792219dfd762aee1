"""Setting up in a browser: where it begins, what it shows, what it leads to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Creator, Membership, User, Workspace
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.factories.accounts import (
    NOW,
    CreatorFactory,
    MembershipFactory,
    PlatformAccountFactory,
    UserFactory,
)
from tests.factories.billing import unpaid
from tests.factories.messaging import FanFactory, delivery

Browser = Callable[..., Client]
CREATOR = {"stage_name": "Luna Martel", "timezone": "Europe/Paris"}
FORM = {
    "name": "Luna Martel",
    "email": "luna@example.test",
    "password": "Correct-horse-7",
    "accept_terms": "on",
}


@pytest.fixture
def owner(db: None, settings: Any) -> Membership:
    settings.ONLYFANSAPI_API_KEY = "a-key"
    member: Membership = MembershipFactory()
    return member


def text(answer: Any) -> str:
    return str(answer.content.decode())


def current(page: str) -> str:
    """The id of the step that is marked as the next one."""
    return page.split('aria-current="step"')[0].rsplit('id="', 1)[1].split('"')[0]


def test_the_start_page_is_setting_up_until_an_account_is_connected(
    browser: Browser, owner: Membership
) -> None:
    client = browser(owner)
    assert client.get("/")["Location"] == "/onboarding"
    PlatformAccountFactory(creator=CreatorFactory(workspace=owner.workspace))
    assert client.get("/")["Location"] == "/dashboard"


def test_who_may_not_connect_is_led_to_their_work(browser: Browser, owner: Membership) -> None:
    chatter = MembershipFactory(workspace=owner.workspace, role="chatter")
    assert browser(chatter).get("/")["Location"] == "/dashboard"


def test_it_leads_step_by_step(browser: Browser, owner: Membership) -> None:
    User.objects.filter(pk=owner.user_id).update(email_verified_at=None)
    client = browser(owner)
    page = text(client.get("/onboarding"))
    assert (current(page), "0 steps of 5" in page) == ("welcome", True)
    assert "First add the creator." in page
    User.objects.filter(pk=owner.user_id).update(email_verified_at=NOW)
    page = text(client.get("/onboarding"))
    assert (current(page), "1 step of 5" in page) == ("creator_assessment", True)
    page = text(client.post("/onboarding/creator", CREATOR, follow=True))
    assert (current(page), "The creator is added." in page) == ("first_platform", True)
    assert 'href="/settings/integrations/onlyfans/new"' in page
    with cross_workspace("demo"):
        creator = Creator.objects.get()
    assert (creator.stage_name, creator.timezone) == ("Luna Martel", "Europe/Paris")
    account = PlatformAccountFactory(creator=creator)
    page = text(client.get("/onboarding"))
    assert (current(page), "The fans are being read in" in page) == ("second_factor", True)
    page = text(client.post("/onboarding/second_factor/skip", follow=True))
    assert (current(page), 'href="/onlyfans#send"' in page) == ("completion", True)
    delivery(FanFactory(account=account), owner, state="sent", dispatched_at=NOW)
    page = text(client.get("/onboarding"))
    assert ('aria-current="step"' in page, "Everything that has to be done is done." in page) == (False, True)


def test_a_skipped_step_can_be_done_after_all(browser: Browser, owner: Membership) -> None:
    client = browser(owner)
    client.post("/onboarding/second_factor/skip")
    assert "After all" in text(client.get("/onboarding"))
    client.post("/onboarding/second_factor/skip", {"again": "1"})
    assert "After all" not in text(client.get("/onboarding"))
    assert client.post("/onboarding/welcome/skip").status_code == 400


def test_what_is_wrong_with_the_creator_is_said_in_its_place(browser: Browser, owner: Membership) -> None:
    answer = browser(owner).post(
        "/onboarding/creator", CREATOR | {"stage_name": "", "timezone": "Asia/Tokyo"}
    )
    page = text(answer)
    assert (answer.status_code, "This field is required." in page) == (422, True)
    assert '<option value="Asia/Tokyo" selected>' in page
    with cross_workspace("demo"):
        assert Creator.objects.count() == 0


def test_a_double_click_adds_one_creator(browser: Browser, owner: Membership) -> None:
    client = browser(owner)
    for _ in range(2):
        assert client.post("/onboarding/creator", CREATOR)["Location"] == "/onboarding"
    with cross_workspace("demo"):
        assert Creator.objects.count() == 1


def test_the_zone_of_the_workspace_is_proposed(browser: Browser, owner: Membership) -> None:
    Workspace.objects.filter(pk=owner.workspace_id).update(timezone="Europe/Lisbon")
    assert '<option value="Europe/Lisbon" selected>' in text(browser(owner).get("/onboarding"))


def test_a_platform_without_a_key_is_said_so(browser: Browser, owner: Membership, settings: Any) -> None:
    settings.ONLYFANSAPI_API_KEY = ""
    page = text(browser(owner).get("/onboarding"))
    assert "Not configured by the operator." in page
    assert "/settings/integrations/onlyfans/new" not in page


def test_a_chatter_has_their_own_steps_and_adds_no_creator(browser: Browser, world: World) -> None:
    client = browser(world.chatter)
    page = text(client.get("/onboarding"))
    assert [f'id="{step}"' in page for step in ("welcome", "creator_assessment", "first_platform")] == [
        True,
        False,
        False,
    ]
    assert client.post("/onboarding/creator", CREATOR).status_code == 403


def test_nobody_is_led_to_sign_in_and_staff_have_nothing_to_set_up(browser: Browser, db: None) -> None:
    assert browser().get("/onboarding")["Location"] == "/signin?next=/onboarding"
    staff = Client()
    staff.force_login(UserFactory(is_staff=True))
    assert staff.get("/onboarding").status_code == 403
    assert staff.get("/")["Location"] == "/admin/"


def test_the_empty_queue_leads_to_setting_up_whoever_may(browser: Browser, owner: Membership) -> None:
    assert 'href="/onboarding">Go on with setting up' in text(browser(owner).get("/onlyfans"))
    chatter = MembershipFactory(workspace=owner.workspace, role="chatter")
    page = text(browser(chatter).get("/onlyfans"))
    assert ("Go on with setting up" in page, "The owner of the workspace connects accounts." in page) == (
        False,
        True,
    )


@pytest.mark.parametrize(
    ("named", "kept"), [("Europe/Paris", "Europe/Paris"), ("Mars/Base", "UTC"), ("", "UTC")]
)
def test_the_browser_s_zone_becomes_the_workspace_s(
    browser: Browser, db: None, named: str, kept: str
) -> None:
    assert browser().post("/signup", FORM | {"timezone": named}).status_code == 201
    assert Workspace.objects.get().timezone == kept


def test_a_workspace_that_is_read_only_says_why_instead_of_asking(
    browser: Browser, owner: Membership
) -> None:
    unpaid(owner.workspace)
    client = browser(owner)
    page = text(client.get("/onboarding"))
    assert "The subscription is unpaid: this workspace is read-only." in page
    assert ('action="/onboarding/creator"' in page, 'href="/billing"' in page) == (False, True)
    client.post("/onboarding/creator", CREATOR)
    with cross_workspace("demo"):
        assert not Creator.objects.exists()
