"""Second factors as codes: authenticator apps and recovery codes. Each code works once.

The arithmetic of RFC 6238 is the cryptography library's; what is ours is that a code is taken by compare-and-set.
"""

import secrets
from base64 import b32decode, b32encode
from dataclasses import dataclass
from datetime import datetime

import structlog
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction

from accounts.errors import FactorExists, InvalidCode, InvalidCredentials, NoFactor
from accounts.models import RecoveryCode, SecurityKey, TotpDevice, User
from accounts.rules import second_factor as rules
from accounts.services import tokens
from accounts.services.limits import count_try, forget_tries
from accounts.services.mail import mail_to
from accounts.services.notes import note
from accounts.services.proof import prove_password
from huntaze.kernel import crypto

log = structlog.get_logger(__name__)

ISSUER = "Huntaze"
SECRET_BYTES = 20
TRIES, WINDOW = 5, 900.0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the secret in base32, and the same as an address for its camera."""

    secret: str
    uri: str


def enrol_totp(*, user: User, now: datetime) -> Enrolment:
    """A new secret that waits for its first code; raises FactorExists when an app is set up already."""
    secret = b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if TotpDevice.objects.filter(user=user).exclude(confirmed_at=None).exists():
            raise FactorExists
        TotpDevice.objects.filter(user=user).delete()
        TotpDevice.objects.create(user=user, secret=secret, created_at=now)
    return waiting_enrolment(user) or Enrolment(secret, "")


def waiting_enrolment(user: User) -> Enrolment | None:
    """The secret that still waits for its first code, for showing it again."""
    device = TotpDevice.objects.filter(user=user, confirmed_at=None).first()
    if device is None:
        return None
    uri = _totp(device).get_provisioning_uri(user.email, ISSUER)
    return Enrolment(device.secret.reveal(), uri)


def confirm_totp(*, user: User, code: str, now: datetime) -> list[str]:
    """The app shows the right codes: it counts from now on. Gives recovery codes, shown once.

    Raises InvalidCode, NoFactor when nothing waits, RateLimited.
    """
    key = _count(user)
    with transaction.atomic():
        device = TotpDevice.objects.select_for_update().filter(user=user, confirmed_at=None).first()
        if device is None:
            raise NoFactor
        step = _step_of(device, rules.plain(code), now)
        if step is None:
            raise InvalidCode
        device.confirmed_at, device.last_counter, device.last_used_at = now, step, now
        device.save(update_fields=["confirmed_at", "last_counter", "last_used_at"])
        codes = _renew_codes(user)
        note(user, "auth.factor_added", now=now, changes={"kind": "totp"})
        mail_to(user, "factor_added", now=now, factor="totp")
    forget_tries(key)
    return codes


def disable_totp(*, user: User, password: str, code: str, now: datetime) -> None:
    """Raises InvalidCredentials, InvalidCode, RateLimited, NoFactor. Recovery codes go with the last factor."""
    prove_password(user=user, password=password)
    if not TotpDevice.objects.filter(user=user).exclude(confirmed_at=None).exists():
        raise NoFactor
    check_code(user=user, code=code, now=now)
    with transaction.atomic():
        TotpDevice.objects.filter(user=user).delete()
        after_removal(user, "totp", now)


def after_removal(user: User, kind: str, now: datetime, *, evidence: str = "") -> None:
    """In the transaction that removed a factor."""
    if not SecurityKey.objects.filter(user=user).exists() and not has_totp(user):
        RecoveryCode.objects.filter(user=user).delete()
    said = {"evidence": evidence} if evidence else {}
    note(user, "auth.factor_removed", now=now, changes={"kind": kind} | said)
    mail_to(user, "factor_removed", now=now, factor=kind)


def forget_all(*, user: User, evidence: str, now: datetime) -> int:
    """For somebody who lost every factor, by an operator who made sure who asks; returns how many there were.

    `evidence` says how, and stands in the audit log.
    """
    with transaction.atomic():
        keys, _ = SecurityKey.objects.filter(user=user).delete()
        apps, _ = TotpDevice.objects.filter(user=user).delete()
        if keys + apps:
            after_removal(user, "all", now, evidence=evidence)
            tokens.end_everywhere(user=user, reason="second factors taken away", now=now)
    return keys + apps


def new_recovery_codes(*, user: User, now: datetime) -> list[str]:
    """Ten new codes instead of what is left; raises NoFactor for somebody without a factor."""
    if not methods_of(user):
        raise NoFactor
    with transaction.atomic():
        codes = _renew_codes(user)
        note(user, "auth.recovery_codes_renewed", now=now)
        mail_to(user, "recovery_codes_renewed", now=now)
    return codes


def first_recovery_codes(user: User) -> list[str]:
    """Codes for somebody who got their first factor, in the transaction; none when they have some left."""
    return [] if RecoveryCode.objects.filter(user=user, used_at=None).exists() else _renew_codes(user)


def check_code(*, user: User, code: str, now: datetime) -> str:
    """Take a code of the app or a recovery code, once; tells which kind. Raises InvalidCode, RateLimited."""
    key, text = _count(user), rules.plain(code)
    kind = _take(user, text, now)
    if kind is None:
        log.warning("accounts.second_factor.refused", user_id=user.public_id, factor="code")
        note(user, "auth.factor_failed", now=now, is_theirs=False)
        raise InvalidCode
    if kind == "recovery_code":
        mail_to(user, "recovery_code_used", now=now)
    forget_tries(key)
    return kind


def prove(*, user: User, password: str, code: str, now: datetime) -> None:
    """Step-up by either; raises InvalidCredentials, InvalidCode, RateLimited."""
    if code:
        check_code(user=user, code=code, now=now)
    elif password:
        prove_password(user=user, password=password)
    else:
        raise InvalidCredentials


def has_totp(user: User) -> bool:
    return TotpDevice.objects.filter(user=user).exclude(confirmed_at=None).exists()


def methods_of(user: User) -> list[str]:
    """How somebody may prove a second factor, in the order in which they are offered; empty without one."""
    found = ["totp"] if has_totp(user) else []
    if SecurityKey.objects.filter(user=user).exists():
        found.append("webauthn")
    if found and RecoveryCode.objects.filter(user=user, used_at=None).exists():
        found.append("recovery_code")
    return found


def _count(user: User) -> str:
    key = f"second-factor:{user.pk}"
    count_try(key, TRIES, WINDOW)
    return key


def _take(user: User, text: str, now: datetime) -> str | None:
    if rules.is_totp(text):
        return "totp" if _take_totp(user, text, now) else None
    unused = RecoveryCode.objects.filter(user=user, digest=_digest(user, text), used_at=None)
    return "recovery_code" if unused.update(used_at=now) else None


def _take_totp(user: User, text: str, now: datetime) -> bool:
    device = TotpDevice.objects.filter(user=user).exclude(confirmed_at=None).first()
    step = _step_of(device, text, now) if device else None
    if device is None or step is None:
        return False
    unused = TotpDevice.objects.filter(pk=device.pk, last_counter__lt=step)
    return unused.update(last_counter=step, last_used_at=now) == 1


def _step_of(device: TotpDevice, text: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, within what clocks may be off."""
    totp, current = _totp(device), int(now.timestamp()) // rules.STEP
    off = 0 if settings.TOTP_STRICT else rules.TOLERANCE
    for step in range(current - off, current + off + 1):
        try:
            totp.verify(text.encode(), step * rules.STEP)
        except InvalidToken:
            continue
        return step
    return None


def _totp(device: TotpDevice) -> TOTP:
    return TOTP(b32decode(device.secret.reveal()), 6, SHA1(), rules.STEP)  # noqa: S303  # what every app speaks


def _renew_codes(user: User) -> list[str]:
    codes = [
        "".join(secrets.choice(rules.ALPHABET) for _ in range(rules.CODE_LENGTH))
        for _ in range(rules.CODE_COUNT)
    ]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, digest=_digest(user, code)) for code in codes])
    return [rules.shown(code) for code in codes]


def _digest(user: User, code: str) -> bytes:
    return crypto.blind_index(f"{user.public_id}:{code}", purpose="recovery_code")
