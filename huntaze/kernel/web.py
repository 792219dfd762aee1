"""What pages and API share about a request: the caller's address and device, and the base of every page."""
import hashlib
import ipaddress
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from rest_framework.request import Request

from huntaze.kernel import context
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.tenancy import workspace_scope


def client_ip(request: HttpRequest | Request) -> str | None:
    """The caller's address: the n-th of `X-Forwarded-For` from the right, n proxies being ours; else the peer."""
    candidate: str | None = request.META.get("REMOTE_ADDR")
    count = settings.TRUSTED_PROXY_COUNT
    if count:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        candidate = hops[-count] if len(hops) >= count else None
    try:
        return str(ipaddress.ip_address(candidate or ""))
    except ValueError:
        return None


def user_agent_digest(request: HttpRequest | Request) -> bytes:
    return hashlib.sha256(request.META.get("HTTP_USER_AGENT", "")[:400].encode()).digest()


View = Callable[..., HttpResponse]


def page(capability: str) -> Callable[[View], View]:
    """A dashboard page or fragment: signed in, a member who holds `capability`, in the workspace's scope."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            principal: Principal | None = getattr(request, "principal", None)
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if principal is None or not principal.can(capability):
                raise PermissionDenied
            with ExitStack() as stack:
                stack.enter_context(workspace_scope(principal.workspace_pk))
                stack.enter_context(context.bind(workspace_id=principal.workspace_id, user_id=principal.user_id))
                response = view(request, *args, **kwargs)
            patch_cache_control(response, no_store=True, private=True)
            return response

        guarded.capability = capability  # type: ignore[attr-defined]
        return guarded

    return decorate
