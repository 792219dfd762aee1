"""`/csp-report`: what browsers refused to do on our pages. Counted by directive; some of it logged, without addresses.

Anybody may post here, so nothing of a report is believed but its form: words are taken from lists, numbers are bounded,
and of an address only the origin or the route of ours that it names. Paths hold tokens of mails, queries anything.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from huntaze.kernel import metrics, ratelimit
from huntaze.kernel.web import network_of

log = structlog.get_logger(__name__)

PATH = "/csp-report"
#: Name of the endpoint in the headers `Reporting-Endpoints` and `Content-Security-Policy: report-to`.
GROUP = "csp"
MOST_BYTES = 64 * 1024
#: Reports of one request that are looked at; browsers gather some.
MOST_REPORTS = 20
#: Requests of one address, and lines of one directive in the log, in a minute.
PER_ADDRESS, LOGGED = 30, 5
DIRECTIVES = frozenset({
    "base-uri", "child-src", "connect-src", "default-src", "font-src", "form-action", "frame-ancestors", "frame-src",
    "img-src", "manifest-src", "media-src", "object-src", "script-src", "script-src-attr", "script-src-elem",
    "style-src", "style-src-attr", "style-src-elem", "worker-src",
})  # fmt: skip
#: What stands for an address where there is none.
_WORDS = frozenset(
    {"inline", "eval", "wasm-eval", "self", "data", "blob", "trusted-types-policy", "trusted-types-sink"}
)
_OLD, _NEW = "application/csp-report", "application/reports+json"


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Takes `application/csp-report` and `application/reports+json`."""
    verdict = ratelimit.take(f"csp:{network_of(request)}", limit=PER_ADDRESS)
    if not verdict.allowed:
        return _refused("too_many", 429)
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal():
        return _refused("no_length", 411)
    if int(length) > MOST_BYTES:
        return _refused("too_large", 413)
    if request.content_type not in {_OLD, _NEW, "application/json"}:
        return _refused("other_type", 415)
    try:
        reports = list(_reports(json.loads(request.body)))
    except (ValueError, RecursionError):
        return _refused("unreadable", 400)
    for report in reports:
        _note(report)
    return HttpResponse(status=204)


def _refused(outcome: str, status: int) -> HttpResponse:
    metrics.CSP_REPORTS.labels(outcome).inc()
    return HttpResponse(status=status)


def _reports(body: Any) -> Iterator[dict[str, Any]]:
    """The reports of either format, each with the new one's names."""
    found = body if isinstance(body, list) else [body]
    for item in found[:MOST_REPORTS]:
        if not isinstance(item, dict):
            raise ValueError("no report")
        if isinstance(item.get("csp-report"), dict):
            old = item["csp-report"]
            yield {
                "directive": old.get("effective-directive") or old.get("violated-directive"),
                "blocked": old.get("blocked-uri"),
                "page": old.get("document-uri"),
                "source": old.get("source-file"),
                "line": old.get("line-number"),
            }
        elif item.get("type") == "csp-violation" and isinstance(item.get("body"), dict):
            new = item["body"]
            yield {
                "directive": new.get("effectiveDirective"),
                "blocked": new.get("blockedURL"),
                "page": new.get("documentURL"),
                "source": new.get("sourceFile"),
                "line": new.get("lineNumber"),
            }
        elif "type" not in item:
            raise ValueError("no report")


def _note(report: dict[str, Any]) -> None:
    directive = str(report["directive"] or "").split(" ")[0]
    directive = directive if directive in DIRECTIVES else "other"
    metrics.CSP_REPORTS.labels(directive).inc()
    if not ratelimit.take(f"csp-log:{directive}", limit=LOGGED).allowed:
        return
    line = report["line"]
    log.warning(
        "csp.violation",
        directive=directive,
        blocked=origin_of(report["blocked"]),
        page=page_of(report["page"]),
        source=origin_of(report["source"]),
        line=line if isinstance(line, int) and 0 <= line < 10**7 else None,
    )


def origin_of(address: Any) -> str:
    """Scheme and host of an address, or the word that stands for one; "other" for anything else."""
    if not isinstance(address, str) or not address:
        return ""
    if address in _WORDS:
        return address
    try:
        parts = urlsplit(address[:2000])
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "other"
    if parts.scheme not in {"http", "https", "ws", "wss"} or not _is_name(host):
        return parts.scheme if parts.scheme.endswith("-extension") and _is_name(parts.scheme) else "other"
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def page_of(address: Any) -> str:
    """The pattern of the route that an address of ours names; "other" for anything else."""
    try:
        return "/" + resolve(urlsplit(str(address)[:2000]).path).route
    except (ValueError, Resolver404):
        return "other"


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 253 and all(char.isascii() and (char.isalnum() or char in ".-:") for char in text)
