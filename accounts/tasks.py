"""Jobs of accounts."""

from typing import Any

from accounts.services import audit_chain, audit_retention, key_rotation
from accounts.services.connections import follow, leave
from accounts.services.mail import forget_mails, send_due
from accounts.services.privacy import export, work
from accounts.services.retention import forget_idempotency_keys, forget_sessions
from accounts.services.webhooks.deliver import deliver_due
from accounts.services.webhooks.retention import forget_webhooks
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


@job("accounts.rotate_keys", system_wide=True)
def rotate_keys(**_: Any) -> None:
    """Goes on with rotations that were started; some hundred batches a run, the next run does the rest."""
    for rotation in key_rotation.unfinished():
        key_rotation.go_on(rotation=rotation, now=clock.now(), most_steps=100)


@job("accounts.run_privacy", system_wide=True)
def run_privacy(**_: Any) -> None:
    work.run_due()


@job("accounts.forget_exports", system_wide=True)
def forget_exports(**_: Any) -> None:
    export.forget_files(now=clock.now())


@job("accounts.deliver_webhooks", system_wide=True)
def deliver_webhooks(**_: Any) -> None:
    deliver_due()


@job("accounts.forget_webhooks", system_wide=True)
def forget_webhooks_task(**_: Any) -> None:
    forget_webhooks(now=clock.now())


@job("accounts.follow_connections", system_wide=True)
def follow_connections(**_: Any) -> None:
    follow.follow_due(now=clock.now())


@job("accounts.revoke_accounts", system_wide=True)
def revoke_accounts(**_: Any) -> None:
    leave.revoke_due()
