"""What the mails say, in the reader's language. A letter has a subject, paragraphs and at most one button."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from babel.dates import format_datetime
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Invitation, User
from accounts.services import links
from huntaze.kernel.tenancy import workspace_scope


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    paragraphs: tuple[str, ...]
    action: str = ""
    url: str = ""


Params = Mapping[str, Any]
Writer = Callable[[User | None, Params], Letter | None]
#: Writers by kind of mail; None means that there is nobody to write to.
LETTERS: dict[str, Writer] = {}


def letter(kind: str) -> Callable[[Writer], Writer]:
    """Registers the writer of one kind of mail."""

    def register(writer: Writer) -> Writer:
        LETTERS[kind] = writer
        return writer

    return register


@letter("welcome")
def _welcome(user: User | None, params: Params) -> Letter | None:
    return Letter(
        _("Welcome to Huntaze"),
        (
            _("Your workspace is ready."),
            _("Next: confirm your email address, then connect your first account. Your queue starts there."),
        ),
        _("Open Huntaze"),
        links.address("/"),
    )


@letter("invitation")
def _invitation(user: User | None, params: Params) -> Letter | None:
    """`workspace` is an integer key; the link is worth nothing once the invitation was sent again or taken back."""
    with workspace_scope(int(params["workspace"])):
        row = (
            Invitation.objects.open()
            .select_related("workspace", "invited_by__user")
            .filter(pk=params["pk"])
            .first()
        )
        if row is None:
            return None
        names = {"who": row.invited_by.user.name, "workspace": row.workspace.name}
    return Letter(
        _("%(who)s invites you to %(workspace)s") % names,
        (
            _("%(who)s would like to work with you in the workspace %(workspace)s on Huntaze.") % names,
            _("The link works for 7 days, once. If you do not know what this is about, ignore this mail."),
        ),
        _("Look at the invitation"),
        links.address(f"/invitation/{links.invitation_token(row)}"),
    )


@letter("verify_email")
def _verify_email(user: User | None, params: Params) -> Letter | None:
    if user is None or user.email_verified_at is not None:
        return None
    return Letter(
        _("Confirm your email address"),
        (
            _("Please confirm that this address is yours. The link works for 24 hours, once."),
            _("If you did not sign up for Huntaze, ignore this mail: nothing happens."),
        ),
        _("Confirm this address"),
        links.address(f"/verify-email/{links.verify_token(user)}"),
    )


@letter("password_reset")
def _password_reset(user: User | None, params: Params) -> Letter | None:
    if user is None or not user.is_active:
        return None
    return Letter(
        _("Choose a new password"),
        (
            _("Somebody, probably you, asked for a new password. The link works for one hour."),
            _("If it was not you, ignore this mail: your password stays as it is."),
        ),
        _("Choose a new password"),
        links.address(f"/password/reset/{links.reset_token(user)}"),
    )


@letter("password_changed")
def _password_changed(user: User | None, params: Params) -> Letter | None:
    return Letter(
        _("Your password was changed"),
        (
            _("Your password has just been changed, and every other session was signed out."),
            _("If it was not you, choose a new password at once."),
        ),
        _("Choose a new password"),
        links.address("/password/reset"),
    )


def _was_not_you() -> str:
    return _("If it was not you, choose a new password at once: that signs everybody else out.")


def _told(subject: str, *paragraphs: str) -> Letter:
    """A notice about one's ways in, with the way to act on it."""
    return Letter(
        subject, (*paragraphs, _was_not_you()), _("Look at my security"), links.address("/settings/security")
    )


@letter("new_device")
def _new_device(user: User | None, params: Params) -> Letter | None:
    device = str(params.get("device") or _("an unknown device"))
    place = f"{device} · {params['country']}" if params.get("country") else device
    moment = datetime.fromisoformat(str(params["at"]))
    when = format_datetime(moment, "long", tzinfo=UTC, locale=translation.get_language() or "en")
    return _told(
        _("New sign-in"),
        _(
            "Somebody signed in to your account on a device that we had not seen before: {device}, {when}."
        ).format(device=place, when=when),
    )


