"""Who may invite, change and end whom. A member only hands on what they hold themselves."""

from accounts.types import Role

#: The roles that each role looks after. A creator's own login is cared for by nobody but the creator once it exists.
_LOOKS_AFTER: dict[Role, frozenset[Role]] = {
    Role.OWNER: frozenset(Role),
    Role.MANAGER: frozenset({Role.CHATTER, Role.CREATOR}),
}


def may_invite(actor: Role, role: Role) -> bool:
    return role in _LOOKS_AFTER.get(actor, frozenset())


def may_change(actor: Role, current: Role) -> bool:
    """Change the rights of a member, or end them: never a creator's own, which is their way out."""
    return current is not Role.CREATOR and may_invite(actor, current)


def may_hand_on(held: frozenset[int] | None, given: frozenset[int] | None) -> bool:
    """Whether somebody who reaches `held` creators may let others reach `given`; None is all of the workspace."""
    if held is None:
        return True
    return given is not None and given <= held
