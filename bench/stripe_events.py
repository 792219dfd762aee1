"""What a webhook of Stripe's costs, and how soon it has its effect. `bin/bench stripe_events --quick`.

Web, worker and beat run as they do for everybody; Stripe is the sandbox. A crowd of events of many customers is posted
at once, signed, over 32 connections; then single ones while nothing else happens. Every event must be worked on, and
every customer must end with the plan that Stripe holds.
"""

import json
import time
from argparse import Namespace
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.kit import house, report

KEY, SECRET = "sk_test_sandbox00000000000123456789", "whsec_of_the_benchmark"
QUICK = {"events": 500, "customers": 50, "alone": 20}
SMOKE = {"events": 20, "customers": 3, "alone": 2}
CONNECTIONS = 32
PATH = "/api/webhooks/stripe"
TOLD = frozenset({"customer", "invoice", "charge", "payment_method"})


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--events", type=int, default=500, help="posted at once")
    parser.add_argument("--customers", type=int, default=100)
    parser.add_argument("--alone", type=int, default=50, help="posted one after the other")
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import web

    with house.house() as running:
        sandbox = running.sandbox(accounts=1, fans=1, latency_ms=0)
        town = Town(sandbox, f"{sandbox.url}/stripe")
        running.env |= {
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": town.base,
            "STRIPE_WEBHOOK_SECRETS": SECRET,
            "STRIPE_MIRROR": "1",
        }
        port = web.start(running)
        running.celery("worker", "worker", "-Q", "webhooks", "-c", "2", *house.QUIET)
        running.celery("beat", "beat", "-s", str(running._logs / "beat"), "--pidfile=")
        town.settle(chosen.customers)
        crowd = _crowd(town, web, port, running, chosen.events)
        alone = _alone(town, web, port, running, chosen.alone)
    return {"benchmark": "stripe_events", "machine": report.machine(), "crowd": crowd, "alone": alone}


@dataclass
class Town:
    """Customers with a subscription each, at Stripe and here."""

    sandbox: Any
    base: str

    def control(self, path: str, body: object = None) -> Any:
        return self.sandbox.control(f"stripe/{path}", body)

    def settle(self, count: int) -> None:
        """Everybody has bought Pro; what Stripe told of it is not told yet."""
        import stripe
        from django.conf import settings

        from accounts.models import Workspace
        from billing.models import SubscriptionRecord
        from billing.services.stripe import catalogue
        from huntaze.kernel.tenancy import cross_workspace

        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = KEY, self.base
        catalogue.push()
        client = stripe.StripeClient(KEY, base_addresses={"api": self.base})
        price = next(row for row in self.control("objects/price") if row["lookup_key"] == "huntaze_pro_month")
        with cross_workspace("demo"):
            for number in range(count):
                place = Workspace.objects.create(name=f"Bench {number}")
                customer = client.v1.customers.create({"metadata": {"workspace": place.public_id}})
                self.control(f"customers/{customer.id}/card", {"card": "pm_card_visa"})
                client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price["id"]}]})
                SubscriptionRecord.objects.create(workspace=place, stripe_customer_id=customer.id)

    def subscriptions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("objects/subscription")
        return found

    def told(self) -> list[bytes]:
        """Everything that Stripe has told of these customers, as signed requests; each one's new subscription first."""
        events = [row for row in self.control("objects/event") if row["type"].split(".")[0] in TOLD]
        events.sort(key=lambda row: row["type"] != "customer.subscription.created")
        return [posted(event) for event in events]

    def tell(self, name: str) -> dict[str, Any]:
        """The newest event: this subscription was updated."""
        self.control(f"subscriptions/{name}/tell", {})
        event: dict[str, Any] = self.control("objects/event?limit=1")[0]
        return event


def posted(event: dict[str, Any]) -> bytes:
    import stripe

    body, at = json.dumps(event), int(time.time())
    mark = stripe.WebhookSignature._compute_signature(f"{at}.{body}", SECRET)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: t={at},v1={mark}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


def _crowd(town: Town, web: Any, port: int, running: Any, count: int) -> dict[str, Any]:
    from django.db.models import F

    from billing.models import StripeEvent, SubscriptionRecord
    from huntaze.kernel.tenancy import cross_workspace

    requests = town.told()
    subscriptions = town.subscriptions()
    while len(requests) < count:
        requests.append(posted(town.tell(subscriptions[len(requests) % len(subscriptions)]["id"])))
    requests = requests[:count]
    answers = web.drive(port, requests, connections=CONNECTIONS, seconds=120, status=200)
    rows = StripeEvent.objects.filter(source="webhook")

    def is_quiet() -> bool:
        return rows.count() == count and not rows.exclude(state__in=["done", "failed"]).exists()

    house.wait_for(is_quiet, seconds=300, what="the events to be worked on", house=running, every=0.2)
    waits = [wait.total_seconds() for wait in rows.values_list(F("done_at") - F("received_at"), flat=True)]
    with cross_workspace("demo"):
        active = SubscriptionRecord.objects.filter(status="active", plan__key="pro").count()
    return {
        "events": count,
        "answer_ms": report.spread(answers.times),
        "answers_per_second": round(answers.rate),
        "wrong_answers": answers.wrong,
        "lost": count - rows.filter(state="done").count(),
        "customers_not_up_to_date": len(subscriptions) - active,
        "effect_seconds": report.spread(waits, 2),
        "worked_on_per_second": round(count / max(waits), 1) if waits else None,
    }


def _alone(town: Town, web: Any, port: int, running: Any, count: int) -> dict[str, Any]:
    """From the post of a change to our row that says the same; a new end of the trial is the change."""
    from billing.models import SubscriptionRecord
    from huntaze.kernel import clock
    from huntaze.kernel.tenancy import cross_workspace

    subscriptions, answers, effects = town.subscriptions(), [], []
    with cross_workspace("demo"):
        for number in range(count):
            body = subscriptions[number % len(subscriptions)]
            ends = int((clock.now() + timedelta(days=number + 1)).timestamp())
            town.control(f"edit/{body['id']}", {"trial_end": ends})
            request = posted(town.tell(body["id"]))
            started = time.perf_counter()
            answered = web.drive(port, [request], connections=1, seconds=30, status=200)
            answers += answered.times
            mine = SubscriptionRecord.objects.filter(
                stripe_subscription_id=body["id"], trial_end__isnull=False
            )

            def is_seen(rows: Any = mine, wanted: int = ends) -> bool:
                found = rows.values_list("trial_end", flat=True).first()
                return found is not None and int(found.timestamp()) == wanted

            house.wait_for(is_seen, seconds=60, what="the effect", house=running, every=0.01)
            effects.append(time.perf_counter() - started)
    return {
        "events": count,
        "answer_ms": report.spread(answers),
        "effect_seconds": report.spread(effects, 2),
    }


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
