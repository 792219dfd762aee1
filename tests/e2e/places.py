"""Every page in every state that the browser walks through: a line each, over one world."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import Membership, PlatformAccount, User, Workspace
from accounts.sessions import note_factor, note_proof
from huntaze.gallery import PAGES
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Segment
from messaging.rules.presets import PRESETS
from tests.conftest import World
from tests.factories.accounts import MembershipFactory, UserFactory, WorkspaceFactory
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery
from tests.factories.webhooks import webhook_endpoint

Act = Callable[[Page], None]


@dataclass(frozen=True)
class Place:
    """A page in a state: who looks (`nobody` is signed out), where, what they do there first, and the answer's code.
    `{words}` in a path are filled from the scene. `holds_names`: identifiers of programs stand on it, in English."""

    name: str
    path: str
    who: str = "owner"
    act: Act | None = None
    status: int = 200
    holds_names: bool = False


@dataclass
class Scene:
    """The people who look and the ids that stand in addresses."""

    people: dict[str, User]
    words: dict[str, str] = field(default_factory=dict)

    def cookie(self, who: str) -> dict[str, str] | None:
        """The session of somebody who gave their password and their second factor just now."""
        if who == "nobody":
            return None
        client = Client()
        client.force_login(self.people[who])
        session = client.session
        note_proof(session, clock.now())
        note_factor(session, clock.now())
        session.save()
        name = settings.SESSION_COOKIE_NAME
        return {"name": name, "value": client.cookies[name].value}


def menu(page: Page) -> None:
    page.locator("details.menu > summary").click()


def refused(selector: str) -> Act:
    """A form that is sent with nothing in it."""

    def act(page: Page) -> None:
        page.locator(selector).evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
        expect(page.locator("[role=alert]:visible, .field__error:visible").first).to_be_visible()

    return act


def opened(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((one) => (one.open = true))")


def switch(page: Page) -> None:
    page.locator(".switch > summary").click()


def lost(page: Page) -> None:
    """The server can't be reached; what was there stays there."""
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_be_visible()


def keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def folded(page: Page) -> None:
    page.evaluate("document.documentElement.dataset.rail = 'narrow'")
    page.evaluate("document.documentElement.dataset.density = 'compact'")


def held(page: Page) -> None:
    """A message just sent, that can be taken back."""
    page.locator("#id_recipient").fill("@zoe_d")
    page.locator("#id_text").fill("Bonsoir")
    page.locator("#send [type=submit]").first.click()
    expect(page.locator("#undo")).to_be_visible()


ONLYFANS = [Place(f"onlyfans-{show}", f"/onlyfans?show={show}")
            for show in ("going", "planned", "uncertain", "failed", "sent")]  # fmt: skip

PLACES: list[Place] = [
    Place("signin", "/signin", "nobody"),
    Place("signin-refused", "/signin", "nobody", refused("main form:has(#id_password)")),
    Place("signup", "/signup", "nobody"),
    Place("signup-refused", "/signup", "nobody", refused("main form:has(#id_password)")),
    Place("reset", "/password/reset", "nobody"),
    Place("reset-stale", "/password/reset/nothing", "nobody", status=400),
    Place("verify-stale", "/verify-email/nothing", "nobody"),
    Place("invitation-stale", "/invitation/nothing", "nobody", status=404),
    Place("missing", "/nothing-here", status=404),
    Place("dashboard", "/dashboard"),
    Place("dashboard-creator", "/dashboard?creator={creator}"),
    Place("dashboard-chatter", "/dashboard", "chatter"),
    Place("dashboard-newcomer", "/dashboard", "newcomer"),
    Place("payments", "/dashboard/payments"),
    Place("demo", "/demo"),
    *ONLYFANS,
    Place("onlyfans-menu", "/onlyfans", act=menu),
    Place("onlyfans-refused", "/onlyfans", act=refused("#send form")),
    Place("onlyfans-open", "/onlyfans", act=opened),
    Place("onlyfans-lost", "/onlyfans", act=lost),
    Place("onlyfans-keys", "/onlyfans", act=keys),
    Place("onlyfans-folded", "/onlyfans", act=folded),
    Place("onlyfans-creators", "/onlyfans", act=switch),
    Place("onlyfans-creator", "/onlyfans?creator={creator}"),
    Place("onlyfans-held", "/onlyfans", "manager", act=held),
    Place("onlyfans-locked", "/onlyfans", "late"),
    Place("onlyfans-empty", "/onlyfans?account={quiet}"),
    Place("onlyfans-chatter", "/onlyfans", "chatter"),
    Place("onlyfans-newcomer", "/onlyfans", "newcomer"),
    Place("marketing", "/marketing"),
    Place("marketing-over", "/marketing?show=over"),
    Place("marketing-cut", "/marketing?show=over&state=failed&days=7"),
    Place("marketing-newcomer", "/marketing", "newcomer"),
    Place("campaign-draft", "/marketing/{draft}"),
    Place("campaign-running", "/marketing/{running}", act=opened),
    Place("campaign-new", "/marketing/new?account={account}"),
    Place("campaign-refused", "/marketing/new?account={account}", act=refused("main form[method=post]")),
    Place("jobs", "/jobs"),
    Place("jobs-newcomer", "/jobs", "newcomer"),
    Place("team", "/team"),
    Place("team-refused", "/team", act=refused("form[action='/team/invite']")),
    Place("team-member", "/team/members/{member}"),
    Place("team-forbidden", "/team", "chatter", status=403),
    Place("offboard", "/team/creators/{creator}/offboard"),
    Place("billing", "/billing"),
    Place("billing-newcomer", "/billing", "newcomer"),
    Place("billing-history", "/billing/history"),
    Place("onboarding", "/onboarding"),
    Place("onboarding-newcomer", "/onboarding", "newcomer"),
    Place("settings", "/settings"),
    Place("security", "/settings/security"),
    Place("integrations", "/settings/integrations"),
    Place("integrations-newcomer", "/settings/integrations", "newcomer"),
    Place("connect-onlyfans", "/settings/integrations/onlyfans/new"),
    Place("connect-instagram", "/settings/integrations/instagram/new"),
    Place("keys", "/settings/keys"),
    Place("keys-refused", "/settings/keys", act=refused("form[action='/settings/keys/new']")),
    Place("webhooks", "/settings/webhooks"),
    Place("webhooks-newcomer", "/settings/webhooks", "newcomer"),
    Place("webhook", "/settings/webhooks/{webhook}"),
    Place("audit", "/settings/audit", holds_names=True),
    Place("privacy", "/settings/privacy"),
    Place("erase", "/settings/privacy/erase?scope=workspace"),
    Place("confirm", "/confirm"),
    Place("stop", "/stop", "person"),
    Place("components", "/_states/", "staff", holds_names=True),
    *(
        Place(f"state-{name}", f"/_states/{name}", "staff", status=status)
        for name, (_, status, _) in PAGES.items()
    ),
]


