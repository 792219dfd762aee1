"""Outgoing mail: queued in the transaction of what it is about, written and sent by a worker."""

import json
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import Mail, User
from accounts.services.letters import LETTERS, Letter
from accounts.services.people import DEMO_MAIL
from huntaze.kernel import clock, context, outbox
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import Ending, State

LEASE = timedelta(seconds=60)
#: A mail server may be away for hours; afterwards the row is a dead letter.
RETRY_DELAYS = (10.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0)


class MailRefused(Exception):
    """The mail server did not take it. It carries no address: errors are logged."""


def queue_mail(
    *, kind: str, to: str, locale: str, now: datetime, user: User | None = None, **params: Any
) -> Mail:
    """A mail of one kind, in the caller's transaction; `params` are for its writer and lie sealed."""
    if kind not in LETTERS:
        raise ValueError(f"no letter is called {kind}")
    mail = Mail.objects.create(
        kind=kind,
        to=to,
        user=user,
        locale=locale,
        params=json.dumps(params),
        queued_at=now,
        available_at=now,
        trace_id=context.trace_id(),
    )
    enqueue("accounts.send_mails")
    return mail


def mail_to(user: User, kind: str, *, now: datetime, **params: Any) -> Mail:
    """A mail to a person, at their address and in their language."""
    return queue_mail(kind=kind, to=user.email, locale=user.locale, now=now, user=user, **params)


def send_due() -> int:
    """Send every mail that is due; returns how many were looked at."""
    return outbox.drain(Mail, _send, clock=clock.now, lease=LEASE, batch=10, delays=RETRY_DELAYS)


def _send(row: Mail) -> Ending | None:
    outbox.assert_no_transaction()
    if row.to.endswith(DEMO_MAIL):
        return Ending(note="nobody to write to")
    user = row.user or User.objects.filter(email=row.to, is_active=True).first()
    with translation.override(user.locale if user else row.locale):
        letter = LETTERS[row.kind](user, json.loads(row.params.reveal()))
        if letter is None:
            return Ending(note="nobody to write to")
        message = _message(row, letter, user)
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise MailRefused(type(error).__name__) from None
    return None


def _message(row: Mail, letter: Letter, user: User | None) -> EmailMultiAlternatives:
    """Its id is the row's, so that a mail sent twice is shown once by programs that care."""
    values = {"letter": letter, "name": user.name if user else "", "language": translation.get_language()}
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=render_to_string("emails/letter.txt", values),
        to=[row.to],
        headers={"Message-ID": f"<{row.public_id}@huntaze>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("emails/letter.html", values), "text/html")
    return message


def send_again(*, pks: list[int], now: datetime) -> int:
    """Queue mails that were given up, attempts from the start; returns how many."""
    with transaction.atomic():
        failed = Mail.objects.filter(pk__in=pks, state=State.FAILED)
        count = failed.update(state=State.QUEUED, available_at=now, attempts=0)
        enqueue("accounts.send_mails")
    return count
