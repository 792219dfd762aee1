"""Owns schedules: a change of plan that waits for the period's end."""

from ...http import Json
from .core import Request, invalid, whole
from .terms import after


def create(request: Request) -> Json:
    body = request.store.get("subscription", request.need("from_subscription"), "from_subscription")
    if body["schedule"]:
        raise invalid("You cannot migrate a subscription that is already attached to a schedule.")
    item = body["items"]["data"][0]
    schedule = request.store.new(
        "subscription_schedule",
        "sub_sched",
        canceled_at=None,
        completed_at=None,
        current_phase={"start_date": item["current_period_start"], "end_date": item["current_period_end"]},
        customer=body["customer"],
        default_settings={},
        end_behavior="release",
        metadata={},
        phases=[
            {
                "items": [{"price": item["price"]["id"], "quantity": 1}],
                "start_date": item["current_period_start"],
                "end_date": item["current_period_end"],
            }
        ],
        released_at=None,
        released_subscription=None,
        status="active",
        subscription=body["id"],
    )
    body["schedule"] = schedule["id"]
    request.dialect.events.fire("customer.subscription.updated", body, schedule=None)
    return schedule


def update(request: Request) -> Json:
    body = request.store.get("subscription_schedule", request.names[0])
    if body["status"] != "active":
        raise invalid("You cannot update a subscription schedule that is not active.")
    phases: list[Json] = []
    for phase in request.need("phases"):
        price = request.store.get("price", phase["items"][0]["price"], "phases[items][price]")
        start = whole(phase.get("start_date", phases[-1]["end_date"] if phases else 0), "start_date")
        stop = whole(phase["end_date"], "end_date") if "end_date" in phase else after(start, price, start)
        phases.append(
            {"items": [{"price": price["id"], "quantity": 1}], "start_date": start, "end_date": stop}
        )
    body["phases"] = phases
    body["metadata"] = body["metadata"] | request.form.get("metadata", {})
    subscription = request.store.objects[body["subscription"]]
    request.dialect.events.fire("customer.subscription.updated", subscription)
    return body


def release(request: Request) -> Json:
    body = request.store.get("subscription_schedule", request.names[0])
    if body["status"] != "active":
        raise invalid("You cannot release a subscription schedule that is not active.")
    subscription = request.store.objects[body["subscription"]]
    body |= {
        "status": "released",
        "released_at": request.store.now(),
        "released_subscription": subscription["id"],
        "subscription": None,
    }
    subscription["schedule"] = None
    request.dialect.events.fire("customer.subscription.updated", subscription)
    return body
