"""What accounts forgets, and when. A legal hold keeps a workspace's records; sessions, answers kept for repeated
requests and the files of exports are no records, and go all the same."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import (
    Connection,
    ExportChunk,
    IdempotencyRecord,
    ImpersonationGrant,
    Invitation,
    KnownDevice,
    Mail,
    Membership,
    OAuthState,
    PrivacyRequest,
    RefreshSession,
    Revocation,
)
from accounts.services import audit_retention, mail_files
from accounts.services.retention.registry import Rule, held, of_rows, period
from accounts.services.tokens import IDLE
from accounts.services.webhooks.retention import WEBHOOKS
from huntaze.kernel.outbox import State

DAILY, OFTEN = timedelta(hours=23), timedelta(minutes=10)


def _answers(now: datetime) -> QuerySet[Any]:
    return IdempotencyRecord.objects.filter(created_at__lt=now - period("answers")).order_by("created_at")


def _sessions(now: datetime) -> QuerySet[Any]:
    """Refresh families that ended; their tokens go with them."""
    ended = now - period("sessions")
    idle = Q(idle_seconds=int(IDLE.total_seconds()), last_used_at__lt=ended - IDLE)
    return RefreshSession.objects.filter(Q(expires_at__lt=ended) | Q(revoked_at__lt=ended) | idle).order_by(
        "pk"
    )


def _browser_sessions(now: datetime) -> Iterator[int]:
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    yield 0


def _devices(now: datetime) -> QuerySet[Any]:
    return KnownDevice.objects.filter(last_seen_at__lt=now - period("devices")).order_by("last_seen_at")


def _invitations(now: datetime) -> QuerySet[Any]:
    old = Invitation.objects.filter(expires_at__lt=now - period("invitations"))
    return old.exclude(workspace_id__in=held()).order_by("expires_at")


def _connections(now: datetime) -> QuerySet[Any]:
    old = Connection.objects.filter(finished_at__lt=now - period("connections"))
    return old.exclude(workspace_id__in=held()).order_by("finished_at")


def _revocations(now: datetime) -> QuerySet[Any]:
    return Revocation.objects.filter(state=State.FAILED, queued_at__lt=now - period("revocations")).order_by(
        "pk"
    )


def _oauth_states(now: datetime) -> QuerySet[Any]:
    """Kept for a while to tell a replayed one from an unknown one; one with an offer waits until that is given back."""
    old = OAuthState.objects.filter(expires_at__lt=now - period("oauth_states"), offer__isnull=True)
    return old.order_by("expires_at")


def _mails(now: datetime) -> QuerySet[Any]:
    """A mail belongs to its reader; the hold of any workspace of theirs keeps it."""
    is_held = Exists(Membership.objects.filter(user=OuterRef("user"), workspace_id__in=held()))
    return Mail.objects.filter(~is_held, queued_at__lt=now - period("mails")).order_by("queued_at")


def _export_files(now: datetime) -> QuerySet[Any]:
    return ExportChunk.objects.filter(
        request__kind="export", request__ended_at__lte=now - period("exports")
    ).order_by("pk")


def _privacy_requests(now: datetime) -> QuerySet[Any]:
    old = PrivacyRequest.objects.filter(ended_at__lt=now - period("privacy_requests"))
    return old.exclude(workspace_id__in=held()).order_by("ended_at")


def _staff_visits(now: datetime) -> QuerySet[Any]:
    old = ImpersonationGrant.objects.filter(ended_at__lt=now - period("staff_visits"))
    return old.exclude(workspace_id__in=held()).order_by("pk")


def _staff_log(now: datetime) -> QuerySet[Any]:
    return LogEntry.objects.filter(action_time__lt=now - period("staff_log")).order_by("action_time")


RULES = (
    of_rows("answers", _answers),
    of_rows("sessions", _sessions),
    Rule("browser_sessions", _browser_sessions, lambda now: 0),
    of_rows("devices", _devices, every=DAILY),
    of_rows("invitations", _invitations),
    of_rows("connections", _connections),
    of_rows("revocations", _revocations, every=DAILY),
    of_rows("mails", _mails),
    of_rows("oauth_states", _oauth_states),
    Rule("mail_files", mail_files.forget_old, mail_files.count_old),
    of_rows("exports", _export_files, every=OFTEN),
    of_rows("privacy_requests", _privacy_requests, every=DAILY),
    of_rows("staff_log", _staff_log, every=DAILY),
    of_rows("staff_visits", _staff_visits, every=DAILY),
    *WEBHOOKS,
    Rule("audit_origins", audit_retention.clear_origins, audit_retention.count_origins),
    Rule("audit", audit_retention.forget_everywhere, audit_retention.count_rows, every=timedelta(hours=5)),
)
