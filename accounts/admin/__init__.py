"""Staff pages over accounts: look, search, and the few things that staff may do about them."""

from accounts.admin import (  # noqa: F401  (they register their pages)
    access,
    audit,
    mails,
    people,
    platform_accounts,
    privacy,
    visits,
    webhooks,
)
