"""System checks of settings that can be wrong, each with an id and a hint."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register

from huntaze.kernel import clock
from huntaze.platforms.sandbox import LOOPBACK
from huntaze.schedule import Config

#: How long pins of components stand before they are brought up to date.
PINS_LAST = timedelta(days=31)
_RENEWED = re.compile(r"^# Renewed: (\d{4}-\d{2}-\d{2})", re.MULTILINE)

PLATFORM_URLS = (
    "ONLYFANSAPI_BASE_URL",
    "INSTAGRAM_AUTH_URL",
    "INSTAGRAM_API_URL",
    "INSTAGRAM_GRAPH_URL",
    "TIKTOK_AUTH_URL",
    "TIKTOK_API_URL",
    "WHATSAPP_AUTH_URL",
    "WHATSAPP_GRAPH_URL",
)


@register(Tags.security)
def loopback_platforms(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A production that talks to a sandbox would show sends that never happened."""
    if settings.DEBUG or settings.DEMO:
        return []
    return [
        Error(
            f"{name} points at this machine.",
            hint="Set DEMO=1 for a demo on the sandbox, or remove the variable to use the vendor's address.",
            id="platforms.E001",
        )
        for name in PLATFORM_URLS
        if urlsplit(getattr(settings, name)).hostname in LOOPBACK
    ]


