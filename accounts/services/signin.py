"""Signing in and out through the API."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from accounts.errors import (
    InvalidCode,
    InvalidCredentials,
    SecondFactorRequired,
    SecondFactorSetupRequired,
)
from accounts.models import BrowserSession, Membership, RefreshSession, RefreshToken, User
from accounts.rules.second_factor import Duty
from accounts.selectors.factors import duty_of_user
from accounts.services import audit, factors, tokens
from accounts.services.devices import is_known, note_device
from accounts.services.failures import note_failure
from accounts.services.limits import count_try, network_of
from accounts.services.mail import queue_mail
from accounts.services.notes import note
from accounts.types import SignedIn
from huntaze.kernel import ids, live, ratelimit
from huntaze.kernel.errors import NotFound, RateLimited
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.kernel.web import Device

log = structlog.get_logger(__name__)

#: Failures allowed for one mail from one address in 15 minutes; the pair only, so that nobody can lock a victim out.
FAILURES, FAILURE_WINDOW = 5, 900.0
ADDRESS_FAILURES, ADDRESS_WINDOW = 20, 3600.0
#: Failures for one mail from everywhere in an hour; afterwards only its known devices may try.
MAIL_FAILURES, MAIL_WINDOW = 50, 3600.0

_dummy_hash = ""


def sign_in(
    *, email: str, password: str, is_remembered: bool, device: Device, now: datetime, code: str = ""
) -> SignedIn:
    """Open a refresh family; raises InvalidCredentials, RateLimited, and what speaks of a second factor."""
    user = verified_user(email=email, password=password, device=device, now=now)
    factor = _check_second_factor(user, code, now)
    with cross_workspace("sign-in"), transaction.atomic():
        member = _first_membership(user)
        session, secret = tokens.open_family(
            user=user, workspace=member.workspace, device=device, is_remembered=is_remembered, now=now
        )
        actor = audit.Actor.member(user.pk, member.pk)
        audit.record(
            workspace_id=member.workspace_id,
            actor=actor,
            action="auth.signed_in",
            now=now,
            target=user.public_id,
        )
        User.objects.filter(pk=user.pk).update(last_login=now)
        note_device(user=user, device=device, now=now)
    log.info("accounts.sign_in.passed", user_id=user.public_id, door="api", factor=factor)
    return signed_in_as(user, session, secret, now)


def _check_second_factor(user: User, code: str, now: datetime) -> str:
    """How the person proved themselves: "password", or the kind of code that came with it."""
    methods = factors.methods_of(user)
    if not methods:
        with cross_workspace("sign-in"):
            if duty_of_user(user, now).duty is Duty.WALL:
                raise SecondFactorSetupRequired
        return "password"
    if not code:
        raise SecondFactorRequired(methods=methods)
    try:
        return factors.check_code(user=user, code=code, now=now)
    except InvalidCode as error:
        raise SecondFactorRequired(error.message, methods=methods) from error


def note_browser_sign_in(
    *, user: User, device: Device, now: datetime, method: str = "", factor: str = "password"
) -> None:
    """The audit row of a sign-in to the dashboard, and the device; staff without a workspace have no audit row."""
    log.info("accounts.sign_in.passed", user_id=user.public_id, door="dashboard", factor=method or factor)
    with cross_workspace("sign-in"), transaction.atomic():
        note_device(user=user, device=device, now=now)
        changes = {"door": "dashboard"} | ({"method": method} if method else {})
        note(user, "auth.signed_in", now=now, changes=changes)


def verified_user(*, email: str, password: str, device: Device, now: datetime) -> User:
    """The person behind mail and password; the same error in the same time for every kind of failure.

    Every try counts before the password is looked at. A device on which this person has signed in before has a bucket
    of its own, so that nobody who guesses elsewhere, or from behind the same address, locks them out.
    """
    user = User.objects.filter(email=email.lower()).first()
    try:
        tries = _count_tries(email, device, is_known=is_known(user=user, device=device))
    except RateLimited:
        log.warning("accounts.sign_in.refused", user_id=user and user.public_id, reason="limit")
        raise
    dummy = _dummy()  # made here for everybody, so that a process' first unknown mail takes no longer
    reason = "password"
    if user is None:
        check_password(password, dummy)
        reason = "unknown"
    elif user.check_password(password):
        if user.is_active:
            tries.forgive()
            return user
        reason = "inactive"
    note_failure(email=email, now=now)
    if tries.is_last_for_mail:
        queue_mail(
            kind="guessing", to=email.lower(), locale="en", now=now
        )  # the worker finds out whose it is
    log.warning("accounts.sign_in.refused", user_id=user and user.public_id, reason=reason)
    raise InvalidCredentials


@dataclass(frozen=True, slots=True)
class _Tries:
    """What one try was counted against: what a success clears, and what it only gives back. The last failure that is
    let through for a mail in an hour tells its person, once."""

    cleared: str
    given_back: tuple[tuple[str, ratelimit.Verdict], ...] = ()
    is_last_for_mail: bool = False

    def forgive(self) -> None:
        ratelimit.clear(self.cleared)
        for key, verdict in self.given_back:
            ratelimit.give_back(key, verdict)


def _count_tries(email: str, device: Device, *, is_known: bool) -> _Tries:
    """Raises RateLimited."""
    mail, network = tokens.digest(email.lower()).hex(), network_of(device.ip)
    if is_known:
        own = f"signin:{mail}:{tokens.digest(device.token).hex()}"
        count_try(own, FAILURES, FAILURE_WINDOW)
        return _Tries(own)
    address, pair, anywhere = f"signin-ip:{network}", f"signin:{mail}:{network}", f"signin-mail:{mail}"
    by_address = count_try(address, ADDRESS_FAILURES, ADDRESS_WINDOW)
    count_try(pair, FAILURES, FAILURE_WINDOW)
    by_mail = count_try(anywhere, MAIL_FAILURES, MAIL_WINDOW)
    return _Tries(pair, ((address, by_address), (anywhere, by_mail)), by_mail.remaining == 0)


def _dummy() -> str:
    """A hash that no password fits, so that an unknown mail costs as much time as a known one."""
    global _dummy_hash
    _dummy_hash = _dummy_hash or make_password("a password that nobody has")
    return _dummy_hash


def _first_membership(user: User) -> Membership:
    rows = Membership.objects.living().filter(user=user).select_related("workspace").order_by("pk")
    member: Membership | None = rows.first()
    if member is None:
        raise InvalidCredentials
    return member


def refresh(*, secret: str, device: Device, now: datetime) -> SignedIn:
    """Rotate a refresh token; raises InvalidRefreshToken."""
    with cross_workspace("refresh"):
        session, child = tokens.rotate(secret=secret, device=device, now=now)
    return signed_in_as(session.user, session, child, now)


def sign_out(*, secret: str | None, everywhere: bool, now: datetime) -> None:
    """End the family of a refresh token (or all of the person's); an unknown token is no error."""
    token = (
        RefreshToken.objects.select_related("session__user").filter(digest=tokens.digest(secret)).first()
        if secret
        else None
    )
    if token is None:
        return
    session: RefreshSession = token.session
    with transaction.atomic():
        if everywhere:
            tokens.end_everywhere(user=session.user, reason="logout everywhere", now=now)
        else:
            tokens.end_family(session=session, reason="logout", now=now)
        if session.workspace_id is not None:
            with workspace_scope(session.workspace_id):
                audit.record(
                    workspace_id=session.workspace_id,
                    actor=audit.Actor("member", user_pk=session.user_id),
                    action="auth.signed_out",
                    now=now,
                    target=session.public_id,
                )


def end_session(*, user: User, session_id: str, now: datetime) -> None:
    """End one of a person's sessions, of whichever kind; raises NotFound for anybody else's."""
    family, browser = ids.decode("ses", session_id), ids.decode("brs", session_id)
    with transaction.atomic():
        if family:
            rows = RefreshSession.objects.filter(user=user, uid=family, revoked_at=None)
            ended = rows.update(revoked_at=now, revoked_reason="ended by its person")
        elif browser:
            ended, _ = BrowserSession.objects.filter(user=user, uid=browser).delete()
        else:
            ended = 0
        if not ended:
            raise NotFound
        live.rights_changed(user.pk)
        note(user, "auth.session_ended", now=now, changes={"session": session_id})


def sign_out_everywhere(*, user: User, now: datetime) -> None:
    """End every session of a person, this one too."""
    with transaction.atomic():
        tokens.end_everywhere(user=user, reason="logout everywhere", now=now)
        note(user, "auth.signed_out", now=now, changes={"everywhere": True})


def signed_in_as(user: User, session: RefreshSession, secret: str, now: datetime) -> SignedIn:
    """What a door needs of a family that was just opened or rotated."""
    assert session.workspace is not None
    return SignedIn(
        user_id=user.public_id,
        email=user.email,
        name=user.name,
        avatar=user.avatar or None,
        subscription=session.workspace.plan,
        access_token=tokens.access_token(user=user, workspace=session.workspace, session=session, now=now),
        refresh_token=secret,
        refresh_expires_at=tokens.expires_at(session),
    )