def fill(stage: World) -> World:
    """Every list of messages has rows, one account is in trouble."""
    now = clock.now()
    for state in ("queued", "scheduled", "uncertain", "failed", "sent", "sending"):
        for number in range(3):
            delivery(stage.fan, stage.owner, state=state, text=f"{state} {number} " + "long words " * 30,
                     last_error="timeout" if state in {"uncertain", "failed"} else "",
                     answered_at=now, dispatched_at=now)  # fmt: skip
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=stage.other_account.pk).update(state="expired")
    return stage


def scene(stage: World) -> Scene:
    """Every list has rows, one account is in trouble, one is quiet; a newcomer has a workspace with nothing in it."""
    now = clock.now()
    fill(stage)
    stage.manager.user.undo_seconds = 30
    stage.manager.user.save()
    empty = WorkspaceFactory(name="Nova")
    newcomer = MembershipFactory(workspace=empty, role="owner", user=UserFactory(name="Nina Nova"))
    late = MembershipFactory(workspace=WorkspaceFactory(name="Tard", status="read_only"), role="owner")
    person: Membership = MembershipFactory(
        workspace=stage.owner.workspace, role="creator", user=UserFactory(name="Luna Martel")
    )
    with cross_workspace("demo"):
        type(stage.creator).objects.filter(pk=stage.creator.pk).update(user=person.user)
        everybody = Segment.objects.create(
            account=stage.account, workspace=stage.owner.workspace, name="Tout le monde",
            conditions=PRESETS["everybody"], created_at=now, updated_at=now,
        )  # fmt: skip
        endpoint, _event = webhook_endpoint(Workspace.objects.get(pk=stage.owner.workspace_id), "atelier")
    people = {
        "owner": stage.owner,
        "manager": stage.manager,
        "chatter": stage.chatter,
        "newcomer": newcomer,
        "late": late,
    }
    segment = [{"segment": everybody.public_id}]
    draft = campaign(stage.account, stage.owner, segment, state="awaiting_approval", approved_by=None,
                     approved_at=None, launch_at=None, name="Vendredi", price_minor=1500)  # fmt: skip
    running = campaign(stage.account, stage.owner, segment, state="running", name="Rappel", started_at=now,
                       text="Salut {firstName|toi} !", price_minor=900)  # fmt: skip
    for state in ("sent", "sent", "failed", "queued"):
        fan = FanFactory(account=stage.account)
        delivery(fan, stage.owner, state=state, text="sent 9", campaign=running, answered_at=now)
    words: dict[str, Any] = {
        "account": stage.account.public_id,
        "draft": draft.public_id,
        "running": running.public_id,
        "quiet": stage.other_account.public_id,
        "member": stage.chatter.public_id,
        "creator": stage.other_creator.public_id,
        "webhook": endpoint.public_id,
    }
    return Scene(
        {who: member.user for who, member in people.items()}
        | {"person": person.user, "staff": UserFactory(is_staff=True)},
        words,
    )
