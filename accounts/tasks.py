"""Jobs of accounts."""

from typing import Any

from accounts.services import audit_chain, audit_retention
from accounts.services.mail import forget_mails, send_due
from accounts.services.retention import forget_idempotency_keys, forget_sessions
from huntaze.kernel import clock
from huntaze.kernel.jobs import job


@job("accounts.forget_idempotency_keys", system_wide=True)
def forget_idempotency_keys_task(**_: Any) -> None:
    forget_idempotency_keys(now=clock.now())


@job("accounts.forget_sessions", system_wide=True)
def forget_sessions_task(**_: Any) -> None:
    forget_sessions(now=clock.now())


@job("accounts.seal_audit", system_wide=True)
def seal_audit(**_: Any) -> None:
    audit_chain.seal(now=clock.now())


@job("accounts.forget_audit", system_wide=True)
def forget_audit(**_: Any) -> None:
    audit_retention.forget_old(now=clock.now())


@job("accounts.send_mails", system_wide=True)
def send_mails_task(**_: Any) -> None:
    send_due()


@job("accounts.forget_mails", system_wide=True)
def forget_mails_task(**_: Any) -> None:
    forget_mails(now=clock.now())
