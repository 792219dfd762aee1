"""Refusals of accounts."""

from huntaze.kernel.errors import Conflict, DomainError, NotAllowed, NotAuthenticated, NotFound


class InvalidCredentials(NotAuthenticated):
    """Wrong password, unknown mail, inactive person: one answer for all three."""

    message = "Invalid credentials"


class InvalidApiKey(NotAuthenticated):
    message = "Invalid API key"


class InvalidHeader(NotAuthenticated):
    message = "Missing or invalid authorization header"


class InvalidRefreshToken(NotAuthenticated):
    message = "Invalid refresh token"


class EmailTaken(Conflict):
    message = "User already exists with this email"


class AlreadyMember(Conflict):
    message = "Already a member of this workspace"


class AlreadyInvited(Conflict):
    message = "This address is invited already"


class TooManyInvitations(Conflict):
    message = "Too many invitations are open: take some back first"


class LastOwner(Conflict):
    message = "A workspace needs an owner: give somebody else that role first"


class CreatorsOwnLogin(Conflict):
    """Managed people keep a way out: their own login is theirs until they leave, or are offboarded."""

    message = "A creator's own login is not anybody else's to change"


class AccountTaken(Conflict):
    """The platform account is connected somewhere, possibly in another workspace; where is not said."""

    message = "Account already connected"


class DemoStaysInside(Conflict):
    """Something of a demo's workspace is about to reach the world outside."""

    code = "demo"
    message = "Nothing leaves a demo workspace"


class NotConfigured(Conflict):
    """The operator gave no key of the platform's vendor."""

    code = "not_configured"
    message = "This platform is not configured by the operator"


class ConnectionEnded(Conflict):
    message = "This attempt to connect has ended; start a new one"


class CallbackRefused(Conflict):
    """An answer of a platform's page that fits no open attempt of this person, here; why is not said."""

    code = "callback_refused"
    message = "This answer belongs to no attempt of yours; start a new one"


class NotYourAccount(Conflict):
    """The account that somebody claims was not connected by this attempt; whose it is, is not said."""

    message = "This account was not connected here"


class ExposedApiKey(NotAuthenticated):
    """A key came in an address, which ends up in logs; by now it is revoked."""

    message = "API keys don't belong in addresses; this one was revoked"


class KeyEnded(Conflict):
    message = "This key is revoked, expired or already replaced"


class TooManyKeys(Conflict):
    message = "This workspace has too many keys; revoke one first"


class InvalidLink(DomainError):
    """A link of a mail that is forged, too old or used."""

    code = "invalid_link"
    message = "Invalid or expired token"


class RotationUnfinished(Conflict):
    message = "Texts may still be sealed with older keys: rotate first, and wait a day"


class NotVisitable(Conflict):
    """The member is gone, their workspace is shut, or they are staff: nobody borrows the rights of staff."""

    message = "Nobody can look through this member's eyes"


class VisitUnderWay(Conflict):
    """Another visit of the same person began, or this one is over or decided already."""

    message = "This visit is over, or somebody was faster"


class NotYours(NotAllowed):
    message = "Somebody else has to agree to this"


class SecondFactorRequired(NotAuthenticated):
    """The password was right; `methods` says what may come beside it."""

    message = "Second factor required"


class SecondFactorSetupRequired(NotAllowed):
    """Staff, or a role for which a second factor is compulsory by now: pages lead to setting one up."""

    message = "Second factor setup required"


class InvalidCode(DomainError):
    """A code, or a security key's answer, that is wrong, too old or used."""

    code = "invalid_code"
    message = "Invalid code"


class FactorExists(Conflict):
    message = "An authenticator app is already set up"


class NoFactor(Conflict):
    message = "No second factor is set up"


class TooManyFactors(Conflict):
    message = "You have too many security keys; remove one first"


class AlreadyAsked(Conflict):
    message = "The same request is under way already"


class AlreadyHeld(Conflict):
    message = "A legal hold stands on this workspace already"


class NothingToUndo(Conflict):
    message = "This request has begun or ended and can't be taken back"


class ExportGone(NotFound):
    message = "This export is not there any more, or not yet"


class EndpointDisabled(Conflict):
    message = "This endpoint is switched off; enable it first"


class TooManyEndpoints(Conflict):
    message = "This workspace has too many webhook endpoints; remove one first"


class StillUnderWay(Conflict):
    message = "This event is still waiting or under way"
