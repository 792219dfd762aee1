"""What every gateway of a platform with OAuth does alike, against the sandbox over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from accounts.gateways import registry
from accounts.gateways.base import OAuthGateway
from accounts.types import Platform, Tokens
from huntaze.platforms.errors import Permanent, PlatformError, Transient, Uncertain
from tests.conftest import oauth_settings
from tests.sandbox.server import Sandbox

VENDORS = list(registry.PLATFORMS)
URI = "http://127.0.0.1:9/settings/integrations/{}/callback"
STATE, VERIFIER = "s" * 43, "v" * 43
#: Where each platform gives its tokens, tells whose they are, and takes them back.
PATHS = {
    Platform.INSTAGRAM: ("/api/oauth/access_token", "/graph/*/me", "/graph/*/me/permissions"),
    Platform.TIKTOK: ("/open/v2/oauth/token/", "/open/v2/user/info/", "/open/v2/oauth/revoke/"),
    Platform.WHATSAPP: ("/*/oauth/access_token", "/*/phone_numbers", "/*/oauth/revoke"),
}


@pytest.fixture
def use(platform: Sandbox) -> Callable[..., Any]:
    """`use(vendor, call)` opens a gateway for one call; settings may be changed for it."""

    def run(vendor: Platform, call: Callable[[OAuthGateway], Awaitable[Any]], **changed: str) -> Any:
        known = oauth_settings(platform.url) | {
            "INSTAGRAM_GRAPH_VERSION": "v25.0",
            "WHATSAPP_GRAPH_VERSION": "v25.0",
        }

        async def inner() -> Any:
            async with registry.gateway(vendor, (known | changed).__getitem__) as gateway:
                return await call(gateway)

        return asyncio.run(inner())

    return run


def agreed(use: Any, platform: Sandbox, vendor: Platform, choice: str = "approve") -> str:
    """A code that the person's browser brought back."""

    async def address(gateway: OAuthGateway) -> str:
        return gateway.address(redirect_uri=URI.format(vendor), state=STATE, verifier=VERIFIER)

    back = platform.agree(use(vendor, address), choice)
    assert back["state"] == STATE
    return back["code"]


def exchange(use: Any, vendor: Platform, code: str, **changed: Any) -> Any:
    verifier = changed.pop("verifier", VERIFIER)
    uri = changed.pop("uri", URI.format(vendor))
    return use(vendor, lambda g: g.exchange(code=code, redirect_uri=uri, verifier=verifier), **changed)


def tokens_of(use: Any, platform: Sandbox, vendor: Platform) -> Tokens:
    found: Tokens = exchange(use, vendor, agreed(use, platform, vendor))
    return found


def ending(call: Callable[[], Any]) -> tuple[type[PlatformError], str]:
    with pytest.raises(PlatformError) as caught:
        call()
    return type(caught.value), caught.value.code


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_code_becomes_tokens_that_say_whose_they_are(use: Any, platform: Sandbox, vendor: Platform) -> None:
    tokens = tokens_of(use, platform, vendor)
    (profile,) = use(vendor, lambda g: g.profiles(tokens))
    assert tokens.scopes is not None
    assert set(registry.scopes_of(vendor)) == set(tokens.scopes)
    assert profile.external_id
    assert profile.handle


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("choice", ["used_code", "expired_code"])
def test_a_code_that_is_not_good_is_refused(
    use: Any, platform: Sandbox, vendor: Platform, choice: str
) -> None:
    code = agreed(use, platform, vendor, choice)
    assert ending(lambda: exchange(use, vendor, code)) == (Permanent, "reconnect")


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_code_is_good_for_its_own_address_only(use: Any, platform: Sandbox, vendor: Platform) -> None:
    code = agreed(use, platform, vendor)
    elsewhere = "http://127.0.0.1:9/settings/integrations/other/callback"
    assert ending(lambda: exchange(use, vendor, code, uri=elsewhere)) == (Permanent, "reconnect")


def test_a_code_of_tiktoks_is_good_for_who_asked_only(use: Any, platform: Sandbox) -> None:
    code = agreed(use, platform, Platform.TIKTOK)
    refused = ending(lambda: exchange(use, Platform.TIKTOK, code, verifier="another"))
    assert refused == (Permanent, "reconnect")


@pytest.mark.parametrize("vendor", VENDORS)
def test_renewed_tokens_open_the_same(use: Any, platform: Sandbox, vendor: Platform) -> None:
    tokens = tokens_of(use, platform, vendor)
    new = use(vendor, lambda g: g.refresh(tokens))
    assert new.access != tokens.access
    assert use(vendor, lambda g: g.profiles(new)) != []


