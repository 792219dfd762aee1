"""Owns what a vendor remembers of its grants: who agreed to what, and which codes and tokens are good."""

from dataclasses import dataclass, field

from ...draws import digest

CODE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Thing:
    """What a grant opens: an account, or a phone number of a business."""

    id: str
    handle: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can agree; one account, or a business with its numbers."""

    id: str
    name: str
    things: tuple[Thing, ...]


@dataclass(slots=True)
class Grant:
    """What one agreement, or one renewal of it, gave. `parent` is the refresh token that it came from."""

    person: str
    scopes: tuple[str, ...]
    access: str
    access_until: float | None
    refresh: str = ""
    parent: str = ""
    is_revoked: bool = False
    is_short: bool = False


@dataclass(slots=True)
class Code:
    person: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    until: float
    is_used: bool = False


@dataclass(slots=True)
class Counts:
    """What happened: `reused` counts uses of refresh tokens that were replaced before."""

    exchanged: int = 0
    refreshed: int = 0
    reused: int = 0
    revoked: int = 0


@dataclass
class Provider:
    vendor: str
    seed: int
    people: tuple[Person, ...]
    codes: dict[str, Code] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)
    counts: Counts = field(default_factory=Counts)
    made: int = 0

    def person(self, name: str) -> Person | None:
        return next((row for row in self.people if row.id == name), None)

    def word(self, kind: str) -> str:
        """A new secret; the n-th of a seed is always the same."""
        self.made += 1
        return digest(self.seed, self.vendor, kind, self.made)

    def new_code(self, person: str, scopes: tuple[str, ...], uri: str, challenge: str, now: float) -> str:
        code = f"code.{self.word('code')}"
        self.codes[code] = Code(person, scopes, uri, challenge, now + CODE_SECONDS)
        return code

    def grant(self, row: Grant) -> Grant:
        self.grants.append(row)
        return row

    def by_access(self, token: str, now: float) -> Grant | None:
        """The grant of a token that is good; using it is what kills the refresh token before it, if that had grace."""
        for row in self.grants:
            if row.access == token and token and not row.is_revoked:
                if row.access_until is not None and row.access_until <= now:
                    return None
                self.settle(row)
                return row
        return None

    def by_refresh(self, token: str) -> Grant | None:
        found = next((row for row in self.grants if row.refresh == token and token), None)
        if token in self.replaced:
            self.counts.reused += 1
            return None
        return None if found is None or found.is_revoked else found

    def settle(self, row: Grant) -> None:
        if row.parent:
            self.replaced.add(row.parent)
            row.parent = ""

    def revoke(self, person: str) -> int:
        found = [row for row in self.grants if row.person == person and not row.is_revoked]
        for row in found:
            row.is_revoked = True
        self.counts.revoked += len(found)
        return len(found)
