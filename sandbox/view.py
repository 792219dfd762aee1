"""Owns the page's HTML. Message texts are the vendor's HTML, so they are shown as text, tags off."""

import html
import re
from datetime import UTC, datetime

from . import deeds
from .state import Sandbox
from .world import Account, Chat, Fan, Message

PHONES = 50
BUBBLES = 12
ROWS = 200
ACCOUNTS = 24
_TAGS = re.compile(r"<[^>]*>")


def _e(value: object) -> str:
    return html.escape(str(value), quote=True)


def _plain(text: str) -> str:
    return _e(html.unescape(_TAGS.sub(" ", text)).strip())


def _time(at: float, now: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    day = "" if now - at < 43_200 else moment.strftime("%d %b ")
    return f'<time datetime="{moment.isoformat()}">{day}{moment:%H:%M:%S}</time>'


def _dollars(cents: int) -> str:
    return f"${cents / 100:,.2f}".removesuffix(".00")


def shell(sandbox: Sandbox, account: Account | None, tab: str, note: str, content: str) -> str:
    chosen = account.id if account else ""
    tabs = "".join(
        f'<a href="/{name}?account={chosen}"{" aria-current=page" if name == tab else ""}>{name.title()}</a>'
        for name in ("phones", "webhooks", "requests")
    )
    warning = f'<p class="note" role="status">{_e(note)}</p>' if note else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox - {_e(tab)}</title><link rel="stylesheet" href="/static/page.css">
<script src="/static/page.js" defer></script></head>
<body><header class="top"><h1>Sandbox</h1><nav aria-label="Views">{tabs}</nav>
<p class="meta">{_meta(sandbox)}</p></header>
<main id="live">{warning}{_accounts(sandbox, account, tab)}{content}</main></body></html>"""


def _meta(sandbox: Sandbox) -> str:
    fans = "fans alive" if sandbox.settings.simulator else "fans asleep"
    return f"profile {_e(sandbox.profile)} · seed {sandbox.seed} · {fans}"


def _accounts(sandbox: Sandbox, chosen: Account | None, tab: str) -> str:
    """One card an account: messages in the last 60 seconds against ten."""
    now = sandbox.clock.now()
    cards = []
    for account in list(sandbox.world.accounts.values())[:ACCOUNTS]:
        count = sandbox.ledger.recent(account.id, now, 60)
        over = " over" if count > 10 else ""
        current = " aria-current=true" if account is chosen else ""
        total = len(sandbox.ledger.times.get(account.id, ()))
        cards.append(
            f'<a class="account{over}" href="/{tab}?account={account.id}"{current}>'
            f"<strong>{_e(account.name)}</strong><span>@{_e(account.username)}</span>"
            f'<progress max="10" value="{min(count, 10)}">{count}</progress>'
            f'<span class="count">{count}/10 in 60 s</span><span class="total">{total} sent</span></a>'
        )
    return f'<section class="accounts" aria-label="Accounts">{"".join(cards)}</section>'


# phones ------------------------------------------------------------------------------------------


def phones(sandbox: Sandbox, account: Account) -> str:
    chats = sorted(
        (row for row in account.chats.values() if row.messages), key=lambda row: -row.messages[-1].id
    )
    if not chats:
        return _silent(sandbox, account)
    rows = []
    for chat in chats[:PHONES]:
        fan = sandbox.world.fan(account, chat.fan_id)
        if fan is not None:
            rows.append(_phone(sandbox, account, fan, chat))
    return f'<section class="phones" aria-label="Phones of the last fans">{"".join(rows)}</section>'


def _silent(sandbox: Sandbox, account: Account) -> str:
    """Nobody has written yet: the first fans, so that a person can begin."""
    rows = [_phone(sandbox, account, fan, Chat(fan.id)) for fan in sandbox.world.fans(account)[:12]]
    return (
        '<p class="empty">No messages yet. Send one through the API, or write as a fan.</p>'
        f'<section class="phones" aria-label="Phones">{"".join(rows)}</section>'
    )


def _phone(sandbox: Sandbox, account: Account, fan: Fan, chat: Chat) -> str:
    now = sandbox.clock.now()
    bubbles = "".join(_bubble(sandbox, row, now) for row in reversed(list(chat.messages)[-BUBBLES:]))
    active = "" if fan.expires_at > now else '<span class="tag">expired</span>'
    unread = f'<span class="tag unread">{chat.unread} unread</span>' if chat.unread else ""
    initials = "".join(word[0] for word in fan.name.split()[:2])
    return f"""<article class="phone" id="fan-{fan.id}"><header><span class="face tone{fan.id % 6}" aria-hidden="true">{_e(initials)}</span>
<div><h2>{_e(fan.name)}</h2><p>{_dollars(fan.total)} · @{_e(fan.username)}</p></div>{active}{unread}</header>
<ol class="talk" tabindex="0" aria-label="Conversation with {_e(fan.name)}">{bubbles}</ol>
{_forms(sandbox, account, fan)}</article>"""


def _bubble(sandbox: Sandbox, message: Message, now: float) -> str:
    """On the fan's phone the creator's messages come from the left, the fan's own from the right."""
    side = "in" if message.from_creator else "out"
    sent = sandbox.ledger.by_message.get(message.id) if message.from_creator else None
    marks, alarm = [], ""
    if message.price:
        word = "open" if message.opened else "locked"
        marks.append(f'<span class="price {word}">{_dollars(message.price)} {word}</span>')
    if message.tip:
        marks.append(f'<span class="price open">tip {_dollars(message.tip)}</span>')
    if message.media:
        marks.append(f'<span class="media">{len(message.media)} media</span>')
    if message.queue_id:
        marks.append('<span class="media">mass message</span>')
    if sent and sent.attempts.replays:
        marks.append(f'<span class="bad">replayed {sent.attempts.replays}×</span>')
    if sent and sent.duplicate:
        marks.append('<span class="bad">duplicate</span>')
    if sent and (sent.duplicate or sent.attempts.replays):
        alarm = " alarm"
    text = _plain(message.text) or '<i class="quiet">no text</i>'
    return f'<li class="{side}{alarm}"><p>{text}</p><p class="marks">{"".join(marks)}{_time(message.created, now)}</p></li>'


def _forms(sandbox: Sandbox, account: Account, fan: Fan) -> str:
    hidden = f'<input type="hidden" name="account" value="{account.id}"><input type="hidden" name="fan" value="{fan.id}">'
    locked = deeds.paid_messages(sandbox, account, fan)
    buy = f"Buy {_dollars(locked[0].price)}" if locked else "Buy"
    off = "" if locked else " disabled"
    return f"""<form class="say" method="post" action="/phones/act">{hidden}
<input name="text" aria-label="Answer as {_e(fan.name)}" placeholder="Answer as {_e(fan.name)}" maxlength="2000" autocomplete="off" required>
<button name="deed" value="say">Send</button></form>
<form class="pay" method="post" action="/phones/act">{hidden}<button name="deed" value="buy"{off}>{buy}</button>
<label>$<input name="amount" type="number" min="1" max="200" value="5" aria-label="Tip in dollars"></label>
<button name="deed" value="tip">Tip</button></form>"""


# tables ------------------------------------------------------------------------------------------


def webhooks(sandbox: Sandbox, account: Account) -> str:
    now = sandbox.clock.now()
    ends = "".join(
        f"<li><code>{_e(row.url)}</code> {len(row.events)} events, {_e(row.scope)}, "
        f"{'signed' if row.secret else 'unsigned'}, "
        f"{'paused' if row.paused_until > now else 'on' if row.enabled else 'off'}</li>"
        for row in sandbox.hooks.endpoints.values()
    )
    rows = [row for row in sandbox.hooks.deliveries if row.account == account.id][-ROWS:]
    lines = "".join(
        f'<tr class="{_e(row.status)}"><td>{_time(row.created, now)}</td><td>{_e(row.event)}</td>'
        f"<td><span class='state'>{_e(row.status)}</span></td>"
        f"<td class='wrap'>{', '.join(_e(one.get('status') or one.get('error', '')) for one in row.attempts)}</td>"
        f"<td>{_e(row.fault)}</td><td><code>{_e(row.key)}</code></td></tr>"
        for row in reversed(rows)
    )
    return (
        f"<section><h2>Registered</h2><ul class='plain'>{ends or '<li>No webhook is registered.</li>'}</ul></section>"
        + _table("Deliveries", ("Time", "Event", "State", "Answers", "Fault", "Key"), lines)
    )


def requests(sandbox: Sandbox, account: Account) -> str:
    now = sandbox.clock.now()
    rows = [row for row in sandbox.log if row[6] in (account.id, "accounts", "")][-ROWS:]
    lines = "".join(
        f'<tr class="{"failed" if status >= 400 or status == 0 else ""}"><td>{_time(at, now)}</td><td>{_e(method)}</td>'
        f"<td><code>{_e(path)}</code></td><td>{status or 'cut'}</td><td>{ms} ms</td><td>{_e(fault or outcome)}</td></tr>"
        for at, _, method, path, status, ms, _, fault, outcome in reversed(rows)
    )
    return _table("Requests", ("Time", "Method", "Path", "Status", "Took", "Remark"), lines)


def _table(title: str, heads: tuple[str, ...], lines: str) -> str:
    columns = "".join(f"<th scope=col>{name}</th>" for name in heads)
    empty = f'<tr><td colspan="{len(heads)}">Nothing yet.</td></tr>'
    return (
        f"<section><h2>{title}</h2><div class='wide'><table><thead><tr>{columns}</tr></thead>"
        f"<tbody>{lines or empty}</tbody></table></div></section>"
    )
