"""Reads of accounts that other apps and the doors use."""

from accounts.selectors.principals import (
    account_of,
    accounts_by_handle,
    holders_of,
    principal_of,
    reachable_account_pks,
    reachable_accounts,
    sending_accounts,
)

__all__ = [
    "account_of",
    "accounts_by_handle",
    "holders_of",
    "principal_of",
    "reachable_account_pks",
    "reachable_accounts",
    "sending_accounts",
]
