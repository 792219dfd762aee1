"""Jobs of accounts."""

from typing import Any

from accounts.services import audit_chain, audit_nightly, failures, impersonation, key_rotation
from accounts.services.connections import follow, leave
from accounts.services.connections.oauth import renew
from accounts.services.mail import send_due
from accounts.services.privacy import holds, work
from accounts.services.retention import run
from accounts.services.webhooks.deliver import deliver_due
from huntaze.kernel import clock
from huntaze.kernel.jobs import job


@job("accounts.seal_audit", system_wide=True)
def seal_audit(**_: Any) -> None:
    audit_chain.seal(now=clock.now())


@job("accounts.verify_audit", system_wide=True)
def verify_audit(**_: Any) -> None:
    """Each log once a day; a run takes some minutes at most, and the next one goes on."""
    audit_nightly.verify_due(now=clock.now())


@job("accounts.send_mails", system_wide=True)
def send_mails_task(**_: Any) -> None:
    send_due()


@job("accounts.rotate_keys", system_wide=True)
def rotate_keys(**_: Any) -> None:
    """Goes on with rotations that were started; some hundred batches a run, the next run does the rest."""
    for rotation in key_rotation.unfinished():
        key_rotation.go_on(rotation=rotation, now=clock.now(), most_steps=100)


@job("accounts.run_privacy", system_wide=True)
def run_privacy(**_: Any) -> None:
    work.run_due()


@job("accounts.deliver_webhooks", system_wide=True)
def deliver_webhooks(**_: Any) -> None:
    deliver_due()


@job("accounts.follow_connections", system_wide=True)
def follow_connections(**_: Any) -> None:
    follow.follow_due(now=clock.now())


@job("accounts.revoke_accounts", system_wide=True)
def revoke_accounts(**_: Any) -> None:
    leave.revoke_due()


@job("accounts.tell_failures", system_wide=True)
def tell_failures(**_: Any) -> None:
    failures.tell_failures()


@job("accounts.end_visits", system_wide=True)
def end_visits(**_: Any) -> None:
    impersonation.end_expired(now=clock.now())


@job("accounts.retain", system_wide=True)
def retain(**_: Any) -> None:
    now = clock.now()
    holds.release_ended(now=now)
    run.start_due(now=now)


@job("accounts.forget", system_wide=True)
def forget(*, rule: str, **_: Any) -> None:
    """One rule in a job of its own: what goes wrong with it keeps no other from its work."""
    run.run(rule, now=clock.now())


@job("accounts.renew_tokens", system_wide=True)
def renew_tokens(**_: Any) -> None:
    renew.tend_due()
