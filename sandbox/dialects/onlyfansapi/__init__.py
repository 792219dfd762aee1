"""The OnlyFansAPI.com dialect, mounted at /onlyfansapi: `Dialect` takes every request of it."""

from .dialect import Dialect

__all__ = ["Dialect"]
