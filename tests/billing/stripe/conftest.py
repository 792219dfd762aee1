"""A workspace that can buy: the sandbox's Stripe with our catalogue, and what a buyer does there."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import stripe
from django.test import Client

from accounts.models import Membership, Workspace
from accounts.services.audit import Actor
from billing.models import CheckoutIntent, Grant, MessagePack, StripeEvent, SubscriptionRecord
from billing.selectors import cache
from billing.services.stripe import catalogue, checkout, work
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.factories.accounts import MembershipFactory, WorkspaceFactory
from tests.sandbox.server import Sandbox

STRIPE_KEY = "sk_test_sandbox00000000000123456789"
SECRET = "whsec_for_these_tests"
PRICES = {"25k": 4_900, "100k": 14_900, "500k": 49_900}


@dataclass
class Shop:
    """A workspace, its owner, and Stripe. Events come by `deliver`, as the webhook would bring them."""

    sandbox: Sandbox
    workspace: Workspace
    owner: Membership
    delivered: set[str] = field(default_factory=set)
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @property
    def actor(self) -> Actor:
        return Actor.member(self.owner.user_id, self.owner.pk)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self.sandbox.control(method, f"stripe/{path}", body)

    def objects(self, kind: str, limit: int = 0) -> list[dict[str, Any]]:
        """All of a kind at Stripe, oldest first, or the newest of them."""
        path = f"objects/{kind}" + (f"?limit={limit}" if limit else "")
        found: list[dict[str, Any]] = self.control("GET", path)
        return found

    def start(self, plan: str = "pro", interval: str = "month") -> CheckoutIntent:
        with workspace_scope(self.workspace.pk):
            return checkout.start_plan(
                workspace=self.workspace,
                plan=plan,
                interval=interval,
                currency="USD",
                actor=self.actor,
                now=self.now(),
            )

    def start_pack(self, pack: str = "25k") -> CheckoutIntent:
        with workspace_scope(self.workspace.pk):
            return checkout.start_pack(workspace=self.workspace, pack=pack, actor=self.actor, now=self.now())

    def pay(self, intent: CheckoutIntent, **body: Any) -> dict[str, Any]:
        paid: dict[str, Any] = self.control("POST", f"sessions/{intent.session_id}/pay", body)
        return paid

    def subscribe(self, plan: str = "pro", interval: str = "month") -> None:
        self.pay(self.start(plan, interval))
        self.settle()

    def events(self) -> list[dict[str, Any]]:
        return self.objects("event")

    def deliver(self, *events: dict[str, Any]) -> list[int]:
        """Post events to our webhook, signed; without any, all that were not delivered yet. Gives the statuses."""
        wanted = list(events) or [row for row in self.events() if row["id"] not in self.delivered]
        self.delivered |= {row["id"] for row in wanted}
        return [post(json.dumps(row).encode()).status_code for row in wanted]

    def work(self) -> int:
        return work.process_due(time=self.now)

    def settle(self) -> None:
        """Everything that Stripe has told so far is delivered and worked on."""
        self.deliver()
        self.work()

    def advance(self, **delta: float) -> None:
        """Stripe's clock and ours go on together."""
        step = timedelta(**delta)
        self.ahead += step
        self.sandbox.control("POST", "clock", {"advanceSeconds": step.total_seconds()})
        cache.forget()

    @property
    def record(self) -> SubscriptionRecord:
        with cross_workspace("test"):
            return SubscriptionRecord.objects.select_related("plan").get(workspace=self.workspace)

    def grants(self) -> list[tuple[str, str, int, int]]:
        """Source, unit, amount and what is left, in the order in which they came."""
        with cross_workspace("test"):
            rows = Grant.objects.filter(workspace=self.workspace).order_by("pk")
            return [(row.source, row.unit, row.amount, row.remaining) for row in rows]

    def outcomes(self) -> dict[str, str]:
        return dict(StripeEvent.objects.values_list("type", "outcome"))


def post(
    body: bytes, *, secret: str = SECRET, at: float | None = None, header: str | None = None, path: str = ""
) -> Any:
    """One delivery of Stripe's to our webhook."""
    moment = int(time.time() if at is None else at)
    if header is None:
        header = f"t={moment},v1={mark(body, moment, secret)}"
    headers = {"Stripe-Signature": header} if header else {}
    return Client().post(
        path or "/api/webhooks/stripe", data=body, content_type="application/json", headers=headers
    )


def mark(body: bytes, moment: int, secret: str = SECRET) -> str:
    return stripe.WebhookSignature._compute_signature(f"{moment}.{body.decode()}", secret)


@pytest.fixture
def stripe_settings(sandbox_server: Sandbox, settings: Any) -> Sandbox:
    """A fresh Stripe, and settings that point at it."""
    sandbox_server.reset()
    settings.STRIPE_SECRET_KEY = STRIPE_KEY
    settings.STRIPE_API_BASE = stripe.api_base = f"{sandbox_server.url}/stripe"
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    settings.STRIPE_MIRROR = False
    settings.SECURE_SSL_REDIRECT = False
    cache.forget()
    return sandbox_server


def open_shop(sandbox: Sandbox) -> Shop:
    """A workspace with its owner, and the catalogue at Stripe."""
    workspace = WorkspaceFactory(billing_email="owner@example.test", is_limited=True)
    owner = MembershipFactory(workspace=workspace, role="owner")
    for key, amount in PRICES.items():
        MessagePack.objects.filter(key=key).update(amount_minor=amount)
    catalogue.push()
    return Shop(sandbox, workspace, owner, delivered={row["id"] for row in _events(sandbox)})


def _events(sandbox: Sandbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.control("GET", "stripe/objects/event")
    return found


@pytest.fixture
def shop(db: None, stripe_settings: Sandbox) -> Shop:
    return open_shop(stripe_settings)


@pytest.fixture
def click() -> Callable[[str, str], httpx.Response]:
    """`click(url, deed)` presses a button of a page of Stripe's."""

    def press(url: str, deed: str) -> httpx.Response:
        return httpx.post(url, data={"deed": deed})

    return press