@register(Tags.security)
def loopback_payments(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A production that sells at a sandbox would give plans away."""
    if settings.DEBUG or settings.DEMO or urlsplit(settings.STRIPE_API_BASE).hostname not in LOOPBACK:
        return []
    return [
        Error(
            "STRIPE_API_BASE points at this machine.",
            hint="Set DEMO=1 for a demo on the sandbox, or remove the variable to use Stripe's own address.",
            id="billing.E001",
        )
    ]


@register(Tags.security)
def stripe_key(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The mirror refuses other keys in the middle of its work; without a webhook secret no event is believed."""
    if not settings.STRIPE_SECRET_KEY:
        return []
    found: list[CheckMessage] = []
    if not re.fullmatch(r"(sk|rk)_(test|live)_[a-zA-Z0-9]{24,}", settings.STRIPE_SECRET_KEY):
        hint = (
            "It begins with rk_live_, rk_test_, sk_live_ or sk_test_; 24 letters and digits or more follow."
        )
        found.append(
            Error("STRIPE_SECRET_KEY is not a secret key of Stripe's.", hint=hint, id="billing.E002")
        )
    if not settings.STRIPE_WEBHOOK_SECRETS:
        hint = "Set it to the signing secret of the endpoint at /api/webhooks/stripe, whsec_…"
        found.append(Error("STRIPE_WEBHOOK_SECRETS is empty.", hint=hint, id="billing.E003"))
    return found


@register(Tags.security, deploy=True)
def stripe_rights(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The mirror writes the key into its own table: one with few rights does less harm."""
    if not settings.STRIPE_SECRET_KEY.startswith("sk_live_"):
        return []
    hint = "Make a restricted key (rk_live_…) with the rights that docs/operations names."
    return [Warning("STRIPE_SECRET_KEY may do everything.", hint=hint, id="billing.W001")]


@register(Tags.security)
def send_timing(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The lease must outlive the request, or a slow answer would look like a dead sender."""
    if settings.SEND_LEASE_SECONDS > settings.SEND_TIMEOUT_SECONDS + 5:
        return []
    return [
        Error(
            "SEND_LEASE_SECONDS must exceed SEND_TIMEOUT_SECONDS by more than 5 seconds.",
            hint="Defaults are 30 and 20.",
            id="messaging.E001",
        )
    ]


@register(Tags.security)
def pump_time(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A pump must end by itself, with its last answers, before its task's time is up."""
    most = Config.task_soft_time_limit - settings.SEND_LEASE_SECONDS
    if 0 < settings.SEND_PUMP_SECONDS <= most:
        return []
    return [
        Error(
            f"SEND_PUMP_SECONDS must be more than 0 and at most {most:g}.",
            hint="A pump that outlives its task is stopped with messages on the wire. The default is 240.",
            id="messaging.E002",
        )
    ]


@register(Tags.security)
def send_limit(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The limiter divides by both."""
    if settings.SEND_LIMIT_COUNT >= 1 and settings.SEND_LIMIT_WINDOW_SECONDS > 0:
        return []
    return [
        Error(
            "SEND_LIMIT_COUNT must be 1 or more and SEND_LIMIT_WINDOW_SECONDS more than 0.",
            hint="Defaults are 10 and 60: the platform's own limit for one account.",
            id="messaging.E003",
        )
    ]


@register(Tags.security)
def staff_factor(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Staff see every workspace: a password alone is not enough."""
    if settings.MFA_REQUIRED_FOR_STAFF or settings.DEBUG or settings.DEMO:
        return []
    return [
        Warning(
            "Staff may sign in without a second factor.",
            hint="Remove MFA_REQUIRED_FOR_STAFF, or set it to 1.",
            id="accounts.W001",
        )
    ]


@register(Tags.security, deploy=True)
def mail_leaves(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A verification mail in a file verifies nobody."""
    if str(settings.EMAIL_BACKEND).endswith(".smtp.EmailBackend") or settings.DEMO:
        return []
    return [
        Warning(
            "Mails are written to files or the console, not sent.",
            hint="Set EMAIL_URL to your mail server, such as smtp+tls://user:secret@host:587.",
            id="accounts.W002",
        )
    ]


@register(Tags.security)
def platforms_by_tls(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Keys of a vendor are never sent in the clear."""
    if settings.DEBUG or settings.DEMO or urlsplit(settings.ONLYFANSAPI_BASE_URL).scheme == "https":
        return []
    return [
        Error(
            "ONLYFANSAPI_BASE_URL is not https.",
            hint="Remove the variable to use the vendor's address.",
            id="platforms.E002",
        )
    ]


@register(Tags.security, deploy=True)
def wires_are_closed(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Whatever leaves the machine is encrypted, and the other side has shown a certificate that we trust."""
    database: dict[str, Any] = settings.DATABASES["default"]
    is_trusted = database.get("OPTIONS", {}).get("sslmode") == "verify-full"
    host = str(database.get("HOST") or "")
    found: list[CheckMessage] = []
    if _is_elsewhere(host) and not is_trusted:
        hint = "Add ?sslmode=verify-full&sslrootcert=<file> to DATABASE_URL."
        found.append(
            Warning("PostgreSQL is on another machine and not verified.", hint=hint, id="huntaze.W002")
        )
    for url in {settings.REDIS_URL, settings.CELERY_BROKER_URL}:
        parts = urlsplit(url)
        if _is_elsewhere(parts.hostname or "") and (
            parts.scheme != "rediss" or "ssl_cert_reqs=none" in parts.query
        ):
            hint = "Use rediss:// in REDIS_URL and CELERY_BROKER_URL, with certificates checked."
            found.append(
                Warning("Redis is on another machine and not verified.", hint=hint, id="huntaze.W003")
            )
            break
    is_open = not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)
    if (
        str(settings.EMAIL_BACKEND).endswith(".smtp.EmailBackend")
        and is_open
        and _is_elsewhere(str(settings.EMAIL_HOST))
    ):
        hint = "Use smtp+tls:// or smtp+ssl:// in EMAIL_URL."
        found.append(Warning("Mails go to their server in the clear.", hint=hint, id="huntaze.W004"))
    return found


def _is_elsewhere(host: str) -> bool:
    """A host that is not this machine; an empty one or a path is a local socket."""
    return bool(host) and not host.startswith("/") and host not in LOOPBACK


@register(Tags.security, deploy=True)
def pins_are_renewed(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Says it and stops nothing: an urgent release must not wait for it."""
    file = Path(settings.BASE_DIR, "requirements.in")
    found = _RENEWED.search(file.read_text(encoding="utf-8")) if file.is_file() else None
    if found is None or clock.now().date() - date.fromisoformat(found[1]) <= PINS_LAST:
        return []
    return [
        Info(
            f"The pinned components were last renewed on {found[1]}.",
            hint="Look through the advisories, compile the pins anew and date them in requirements.in.",
            id="huntaze.I001",
        )
    ]


@register(Tags.security, deploy=True)
def ops_token(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    if len(settings.OPS_TOKEN) >= 24:
        return []
    return [
        Warning(
            "OPS_TOKEN is missing or short: health details and metrics are open to METRICS_ALLOWED_NETS only.",
            hint="Set a random OPS_TOKEN of at least 24 characters.",
            id="huntaze.W001",
        )
    ]
