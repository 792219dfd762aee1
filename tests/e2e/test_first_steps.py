"""From nothing to a connected account, as a person walks it: sign-up, the mail's link, setting up; twice, in English
and in French."""

import email
import os
import re
from email import policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from accounts.models import PlatformAccount, User, Workspace
from accounts.services.mail import send_due
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.e2e.conftest import Site, violations, violations_in_both_themes
from tests.factories.accounts import MembershipFactory
from tests.sandbox.server import Sandbox

#: `SCREENSHOTS` names a folder in which pictures of every page are left, to be looked at.
FOLDER = os.environ.get("SCREENSHOTS", "")
WORDS = {
    "en": {
        "subject": "Confirm your email address",
        "verified": "Your address is confirmed",
        "start": "Getting started",
        "wrong": "OnlyFans refused the sign-in. It can be tried again.",
        "connected": "Connected",
        "go_on": "Go on with setting up",
        "done": "Done",
    },
    "fr": {
        "subject": "Confirmez votre adresse e-mail",
        "verified": "Votre adresse est confirmée",
        "start": "Mise en route",
        "wrong": "OnlyFans a refusé la connexion. Vous pouvez réessayer.",
        "connected": "Connecté",
        "go_on": "Poursuivre la mise en route",
        "done": "Terminé",
    },
}


def picture(page: Page, name: str) -> None:
    if FOLDER:
        page.screenshot(path=Path(FOLDER) / f"{name}.png", full_page=True)


@pytest.fixture
def mailbox(settings: Any, tmp_path: Path) -> Path:
    """Mails go to files, as they do where no mail server is configured."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return Path(settings.EMAIL_FILE_PATH)


def link_of(mailbox: Path, subject: str) -> str:
    """The path of the link in the mail with this subject, read from the files."""
    send_due()
    for file in mailbox.iterdir():
        for text in file.read_bytes().split(b"-" * 79):
            letter = email.message_from_bytes(text.strip(), policy=policy.default)
            body = letter.get_body(("plain",))
            if body is not None and letter["Subject"] == subject:
                found = re.search(r"https?://[^/\s]+(/verify-email/\S+)", body.get_content())
                assert found, "the mail has no link"
                return found[1]
    raise AssertionError(f"no mail says: {subject}")


def step(page: Page, name: str) -> Any:
    return page.locator(f"#{name}")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_from_sign_up_to_a_connected_account(
    site: Site, db: None, platform: Sandbox, mailbox: Path, language: str
) -> None:
    words = WORDS[language]
    locale = {"en": "en-GB", "fr": "fr-FR"}[language]
    page = site.open(path="/signup", locale=locale, timezone_id="Europe/Paris")
    page.locator("#id_name").fill("Luna Martel")
    page.locator("#id_email").fill("luna@example.test")
    page.locator("#id_password").fill("Correct-horse-7")
    page.locator("#id_accept_terms").check()
    picture(page, f"{language}-1-signup")
    page.locator("form button.button--primary").click()
    page.locator("a.button--primary").click()
    expect(page.locator("h1")).to_have_text(words["start"])
    assert page.url == f"{site.url}/onboarding"
    expect(page.locator("[aria-current=step]")).to_have_id("welcome")
    picture(page, f"{language}-2-start")

    page.goto(site.url + link_of(mailbox, words["subject"]))
    page.locator("form button.button--primary").click()
    expect(page.locator("h1")).to_have_text(words["verified"])
    page.locator("a.button--primary").click()
    expect(page.locator("[aria-current=step]")).to_have_id("creator_assessment")
    expect(page.locator("#id_timezone")).to_have_value("Europe/Paris")
    picture(page, f"{language}-3-creator")
    page.locator("#id_stage_name").fill("Luna Étoile")
    page.locator("#creator_assessment button").click()
    expect(page.locator("[aria-current=step]")).to_have_id("first_platform")
    assert violations(page) == []
    picture(page, f"{language}-4-platform")

    step(page, "first_platform").locator("a.button").click()
    page.locator("#id_creator").select_option(label="Luna Étoile")
    page.locator("#id_consent").check()
    picture(page, f"{language}-5-consent")
    page.locator("form button.button--primary").click()
    frame = page.frame_locator("iframe.frame")
    frame.get_by_role("button", name="Wrong password").click()
    expect(page.get_by_text(words["wrong"])).to_be_visible()
    frame.get_by_role("button", name="Ask code").click()
    picture(page, f"{language}-6-vendor")
    frame.get_by_role("button", name="Continue").click()
    expect(page.locator("h1")).to_have_text(words["connected"])
    picture(page, f"{language}-7-connected")
    page.get_by_role("link", name=words["go_on"]).click()
    expect(step(page, "first_platform")).to_contain_text(words["done"])
    expect(page.locator("[aria-current=step]")).to_have_id("second_factor")
    assert violations(page) == []
    picture(page, f"{language}-8-done")

    site.log.hosts.discard(urlsplit(platform.url).netloc)
    user = User.objects.get()
    assert (user.locale, user.email_verified_at is not None) == (language, True)
    assert Workspace.objects.get().timezone == "Europe/Paris"
    with cross_workspace("demo"):
        assert [row.state for row in PlatformAccount.objects.all()] == ["connected"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_setting_up_and_settings_are_sound_on_every_screen(site: Site, world: World, language: str) -> None:
    User.objects.update(locale=language)
    MembershipFactory(user=world.owner.user, workspace=world.outsider.workspace, role="chatter")
    english = r"\b(the|and|with|your|this|save|workspace|skip|optional|done|time)\b"
    for path in ("/onboarding", "/settings", "/signin"):
        member = None if path == "/signin" else world.owner
        locale = {"en": "en-GB", "fr": "fr-FR"}[language]
        page = site.open(member, path, locale=locale)
        assert violations_in_both_themes(page) == []
        texts = page.locator("h1, h2, h3, p, label, .button, .notice").all_inner_texts()
        if language == "fr":
            assert re.findall(english, " ".join(texts), re.IGNORECASE) == []
        for width in (320, 360, 720, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") == width
            for theme in ("dark", "light") if width in (360, 1440) and FOLDER else ():
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                picture(page, f"{path[1:]}-{language}-{theme}-{width}")


def test_a_person_switches_workspaces_in_the_menu(site: Site, world: World) -> None:
    MembershipFactory(user=world.owner.user, workspace=world.outsider.workspace, role="owner")
    page = site.open(world.owner, "/team")
    page.locator(".menu summary").click()
    picture(page, "switcher")
    assert violations(page) == []
    page.get_by_role("button", name="Theirs").click()
    expect(page.locator(".topbar__workspace")).to_have_text("Theirs")
    assert page.url == f"{site.url}/dashboard"
