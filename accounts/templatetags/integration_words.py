"""What states of accounts and of attempts to connect mean, and what to do about them."""

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection, PlatformAccount
from accounts.services.connections.oauth import talk
from accounts.types import AccountState, Platform

register = template.Library()
Words = dict[str, str | Promise]

PLATFORMS: Words = {
    "onlyfans": "OnlyFans",
    "whatsapp": "WhatsApp",
    "instagram": "Instagram",
    "tiktok": "TikTok",
}
ACCOUNTS: Words = {
    "connected": _("Connected"),
    "expired": _("The session has expired"),
    "needs_code": _("A code is asked for"),
    "needs_face": _("A face check is asked for"),
    "disconnected": _("Disconnected"),
}
#: Why an account is in its state; codes of the platform's events and our own.
REASONS: Words = {
    "revoked": _("The access was taken back at the platform, or has run out: connect the account again."),
    "not_shared": _("The platform does not share this account with us any more: connect it again."),
    "unreadable": _("The stored access can't be opened: connect the account again."),
    "unreachable": _(
        "The access ran out while the platform could not be reached. It is tried again by itself."
    ),
    "accounts.session_expired": _("OnlyFans ended the session: connect the account again."),
    "accounts.authentication_failed": _("OnlyFans refused the sign-in: connect the account again."),
    "accounts.otp_code_required": _("OnlyFans sent the creator a code: connect again and type it in."),
    "accounts.face_otp_required": _("OnlyFans wants to see the creator's face: connect again."),
    "accounts.disconnected": _("The account was disconnected at OnlyFansAPI."),
    "session_expired": _("OnlyFans ended the session: connect the account again."),
    "reauthenticating": _("OnlyFans is signing the account in again."),
    "account_gone": _("OnlyFansAPI does not know the account any more: connect it anew."),
    "disconnected": _("A member disconnected it."),
    "offboarded": _("The creator has left the workspace."),
    "erasure": _("It was disconnected by an erasure."),
}
STEPS: Words = {
    "waiting": _("Waiting for the creator to sign in"),
    "needs_code": _("OnlyFans asks for a code"),
    "needs_face": _("OnlyFans asks for a face check"),
    "choosing": _("Which account is it?"),
    "connected": _("Connected"),
    "failed": _("It did not work"),
    "expired": _("Too much time has passed"),
    "replaced": _("Replaced by a newer attempt"),
}
FAILURES: Words = {
    "refused": _("OnlyFans refused the sign-in. It can be tried again."),
    "wrong_code": _("The code is wrong. It can be tried again."),
    "taken": _("Account already connected"),
    "denied": _("It was refused on the platform's page. Nothing was connected."),
    "state": _("The platform's answer came back in the wrong place. Nothing was connected: start anew."),
    "unreachable": _("The platform could not be reached. Nothing was connected: start anew in a while."),
    "scopes": _("Without the permission to see the account nothing can be connected. Leave it ticked."),
    "no_account": _("No account was shared. Choose one on the platform's page."),
    "other_account": _("This is another account than the one to connect again. Nothing was changed."),
    "left": _("The attempt had ended, or the creator has left the workspace. Nothing was connected."),
    "gone": _("OnlyFansAPI does not know the account any more: connect it anew."),
    "vendor": _("OnlyFansAPI could not be reached. Nothing was changed."),
}
#: The same codes where the platform is connected by OAuth.
OAUTH_STEPS: Words = {"waiting": _("Waiting for the answer of the platform's page")}
OAUTH_FAILURES: Words = {"refused": _("The platform did not accept the answer of its own page. Start anew.")}
#: What each permission is for.
SCOPES: Words = {
    "instagram_business_basic": _("see the account"),
    "instagram_business_content_publish": _("publish posts"),
    "user.info.basic": _("see the account"),
    "user.info.stats": _("read its figures"),
    "video.list": _("list its videos"),
    "video.upload": _("upload videos as drafts"),
    "video.publish": _("publish videos"),
    "whatsapp_business_management": _("see the business and its numbers"),
    "whatsapp_business_messaging": _("send and receive messages"),
}
TONES = {"connected": "ok", "disconnected": "", "failed": "danger", "replaced": ""}
_ALL = {
    "platform": PLATFORMS,
    "account": ACCOUNTS,
    "reason": REASONS,
    "step": STEPS,
    "failure": FAILURES,
    "scope": SCOPES,
}


@register.filter
def said(code: str, of: str) -> Any:
    """The words for a constant; a reason without words says nothing, anything else shows itself."""
    return _ALL[of].get(code, "" if of in {"reason", "failure"} else code)


@register.filter
def tone(state: str) -> str:
    """The colour of a state."""
    return TONES.get(state, "warn")


@register.filter
def account_words(row: PlatformAccount) -> Any:
    """The state of an account, in the words of its platform."""
    if row.platform != Platform.ONLYFANS and row.state == AccountState.EXPIRED:
        return _("Has to be connected again")
    return _("Connected, permissions are missing") if is_lacking(row) else said(row.state, "account")


@register.filter
def reason_words(row: PlatformAccount) -> Any:
    """Why an account is not as it should be, and what to do about it; empty when it is."""
    if is_lacking(row):
        names = ", ".join(str(said(scope, "scope")) for scope in talk.missing_scopes(row))
        return _("Not granted: %(names)s. Connect again to grant it.") % {"names": names}
    return "" if row.state == AccountState.CONNECTED else said(row.state_reason, "reason")


@register.filter
def is_lacking(row: PlatformAccount) -> bool:
    """Whether a connected account misses permissions that were asked for."""
    return row.state == AccountState.CONNECTED and bool(talk.missing_scopes(row))


@register.filter
def account_tone(row: PlatformAccount) -> str:
    return "warn" if is_lacking(row) else tone(row.state)


@register.filter
def step_words(row: Connection) -> Any:
    """How an attempt stands, in the words of its platform."""
    own = OAUTH_STEPS if row.platform != Platform.ONLYFANS else {}
    return own.get(row.state) or said(row.state, "step")


@register.filter
def failure_words(row: Connection) -> Any:
    own = OAUTH_FAILURES if row.platform != Platform.ONLYFANS else {}
    return own.get(row.reason) or said(row.reason, "failure")
