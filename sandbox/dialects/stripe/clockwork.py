"""Owns what happens by itself as time passes: periods end, payments are tried again, sessions expire."""

from typing import TYPE_CHECKING

from . import checkout, periods

if TYPE_CHECKING:
    from .dialect import Dialect

#: Days between attempts of an unpaid invoice.
RETRY_DAYS = 3
#: A world moved by decades must not roll for ever in one request.
MOST_PERIODS = 240


class Clockwork:
    def __init__(self, dialect: "Dialect") -> None:
        self.dialect = dialect
        self._last = 0

    def roll(self) -> None:
        """Catches up with the clock, at most once a second."""
        now = self.dialect.store.now()
        if now == self._last:
            return
        self._last = now
        kinds = self.dialect.store.kinds
        for row in list(kinds.get("checkout.session", {}).values()):
            if row["status"] == "open" and row["expires_at"] <= now:
                checkout.end(self.dialect, row)
        for row in list(kinds.get("subscription", {}).values()):
            self._roll(row, now)

    def _roll(self, row: dict, now: int) -> None:  # type: ignore[type-arg]
        for _ in range(MOST_PERIODS):
            invoice = self.dialect.store.objects[row["latest_invoice"]]
            due = invoice["next_payment_attempt"]
            if row["status"] == "past_due" and due is not None and due <= now:
                periods.retry(self.dialect, row, invoice)
                if invoice["next_payment_attempt"] is not None:
                    invoice["next_payment_attempt"] = due + RETRY_DAYS * 86_400
            elif row["status"] == "active" and row["items"]["data"][0]["current_period_end"] <= now:
                periods.roll(self.dialect, row)
            else:
                return
