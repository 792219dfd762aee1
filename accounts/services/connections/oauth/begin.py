"""To the platform's page: the state that has to come back is made here, and only its digest stays."""

import secrets
from datetime import datetime

from accounts.models import Connection, OAuthState
from accounts.rules import oauth as rules
from accounts.services.connections.oauth import talk
from accounts.types import Platform


def page_address(*, connection: Connection, session: str, now: datetime) -> str:
    """The address of the platform's consent page, for this one answer and kept nowhere.

    `session` is the key of the browser session in which this began, empty for the API.
    """
    platform = Platform(connection.platform)
    state, verifier = (secrets.token_urlsafe(rules.RANDOM_BYTES) for _ in range(2))
    OAuthState.objects.create(
        connection=connection,
        digest=rules.digest(state),
        session_digest=rules.digest(session) if session else None,
        redirect_uri=talk.redirect_uri(platform),
        verifier=verifier,
        expires_at=now + rules.STATE_LASTS,
    )
    return talk.address(platform, state=state, verifier=verifier)
