"""Calls to Stripe from here: never inside a transaction, under the breaker `stripe`, measured."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import structlog
from django.conf import settings

from billing.errors import StripeAway
from billing.gateways.base import Kind
from billing.gateways.stripe import StripeConfig, StripeGateway, gateway
from billing.types import Remote
from huntaze.kernel import breaker, metrics
from huntaze.kernel.outbox import assert_no_transaction
from huntaze.platforms.errors import Permanent, PlatformError, Transient, Uncertain

log = structlog.get_logger(__name__)

NAME = "stripe"
#: Refusals that the caller knows what to make of.
EXPECTED = frozenset({"card_declined"})
R = TypeVar("R", bound=Remote)


def config() -> StripeConfig:
    return StripeConfig(
        key=settings.STRIPE_SECRET_KEY, base=settings.STRIPE_API_BASE, version=settings.STRIPE_API_VERSION
    )


def fetch(kind: Kind, name: str, shape: type[R]) -> R:
    """The object as it is now. Raises Transient, Permanent."""
    return cast(R, _call("fetch", kind, lambda to: to.fetch(kind, name)))


def create(kind: Kind, shape: type[R], *, key: str, **data: Any) -> R:
    """Make one, once for the key. Raises Transient, Permanent, Uncertain."""
    return cast(R, _call("create", kind, lambda to: to.create(kind, key=key, **data)))


def update(kind: Kind, name: str, shape: type[R], *, key: str, **data: Any) -> R:
    """Change one, once for the key. Raises Transient, Permanent, Uncertain."""
    return cast(R, _call("update", kind, lambda to: to.update(kind, name, key=key, **data)))


def listing(kind: Kind, shape: type[R], *, most: int = 100, **filters: Any) -> list[R]:
    """Up to `most` of them, newest first. Raises Transient, Permanent."""
    return cast(list[R], _call("list", kind, lambda to: to.list(kind, most=most, **filters)))


def _call(deed: str, kind: Kind, call: Callable[[StripeGateway], Any]) -> Any:
    assert_no_transaction()
    permit = breaker.allow(NAME)
    if not permit:
        raise Transient("circuit_open", retry_after=permit.retry_after)
    started, outcome = time.perf_counter(), "ok"
    try:
        return call(gateway(config()))
    except PlatformError as error:
        outcome = error.code
        raise
    finally:
        seconds = time.perf_counter() - started
        is_up = outcome not in ("no_answer", "unreadable", "rate_limited")
        breaker.record(NAME, is_up, seconds * 1000, reason="auth" if outcome == "auth" else "")
        label = outcome if outcome in _LABELS else "refused"
        metrics.PLATFORM_REQUESTS.labels(NAME, f"{deed}_{kind.value}", label).inc()
        metrics.PLATFORM_REQUEST_SECONDS.labels(NAME, f"{deed}_{kind.value}").observe(seconds)


_LABELS = frozenset({"ok", "no_answer", "unreadable", "rate_limited", "locked", "auth", "card_declined"})


@contextmanager
def for_a_person() -> Iterator[None]:
    """Turns "not now" into the refusal that people see; refusals that are theirs pass through."""
    try:
        yield
    except (Transient, Uncertain) as error:
        wait = getattr(error, "retry_after", None)
        raise StripeAway(retry_after=max(1, round(wait or 30))) from error
    except Permanent as error:
        if error.code in EXPECTED:
            raise
        if error.code != "not_configured":  # Stripe refuses what we asked: that needs a change of ours
            log.error("billing.stripe.refused", code=error.code)
        reason = "not_configured" if error.code in ("auth", "not_configured") else "refused"
        raise StripeAway(reason=reason, retry_after=300) from error
