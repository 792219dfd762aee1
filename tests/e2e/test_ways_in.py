"""People's ways in, in a real browser: sign-up with its mail, a forgotten password, second factors, clean pages."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import CDPSession, Page, expect

from accounts.models import BrowserSession, RecoveryCode, SecurityKey, User
from huntaze.kernel import clock
from tests.accounts.factors import shown, with_app
from tests.accounts.letters import link
from tests.conftest import World
from tests.e2e.conftest import Site, violations_in_both_themes
from tests.factories.accounts import PASSWORD

NEW = "Another-horse-8"


def virtual_key(page: Page) -> tuple[CDPSession, str]:
    """A security key that Chromium plays: it is there and says yes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return devtools, devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})[
        "authenticatorId"
    ]


def sign_in(page: Page, site: Site, user: User, password: str = PASSWORD) -> None:
    page.goto(f"{site.url}/signin")
    page.locator("#id_email").fill(user.email)
    page.locator("#id_password").fill(password)
    page.locator("form button.button--primary").click()


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
@pytest.mark.parametrize("has_script", [True, False])
def test_from_sign_up_to_a_confirmed_address(site: Site, db: None, locale: str, has_script: bool) -> None:
    is_french = locale == "fr-FR"
    page = site.open(path="/signup", locale=locale, java_script_enabled=has_script)
    site.log.expected = (422,)
    page.locator("#id_name").fill("Luna Martel")
    page.locator("#id_email").fill("luna@example.test")
    page.locator("#id_password").fill("Password1")
    page.locator("#id_accept_terms").check()
    page.locator("form button.button--primary").click()
    expect(page.locator(".field__error")).to_contain_text("courants" if is_french else "commonest")
    expect(page.locator("#id_name")).to_have_value("Luna Martel")
    page.locator("#id_password").fill("Correct-horse-7")
    page.locator("form button.button--primary").click()
    expect(page.locator("h1")).to_have_text("Bienvenue, Luna Martel" if is_french else "Welcome, Luna Martel")
    page.locator("summary").click()
    assert re.fullmatch(r"hz_live_[0-9A-Za-z]{36}", page.locator("code").inner_text())
    page.goto(site.url + link("/verify-email/"))
    page.locator("form button.button--primary").click()
    expect(page.locator("h1")).to_have_text(
        "Votre adresse est confirmée" if is_french else "Your address is confirmed"
    )
    page.locator(".button--primary").click()
    expect(page.locator("h1")).to_have_text("Mise en route" if is_french else "Getting started")
    assert User.objects.get().email_verified_at is not None


def test_a_forgotten_password(site: Site, world: World) -> None:
    page = site.open(path="/signin")
    page.get_by_role("link", name="Forgotten password?").click()
    page.get_by_label("Email").fill(world.owner.user.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator("h1")).to_have_text("Look in your inbox")
    page.goto(site.url + link("/password/reset/"))
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Change my password").click()
    expect(page.locator(".notice")).to_contain_text("Sign in with the new one.")
    sign_in(page, site, world.owner.user, NEW)
    expect(page.locator("h1")).to_have_text("Dashboard")


def test_an_app_as_second_factor_without_script(site: Site, world: World) -> None:
    page = site.open(path="/signin", java_script_enabled=False)
    sign_in(page, site, world.owner.user)
    page.goto(f"{site.url}/settings/security")
    page.get_by_role("button", name="Set up an app").click()
    secret = page.locator("code").inner_text()
    page.get_by_label("The six digits").fill(shown(secret, clock.now()))
    page.get_by_role("button", name="Turn it on").click()
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    page.context.clear_cookies()
    sign_in(page, site, world.owner.user)
    page.get_by_label("Code of your app").fill(codes[3])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("h1")).to_have_text("Dashboard")


