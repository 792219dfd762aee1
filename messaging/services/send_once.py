"""Queueing the message of a form exactly once, however often the form arrives."""

from datetime import datetime, timedelta

from django.db import transaction

from huntaze.kernel.api import idempotency
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import Conflict
from messaging.services.send import plan_send, queue_message
from messaging.types import SendCommand


def send_once(
    *,
    principal: Principal,
    command: SendCommand,
    token: str,
    now: datetime,
    hold: timedelta = timedelta(0),
) -> str:
    """Queue the command under the form's token and return the message's public id. It waits at least for `hold`.

    The same form again gives the first message's id. Raises Conflict when the token was used for another message, and
    whatever `plan_send` raises.
    """
    key, store = f"form:{token}", idempotency.store()
    fingerprint = idempotency.fingerprint("FORM", "send", repr(command).encode())
    plan = plan_send(principal=principal, command=command, now=now)
    with transaction.atomic():
        if store.claim(principal, key, fingerprint):
            queued = queue_message(plan=plan, principal=principal, now=now, hold=hold)
            store.complete(principal, key, 202, {"messageId": queued.message_id})
            return queued.message_id
        known = idempotency.replay(principal, key, fingerprint)
        if known is None or known.body is None:
            raise Conflict
        return str(known.body["messageId"])
