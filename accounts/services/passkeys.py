"""Signing in with a passkey alone: the key knows whose it is, and asks for a finger, a face or its code itself.

That is possession and a second thing in one, so nothing else is asked for. The challenge waits in a session of nobody's
under a name of its own: an answer to any other question is none to this one.
"""

import json
from datetime import datetime
from typing import Any

import structlog
from fido2.webauthn import AuthenticationResponse, UserVerificationRequirement

from accounts.errors import InvalidCode
from accounts.models import SecurityKey, User
from accounts.services.limits import count_try, network_of
from accounts.services.security_keys import WRONG, Ceremony, credential, note_use, plain, server
from huntaze.kernel import ratelimit
from huntaze.kernel.web import Device

log = structlog.get_logger(__name__)

#: Questions asked from one address in 15 minutes, and answers that did not fit in an hour.
STARTS, START_WINDOW = 60, 900.0
FAILURES, FAILURE_WINDOW = 20, 3600.0


def begin_passkey(*, host: str, device: Device) -> Ceremony:
    """A question to any passkey of this host; raises RateLimited."""
    count_try(f"passkey-start:{network_of(device.ip)}", STARTS, START_WINDOW)
    options, state = server(host).authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    return Ceremony(plain(options), plain(state))


def finish_passkey(*, host: str, state: dict[str, Any], response: str, device: Device, now: datetime) -> User:
    """The person whose passkey answered. Raises InvalidCode for every kind of failure alike, RateLimited."""
    bucket = f"passkey-ip:{network_of(device.ip)}"
    tried = count_try(bucket, FAILURES, FAILURE_WINDOW)
    try:
        answer = AuthenticationResponse.from_dict(json.loads(response))
        key = _key_of(answer, host)
        server(host).authenticate_complete(state, [credential(key)], answer)
        is_verified = answer.response.authenticator_data.is_user_verified()
    except WRONG as error:
        log.warning("accounts.sign_in.refused", reason="passkey")
        raise InvalidCode from error
    if not (is_verified and key.user.is_active):
        log.warning("accounts.sign_in.refused", reason="passkey", user_id=key.user.public_id)
        raise InvalidCode
    note_use(user=key.user, answer=answer, credential_id=answer.raw_id, now=now)
    ratelimit.give_back(bucket, tried)
    return key.user


def _key_of(answer: AuthenticationResponse, host: str) -> SecurityKey:
    """The key that says it answered, with its person; the signature is still to be looked at."""
    rows = SecurityKey.objects.select_related("user").filter(host=host, credential_id=answer.raw_id)
    key = rows.first()
    if key is None or answer.response.user_handle != key.user.uid.bytes:
        raise InvalidCode
    return key
