"""Outgoing mail: a row first, sent by a worker, in the reader's language, with nothing secret at rest or in logs."""

import smtplib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Mail, User
from accounts.services.mail import RETRY_DELAYS, mail_to, queue_mail, send_due
from tests.accounts.letters import send
from tests.factories.accounts import NOW, PASSWORD, UserFactory


class BrokenBackend(BaseEmailBackend):
    """A mail server that takes nothing, and names the reader while refusing."""

    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"unknown")})


def test_a_mail_is_a_row_until_a_worker_sends_it(db: None) -> None:
    user = UserFactory(name="Luna")
    row = mail_to(user, "welcome", now=NOW)
    assert mail.outbox == []
    (message,) = send()
    assert (message.subject, message.to) == ("Welcome to Huntaze", [user.email])
    assert message.extra_headers["Message-ID"] == f"<{row.public_id}@huntaze>"
    assert str(message.body).startswith("Hello Luna,\n\nYour workspace is ready.\n\n")
    assert message.alternatives[0][1] == "text/html"
    assert "Your workspace is ready." in str(message.alternatives[0][0])
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("done", 1)
    assert len(send()) == 1


def test_it_speaks_the_reader_s_language(db: None) -> None:
    mail_to(UserFactory(locale="fr", name="Luna"), "welcome", now=NOW)
    (message,) = send()
    assert message.subject == "Bienvenue chez Huntaze"
    assert "Bonjour Luna," in str(message.body)
    assert '<html lang="fr">' in str(message.alternatives[0][0])


def test_a_name_is_text_in_both_forms(db: None) -> None:
    mail_to(UserFactory(name="<b>Luna</b> & co"), "welcome", now=NOW)
    (message,) = send()
    assert "Hello <b>Luna</b> & co," in str(message.body)
    assert "Hello &lt;b&gt;Luna&lt;/b&gt; &amp; co," in str(message.alternatives[0][0])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "%0d%0a"])
def test_no_name_or_address_adds_a_header_or_a_reader(db: None, end: str) -> None:
    """The form of a mail address has no line breaks, and a name never stands in a header."""
    body = {"name": f"Luna{end}Bcc: thief@example.test", "password": PASSWORD, "acceptTerms": True}
    APIClient().post("/api/auth/signup", body | {"email": "luna@example.test"}, format="json")
    address = f"luna2@example.test{end}Bcc: thief@example.test"
    APIClient().post("/api/auth/signup", body | {"name": "Luna", "email": address}, format="json")
    APIClient().post("/api/auth/password/reset", {"email": address}, format="json")
    UserFactory(name=f"Luna{end}Bcc: thief@example.test", email="old@example.test")
    mail_to(User.objects.get(email="old@example.test"), "welcome", now=NOW)
    for message in send():
        assert message.recipients() in (["luna@example.test"], ["old@example.test"])
        heads = message.message().items()
        assert [name for name, value in heads if name == "Bcc" or "thief" in str(value)] == []
        assert not any("\n" in str(value) or "\r" in str(value) for _, value in heads)


def test_what_a_mail_is_about_is_undone_with_its_transaction(db: None) -> None:
    user = UserFactory()

    def fail_after_queueing() -> None:
        with transaction.atomic():
            mail_to(user, "welcome", now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_queueing()
    assert Mail.objects.count() == 0


def test_an_unknown_letter_is_refused_when_it_is_queued(db: None) -> None:
    with pytest.raises(ValueError, match="no letter is called nothing"):
        queue_mail(kind="nothing", to="a@example.test", locale="en", now=NOW)


def test_a_server_that_refuses_is_asked_again_and_nobody_is_named(
    db: None, settings: Any, capsys: Any, caplog: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    user = UserFactory(email="reader@example.test")
    row = mail_to(user, "welcome", now=NOW)
    with time_machine.travel(NOW, tick=False):
        assert send_due() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == ("queued", 1, "MailRefused")
    assert row.available_at == NOW + timedelta(seconds=RETRY_DELAYS[0])
    assert "reader@" not in capsys.readouterr().out + caplog.text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel(NOW + timedelta(seconds=11), tick=False):
        assert len(send()) == 1


def test_a_link_is_not_in_the_row(db: None) -> None:
    user = UserFactory(email_verified_at=None)
    mail_to(user, "verify_email", now=NOW)
    assert "/verify-email/" in str(send()[0].body)
    with connection.cursor() as cursor:
        cursor.execute("SELECT m::text FROM accounts_mail m")
        (text,) = cursor.fetchone()
    assert "verify-email" not in text
    assert "{}" not in text


def test_nothing_is_sent_about_what_is_done(db: None) -> None:
    user = UserFactory(email_verified_at=None)
    row = mail_to(user, "verify_email", now=NOW)
    User.objects.filter(pk=user.pk).update(email_verified_at=NOW)
    assert send() == []
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("done", "nobody to write to")


def test_files_are_the_default_and_show_both_forms(db: None, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    mail_to(UserFactory(), "welcome", now=NOW)
    assert send_due() == 1
    (file,) = tmp_path.iterdir()
    text = file.read_text()
    assert "Subject: Welcome to Huntaze" in text
    assert text.count("Your workspace is ready.") == 2


def test_what_was_given_up_is_sent_again_from_the_staff_s_list(
    db: None, settings: Any, client: Client
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    row = mail_to(UserFactory(), "welcome", now=NOW)
    Mail.objects.filter(pk=row.pk).update(attempts=len(RETRY_DELAYS))
    assert send_due() == 1
    row.refresh_from_db()
    assert row.state == "failed"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    assert "Mails that could not be sent" in client.get("/admin/").content.decode()
    page = client.get(f"/admin/accounts/mail/{row.pk}/change/").content.decode()
    assert "params" not in page.lower()
    client.post("/admin/accounts/mail/", {"action": "send_again", "_selected_action": [row.pk]})
    assert len(send()) == 1
