"""Owns the control API under /_control: how a test or a person moves the imitated outside world.

Bodies are JSON; answers are JSON; times are epoch seconds; money is dollars. Errors: 400 or 404 with
{"error"}. `account` is an acct_ id; it may be left out where one fan id says it all.

  GET  healthz                    {"ok", "profile", "seed", "accounts", "accepted", "pendingWebhooks"}
  POST reset                      {"seed"?, "profile"?} -> a new world; webhooks, faults, settings forgotten
  GET  clock                      {"now", "frozen", "speed"}
  POST clock                      {"now"? | "advanceSeconds"?, "freeze"?: bool, "speed"?} (now and advance freeze it)
  GET  settings                   the values below
  POST settings                   any of enforceLimit (n in windowSeconds, 0 = off; over it 429 + Retry-After),
                                  windowSeconds, latencyMs (ms | [low, high] | {"p50","p99"}; half before, half
                                  after acceptance of a send), idempotency (false: keys are ignored),
                                  ratePerMinute (team, 0 = off), credits, simulator, webhooks (false: silent),
                                  webhookBackoff [s, s], webhookTimeout, pauseAfter, pauseSeconds, uploadSeconds,
                                  awkwardRate (share of simulated fans' lines that opt out, threaten, ...),
                                  rotationGrace (TikTok: an old refresh token lives until the new access is used)
  GET  accounts                   [{"id","index","name","username","onlyfansId","state","fans","displayName"}]
  POST accounts                   {"fans"?, "display_name"?, "client_reference_id"?} -> account
  POST accounts/{id}/state        {"state": "connected"|"session_expired"|"needs_otp"|"needs_face_otp"|"failed"}
  GET  fans?account&limit&offset  [{"id","account","name","username","language","active","price","spent"}]
  POST fans                       {"account", "id"?, "name"?, "username"?} -> fan; fires subscriptions.new
  POST fans/{id}/say              {"account"?, "text"} -> message
  POST fans/{id}/buy              {"messageId"?} -> transaction      (newest locked paid message)
  POST fans/{id}/tip              {"amount": dollars, "text"?} -> transaction
  POST fans/{id}/renew | expire   -> transaction | {}
  POST fans/{id}/chargeback       {"transactionId"?} -> transaction
  POST fans/{id}/optout | typing  -> message | {}
  GET  messages?account&fan&since&limit  newest last, both directions
  GET  sent?account&key&since&limit      one row per accepted send: account, fan, messageId, idempotencyKey,
                                  attempts, attemptTimes, replays, acceptedUnderKey, bodyHash, textHash,
                                  acceptedAt, answeredAt, duplicate
  GET  limits?account&window=60   per account: sent, maxInWindow (any sliding window), smallestGap, refused
  GET  duplicates?account         same account, fan and text accepted more than once
  GET/POST/DELETE faults          POST {"kind","dialect"?,"match"?:{"method","path" glob below the vendor's
                                  prefix,"account","event" glob},"rate"?,"after"?,"count"?,"forSeconds"?,
                                  "params"?} -> {"id"}; DELETE all, or DELETE faults/{id}. Kinds: faults.py
  GET  webhooks?event&account&limit      deliveries with attempts and bodies, oldest first
  POST webhooks/flush             {"timeout"?: 10} waits until nothing is queued or due -> {"flushed"}
  POST redeliver/{delivery id}    (also webhooks/redeliver/{id}) the same key and body again
  GET  requests?dialect&path&limit       newest last: at, method, path, status, ms, account, fault, outcome
  GET  oauth/{vendor}             instagram, tiktok, whatsapp: people, who has open access, counts (exchanged,
                                  refreshed, reused = refresh tokens used after they were replaced, revoked)
  POST oauth/{vendor}/revoke      {"person"} -> the person takes the access back in the vendor's settings
  POST oauth/{vendor}/expire      {"what": "access"|"refresh"|"code"} -> they run out now
  GET  money?account              per account: gross, fees, net, count, byType, transactions
  POST stripe/listen              {"url", "secret"?, "events"?} sends Stripe's events there, signed
  POST stripe/sessions/{id}/pay   {"card"? (a test token), "async"?} the buyer pays; settle {"paid"} ends async
  POST stripe/customers/{id}/card {"card"} the default card from now on (pm_card_chargeDeclined, ...); delete
  POST stripe/charges/{id}/refund {"amount"?}; dispute {"amount"?}; refunds/{id}/fail; disputes/{id}/close {"won"}
  POST stripe/subscriptions/{id}/end_period  its period ends now; end, tell (an update)
  POST stripe/events/{id}/send    the event once more
  POST stripe/edit/{id}           {field: value} behind everybody's back; GET stripe/objects/{kind}  all of a kind
"""