def test_a_security_key_is_added_used_and_its_copy_refused(site: Site, world: World) -> None:
    page = site.open(path="/signin")
    devtools, key = virtual_key(page)
    sign_in(page, site, world.owner.user)
    page.goto(f"{site.url}/settings/security")
    page.get_by_role("link", name="Add a key").click()
    page.get_by_label("Name of the key").fill("Laptop")
    page.get_by_role("button", name="Ask the key").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")
    assert RecoveryCode.objects.filter(user=world.owner.user).count() == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("#factors")).to_contain_text("Laptop")

    page.context.clear_cookies()
    sign_in(page, site, world.owner.user)
    page.get_by_role("button", name="Use my security key").click()
    expect(page.locator("h1")).to_have_text("Dashboard")
    used = SecurityKey.objects.get()
    assert (used.name, used.sign_count > 1, used.last_used_at is not None) == ("Laptop", True, True)

    (credential,) = devtools.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
    credential["signCount"] = 0
    devtools.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    devtools.send("WebAuthn.addCredential", {"authenticatorId": key, "credential": credential})
    page.context.clear_cookies()
    sign_in(page, site, world.owner.user)
    site.log.expected = (422,)
    page.get_by_role("button", name="Use my security key").click()
    expect(page.locator(".notice--danger")).to_contain_text("is not accepted")
    page.goto(f"{site.url}/onlyfans")
    assert "/signin" in page.url


def test_a_passkey_alone_signs_in_and_what_it_said_is_worth_nothing_again(site: Site, world: World) -> None:
    page = site.open(path="/signin")
    devtools, key = virtual_key(page)
    sign_in(page, site, world.owner.user)
    expect(page.locator("h1")).to_have_text("Dashboard")
    page.goto(f"{site.url}/settings/security/keys/new")
    page.get_by_label("Name of the key").fill("Laptop")
    page.get_by_role("button", name="Ask the key").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")

    page.context.clear_cookies()
    page.goto(f"{site.url}/signin?next=/team")
    with page.expect_request(lambda sent: sent.method == "POST" and sent.url.endswith("/signin")) as posted:
        page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("h1")).to_have_text("Team")
    said = parse_qs(posted.value.post_data or "")["response"][0]

    page.context.clear_cookies()
    page.goto(f"{site.url}/signin")
    site.log.expected = (422,)
    page.locator("[name=response]").evaluate(
        "(field, said) => { field.value = said; field.form.submit() }", said
    )
    expect(page.locator(".notice--error")).to_contain_text("does not open an account here")

    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-security-key-trouble]")).to_be_visible()
    page.goto(f"{site.url}/onlyfans")
    assert "/signin" in page.url


def test_a_key_that_says_no_is_said_and_asked_again(site: Site, world: World) -> None:
    page = site.open(path="/signin")
    virtual_key(page)
    sign_in(page, site, world.owner.user)
    expect(page.locator("h1")).to_have_text("Dashboard")
    page.goto(f"{site.url}/settings/security/keys/new")
    page.get_by_label("Name of the key").fill("Laptop")
    page.evaluate(
        "() => { navigator.credentials.create = () => Promise.reject(new DOMException('no', 'NotAllowedError')) }"
    )
    page.get_by_role("button", name="Ask the key").click()
    expect(page.locator("[data-security-key-trouble]")).to_be_visible()
    assert SecurityKey.objects.count() == 0