@pytest.mark.parametrize("vendor", VENDORS)
def test_tokens_that_were_given_back_open_nothing(use: Any, platform: Sandbox, vendor: Platform) -> None:
    tokens = tokens_of(use, platform, vendor)
    use(vendor, lambda g: g.revoke(tokens))
    for call in (lambda g: g.profiles(tokens), lambda g: g.refresh(tokens), lambda g: g.revoke(tokens)):
        assert ending(lambda call=call: use(vendor, call)) == (Permanent, "reconnect")


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("kind", "params", "write", "read"),
    [
        ("status", {"code": 503}, (Uncertain, "server_error"), (Transient, "server_error")),
        ("status", {"code": 429}, (Transient, "rate_limited"), (Transient, "rate_limited")),
        ("status", {"code": 404, "body": "gone"}, (Permanent, "refused"), (Permanent, "refused")),
        ("malformed_json", {}, (Uncertain, "unreadable"), (Transient, "unreadable")),
        ("reset_after", {}, (Uncertain, "reset"), (Transient, "reset")),
        ("redirect", {}, (Permanent, "refused"), (Permanent, "refused")),
    ],
)
def test_trouble_has_three_names(
    use: Any, platform: Sandbox, vendor: Platform, kind: str, params: Any, write: Any, read: Any
) -> None:
    given, told, taken = PATHS[vendor]
    code, tokens = agreed(use, platform, vendor), tokens_of(use, platform, vendor)
    calls = {
        given: (lambda: exchange(use, vendor, code), write),
        told: (lambda: use(vendor, lambda g: g.profiles(tokens)), read),
        taken: (lambda: use(vendor, lambda g: g.revoke(tokens)), write),
    }
    for path, (call, expected) in calls.items():
        platform.fault(kind, count=1, params=params, dialect=vendor.value, match={"path": path})
        found = ending(call)
        assert (path, found[0]) == (path, expected[0])
        assert found[1] == expected[1] or {found[1], expected[1]} <= {"reset", "disconnected"}


@pytest.mark.parametrize("vendor", VENDORS)
def test_nobody_there_is_nothing_sent(use: Any, vendor: Platform) -> None:
    away = dict.fromkeys(("INSTAGRAM_API_URL", "TIKTOK_API_URL", "WHATSAPP_GRAPH_URL"), "http://127.0.0.1:9")
    assert ending(lambda: exchange(use, vendor, "code", **away)) == (Transient, "connection_refused")


@pytest.mark.parametrize("vendor", VENDORS)
def test_our_own_wrong_secret_is_our_own(use: Any, platform: Sandbox, vendor: Platform) -> None:
    code = agreed(use, platform, vendor)
    secret = registry._GATEWAYS[vendor].NEEDS[1]
    assert ending(lambda: exchange(use, vendor, code, **{secret: "x"})) == (Permanent, "our_client")


GRAPH = [
    (190, 401, Permanent, "reconnect"),
    (0, 401, Permanent, "reconnect"),
    (463, 400, Permanent, "reconnect"),
    (10, 403, Permanent, "permission"),
    (200, 403, Permanent, "permission"),
    (4, 400, Transient, "rate_limited"),
    (80007, 400, Transient, "rate_limited"),
    (2, 503, Transient, "server_error"),
    (100, 400, Permanent, "unsupported"),
    (368, 403, Permanent, "refused"),
]


@pytest.mark.parametrize("vendor", [Platform.INSTAGRAM, Platform.WHATSAPP])
@pytest.mark.parametrize(("code", "status", "kind", "name"), GRAPH)
def test_metas_codes(
    use: Any, platform: Sandbox, vendor: Platform, code: int, status: int, kind: Any, name: str
) -> None:
    tokens = tokens_of(use, platform, vendor)
    body = {"error": {"message": "Never read.", "type": "OAuthException", "code": code}}
    match = {"path": PATHS[vendor][1]}
    platform.fault(
        "status", count=1, params={"code": status, "body": body}, dialect=vendor.value, match=match
    )
    assert ending(lambda: use(vendor, lambda g: g.profiles(tokens))) == (kind, name)


@pytest.mark.parametrize(
    ("body", "status", "kind", "name"),
    [
        ({"error": "invalid_grant", "error_description": "x"}, 200, Permanent, "reconnect"),
        ({"error": "invalid_client"}, 401, Permanent, "our_client"),
        ({"error": "invalid_request"}, 400, Permanent, "refused"),
        ({"error": {"code": "access_token_invalid"}}, 401, Permanent, "reconnect"),
        ({"error": {"code": "rate_limit_exceeded"}}, 429, Transient, "rate_limited"),
        ({"error": {"code": "internal_error"}}, 200, Uncertain, "server_error"),
        ({"error": "server_error"}, 500, Uncertain, "server_error"),
    ],
)
def test_tiktoks_codes(use: Any, platform: Sandbox, body: Any, status: int, kind: Any, name: str) -> None:
    tokens = tokens_of(use, platform, Platform.TIKTOK)
    platform.fault("status", count=1, params={"code": status, "body": body}, dialect="tiktok")
    assert ending(lambda: use(Platform.TIKTOK, lambda g: g.refresh(tokens))) == (kind, name)


@pytest.mark.parametrize("vendor", VENDORS)
def test_tokens_show_themselves_nowhere(use: Any, platform: Sandbox, vendor: Platform) -> None:
    tokens = tokens_of(use, platform, vendor)
    assert tokens.access not in repr(tokens)
    assert not tokens.refresh or tokens.refresh not in repr(tokens)
