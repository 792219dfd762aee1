"""Owns the registration of webhooks and their deliveries, as the team's API shows them."""

from ...clock import iso
from ...hooks import Delivery, Endpoint
from ...http import Json
from .catalogue import EVENTS, example
from .core import Reply, Request, invalid, not_found


def endpoint_object(endpoint: Endpoint) -> Json:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": endpoint.events,
        "enabled": endpoint.enabled,
        "has_signing_secret": bool(endpoint.secret),
        "created_at": iso(endpoint.created),
    }


def delivery_object(delivery: Delivery) -> Json:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "account_id": delivery.account,
        "idempotency_key": delivery.key or None,
        "status": delivery.status,
        "attempts": len(delivery.attempts),
        "redelivery_of": delivery.redelivery_of,
        "created_at": iso(delivery.created),
    }


def _check(request: Request) -> Json:
    form = request.form()
    url, events, scope = form.get("endpoint_url"), form.get("events"), form.get("account_scope")
    ids = form.get("account_ids") or []
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise invalid(endpoint_url="The endpoint url field must be a valid URL.")
    if not isinstance(events, list) or not events:
        raise invalid(events="The events field is required.")
    if unknown := [event for event in events if event not in EVENTS]:
        raise invalid(events=f"The selected event {unknown[0]} is invalid.")
    if scope not in ("global", "inclusive", "exclusive"):
        raise invalid(account_scope="The selected account scope is invalid.")
    if scope != "global" and not ids:
        raise invalid(account_ids="The account ids field is required unless account scope is global.")
    if missing := [name for name in ids if name not in request.sandbox.world.accounts]:
        raise invalid(account_ids=f"The account {missing[0]} does not exist.")
    return {"url": url, "events": events, "scope": scope, "account_ids": list(ids)}


def _find(request: Request) -> Endpoint:
    found = request.sandbox.hooks.endpoints.get(request.params[0])
    if found is None:
        raise not_found("Webhook")
    return found


def create(request: Request) -> Reply:
    values = _check(request)
    endpoint = request.sandbox.hooks.register(secret=request.form().get("signing_secret") or "", **values)
    return Reply(endpoint_object(endpoint), status=201)


def retrieve(request: Request) -> Reply:
    return Reply(endpoint_object(_find(request)))


def listing(request: Request) -> Reply:
    return Reply([endpoint_object(row) for row in request.sandbox.hooks.endpoints.values()])


def update(request: Request) -> Reply:
    endpoint = _find(request)
    for name, value in _check(request).items():
        setattr(endpoint, name, value)
    form = request.form()
    if "enabled" in form:
        endpoint.enabled = bool(form["enabled"])
        endpoint.paused_until, endpoint.failures = 0.0, 0
    if "signing_secret" in form:
        endpoint.secret = form["signing_secret"] or ""
    return Reply(endpoint_object(endpoint))


def delete(request: Request) -> Reply:
    request.sandbox.hooks.remove(_find(request))
    return Reply({"message": "Webhook deleted."}, bare=True)


def events(request: Request) -> Reply:
    return Reply([{"value": value, "description": text} for value, text in EVENTS.items()])


def example_payload(request: Request) -> Reply:
    event = request.params[0]
    if event not in EVENTS:
        raise not_found("Event")
    return Reply(example(event))


def deliveries(request: Request) -> Reply:
    endpoint = _find(request)
    rows = [row for row in request.sandbox.hooks.deliveries if row.endpoint is endpoint]
    return Reply([delivery_object(row) for row in reversed(rows[-100:])])


def redeliver(request: Request) -> Reply:
    endpoint = _find(request)
    delivery = request.sandbox.hooks.find(request.params[1])
    if delivery is None or delivery.endpoint is not endpoint:
        raise not_found("Delivery")
    return Reply(delivery_object(request.sandbox.hooks.redeliver(delivery)), status=202)
