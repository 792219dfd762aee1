"""Owns the pages that a person sees at Stripe: paying, the portal, an invoice. Plain forms, no script."""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from ...http import Json, Receive, Scope, Send, answer, header, read_body
from . import catalogue, changes, checkout, money, periods
from .core import Refused, Request

if TYPE_CHECKING:
    from .dialect import Dialect

POLICY = b"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
HTML = b"text/html; charset=utf-8"


async def handle(dialect: "Dialect", scope: Scope, receive: Receive, send: Send, path: str) -> None:
    parts = path.strip("/").split("/")
    if len(parts) != 3 or parts[0] != "pages":
        await answer(send, 404, b"Not found.", HEADERS, b"text/plain")
        return
    form: dict[str, str] = {}
    if scope["method"] == "POST":
        origin = header(scope, b"origin")
        if origin and origin != "null" and origin.split("//")[-1] != header(scope, b"host"):
            await answer(send, 403, b"Forms of other sites are refused.", HEADERS, b"text/plain")
            return
        form = dict(parse_qsl((await read_body(receive)).decode("utf-8", "replace")))
    try:
        body, place = _page(dialect, parts[1], parts[2], form)
    except Refused as refusal:
        body, place = _shell("Stripe", f"<p>{escape(str(refusal))}</p>"), ""
        await answer(send, refusal.status, body.encode(), HEADERS, HTML)
        return
    if place:
        await answer(send, 303, b"", (*HEADERS, (b"location", place.encode())), HTML)
    else:
        await answer(send, 200, body.encode(), HEADERS, HTML)


def _page(dialect: "Dialect", kind: str, name: str, form: dict[str, str]) -> tuple[str, str]:
    store = dialect.store
    if kind == "checkout":
        return _checkout(dialect, store.get("checkout.session", name), form)
    if kind == "portal":
        return _portal(dialect, store.get("billing_portal.session", name), form)
    return _invoice(store.get("invoice", name.removesuffix(".pdf"))), ""


def _shell(title: str, content: str) -> str:
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - sandbox</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/page.css"></head>
<body><main><p>Imitation of Stripe. No money moves.</p>{content}</main></body></html>"""


def _button(deed: str, label: str) -> str:
    return f'<form method="post"><button name="deed" value="{deed}">{escape(label)}</button></form>'


def _money(amount: int, currency: str) -> str:
    return f"{amount / 100:.2f} {currency.upper()}"


# paying ------------------------------------------------------------------------------------------


def _checkout(dialect: "Dialect", body: Json, form: dict[str, str]) -> tuple[str, str]:
    deed, note = form.get("deed", ""), ""
    if deed == "cancel":
        return "", body["cancel_url"] or body["success_url"]
    if deed:
        try:
            if deed == "confirm" or deed == "pay":
                checkout.complete(dialect, body)
            elif deed == "later":
                checkout.complete(dialect, body, is_async=body["mode"] == "payment")
            elif deed == "decline":
                checkout.complete(dialect, body, "pm_card_chargeDeclined")
            elif deed == "3ds":
                return _shell("Confirm", _third(body)), ""
            else:
                note = "The bank could not confirm that it is you."
        except Refused as refusal:
            note = str(refusal)
        else:
            if not note:
                return "", body["success_url"].replace("{CHECKOUT_SESSION_ID}", body["id"])
    if body["status"] != "open":
        return _shell("Checkout", "<h1>This page is not valid any more.</h1>"), ""
    line = body["_lines"][0]
    said = f'<p role="alert">{escape(note)}</p>' if note else ""
    return _shell(
        "Checkout",
        f"<h1>{escape(line['description'])}</h1><p>{_money(body['amount_total'], body['currency'])}</p>{said}"
        + _button("pay", "Pay")
        + _button("decline", "Pay with a card that is declined")
        + _button("3ds", "Pay with 3-D Secure")
        + (_button("later", "Pay by a slow method") if body["mode"] == "payment" else "")
        + _button("cancel", "Back"),
    ), ""


def _third(body: Json) -> str:
    return "<h1>Your bank asks: is it you?</h1>" + _button("confirm", "Yes") + _button("refuse", "No")


# the portal --------------------------------------------------------------------------------------


def _portal(dialect: "Dialect", session: Json, form: dict[str, str]) -> tuple[str, str]:
    store, customer = dialect.store, dialect.store.objects[session["customer"]]
    if form.get("deed") == "back":
        return "", session["return_url"] or "/"
    living = [
        row for row in store.find("subscription", customer=customer["id"]) if row["status"] != "canceled"
    ]
    if deed := form.get("deed"):
        _portal_deed(dialect, customer, living, deed)
        living = [row for row in living if row["status"] != "canceled"]
    rows = "".join(_subscription(row) for row in living) or "<p>No subscription.</p>"
    invoices = "".join(
        f'<li><a href="{row["hosted_invoice_url"]}">{row["number"]}</a> '
        f"{_money(row['total'], row['currency'])} {row['status']}</li>"
        for row in store.find("invoice", customer=customer["id"])[:20]
    )
    cards = _button("card", "Use a new card") + _button("bad_card", "Use a card that will be declined")
    return _shell("Portal", f"<h1>Billing</h1>{rows}{cards}<ul>{invoices}</ul>" + _button("back", "Back")), ""


def _subscription(row: Json) -> str:
    deed = ("resume", "Keep it") if row["cancel_at_period_end"] else ("cancel", "Cancel at period end")
    return f"<p>{row['items']['data'][0]['price']['lookup_key']}: {row['status']}</p>" + _button(*deed)


def _portal_deed(dialect: "Dialect", customer: Json, living: list[Json], deed: str) -> None:
    request = Request(dialect, "POST", "", {})
    if deed in ("card", "bad_card"):
        token = "pm_card_visa" if deed == "card" else "pm_card_chargeCustomerFail"
        card = catalogue.attach(request, catalogue.new_card(request, token)["id"], customer)
        customer["invoice_settings"]["default_payment_method"] = card["id"]
        dialect.events.fire("customer.updated", customer)
        if deed == "card":
            _pay_open(dialect, customer)
    for row in living if deed in ("cancel", "resume") else []:
        form = {"cancel_at_period_end": str(deed == "cancel").lower()}
        changes.update(Request(dialect, "POST", "", form, [row["id"]]))


def _pay_open(dialect: "Dialect", customer: Json) -> None:
    for row in dialect.store.find("invoice", customer=customer["id"], status="open"):
        if money.collect(dialect, row):
            periods.after_payment(dialect, row)


def _invoice(body: Json) -> str:
    lines = "".join(
        f"<li>{escape(row['description'])}: {_money(row['amount'], row['currency'])}</li>"
        for row in body["lines"]["data"]
    )
    return _shell(
        body["number"],
        f"<h1>Invoice {body['number']}</h1><ul>{lines}</ul>"
        f"<p>{_money(body['total'], body['currency'])} {body['status']}</p>",
    )