@letter("guessing")
def _guessing(user: User | None, params: Params) -> Letter | None:
    if user is None or not user.is_active:
        return None
    return _told(
        _("Somebody is guessing your password"),
        _(
            "Within an hour there were many wrong passwords for your account. For the next hour, only devices on which "
            "you have signed in before can sign in."
        ),
    )


@letter("factor_added")
def _factor_added(user: User | None, params: Params) -> Letter | None:
    is_app = params.get("factor") == "totp"
    return _told(
        _("A second factor was added"),
        _("An authenticator app was set up for your account.")
        if is_app
        else _("A security key was added to your account."),
    )


@letter("factor_removed")
def _factor_removed(user: User | None, params: Params) -> Letter | None:
    sentences = {
        "totp": _("The authenticator app of your account was turned off."),
        "webauthn": _("A security key was removed from your account."),
        "all": _(
            "All second factors of your account were taken away, because somebody said that they are lost."
        ),
    }
    return _told(_("A second factor was removed"), sentences[str(params["factor"])])


@letter("recovery_codes_renewed")
def _recovery_codes_renewed(user: User | None, params: Params) -> Letter | None:
    return _told(
        _("New recovery codes"), _("New recovery codes were made for your account; the old ones are void.")
    )


@letter("recovery_code_used")
def _recovery_code_used(user: User | None, params: Params) -> Letter | None:
    return _told(
        _("A recovery code was used"), _("Somebody used one of your recovery codes as second factor.")
    )


@letter("session_stolen")
def _session_stolen(user: User | None, params: Params) -> Letter | None:
    return _told(
        _("A session was ended"),
        _(
            "A token of one of your sessions was used twice, so somebody may have copied it. We ended that session."
        ),
    )


@letter("key_exposed")
def _key_exposed(user: User | None, params: Params) -> Letter | None:
    key = _("“{name}” ({prefix}…)").format(name=params["name"], prefix=params["prefix"])
    return Letter(
        _("An API key was revoked"),
        (
            _("The key {key} came in an address. Addresses end up in logs, so we revoked it at once.").format(
                key=key
            ),
            _("Make a new key, and send it in the Authorization header only."),
        ),
        _("To the API keys"),
        links.address("/settings/keys"),
    )


@letter("webhook_disabled")
def _webhook_disabled(user: User | None, params: Params) -> Letter | None:
    if params["reason"] == "gone":
        text = _("{host} answered that the address is gone for good.").format(host=params["host"])
    else:
        text = _("{host} has failed for five days.").format(host=params["host"])
    return Letter(
        _("A webhook endpoint was switched off"),
        (
            text,
            _(
                "Nothing is sent to it any more. Once it works again, enable it and send again what it missed."
            ),
        ),
    )


@letter("staff_visit")
def _staff_visit(user: User | None, params: Params) -> Letter | None:
    may = _("They can look, and change nothing.")
    if params["asks"]:
        may = _(
            "They can look, and have asked to change something. A second member of staff has to agree first, and you "
            "are told."
        )
    return _visit(_("Huntaze staff look at your workspace"), params, may)


@letter("staff_visit_writes")
def _staff_visit_writes(user: User | None, params: Params) -> Letter | None:
    may = _(
        "A second member of staff agreed that they may change lists, campaign drafts, assignments and waiting "
        "messages. Sending, exports, keys, money, ways in and connections stay closed to them."
    )
    return _visit(_("Huntaze staff may change something in your workspace"), params, may)


def _visit(subject: str, params: Params, may: str) -> Letter:
    moment = datetime.fromisoformat(str(params["until"]))
    when = format_datetime(moment, "long", tzinfo=UTC, locale=translation.get_language() or "en")
    told = {"workspace": params["workspace"], "member": params["member"], "when": when}
    return Letter(
        subject,
        (
            _(
                "A member of Huntaze's staff sees the workspace %(workspace)s as %(member)s sees it, until %(when)s at "
                "the latest."
            )
            % told,
            _("Their reason: %(reason)s") % {"reason": params["reason"]},
            may,
            _("Every page that they open is in your audit log."),
        ),
        _("Open the audit log"),
        links.address("/settings/audit"),
    )
