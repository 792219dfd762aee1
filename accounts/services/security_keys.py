"""WebAuthn: security keys and passkeys in the browser. Ceremonies and signatures are fido2's; the challenge waits in
the browser session and is used once."""

import json
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from fido2.cose import ES256, ES384, EdDSA
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.errors import InvalidCode, TooManyFactors
from accounts.models import SecurityKey, User
from accounts.services.factors import after_removal, first_recovery_codes
from accounts.services.mail import mail_to
from accounts.services.notes import note
from huntaze.kernel.errors import NotFound

log = structlog.get_logger(__name__)

MOST_KEYS = 10
#: What a key may sign with, the best first: ECDSA and Ed25519. RSA as keys do it (PKCS#1 v1.5) is no longer approved.
ALGORITHMS = (ES256.ALGORITHM, EdDSA.ALGORITHM, ES384.ALGORITHM)
#: What reading and fido2 raise for an answer that is no answer, or does not fit; the last one for brackets in brackets.
WRONG = (ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError)


@dataclass(frozen=True, slots=True)
class Ceremony:
    """`options` go to the browser, `state` waits in its session."""

    options: dict[str, Any]
    state: dict[str, Any]


def begin_registration(*, user: User, host: str) -> Ceremony:
    """Raises TooManyFactors."""
    keys = list(SecurityKey.objects.filter(user=user)[:MOST_KEYS])
    if len(keys) >= MOST_KEYS:
        raise TooManyFactors
    options, state = server(host).register_begin(
        PublicKeyCredentialUserEntity(id=user.uid.bytes, name=user.email, display_name=user.name),
        [credential(key) for key in keys],
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return Ceremony(plain(options), plain(state))


def finish_registration(
    *, user: User, host: str, state: dict[str, Any], response: str, name: str, now: datetime
) -> list[str]:
    """Keep the key. Gives recovery codes when it is the first factor. Raises InvalidCode for an answer that does not
    fit, TooManyFactors."""
    try:
        data = server(host).register_complete(state, json.loads(response))
    except WRONG as error:
        raise InvalidCode from error
    if data.credential_data is None or data.credential_data.public_key[3] not in ALGORITHMS:
        raise InvalidCode
    try:
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            if SecurityKey.objects.filter(user=user).count() >= MOST_KEYS:
                raise TooManyFactors
            SecurityKey.objects.create(
                user=user,
                name=name,
                host=host,
                credential_id=data.credential_data.credential_id,
                credential=bytes(data.credential_data),
                sign_count=data.counter,
                created_at=now,
            )
            codes = first_recovery_codes(user)
            note(user, "auth.factor_added", now=now, changes={"kind": "webauthn"})
            mail_to(user, "factor_added", now=now, factor="webauthn")
    except IntegrityError as error:
        raise InvalidCode from error
    return codes


def begin_proof(*, user: User, host: str) -> Ceremony | None:
    """None where the person has no key for this host."""
    keys = list(SecurityKey.objects.filter(user=user, host=host)[:MOST_KEYS])
    if not keys:
        return None
    options, state = server(host).authenticate_begin(
        [credential(key) for key in keys], user_verification=UserVerificationRequirement.PREFERRED
    )
    return Ceremony(plain(options), plain(state))


def finish_proof(*, user: User, host: str, state: dict[str, Any], response: str, now: datetime) -> None:
    """Raises InvalidCode for anything but a fresh signature of one of the person's keys.

    The counter of a key only grows: one that stands still or goes back is a copy. Keys that don't count stay at 0.
    """
    try:
        _take(user, host, state, response, now)
    except InvalidCode:
        log.warning("accounts.second_factor.refused", user_id=user.public_id, factor="webauthn")
        raise


def _take(user: User, host: str, state: dict[str, Any], response: str, now: datetime) -> None:
    keys = list(SecurityKey.objects.filter(user=user, host=host)[:MOST_KEYS])
    try:
        answer = AuthenticationResponse.from_dict(json.loads(response))
        used = server(host).authenticate_complete(state, [credential(key) for key in keys], answer)
    except WRONG as error:
        raise InvalidCode from error
    note_use(user=user, answer=answer, credential_id=used.credential_id, now=now)


def note_use(*, user: User, answer: AuthenticationResponse, credential_id: bytes, now: datetime) -> None:
    """A signature was right; raises InvalidCode where the key's counter says that it comes from a copy."""
    count = answer.response.authenticator_data.counter
    fresh = Q(sign_count__lt=count) if count else Q(sign_count=0)
    mine = SecurityKey.objects.filter(fresh, user=user, credential_id=credential_id)
    if not mine.update(sign_count=count, last_used_at=now):
        raise InvalidCode


def remove_key(*, user: User, key_uid: Any, now: datetime) -> None:
    """Raises NotFound for anybody else's."""
    with transaction.atomic():
        removed, _ = SecurityKey.objects.filter(user=user, uid=key_uid).delete()
        if not removed:
            raise NotFound
        after_removal(user, "webauthn", now)


def server(host: str) -> Fido2Server:
    made = Fido2Server(PublicKeyCredentialRpEntity(id=host, name="Huntaze"))
    made.allowed_algorithms = [one for one in made.allowed_algorithms if one.alg in ALGORITHMS]
    return made


def credential(key: SecurityKey) -> AttestedCredentialData:
    return AttestedCredentialData(bytes(key.credential))


def plain(value: Any) -> dict[str, Any]:
    """Options and state as JSON knows them; fido2 writes bytes as base64url."""
    return dict(json.loads(json.dumps(dict(value), default=dict)))
