"""Owns the page for people: the fans' phones, the webhooks and the requests, without a build step.

Everything works as plain forms and links; the script only refreshes. No inline script or style, so the
page runs under a policy that allows nothing but its own two files.
"""

from html import escape
from pathlib import Path
from urllib.parse import parse_qsl, quote

from . import deeds, view
from .http import Receive, Scope, Send, answer, header, query, read_body
from .state import Sandbox
from .world import Account, Fan

STATIC = Path(__file__).parent / "static"
CSS = b"text/css; charset=utf-8"
FILES = {
    "/static/page.css": CSS,
    "/static/consent.css": CSS,
    "/static/page.js": b"text/javascript; charset=utf-8",
}
POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
TABS = {"phones": view.phones, "webhooks": view.webhooks, "requests": view.requests}


async def handle(sandbox: Sandbox, scope: Scope, receive: Receive, send: Send) -> bool:
    """False if the path is not the page's."""
    path, method = scope["path"], scope["method"]
    if path in FILES and method == "GET":
        await answer(send, 200, (STATIC / path.rsplit("/", 1)[1]).read_bytes(), HEADERS, FILES[path])
    elif path in ("/", "/phones", "/webhooks", "/requests") and method == "GET":
        await answer(
            send,
            200,
            _render(sandbox, scope, path.strip("/") or "phones"),
            HEADERS,
            b"text/html; charset=utf-8",
        )
    elif path == "/phones/act" and method == "POST":
        await _act(sandbox, scope, await read_body(receive), send)
    else:
        return False
    return True


def _render(sandbox: Sandbox, scope: Scope, tab: str) -> bytes:
    values = {name: found[-1] for name, found in query(scope).items()}
    accounts = sandbox.world.accounts
    account = accounts.get(values.get("account", "")) or next(iter(accounts.values()), None)
    note = values.get("note", "")
    body = view.shell(
        sandbox, account, tab, note, TABS[tab](sandbox, account) if account else "<p>No accounts.</p>"
    )
    return body.encode()


async def _act(sandbox: Sandbox, scope: Scope, raw: bytes, send: Send) -> None:
    """One deed of one fan, then back to the phones. Forms of other sites are refused."""
    origin = header(scope, b"origin")
    if origin and origin != "null" and origin.split("//")[-1] != header(scope, b"host"):
        await answer(send, 403, b"Forms of other sites are refused.", HEADERS, b"text/plain")
        return
    form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    account = sandbox.world.accounts.get(form.get("account", ""))
    number = form.get("fan", "")
    fan = sandbox.world.fan(account, int(number)) if account and number.isdigit() else None
    if account is None or fan is None:
        await answer(send, 404, b"No such fan.", HEADERS, b"text/plain")
        return
    note = ""
    try:
        _do(sandbox, account, fan, form)
    except (deeds.Impossible, ValueError) as reason:
        note = f"&note={quote(str(reason))}"
    place = f"/?account={account.id}{note}#fan-{fan.id}".encode()
    await answer(send, 303, b"", (*HEADERS, (b"location", place)), b"text/plain")


def _do(sandbox: Sandbox, account: Account, fan: Fan, form: dict[str, str]) -> None:
    deed = form.get("deed", "")
    if deed == "say":
        text = form.get("text", "").strip()
        if not text:
            raise deeds.Impossible("write something first")
        deeds.say(sandbox, account, fan, escape(text, quote=False))
    elif deed == "buy":
        deeds.buy(sandbox, account, fan)
    elif deed == "tip":
        deeds.tip(sandbox, account, fan, round(float(form.get("amount") or 0) * 100))
    elif deed in ("renew", "expire", "chargeback"):
        getattr(deeds, deed)(sandbox, account, fan)
    else:
        raise deeds.Impossible(f"no deed {deed}")
