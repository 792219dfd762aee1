"""Owns one control call and how it refuses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..http import Json
from ..state import Sandbox
from ..world import Account, Fan

if TYPE_CHECKING:
    from ..app import App


class Wrong(Exception):
    """A control call that makes no sense; the text is the answer's `error`."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class Call:
    app: "App"
    parameter: str
    body: Json
    query: dict[str, list[str]]

    @property
    def sandbox(self) -> Sandbox:
        return self.app.sandbox

    def text(self, name: str) -> str | None:
        values = self.query.get(name)
        return values[-1] if values and values[-1] else None

    def number(self, name: str, default: float) -> float:
        text = self.text(name)
        try:
            return default if text is None else float(text)
        except ValueError:
            raise Wrong(f"{name} must be a number") from None

    def account(self, account_id: Any) -> Account:
        found = self.sandbox.world.accounts.get(account_id)
        if found is None:
            raise Wrong(f"no account {account_id}", 404)
        return found

    def fan(self) -> tuple[Account, Fan]:
        """The fan of the path, in the body's account or in the only one that has it."""
        if not self.parameter.isdigit():
            raise Wrong(f"no fan {self.parameter}", 404)
        named = self.body.get("account")
        accounts = [self.account(named)] if named else list(self.sandbox.world.accounts.values())
        for account in accounts:
            fan = self.sandbox.world.fan(account, int(self.parameter))
            if fan is not None:
                return account, fan
        raise Wrong(f"no fan {self.parameter}", 404)
