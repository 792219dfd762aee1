"""Who may ask for what about whom, and what waits before it happens."""

from accounts.types import PrivacyScope

#: Erasures that can be taken back for a while.
HAS_GRACE = frozenset({PrivacyScope.WORKSPACE, PrivacyScope.CREATOR})
#: Letters of a reason that skips the grace.
LEAST_REASON = 15

_NEEDED = {
    ("export", PrivacyScope.WORKSPACE): "privacy.manage",
    ("export", PrivacyScope.CREATOR): "privacy.manage",
    ("export", PrivacyScope.FAN): "fans.export",
    ("export", PrivacyScope.ME): "profile.manage",
    ("erase", PrivacyScope.WORKSPACE): "workspace.close",
    ("erase", PrivacyScope.CREATOR): "privacy.manage",
    ("erase", PrivacyScope.FAN): "fans.erase",
    ("erase", PrivacyScope.ME): "profile.manage",
}


def capability_for(kind: str, scope: PrivacyScope) -> str:
    """The capability that a request needs; `kind` is export or erase."""
    return _NEEDED[kind, scope]
