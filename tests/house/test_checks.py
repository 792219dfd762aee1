"""System checks speak when a setting would stop, or break, the sending."""

from typing import Any

import pytest
from django.core.checks import run_checks


def found() -> set[str]:
    """What every `manage.py` command would say, without `--deploy`."""
    return {str(message.id) for message in run_checks()}


def test_the_settings_as_they_ship_are_accepted(db: None) -> None:
    assert not {name for name in found() if name.startswith("messaging.")}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SEND_LEASE_SECONDS", 25.0, "messaging.E001"),
        ("SEND_PUMP_SECONDS", 511.0, "messaging.E002"),
        ("SEND_PUMP_SECONDS", 0.0, "messaging.E002"),
        ("SEND_LIMIT_COUNT", 0, "messaging.E003"),
        ("SEND_LIMIT_COUNT", -1, "messaging.E003"),
        ("SEND_LIMIT_WINDOW_SECONDS", 0.0, "messaging.E003"),
    ],
)
def test_a_setting_that_breaks_sending_is_named(
    db: None, settings: Any, name: str, value: float, expected: str
) -> None:
    setattr(settings, name, value)
    assert expected in found()


def test_a_production_on_the_sandbox_is_refused_for_each_platform(db: None, settings: Any) -> None:
    settings.DEBUG = settings.DEMO = False
    settings.ONLYFANSAPI_BASE_URL = "https://app.onlyfansapi.com"
    assert "platforms.E001" not in found()
    settings.TIKTOK_API_URL = "http://127.0.0.1:8099/tiktok/open"
    assert "platforms.E001" in found()


def test_the_longest_pump_is_accepted(db: None, settings: Any) -> None:
    settings.SEND_PUMP_SECONDS = 510.0
    assert "messaging.E002" not in found()


def test_staff_without_a_second_factor_are_named(db: None, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR_STAFF = True
    assert "accounts.W001" not in found()
    settings.MFA_REQUIRED_FOR_STAFF = False
    assert "accounts.W001" in found()
    settings.DEMO = True
    assert "accounts.W001" not in found()


def deployed() -> set[str]:
    """What `check --deploy` says."""
    return {str(message.id) for message in run_checks(include_deployment_checks=True)}


@pytest.mark.parametrize(
    ("host", "sslmode", "is_named"),
    [
        ("127.0.0.1", None, False),
        ("/run/postgresql", None, False),
        ("db.example.com", None, True),
        ("db.example.com", "require", True),
        ("db.example.com", "verify-ca", True),
        ("db.example.com", "verify-full", False),
    ],
)
def test_a_database_elsewhere_has_to_show_its_certificate(
    db: None, settings: Any, host: str, sslmode: str | None, is_named: bool
) -> None:
    options = settings.DATABASES["default"]["OPTIONS"] | ({"sslmode": sslmode} if sslmode else {})
    settings.DATABASES = {"default": settings.DATABASES["default"] | {"HOST": host, "OPTIONS": options}}
    assert ("huntaze.W002" in deployed()) == is_named


@pytest.mark.parametrize(
    ("url", "is_named"),
    [
        ("redis://127.0.0.1:6379/0", False),
        ("redis://cache.example.com:6379/0", True),
        ("rediss://cache.example.com:6379/0", False),
        ("rediss://cache.example.com:6379/0?ssl_cert_reqs=none", True),
    ],
)
def test_a_redis_elsewhere_has_to_show_its_certificate(
    db: None, settings: Any, url: str, is_named: bool
) -> None:
    before = settings.REDIS_URL, settings.CELERY_BROKER_URL
    settings.REDIS_URL, settings.CELERY_BROKER_URL = before[0], url
    assert ("huntaze.W003" in deployed()) == is_named


def test_mails_leave_by_tls_only(db: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = "mail.example.com", False, False
    assert "huntaze.W004" in deployed()
    settings.EMAIL_USE_TLS = True
    assert "huntaze.W004" not in deployed()


def test_a_vendor_is_spoken_to_by_tls_only(db: None, settings: Any) -> None:
    settings.DEBUG = settings.DEMO = False
    settings.ONLYFANSAPI_BASE_URL = "http://app.onlyfansapi.com"
    assert "platforms.E002" in found()
    settings.ONLYFANSAPI_BASE_URL = "https://app.onlyfansapi.com"
    assert "platforms.E002" not in found()


def test_mails_that_go_nowhere_are_named_before_a_deployment(db: None, settings: Any) -> None:
    def ids() -> set[str]:
        return {str(message.id) for message in run_checks(include_deployment_checks=True)}

    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert "accounts.W002" in ids()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "accounts.W002" not in ids()