def test_a_removed_key_opens_nothing(site: Site, world: World) -> None:
    page = site.open(path="/signin")
    virtual_key(page)
    sign_in(page, site, world.owner.user)
    page.goto(f"{site.url}/settings/security/keys/new")
    page.get_by_label("Name of the key").fill("Laptop")
    page.get_by_role("button", name="Ask the key").click()
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Remove Laptop").click()
    expect(page.locator(".notice--success")).to_contain_text("The security key was removed.")
    assert (SecurityKey.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    page.context.clear_cookies()
    sign_in(page, site, world.owner.user)
    expect(page.locator("h1")).to_have_text("Dashboard")


def test_a_changed_password_ends_the_other_browser(site: Site, world: World) -> None:
    """The other one hears of it, and goes to the sign-in by itself."""
    site.log.expected = (401,)
    here, there = site.open(path="/signin"), site.open(path="/signin")
    for page in (here, there):
        sign_in(page, site, world.owner.user)
        expect(page.locator("h1")).to_have_text("Dashboard")
        page.wait_for_selector("#live[data-state=open]", state="attached")
    here.goto(f"{site.url}/settings/security")
    here.get_by_label("Current password").fill(PASSWORD)
    here.get_by_label("New password").fill(NEW)
    here.get_by_role("button", name="Change my password").click()
    expect(here.locator(".notice--success")).to_contain_text("every other session was signed out")
    there.wait_for_url("**/signin?next=/dashboard")
    assert BrowserSession.objects.filter(user=world.owner.user).count() == 1


# --- every page


def pages(site: Site, world: World, **options: Any) -> Iterator[tuple[str, Page]]:
    """Each page of this file in its fullest state, one after the other in one browser."""
    site.log.expected = (400, 422)
    page = site.open(**options)
    for path in ("signup", "signin", "password/reset", "password/reset/none", "verify-email/none"):
        page.goto(f"{site.url}/{path}")
        yield path, page
    yield from _signing_up(site, page)
    user = User.objects.get(email="luna@example.test")
    page.context.clear_cookies()
    sign_in(page, site, world.manager.user)
    page.wait_for_selector(".rail")
    page.goto(f"{site.url}/settings/security")
    yield "security", page
    page.locator("form[action$='app/start'] button").click()
    page.wait_for_selector(".qr")
    yield "app", page
    page.goto(f"{site.url}/settings/security/keys/new")
    yield "key", page
    page.context.clear_cookies()
    yield from _with_an_app(site, page, user)
    yield "confirm", site.open(world.owner, "/confirm?next=/onlyfans", **options)


def _signing_up(site: Site, page: Page) -> Iterator[tuple[str, Page]]:
    page.goto(f"{site.url}/signup")
    page.locator("#id_name").fill("Luna Martel")
    page.locator("#id_email").fill("luna@example.test")
    page.locator("#id_password").fill("password")
    page.locator("#id_accept_terms").check()
    page.locator("form button.button--primary").click()
    page.wait_for_selector(".field__error")
    yield "signup-errors", page
    page.locator("#id_password").fill("Correct-horse-7")
    page.locator("#id_accept_terms").check()
    page.locator("form button.button--primary").click()
    page.wait_for_selector("summary")
    page.locator("summary").click()
    yield "welcome", page
    for name, path in (("unverified", "verify-email"), ("start", "onlyfans")):
        page.goto(f"{site.url}/{path}")
        yield name, page


def _with_an_app(site: Site, page: Page, user: User) -> Iterator[tuple[str, Page]]:
    _, codes = with_app(user, clock.now())
    sign_in(page, site, user)
    page.wait_for_selector("#id_code")
    yield "code", page
    page.locator("#id_code").fill(codes[0])
    page.locator("form button.button--primary").click()
    page.wait_for_selector(".rail")
    page.goto(f"{site.url}/settings/security")
    page.locator("#factors summary").click()
    yield "security-full", page
    page.locator("form[action$='codes'] button").click()
    page.wait_for_selector(".codes")
    yield "codes", page


@pytest.fixture
def wide_limits(settings: Any, monkeypatch: Any) -> None:
    """These pages sign in and up more often than a person does."""
    from accounts.services import limits, signin

    monkeypatch.setattr(limits, "PER_MINUTE", 100)
    monkeypatch.setattr(signin, "ADDRESS_FAILURES", 1000)


def test_axe_finds_nothing(site: Site, world: World, wide_limits: None) -> None:
    found = {name: violations_in_both_themes(page) for name, page in pages(site, world)}
    assert len(found) == 16
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_nothing_scrolls_sideways_and_no_english_is_left(site: Site, world: World, wide_limits: None) -> None:
    User.objects.update(locale="fr")
    english = r"\b(the|and|with|sign|your|what|password|code|codes of|device|session was)\b"
    for name, page in pages(site, world, locale="fr-FR"):
        text = (
            page.locator("body")
            .inner_text()
            .replace("code QR", "")
            .replace("Code de", "")
            .replace("Codes", "")
        )
        assert re.findall(english, re.sub(r"\b[Cc]odes?\b", "", text), re.IGNORECASE) == [], name
        for width in (320, 720, 1280):
            page.set_viewport_size({"width": width, "height": 760})
            assert page.evaluate("document.documentElement.scrollWidth") == width, (name, width)
        page.set_viewport_size({"width": 1440, "height": 900})
