"""The request limit of the API, for each principal, exact across processes."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from huntaze.kernel import errors, ratelimit
from huntaze.kernel.api.principal import Principal


class PrincipalThrottle(BaseThrottle):
    """Leaves its verdict on the request, for the RateLimit headers of the answer."""

    def allow_request(self, request: Request, view: Any) -> bool:
        principal = request.auth
        if not isinstance(principal, Principal):
            return True
        verdict = ratelimit.take(principal.throttle_key, limit=principal.throttle_limit)
        request._request.rate_verdict = verdict  # type: ignore[attr-defined]
        if not verdict.allowed:
            raise errors.RateLimited(
                limit=verdict.limit,
                remaining=0,
                reset_time=verdict.reset_at,
                retry_after=ratelimit.retry_after(verdict),
            )
        return True


def headers(verdict: ratelimit.Verdict) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(verdict.limit),
        "RateLimit-Remaining": str(verdict.remaining),
        "RateLimit-Reset": str(ratelimit.retry_after(verdict)),
    }
