"""Owns connecting an account: client sessions, the vendor's embedded page, signing in again.

The page stands under /embed-auth/{token}: the person chooses what happens, and the page tells its parent
window by postMessage as the vendor's does. No password is asked for; there is nothing to sign in to.
"""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ...clock import iso
from ...draws import digest
from ...http import Json, Receive, Scope, Send, answer, answer_json, read_body
from ...seeding import furnish_vault
from ...world import Account
from .core import PREFIX, Refused, Reply, Request, invalid, not_found

if TYPE_CHECKING:
    from .dialect import Dialect

STATIC = Path(__file__).parents[2] / "static"
NEW_FANS = 20
WRONG_CODE = "000000"
# Any page of this machine may frame it: the product's own port is not known here.
_ORIGINS = b"http://127.0.0.1:* http://localhost:*"
POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors " + _ORIGINS
)
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


def _dialect(request: Request) -> "Dialect":
    found: Dialect = request.sandbox.dialects["onlyfansapi"]
    return found


def create_session(request: Request) -> Reply:
    """POST /api/client-sessions."""
    form = request.form()
    name = form.get("display_name")
    if not isinstance(name, str) or not name:
        raise invalid(display_name="The display name field is required.")
    country = form.get("proxy_country")
    if country not in (None, "us", "uk", "gb"):
        raise invalid(proxy_country="The selected proxy country is invalid.")
    sessions = _dialect(request).sessions
    token = f"ofapi_cs_{digest(request.sandbox.seed, 'session', len(sessions) + 1)}"
    sessions[token] = {"display_name": name, "reference": form.get("client_reference_id"), "account": None}
    return Reply(
        {"token": token, "client_reference_id": form.get("client_reference_id"), "display_name": name}
    )


# the embedded page -------------------------------------------------------------------------------


async def embedded(dialect: "Dialect", scope: Scope, receive: Receive, send: Send, path: str) -> None:
    """GET /embed-auth/{token}, its files, and POST /embed-auth/{token} {"choice", "code"?}."""
    name = path.removeprefix("/embed-auth/")
    if name in ("connect.js", "connect.css"):
        kind = b"text/css; charset=utf-8" if name.endswith("css") else b"text/javascript; charset=utf-8"
        await answer(send, 200, (STATIC / name).read_bytes(), HEADERS, kind)
        return
    session = dialect.sessions.get(name)
    if session is None or session.get("used"):
        await answer(send, 404, b"This link is not valid any more.", HEADERS, b"text/plain; charset=utf-8")
    elif scope["method"] == "POST":
        body = await read_body(receive)
        await answer_json(send, 200, _choose(dialect, session, orjson.loads(body or b"{}")))
    else:
        await answer(send, 200, _page(session).encode(), HEADERS, b"text/html; charset=utf-8")


