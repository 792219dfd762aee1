"""Reads of connections and of the accounts they made."""

from accounts.gateways.registry import PLATFORMS
from accounts.models import Connection, PlatformAccount
from accounts.types import Platform
from huntaze.kernel import ids
from huntaze.kernel.errors import NotFound
from huntaze.kernel.lookup import one


def platform_of(name: str) -> Platform:
    """The platform by its name in addresses; NotFound for any other."""
    try:
        return Platform(name)
    except ValueError:
        raise NotFound("Unknown platform") from None


def oauth_platform_of(name: str) -> Platform:
    """The platform by its name in addresses, if its accounts are connected by OAuth; NotFound for any other."""
    platform = platform_of(name)
    if platform not in PLATFORMS:
        raise NotFound("Unknown platform")
    return platform


def connection_of(creator_ids: frozenset[int] | None, platform: Platform, connection_id: str) -> Connection:
    """The attempt with this public id, within reach; NotFound for anybody else's."""
    rows = Connection.objects.filter(platform=platform).select_related("creator", "account", "started_by")
    if creator_ids is not None:
        rows = rows.filter(creator_id__in=creator_ids)
    uid = ids.decode(Connection.PREFIX, connection_id)
    row = one(rows.filter(uid=uid)) if uid else None
    if row is None:
        raise NotFound("Unknown connection")
    return row


def open_connections(creator_ids: frozenset[int] | None) -> list[Connection]:
    """Attempts that are under way within reach, newest first; at most 50."""
    rows = Connection.objects.filter(finished_at=None).select_related("creator", "account")
    if creator_ids is not None:
        rows = rows.filter(creator_id__in=creator_ids)
    return list(rows.order_by("-pk")[:50])


def accounts_within(
    creator_ids: frozenset[int] | None, platform: Platform | None = None
) -> list[PlatformAccount]:
    """Accounts within reach, disconnected ones last; at most 200."""
    rows = PlatformAccount.objects.for_creators(creator_ids).select_related("creator")
    if platform is not None:
        rows = rows.filter(platform=platform)
    present = list(rows.present().order_by("platform", "pk")[:200])
    gone = rows.filter(state="disconnected").exclude(external_id__startswith="erased:")
    return [*present, *gone.order_by("-state_changed_at", "-pk")[: 200 - len(present)]]
