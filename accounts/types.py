"""Values that cross the doors of accounts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    CHATTER = "chatter"
    CREATOR = "creator"


class WorkspaceStatus(StrEnum):
    """A workspace that is suspended or erased lets nobody in; a read-only one is looked at, never changed; so is one
    that is closing, whose owners may take that back."""

    ACTIVE = "active"
    READ_ONLY = "read_only"
    SUSPENDED = "suspended"
    CLOSING = "closing"
    ERASED = "erased"


#: Statuses that still let members in.
OPEN_STATUSES = (WorkspaceStatus.ACTIVE, WorkspaceStatus.READ_ONLY, WorkspaceStatus.CLOSING)


class CreatorStatus(StrEnum):
    """Only an active creator's queue moves."""

    ACTIVE = "active"
    PAUSED = "paused"
    OFFBOARDED = "offboarded"


class Reach(StrEnum):
    """Which creators a capability reaches: all of the workspace, or the assigned ones."""

    ALL = "all"
    ASSIGNED = "assigned"


class Platform(StrEnum):
    ONLYFANS = "onlyfans"
    WHATSAPP = "whatsapp"
    INSTAGRAM = "instagram"
    TIKTOK = "tiktok"


class AccountState(StrEnum):
    """State of a platform account; every state but connected pauses its queue."""

    CONNECTED = "connected"
    EXPIRED = "expired"
    NEEDS_CODE = "needs_code"
    NEEDS_FACE = "needs_face"
    DISCONNECTED = "disconnected"


class ConnectionState(StrEnum):
    """State of one attempt to connect an account, first time or again; the last four are its end."""

    WAITING = "waiting"
    NEEDS_CODE = "needs_code"
    NEEDS_FACE = "needs_face"
    CHOOSING = "choosing"
    CONNECTED = "connected"
    FAILED = "failed"
    EXPIRED = "expired"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What sign-in and refresh hand to the door: tokens are shown to the client once and stored only as hashes."""

    user_id: str
    email: str
    name: str
    avatar: str | None
    subscription: str
    access_token: str
    refresh_token: str
    refresh_expires_at: datetime


class PrivacyScope(StrEnum):
    """Whom a privacy request is about; `me` is the person who asks."""

    WORKSPACE = "workspace"
    CREATOR = "creator"
    FAN = "fan"
    ME = "me"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens an account of a platform with OAuth. `expires_in` is seconds from when it was given, None without an
    end; `scopes` None where the platform did not tell them; `subject` is the account's id, where it said so at once."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_in: int | None = None
    scopes: tuple[str, ...] | None = None
    subject: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Profile:
    """An account that tokens open; `parent` is the business that it belongs to, where the platform has such a thing."""

    external_id: str
    handle: str
    parent: str = ""
