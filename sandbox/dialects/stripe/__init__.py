"""The Stripe dialect, mounted at /stripe: `Dialect` takes every request of it."""

from .dialect import Dialect

__all__ = ["Dialect"]
