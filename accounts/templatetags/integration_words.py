"""What states of accounts and of attempts to connect mean, and what to do about them."""

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    "connected": _("Connected"),
    "failed": _("It did not work"),
    "expired": _("Too much time has passed"),
    "replaced": _("Replaced by a newer attempt"),
}
FAILURES: Words = {
    "refused": _("OnlyFans refused the sign-in. It can be tried again."),
    "wrong_code": _("The code is wrong. It can be tried again."),
    "taken": _("Account already connected"),
    "gone": _("OnlyFansAPI does not know the account any more: connect it anew."),
    "vendor": _("OnlyFansAPI could not be reached. Nothing was changed."),
}
TONES = {"connected": "ok", "disconnected": "", "failed": "danger", "replaced": ""}
_ALL = {"platform": PLATFORMS, "account": ACCOUNTS, "reason": REASONS, "step": STEPS, "failure": FAILURES}


@register.filter
def said(code: str, of: str) -> Any:
    """The words for a constant; a reason without words says nothing, anything else shows itself."""
    return _ALL[of].get(code, "" if of in {"reason", "failure"} else code)


@register.filter
def tone(state: str) -> str:
    """The colour of a state."""
    return TONES.get(state, "warn")
