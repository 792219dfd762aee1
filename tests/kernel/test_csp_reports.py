"""Reports of refused content: both formats, bounded, counted, sampled, and nothing of an address in the log."""

import json
from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from huntaze.kernel import metrics
from huntaze.kernel.csp_reports import MOST_BYTES, PER_ADDRESS, origin_of, page_of

PATH = "/csp-report"
OLD, NEW = "application/csp-report", "application/reports+json"
SECRET = "verysecrettoken"


def old(**fields: Any) -> str:
    values = {
        "document-uri": f"https://huntaze.test/password/reset/{SECRET}?next={SECRET}",
        "effective-directive": "script-src-elem",
        "blocked-uri": f"https://evil.example/{SECRET}.js?x={SECRET}",
        "source-file": f"https://huntaze.test/verify-email/{SECRET}",
        "line-number": 7,
        "script-sample": SECRET,
        "referrer": f"https://huntaze.test/?{SECRET}",
    }
    return json.dumps({"csp-report": values | fields})


def new(*directives: str) -> str:
    return json.dumps([
        {
            "type": "csp-violation", "age": 1, "url": f"https://huntaze.test/?{SECRET}", "user_agent": SECRET,
            "body": {
                "documentURL": f"https://huntaze.test/onlyfans/messages/{SECRET}?q={SECRET}",
                "effectiveDirective": directive, "blockedURL": "inline", "sample": SECRET, "lineNumber": 3,
                "disposition": "enforce", "originalPolicy": SECRET,
            },
        }
        for directive in directives
    ])  # fmt: skip


def post(body: str | bytes, kind: str = OLD, **more: Any) -> int:
    return int(Client().post(PATH, body, content_type=kind, **more).status_code)


def counted(directive: str) -> float:
    return metrics.CSP_REPORTS.labels(directive)._value.get()


def test_both_formats_are_counted_by_directive_and_told_without_addresses() -> None:
    before = [counted(name) for name in ("script-src-elem", "img-src", "style-src-attr")]
    with capture_logs() as logs:
        assert post(old()) == 204
        assert post(new("img-src", "style-src-attr"), NEW) == 204
    after = [counted(name) for name in ("script-src-elem", "img-src", "style-src-attr")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]
    said = [line for line in logs if line["event"] == "csp.violation"]
    assert [(line["directive"], line["blocked"], line["page"], line["line"]) for line in said] == [
        ("script-src-elem", "https://evil.example", "/password/reset/<str:token>", 7),
        ("img-src", "inline", "/onlyfans/messages/<str:message_id>", 3),
        ("style-src-attr", "inline", "/onlyfans/messages/<str:message_id>", 3),
    ]
    assert SECRET not in json.dumps(logs, default=str)


def test_of_many_alike_some_are_logged_and_all_counted() -> None:
    before = counted("font-src")
    with capture_logs() as logs:
        assert post(new(*["font-src"] * 15), NEW) == 204
    assert counted("font-src") - before == 15
    assert len([line for line in logs if line["event"] == "csp.violation"]) == 5


def test_a_directive_that_is_none_makes_no_label() -> None:
    before = counted("other")
    assert post(old(**{"effective-directive": SECRET})) == 204
    assert counted("other") - before == 1
    assert SECRET not in {
        sample.labels.get("directive") for sample in metrics.CSP_REPORTS.collect()[0].samples
    }


def test_reports_of_other_kinds_are_passed_over() -> None:
    with capture_logs() as logs:
        assert post(json.dumps([{"type": "deprecation", "body": {"id": SECRET}}]), NEW) == 204
    assert [line for line in logs if line["event"] == "csp.violation"] == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", OLD, 400),
        ("[1]", NEW, 400),
        ('{"a": 1}', OLD, 400),
        ("[" * 50_000, NEW, 400),
        (b"\xff\xfe", OLD, 400),
        ("a=b", "application/x-www-form-urlencoded", 415),
        (" " * (MOST_BYTES + 1), OLD, 413),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(body: str | bytes, kind: str, status: int) -> None:
    assert post(body, kind) == status


def test_only_posts_are_taken() -> None:
    assert Client().get(PATH).status_code == 405


def test_an_address_that_floods_is_turned_away_and_others_are_not() -> None:
    found = [post(old(), REMOTE_ADDR="192.0.2.7") for _ in range(PER_ADDRESS + 2)]
    assert found == [204] * PER_ADDRESS + [429, 429]
    assert post(old(), REMOTE_ADDR="192.0.2.8") == 204


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://a.example:8443/x?y#z", "https://a.example:8443"),
        ("https://user:pw@a.example/", "https://a.example"),
        ("data", "data"),
        ("data:text/html,secret", "other"),
        ("chrome-extension://abcdef/x.js", "chrome-extension"),
        ("https://a.example:port/", "other"),
        ("https://é\n.example/", "other"),
        ("secret", "other"),
        (None, ""),
        (7, ""),
    ],
)  # fmt: skip
def test_of_an_address_the_origin_is_left(address: Any, said: str) -> None:
    assert origin_of(address) == said


@pytest.mark.parametrize("address", ["https://huntaze.test/nowhere/secret", None, 7, "http://[", {"a": 1}])
def test_a_page_that_is_none_of_ours_has_no_name(address: Any) -> None:
    assert page_of(address) == "other"


def test_pages_point_here(db: None) -> None:
    answer = Client().get("/signin")
    assert f"report-uri {PATH}" in answer["Content-Security-Policy"]
    assert "report-to csp" in answer["Content-Security-Policy"]
    assert answer["Reporting-Endpoints"] == f'csp="{PATH}"'
