"""Mails about exports and erasures."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import links
from accounts.services.letters import Letter, Params, letter


@letter("export_ready")
def _export_ready(user: User | None, params: Params) -> Letter | None:
    return Letter(
        _("Your export is ready"),
        (
            _(
                "The data you asked for can be downloaded for the next hours; afterwards the files are deleted."
            ),
            _("You will be asked for your password once more."),
        ),
        _("To the download"),
        links.address("/settings/privacy"),
    )


@letter("erasure_planned")
def _erasure_planned(user: User | None, params: Params) -> Letter | None:
    at = date_format(datetime.fromisoformat(str(params["at"])), "DATE_FORMAT")
    if params["scope"] == "workspace":
        text = _("Your workspace will be erased on %(at)s. Until then it rests: nothing is sent.") % {
            "at": at
        }
    else:
        text = _(
            "A creator of your workspace will be erased on %(at)s. Until then nothing is sent for them."
        ) % {"at": at}
    return Letter(
        _("An erasure is planned"),
        (text, _("If this is a mistake, an owner can take it back until that day.")),
        _("To the request"),
        links.address("/settings/privacy"),
    )