from typing import TYPE_CHECKING, Any

import orjson

from .controls import fans, oauth, observe, steer, stripe
from .controls.base import Call, Wrong
from .http import Receive, Scope, Send, answer_json, query, read_body

if TYPE_CHECKING:
    from .app import App

TABLE: dict[tuple[str, str], Any] = {
    ("GET", "healthz"): observe.healthz,
    ("POST", "reset"): steer.reset,
    ("GET", "clock"): steer.read_clock,
    ("POST", "clock"): steer.set_clock,
    ("GET", "settings"): steer.read_settings,
    ("POST", "settings"): steer.set_settings,
    ("GET", "faults"): steer.list_faults,
    ("POST", "faults"): steer.add_fault,
    ("DELETE", "faults"): steer.drop_faults,
    ("DELETE", "faults/*"): steer.drop_faults,
    ("GET", "accounts"): fans.accounts,
    ("POST", "accounts"): fans.add_account,
    ("POST", "accounts/*/state"): fans.set_state,
    ("GET", "fans"): fans.listing,
    ("POST", "fans"): fans.add,
    ("POST", "fans/*/say"): fans.say,
    ("POST", "fans/*/buy"): fans.buy,
    ("POST", "fans/*/tip"): fans.tip,
    ("POST", "fans/*/renew"): fans.renew,
    ("POST", "fans/*/expire"): fans.expire,
    ("POST", "fans/*/chargeback"): fans.chargeback,
    ("POST", "fans/*/optout"): fans.opt_out,
    ("POST", "fans/*/typing"): fans.typing,
    ("GET", "messages"): observe.messages,
    ("GET", "sent"): observe.sent,
    ("GET", "limits"): observe.limits,
    ("GET", "duplicates"): observe.duplicates,
    ("GET", "webhooks"): observe.webhooks,
    ("POST", "webhooks/flush"): steer.flush,
    ("POST", "webhooks/redeliver/*"): steer.redeliver,
    ("POST", "redeliver/*"): steer.redeliver,
    ("GET", "requests"): observe.requests,
    ("GET", "money"): observe.money,
    ("POST", "stripe/listen"): stripe.listen,
    ("POST", "stripe/sessions/*/pay"): stripe.pay,
    ("POST", "stripe/sessions/*/settle"): stripe.settle,
    ("POST", "stripe/customers/*/card"): stripe.change_card,
    ("POST", "stripe/customers/*/delete"): stripe.forget_customer,
    ("POST", "stripe/charges/*/refund"): stripe.refund,
    ("POST", "stripe/charges/*/dispute"): stripe.dispute,
    ("POST", "stripe/refunds/*/fail"): stripe.fail_refund,
    ("POST", "stripe/disputes/*/close"): stripe.close_dispute,
    ("POST", "stripe/subscriptions/*/end_period"): stripe.end_period,
    ("POST", "stripe/subscriptions/*/end"): stripe.end,
    ("POST", "stripe/subscriptions/*/tell"): stripe.tell,
    ("POST", "stripe/events/*/send"): stripe.signed,
    ("POST", "stripe/edit/*"): stripe.edit,
    ("GET", "stripe/objects/*"): stripe.objects,
    ("GET", "oauth/*"): oauth.look,
    ("POST", "oauth/*/revoke"): oauth.revoke,
    ("POST", "oauth/*/expire"): oauth.expire,
}


async def handle(app: "App", scope: Scope, receive: Receive, send: Send) -> None:
    parts = scope["path"].removeprefix("/_control/").strip("/").split("/")
    handler, parameter = _find(scope["method"], parts)
    if handler is None:
        await answer_json(send, 404, {"error": f"no such control: {scope['method']} {'/'.join(parts)}"})
        return
    raw = await read_body(receive)
    try:
        body = orjson.loads(raw) if raw else {}
        result = handler(Call(app, parameter, body, query(scope)))
        value = await result if hasattr(result, "__await__") else result
    except orjson.JSONDecodeError:
        await answer_json(send, 400, {"error": "the body is not JSON"})
    except Wrong as wrong:
        await answer_json(send, wrong.status, {"error": str(wrong)})
    else:
        await answer_json(send, 200, value)


def _find(method: str, parts: list[str]) -> tuple[Any, str]:
    exact = TABLE.get((method, "/".join(parts)))
    if exact is not None:
        return exact, ""
    for place in range(1, len(parts)):
        pattern = "/".join([*parts[:place], "*", *parts[place + 1 :]])
        found = TABLE.get((method, pattern))
        if found is not None:
            return found, parts[place]
    return None, ""
