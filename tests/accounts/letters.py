"""What lies in the mailboxes of a test: `send()` does a worker's work, `link()` finds a letter's link."""

import re

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts.services.mail import send_due


def send() -> list[EmailMultiAlternatives]:
    """Everything that is due is sent; returns what has been sent in this test so far."""
    send_due()
    return [message for message in mail.outbox if isinstance(message, EmailMultiAlternatives)]


def subjects() -> list[str]:
    return [str(message.subject) for message in send()]


def link(path: str) -> str:
    """The path of the newest letter's link that begins with `path`."""
    for message in reversed(send()):
        found = re.search(rf"https?://[^/]+({re.escape(path)}\S*)", str(message.body))
        if found:
            return found[1]
    raise AssertionError(f"no letter has a link to {path}")


def token(path: str) -> str:
    return link(path).rsplit("/", 1)[1]
