"""Refusals that people may see: each has a stable code, one plain sentence and data; doors map them to HTTP."""

from dataclasses import dataclass
from typing import Any


class DomainError(Exception):
    """An expected refusal. `code` is for programs, `message` for people, `data` joins the JSON answer."""

    code = "refused"
    message = "The request was refused"

    def __init__(self, message: str | None = None, *, code: str | None = None, **data: Any) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.data = data
        super().__init__(self.message)


class NotAuthenticated(DomainError):
    code = "not_authenticated"
    message = "Not authenticated"


class NotAllowed(DomainError):
    code = "not_allowed"
    message = "You do not have permission to do this"


class StepUpRequired(NotAllowed):
    """The deed asks for a password or second factor given in the last minutes; the page or client asks for it."""

    code = "step_up_required"
    message = "Recent authentication required"


class EmailUnverified(NotAllowed):
    code = "email_unverified"
    message = "Email verification required"


class NotFound(DomainError):
    code = "not_found"
    message = "Not found"


class Conflict(DomainError):
    code = "conflict"
    message = "This conflicts with the current state"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field; `field` is the dotted path in camelCase."""

    field: str
    message: str


class Invalid(DomainError):
    """Bad input: which fields, and why."""

    code = "invalid"
    message = "Validation failed"

    def __init__(self, *errors: FieldError) -> None:
        self.errors = errors
        super().__init__()


class RateLimited(DomainError):
    """`data`: limit, remaining, reset_time (datetime), retry_after (seconds)."""

    code = "rate_limited"
    message = "Rate limit exceeded"


class UsageLimitExceeded(DomainError):
    """An allowance is spent; `data`: limit, used, reset_date (datetime, or null when nothing renews it)."""

    code = "usage_limit_exceeded"
    message = "Usage limit exceeded"


class PlanRequired(NotAllowed):
    """The plan in force lacks this; `data`: feature, and plan, the smallest that has it."""

    code = "plan_required"
    message = "Plan required"


class ReadOnly(NotAllowed):
    """Nothing is spent in this workspace until it has paid; `data`: reason."""

    code = "billing"
    message = "This workspace is read-only until its subscription is paid on the billing page"


class TookTooLong(DomainError):
    """What was asked for can't be found out while somebody waits for it."""

    code = "took_too_long"
    message = "This takes too long to look up"


class Unavailable(DomainError):
    """Something that we need is down; `data`: retry_after (seconds)."""

    code = "unavailable"
    message = "Service temporarily unavailable"
