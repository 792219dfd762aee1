"""Finding the fan a message is for: by what a person types, or among those seen last."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import PlatformAccount
from huntaze.kernel import ids, sql
from huntaze.kernel.tenancy import current_workspace_id
from messaging.errors import UnknownFan
from messaging.models import Conversation, Fan
from messaging.selectors.deliveries import fan_of
from messaging.types import Recipient

MOST_RECENT = 12

_RECIPIENT = """
SELECT f.workspace_id, a.id, a.uid, a.platform, f.id, f.uid, f.can_receive, t.id
  FROM messaging_fan f
  JOIN accounts_platformaccount a ON a.id = f.account_id
  LEFT JOIN messaging_conversation t ON t.fan_id = f.id
 WHERE f.workspace_id = %(workspace)s
   AND (%(creators)s::bigint[] IS NULL OR a.creator_id = ANY (%(creators)s::bigint[]))
"""
_BY_ID = _RECIPIENT + " AND f.uid = %(uid)s"
_BY_PLATFORM_ID = _RECIPIENT + " AND f.account_id = %(account)s AND f.platform_user_id = %(recipient)s"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fan as the picker shows them; `value` is what the form sends."""

    fan_id: str
    value: str
    name: str
    handle: str
    can_receive: bool
    last_active_at: datetime | None


def recipient_of(
    creator_ids: frozenset[int] | None, recipient_id: str, account: PlatformAccount | None = None
) -> Recipient:
    """Whom a message goes to, by `fan_…` or by the platform's id; raises UnknownFan for anybody else's.

    Only inside a workspace's scope, and only with an account does the platform's id say who is meant.
    """
    is_ours = recipient_id.startswith("fan_")
    uid = ids.decode("fan", recipient_id) if is_ours else None
    if (uid if is_ours else account) is None:
        raise UnknownFan
    values = {
        "workspace": current_workspace_id(),
        "creators": None if creator_ids is None else sorted(creator_ids),
        "uid": uid,
        "account": account and account.pk,
        "recipient": recipient_id,
    }
    found = sql.row(_BY_ID if is_ours else _BY_PLATFORM_ID, values)
    if found is None or (account is not None and found[1] != account.pk):
        raise UnknownFan
    workspace, account_pk, account_uid, platform, fan_pk, fan_uid, can_receive, conversation = found
    return Recipient(
        workspace_pk=workspace,
        account_pk=account_pk,
        account_id=ids.encode(PlatformAccount.PREFIX, account_uid),
        platform=platform,
        fan_pk=fan_pk,
        fan_id=ids.encode(Fan.PREFIX, fan_uid),
        can_receive=can_receive,
        conversation_pk=conversation,
    )


def recipient(account: PlatformAccount, term: str, digest: bytes) -> Fan:
    """The fan behind an exact handle (`digest` is its keyed digest), the platform's id, or a `fan_…` id.

    Raises UnknownFan, also for the fans of other accounts.
    """
    if term.startswith("fan_"):
        return fan_of(None, term, account)
    by_handle = Fan.objects.filter(account=account, handle_digest=digest).order_by("-pk").first()
    if by_handle is not None:
        return by_handle
    if not term.isdecimal():
        raise UnknownFan
    return fan_of(None, term, account)


def recent(account: PlatformAccount) -> tuple[Candidate, ...]:
    """The fans of an account who were active last, then those last seen in a conversation."""
    fans = Fan.objects.filter(account=account, can_receive=True)
    found = list(fans.filter(last_active_at__isnull=False).order_by("-last_active_at")[:MOST_RECENT])
    if len(found) < MOST_RECENT:
        rows = Conversation.objects.filter(account=account, fan__can_receive=True).select_related("fan")
        rows = rows.exclude(fan__in=found).order_by("-pk")
        found += [row.fan for row in rows[: MOST_RECENT - len(found)]]
    return tuple(candidate(fan) for fan in found)


def candidate(fan: Fan) -> Candidate:
    handle = fan.handle.reveal() if fan.handle else ""
    return Candidate(
        fan_id=fan.public_id,
        value=f"@{handle}" if handle else fan.platform_user_id,
        name=fan.name.reveal() if fan.name else "",
        handle=handle,
        can_receive=fan.can_receive,
        last_active_at=fan.last_active_at,
    )
