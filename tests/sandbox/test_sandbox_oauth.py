"""The consent pages of the sandbox, used as a browser without script would use them, and what its tokens are worth."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.sandbox.server import Sandbox

HERE = "http://127.0.0.1:9/settings/integrations/{}/callback"
PAGES = {
    "instagram": ("/instagram/www/oauth/authorize", "client_id", "instagram_business_basic"),
    "tiktok": ("/tiktok/www/v2/auth/authorize/", "client_key", "user.info.basic,video.list"),
    "whatsapp": ("/whatsapp/v25.0/dialog/oauth", "client_id", "whatsapp_business_management"),
}


def page(sandbox: Sandbox, vendor: str, **changed: str) -> str:
    path, client, scope = PAGES[vendor]
    asked = {
        client: f"{vendor}_sandbox",
        "redirect_uri": HERE.format(vendor),
        "response_type": "code",
        "scope": scope,
        "state": "s" * 43,
        "config_id": "1",
    } | changed
    return f"{sandbox.url}{path}?{urlencode(asked)}"


def tiktok_token(sandbox: Sandbox, **form: str) -> Any:
    own = {"client_key": "tiktok_sandbox", "client_secret": "tiktok_secret_0123456789"}
    return sandbox.http.post(f"{sandbox.url}/tiktok/open/v2/oauth/token/", data=own | form)


def exchanged(sandbox: Sandbox, **form: str) -> Any:
    back = sandbox.agree(page(sandbox, "tiktok"))
    more = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": HERE.format("tiktok")}
    return tiktok_token(sandbox, **more | form)


@pytest.mark.parametrize("vendor", list(PAGES))
def test_a_consent_page_opens_under_a_strict_policy(sandbox: Sandbox, vendor: str) -> None:
    answer = sandbox.http.get(page(sandbox, vendor))
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert re.search(r"<style|\sstyle=|<script|\son\w+=", answer.text) is None
    for button in ("approve", "refuse", "wrong_state", "expired_code", "used_code"):
        assert f'name="choice" value="{button}"' in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1.evil.example/callback"},
        {"response_type": "token"},
        {"state": ""},
    ],
)
def test_nothing_is_sent_to_an_address_that_is_not_ours(sandbox: Sandbox, changed: dict[str, str]) -> None:
    address = page(sandbox, "instagram", **changed)
    assert sandbox.http.get(address).status_code == 400
    query = address.partition("?")[2]
    posted = sandbox.http.post(address.partition("?")[0], data={"asked": query, "choice": "approve"})
    assert posted.status_code == 400


def test_an_unknown_application_is_told_so(sandbox: Sandbox) -> None:
    assert sandbox.http.get(page(sandbox, "tiktok", client_key="another")).status_code == 400


def test_a_code_is_good_once_and_for_its_address_only(sandbox: Sandbox) -> None:
    back = sandbox.agree(page(sandbox, "tiktok"))
    form = {"grant_type": "authorization_code", "code": back["code"]}
    wrong = tiktok_token(sandbox, **form, redirect_uri=HERE.format("instagram"))
    right = tiktok_token(sandbox, **form, redirect_uri=HERE.format("tiktok"))
    assert [answer.json()["error"] for answer in (wrong, right)] == ["invalid_grant", "invalid_grant"]
    assert exchanged(sandbox).json()["open_id"] == "-000open1"


def test_a_proof_that_does_not_fit_is_refused(sandbox: Sandbox) -> None:
    back = sandbox.agree(page(sandbox, "tiktok", code_challenge="x" * 43))
    more = {"grant_type": "authorization_code", "code": back["code"], "code_verifier": "y" * 43}
    assert (
        tiktok_token(sandbox, **more, redirect_uri=HERE.format("tiktok")).json()["error"] == "invalid_grant"
    )


def test_a_refresh_token_dies_when_it_is_used(sandbox: Sandbox) -> None:
    first = exchanged(sandbox).json()
    more = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = tiktok_token(sandbox, **more)
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert tiktok_token(sandbox, **more).json()["error"] == "invalid_grant"
    counts = sandbox.oauth("tiktok")["counts"]
    assert (counts["refreshed"], counts["reused"]) == (1, 1)


def test_with_grace_it_lives_until_the_new_access_is_used(sandbox: Sandbox) -> None:
    sandbox.control("POST", "settings", {"rotationGrace": True})
    more = {"grant_type": "refresh_token", "refresh_token": exchanged(sandbox).json()["refresh_token"]}
    lost, found = tiktok_token(sandbox, **more).json(), tiktok_token(sandbox, **more).json()
    address = f"{sandbox.url}/tiktok/open/v2/user/info/"

    def status(access: str) -> int:
        return int(sandbox.http.get(address, headers={"authorization": f"Bearer {access}"}).status_code)

    assert (status(lost["access_token"]), status(found["access_token"])) == (401, 200)
    assert tiktok_token(sandbox, **more).json()["error"] == "invalid_grant"


def test_a_person_can_take_the_access_back_and_time_can(sandbox: Sandbox) -> None:
    exchanged(sandbox)
    assert sandbox.oauth("tiktok")["open"] == ["-000open1"]
    sandbox.control("POST", "oauth/tiktok/expire", {"what": "access"})
    assert sandbox.oauth("tiktok")["open"] == []
    assert sandbox.control("POST", "oauth/tiktok/revoke", {"person": "-000open1"}) == {"revoked": 1}


def test_forms_of_other_sites_are_refused(sandbox: Sandbox) -> None:
    address, _, query = page(sandbox, "tiktok").partition("?")
    answer = sandbox.http.post(
        address, data={"asked": query, "choice": "approve"}, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