def _page(session: Json) -> str:
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Connect - sandbox</title>
<link rel="stylesheet" href="connect.css"><script src="connect.js" defer></script></head>
<body><main><h1>Sign in</h1><p>Imitation of the vendor's page for <strong>{escape(session["display_name"])}</strong>.
Choose what happens.</p>
<div class="choices"><button data-choice="connect">Connect</button><button data-choice="wrong">Wrong password</button>
<button data-choice="code">Ask code</button><button data-choice="face">Ask face</button></div>
<div id="code" hidden><label>Code <input inputmode="numeric" maxlength="6" value="123456"></label>
<button data-choice="enter">Continue</button></div>
<div id="face" hidden><button data-choice="done">Face check done</button></div>
<p id="said" role="status"></p></main></body></html>"""


def _choose(dialect: "Dialect", session: Json, body: Json) -> Json:
    """The message for the parent window: {"type", "payload"}."""
    choice = body.get("choice")
    account = session["account"] or _new_account(dialect, session)
    if choice in ("connect", "done") or (choice == "enter" and body.get("code") != WRONG_CODE):
        account.state, session["used"] = "connected", True
        dialect.events.account(account, "connected")
        return {"type": "onlyfansapi.auth.success", "payload": _success(account)}
    if choice == "code":
        account.state = "needs_otp"
        dialect.events.account(account, "otp_code_required")
        return {"type": "onlyfansapi.auth.continue", "payload": {"needs": "code"}}
    if choice == "face":
        account.state = "needs_face_otp"
        dialect.events.account(account, "face_otp_required")
        return {"type": "onlyfansapi.auth.continue", "payload": {"needs": "face"}}
    account.state = "failed"
    text = "The code is wrong." if choice == "enter" else "The e-mail or password is wrong."
    dialect.events.account(account, "authentication_failed", text)
    return {"type": "onlyfansapi.auth.failed", "payload": {"message": text}}


def _new_account(dialect: "Dialect", session: Json) -> Account:
    world = dialect.sandbox.world
    index = max((row.index for row in world.accounts.values()), default=-1) + 1
    account = world.add_account(fan_count=NEW_FANS, index=index, display_name=session["display_name"])
    account.client_reference_id = session["reference"]
    furnish_vault(world, account)
    session["account"] = account
    return account


def _success(account: Account) -> Json:
    person = {
        "id": account.onlyfans_id,
        "username": account.username,
        "email": account.email,
        "avatar_url": None,
        "name": account.name,
    }
    return {"accountId": account.id, "username": account.username, "onlyfansData": person}


# signing in again --------------------------------------------------------------------------------


def reauthenticate(request: Request) -> Reply:
    """POST /api/authenticate/{account_id}/reauthenticate: at once, unless a code or a face is asked."""
    account = request.sandbox.world.accounts.get(request.params[0])
    if account is None:
        raise Refused(404, {"error": "Account not found.", "code": "account_not_found"})
    attempts = _dialect(request).attempts
    name = f"auth_{digest(request.sandbox.seed, 'attempt', len(attempts) + 1)[:24]}"
    attempts[name] = {"account": account, "started": request.at, "completed": None, "error": None}
    if account.state not in ("needs_otp", "needs_face_otp"):
        _complete(request, attempts[name])
    url = f"http://{request.header(b'host')}{PREFIX}/api/authenticate/{name}"
    return Reply({"message": "Re-authentication started.", "polling_url": url, "success": True}, bare=True)


def _complete(request: Request, attempt: Json) -> None:
    attempt["account"].state, attempt["completed"] = "connected", request.at
    _dialect(request).events.account(attempt["account"], "reconnected")


def _attempt(request: Request) -> dict[str, Any]:
    found = _dialect(request).attempts.get(request.params[0])
    if found is None:
        raise not_found("Authentication attempt")
    return found


def poll(request: Request) -> Reply:
    attempt = _attempt(request)
    account: Account = attempt["account"]
    done = attempt["completed"] is not None
    last = {
        "started_at": iso(attempt["started"]),
        "completed_at": iso(attempt["completed"]) if done else None,
        "success": done,
        "error_code": "wrong_code" if attempt["error"] else None,
        "error_message": attempt["error"],
        "needs_otp": account.state == "needs_otp",
        "otp_phone_ending": "42" if account.state == "needs_otp" else None,
    }
    body = {
        "state": "authenticated" if done else account.state,
        "progress": "authenticated" if done else account.state,
        "account": {"id": account.id, "display_name": account.display_name, "onlyfans_data": None},
        "lastAttempt": last,
    }
    return Reply(body, bare=True, credits=0)


def submit(request: Request) -> Reply:
    """PUT /api/authenticate/{attempt_id}: a code of six digits (000000 is wrong), or the face check."""
    attempt, form = _attempt(request), request.form()
    code = str(form.get("code") or "")
    if form.get("selfie_verification_completed") in (True, "true", 1):
        if code:
            raise invalid(code="The code field must be empty when selfie verification is completed.")
    elif not (code.isdigit() and len(code) == 6):
        raise invalid(code="The code field must be 6 digits.")
    elif code == WRONG_CODE:
        attempt["error"] = "The code is wrong."
        _dialect(request).events.account(attempt["account"], "authentication_failed", "The code is wrong.")
        return Reply({"message": "The code was submitted."}, bare=True)
    attempt["error"] = None
    _complete(request, attempt)
    return Reply({"message": "The code was submitted."}, bare=True)


def send_email(request: Request) -> Reply:
    _attempt(request)
    return Reply({"message": "The creator was sent a link.", "success": True}, bare=True)
