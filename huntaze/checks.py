"""System checks of settings that can be wrong, each with an id and a hint."""
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register(Tags.security)
def loopback_platforms(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A production that talks to a sandbox would show sends that never happened."""
    if settings.DEBUG or settings.DEMO:
        return []
    host = urlsplit(settings.ONLYFANSAPI_BASE_URL).hostname
    if host not in LOOPBACK:
        return []
    return [
        Error(
            "ONLYFANSAPI_BASE_URL points at this machine.",
            hint="Set DEMO=1 for a demo on the sandbox, or remove the variable to use the vendor's address.",
            id="platforms.E001",
        )
    ]


@register(Tags.security, deploy=True)
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
