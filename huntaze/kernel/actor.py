"""Who acts: what services are told, and what the audit log keeps."""

from dataclasses import dataclass

from huntaze.kernel.api.principal import Principal


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `kind` is member, key, staff or system; the keys are integer primary keys. The member of a staff row is
    the one on whose behalf staff acted."""

    kind: str
    user_pk: int | None = None
    member_pk: int | None = None
    key_pk: int | None = None

    @classmethod
    def system(cls) -> "Actor":
        return cls("system")

    @classmethod
    def staff(cls, user_pk: int, on_behalf_of: int | None = None) -> "Actor":
        return cls("staff", user_pk, on_behalf_of)

    @classmethod
    def member(cls, user_pk: int, member_pk: int, key_pk: int | None = None) -> "Actor":
        return cls("key" if key_pk else "member", user_pk, member_pk, key_pk)

    @classmethod
    def of(cls, principal: Principal) -> "Actor":
        """Whoever was authenticated: the member, their key, or the member of staff behind their eyes."""
        if principal.acting_pk is not None:
            return cls.staff(principal.acting_pk, on_behalf_of=principal.member_pk)
        return cls.member(principal.user_pk, principal.member_pk, principal.key_pk)
