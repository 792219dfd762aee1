"""Owns the consent page: who is there to agree, to what, and how it may go wrong; then the way back.

Plain forms without script. Whatever a person chooses, the browser is sent to the address that asked.
"""

from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from .provider import Person

POLICY = (
    b"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    b"form-action 'self' http://127.0.0.1:* http://localhost:*"
)
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
#: What a person may do beside agreeing and refusing; the second part is what the button says.
FAULTS = {
    "wrong_state": "Agree, but bring back another state",
    "expired_code": "Agree, but the code has expired",
    "used_code": "Agree, but the code was used before",
    "no_answer": "Agree, but bring back no code",
}


def is_loopback(address: str) -> bool:
    try:
        found = urlsplit(address)
    except ValueError:
        return False
    return found.scheme in ("http", "https") and found.hostname in ("127.0.0.1", "localhost", "::1")


def page(title: str, asked: str, people: tuple[Person, ...], scopes: list[str]) -> bytes:
    """The form; `asked` is the query that came with the browser, to be brought back with the answer."""
    who = "".join(
        f'<label class="line"><input type="radio" name="person" value="{escape(row.id)}"{_checked(place)}> '
        f"{escape(row.name)} <small>{escape(', '.join(thing.handle for thing in row.things))}</small></label>"
        for place, row in enumerate(people)
    )
    what = "".join(
        '<label class="line"><input type="checkbox" name="scope" '
        f'value="{escape(scope)}" checked> {escape(scope)}</label>'
        for scope in scopes
    )
    faults = "".join(
        f'<button name="choice" value="{name}">{escape(text)}</button>' for name, text in FAULTS.items()
    )
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{escape(title)} - sandbox</title>
<link rel="stylesheet" href="/static/consent.css"></head>
<body><main><h1>{escape(title)}</h1><p>Imitation of the vendor's consent page. Choose who agrees, and to what.</p>
<form method="post"><input type="hidden" name="asked" value="{escape(asked)}">
<fieldset><legend>Account</legend>{who}</fieldset><fieldset><legend>Permissions</legend>{what}</fieldset>
<div class="choices"><button name="choice" value="approve">Allow</button>
<button name="choice" value="refuse">Refuse</button></div>
<details><summary>What may go wrong</summary><div class="choices">{faults}</div></details>
</form></main></body></html>""".encode()


def _checked(place: int) -> str:
    return " checked" if place == 0 else ""


def fields(raw: bytes) -> dict[str, Any]:
    """A form: single values, and every `scope`."""
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs) | {"scope": [value for name, value in pairs if name == "scope"]}


def back(redirect_uri: str, **answer: str) -> bytes:
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{urlencode(answer)}".encode()
