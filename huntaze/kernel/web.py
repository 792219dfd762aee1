"""What pages and API share about a request: the caller's address and device, and the base of every page."""

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from rest_framework.request import Request

from huntaze.kernel import clock, context, live
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import Invalid, NotAllowed, NotFound, PlanRequired, ReadOnly, UsageLimitExceeded
from huntaze.kernel.tenancy import workspace_scope


def principal_of(request: HttpRequest) -> Principal:
    """Whom a page answers. Raises PermissionDenied for somebody without a workspace."""
    principal: Principal | None = getattr(request, "principal", None)
    if principal is None:
        raise PermissionDenied
    return principal


def client_ip(request: HttpRequest | Request) -> str | None:
    """The caller's address: the n-th of `X-Forwarded-For` from the right, n proxies being ours; else the peer.

    An IPv4 address that a dual-stack socket shows as IPv6 is told as IPv4, so that it has one name everywhere.
    """
    candidate: str | None = request.META.get("REMOTE_ADDR")
    count = settings.TRUSTED_PROXY_COUNT
    if count:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        candidate = hops[-count] if len(hops) >= count else None
    try:
        address = ipaddress.ip_address(candidate or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def network_of(request: HttpRequest | Request) -> str:
    """The caller's address for counting: an IPv6 caller owns a whole /64."""
    ip = client_ip(request)
    if ip is None:
        return "unknown"
    address = ipaddress.ip_address(ip)
    return ip if address.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request came from. `token` is the device cookie, empty without one; `fingerprint` is a digest of it and
    the user agent, which itself is kept for display. `country` is two letters, empty where nobody tells it."""

    ip: str | None
    user_agent: str
    fingerprint: bytes
    token: str = ""
    country: str = ""


#: 256 bits, as `secrets.token_urlsafe` writes them.
_DEVICE_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
DEVICE_LASTS = timedelta(days=400)


def device_of(request: HttpRequest | Request, *, make: bool = False) -> Device:
    """The caller's device; with `make` one without a cookie gets a new token, for `remember_device` to hand out."""
    agent = request.META.get("HTTP_USER_AGENT", "")[:400]
    token = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    if not _DEVICE_TOKEN.fullmatch(token):
        token = secrets.token_urlsafe(32) if make else ""
    seen = f"{agent}\0{token}" if token else agent
    digest = hashlib.sha256(seen.encode("utf-8", "surrogateescape")).digest()
    return Device(
        ip=client_ip(request), user_agent=agent, fingerprint=digest, token=token, country=_country(request)
    )


def _country(request: HttpRequest | Request) -> str:
    """Two letters, where a proxy of ours tells them; a header that anybody may send is not believed."""
    if not (settings.COUNTRY_HEADER and settings.TRUSTED_PROXY_COUNT):
        return ""
    text = request.headers.get(settings.COUNTRY_HEADER, "").strip().upper()
    return text if len(text) == 2 and text.isascii() and text.isalpha() else ""


def remember_device(response: HttpResponseBase, device: Device) -> None:
    """Give the browser its device cookie. It opens nothing: it only tells a known device from a stranger's."""
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        device.token,
        max_age=DEVICE_LASTS,
        secure=settings.COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


View = Callable[..., HttpResponse]


def page(capability: str, *, step_up: bool = False) -> Callable[[View], View]:
    """A dashboard page or fragment: signed in, a member who holds `capability`, in the workspace's scope.

    What the member can't reach does not exist: a service's NotFound is a 404. Input that a form let through and a
    service refused is a 400. With `step_up` the person has to give their password or second factor first, unless they
    did in the last minutes; what waits for a verified mail leads to the page that says so.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            principal: Principal | None = getattr(request, "principal", None)
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            if principal is not None and capability in principal.locked:
                return lead(request, settings.VERIFY_URL)
            if principal is None or not principal.can(capability):
                raise PermissionDenied
            if step_up and not principal.is_proved(clock.now()):
                return lead(request, settings.STEP_UP_URL)
            with ExitStack() as stack:
                stack.enter_context(workspace_scope(principal.workspace_pk))
                context.put(workspace_id=principal.workspace_id, user_id=principal.user_id)
                if not is_fragment(
                    request
                ):  # before anything is read: what happens later is told by the stream
                    request.live_position = live.position(principal.workspace_pk)  # type: ignore[attr-defined]
                try:
                    response = view(request, *args, **kwargs)
                except NotFound as error:
                    raise Http404 from error
                except (UsageLimitExceeded, PlanRequired, ReadOnly) as error:
                    response = limit_reached(request, error)
                except NotAllowed as error:
                    raise PermissionDenied from error
                except Invalid as error:
                    raise BadRequest from error
            patch_cache_control(response, no_store=True, private=True)
            return response

        guarded.capability = capability  # type: ignore[attr-defined]
        return guarded

    return decorate


def limit_reached(request: HttpRequest, error: UsageLimitExceeded | PlanRequired | ReadOnly) -> HttpResponse:
    """The page or fragment that says what the plan does not allow, or that it is unpaid, with the way out."""
    template = "errors/_limit.html" if is_fragment(request) else "errors/limit.html"
    status = 429 if isinstance(error, UsageLimitExceeded) else 403
    context_ = {
        "limit": error.data,
        "is_spent": status == 429,
        "is_unpaid": isinstance(error, ReadOnly),
        "billing_url": settings.BILLING_URL,
    }
    return render(request, template, context_, status=status)


def open_to_visitors(view: View) -> View:
    """A page without a capability that staff may open while they look through a member's eyes: it shows nothing."""
    view.is_open_to_visitors = True  # type: ignore[attr-defined]
    return view


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; a fragment sends the whole page there instead of showing it in its own place."""
    if not is_fragment(request):
        return redirect_to_login(request.get_full_path())
    response = HttpResponse(status=401)
    response["HX-Redirect"] = redirect_to_login(_shown(request, "HX-Current-URL")).url
    return response


def lead(request: HttpRequest, url: str) -> HttpResponse:
    """To a page that asks for something first, and back to the page the person is on: a form is not sent again."""
    if is_fragment(request):
        response = HttpResponse(status=403)
        response["HX-Redirect"] = redirect_to_login(_shown(request, "HX-Current-URL"), url).url
        return response
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else _shown(request, "Referer")
    return redirect_to_login(back, url)


def _shown(request: HttpRequest, header: str) -> str:
    """The path of the page that the browser shows, without the host: it never leads to another site."""
    try:
        shown = urlsplit(request.headers.get(header, ""))
    except ValueError:
        shown = urlsplit("")
    path = "/" + shown.path.lstrip("/")
    return f"{path}?{shown.query}" if shown.query else path


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") != "full"
