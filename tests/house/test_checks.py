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


def test_mails_that_go_nowhere_are_named_before_a_deployment(db: None, settings: Any) -> None:
    def ids() -> set[str]:
        return {str(message.id) for message in run_checks(include_deployment_checks=True)}

    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert "accounts.W002" in ids()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "accounts.W002" not in ids()
