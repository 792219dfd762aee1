"""The one table of rights: what each role holds, and what a key leaves of it. Small enough to try everything."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.capabilities import (
    CAPABILITIES,
    RESOURCES,
    capabilities_of,
    cut_by_scopes,
    is_scope,
    reach_of,
)
from accounts.types import Reach, Role

ALL, A = Reach.ALL, Reach.ASSIGNED
ACTIONS = ("read", "write")
SCOPES = ["read", "write", "decisions:admin"] + [
    f"{name}:{action}" for name in RESOURCES for action in ACTIONS
]
NO = None
#: What was agreed on: owner, manager, chatter, creator, and the scope that a key needs. Apps add their rows from here.
TABLE: dict[str, tuple[Reach | None, Reach | None, Reach | None, Reach | None, str | None]] = {
    "workspace.view": (ALL, ALL, ALL, ALL, "accounts:read"),
    "workspace.manage": (ALL, NO, NO, NO, None),
    "workspace.close": (ALL, NO, NO, NO, None),
    "keys.manage": (ALL, NO, NO, NO, None),
    "webhooks.manage": (ALL, NO, NO, NO, None),
    "privacy.manage": (ALL, NO, NO, NO, None),
    "members.view": (ALL, ALL, NO, NO, "accounts:read"),
    "members.manage": (ALL, ALL, NO, NO, None),
    "creators.view": (ALL, ALL, A, A, "accounts:read"),
    "creators.add": (ALL, ALL, NO, NO, "accounts:write"),
    "creators.manage": (ALL, ALL, NO, A, "accounts:write"),
    "creators.offboard": (ALL, NO, NO, NO, None),
    "accounts.connect": (ALL, ALL, NO, A, "accounts:write"),
    "billing.view": (ALL, ALL, NO, NO, "billing:read"),
    "billing.manage": (ALL, NO, NO, NO, None),
    "fans.view": (ALL, ALL, A, A, "messaging:read"),
    "fans.edit": (ALL, ALL, A, A, "messaging:write"),
    "fans.export": (ALL, ALL, NO, A, None),
    "fans.erase": (ALL, ALL, NO, A, None),
    "inbox.view": (ALL, ALL, A, A, "messaging:read"),
    "messages.send": (ALL, ALL, A, A, "messaging:write"),
    "messages.unsend": (ALL, ALL, A, A, "messaging:write"),
    "drafts.create": (ALL, ALL, A, A, "messaging:write"),
    "drafts.approve": (ALL, ALL, A, A, "messaging:write"),
    "drafts.approve_high": (ALL, ALL, NO, A, None),
    "campaigns.edit": (ALL, ALL, A, A, "messaging:write"),
    "campaigns.launch": (ALL, ALL, NO, A, "messaging:write"),
    "queue.view": (ALL, ALL, A, A, "messaging:read"),
    "queue.manage": (ALL, ALL, NO, A, "messaging:write"),
    "audit.view": (ALL, ALL, NO, NO, None),
    "creator.stop": (NO, NO, NO, A, None),
    "profile.manage": (ALL, ALL, ALL, ALL, None),
}
PRESENT = frozenset(CAPABILITIES)


def test_every_row_is_as_agreed_on() -> None:
    found = {
        name: (grant.owner, grant.manager, grant.chatter, grant.creator, grant.scope)
        for name, grant in CAPABILITIES.items()
    }
    assert found == {name: TABLE[name] for name in CAPABILITIES}
    assert {"messages.send", "queue.view", "queue.manage", "keys.manage", "audit.view"} <= PRESENT


@pytest.mark.parametrize("role", Role)
def test_a_role_holds_what_its_column_says(role: Role) -> None:
    column = list(Role).index(role)
    assert capabilities_of(role) == {name for name in PRESENT if TABLE[name][column]}
    assert {name: reach_of(role, name) for name in PRESENT} == {name: TABLE[name][column] for name in PRESENT}
    assert reach_of(role, "unknown.thing") is None


def test_nobody_holds_more_than_the_owner_but_a_creators_way_out() -> None:
    for role in Role:
        above = {"creator.stop"} if role is Role.CREATOR else set()
        assert capabilities_of(role) - capabilities_of(Role.OWNER) == above


@pytest.mark.parametrize("role", Role)
def test_a_key_never_has_more_than_its_member(role: Role) -> None:
    """Every pair of scopes; more scopes only add up what each alone gives."""
    held = capabilities_of(role)
    alone = {scope: cut_by_scopes(held, frozenset({scope})) for scope in SCOPES}
    assert all(part <= held for part in alone.values())
    for first, second in combinations(SCOPES, 2):
        assert cut_by_scopes(held, frozenset({first, second})) == alone[first] | alone[second]
    assert cut_by_scopes(held, frozenset()) == frozenset()


HELD = st.frozensets(st.sampled_from(sorted(CAPABILITIES)))


@given(HELD, st.frozensets(st.sampled_from(SCOPES) | st.text(max_size=12)))
def test_cutting_only_takes_away(held: frozenset[str], scopes: frozenset[str]) -> None:
    left = cut_by_scopes(held, scopes)
    assert left <= held
    assert cut_by_scopes(left, scopes) == left


def test_no_key_reaches_members_keys_privacy_or_the_audit_log() -> None:
    left = cut_by_scopes(capabilities_of(Role.OWNER), frozenset(SCOPES))
    assert left == {name for name in PRESENT if TABLE[name][4]}
    assert left.isdisjoint(
        {"members.manage", "keys.manage", "webhooks.manage", "privacy.manage", "audit.view"}
    )


@pytest.mark.parametrize("scope", SCOPES)
def test_each_scope_opens_its_rows(scope: str) -> None:
    """`write` holds `read`; without a resource it is every resource's."""
    resource, _, action = scope.rpartition(":")
    actions = {"read": {"read"}, "write": {"read", "write"}}.get(action, set())
    wanted = {f"{name}:{one}" for name in ([resource] if resource else RESOURCES) for one in actions}
    expected = {name for name in PRESENT if TABLE[name][4] in wanted}
    assert cut_by_scopes(capabilities_of(Role.OWNER), frozenset({scope})) == expected


def test_a_reading_key_for_messages_sees_and_does_nothing() -> None:
    left = cut_by_scopes(capabilities_of(Role.OWNER), frozenset({"messaging:read"}))
    assert left == {"fans.view", "inbox.view", "queue.view"}


def test_every_needed_scope_exists() -> None:
    assert {row[4] for row in TABLE.values() if row[4]} <= set(SCOPES)
    assert all(is_scope(scope) for scope in SCOPES)


@pytest.mark.parametrize(
    "text", ["", "admin", "read:write", "messaging:", ":read", "messaging:admin", "keys:read", "Read"]
)
def test_what_is_no_scope(text: str) -> None:
    assert not is_scope(text)
