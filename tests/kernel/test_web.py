"""What a request says about its caller: address and device; and the base of every page."""

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from huntaze.kernel import context, errors, tenancy
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.web import client_ip, device_of, is_fragment, page

WHO = Principal(1, "usr_1", 2, 7, "wsp_7", frozenset({"queue.view"}), None, "user:1", 60)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "found"),
    [
        (0, "", "203.0.113.9", "203.0.113.9"),
        (0, "198.51.100.1", "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.2", "10.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 7.7.7.7,198.51.100.1 , 10.0.0.2", "10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "10.0.0.1", None),
        (1, "", "10.0.0.1", None),
        (1, "unknown", "10.0.0.1", None),
        (1, "198.51.100.1:4711", "10.0.0.1", None),
        (0, "", "", None),
        (0, "", "2001:DB8::1", "2001:db8::1"),
        (0, "", "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_callers_address_is_the_nth_from_the_right(
    settings: Any, proxies: int, forwarded: str, peer: str, found: str | None
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_ip(request) == found


def test_a_device_is_known_by_a_digest_of_its_user_agent() -> None:
    device = device_of(RequestFactory().get("/", HTTP_USER_AGENT="x" * 500, REMOTE_ADDR="203.0.113.9"))
    assert (device.ip, device.user_agent) == ("203.0.113.9", "x" * 400)
    assert device.fingerprint == hashlib.sha256(b"x" * 400).digest()


@page("queue.view")
def shown(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{tenancy.current_workspace_id()} {context.workspace_id()} {context.user_id()}")


@page("queue.view")
def missing(request: HttpRequest) -> HttpResponse:
    raise errors.NotFound


def ask(view: Any, *, principal: Principal | None, is_signed_in: bool = True, **headers: str) -> Any:
    request: Any = RequestFactory().get("/x?a=1", headers=headers)
    request.user = SimpleNamespace(is_authenticated=is_signed_in)
    request.principal = principal
    return view(request)


def test_a_page_runs_in_the_members_workspace_and_is_not_stored() -> None:
    answer = ask(shown, principal=WHO)
    assert answer.content == b"7 wsp_7 usr_1"
    assert set(answer["Cache-Control"].split(", ")) == {"no-store", "private"}
    with pytest.raises(tenancy.ScopeMissing):
        tenancy.current_workspace_id()


def test_a_page_wants_its_capability() -> None:
    other = Principal(1, "usr_1", 2, 7, "wsp_7", frozenset({"fans.view"}), None, "user:1", 60)
    for principal in (None, other):
        with pytest.raises(PermissionDenied):
            ask(shown, principal=principal)


def test_what_a_member_can_not_reach_does_not_exist() -> None:
    with pytest.raises(Http404):
        ask(missing, principal=WHO)


def test_a_stranger_goes_to_the_sign_in_page_and_back() -> None:
    answer = ask(shown, principal=None, is_signed_in=False)
    assert (answer.status_code, answer.url) == (302, "/signin?next=/x%3Fa%3D1")


def test_a_fragment_sends_the_whole_page_to_sign_in() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://app.test/queue?state=failed"}
    answer = ask(shown, principal=None, is_signed_in=False, **headers)
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/signin?next=/queue%3Fstate%3Dfailed")


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Request-Type": "partial"}, True),
        ({"HX-Request": "true", "HX-Request-Type": "full"}, False),
    ],
)
def test_htmx_says_whether_it_wants_a_part(headers: dict[str, str], found: bool) -> None:
    assert is_fragment(RequestFactory().get("/", headers=headers)) is found
