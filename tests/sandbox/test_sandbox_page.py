"""The page for people, used as a browser without script would use it."""

import re

import pytest

from tests.sandbox.server import FAN, Sandbox


def act(sandbox: Sandbox, deed: str, **fields: str) -> str:
    form = {"account": sandbox.account, "fan": str(FAN), "deed": deed, **fields}
    answer = sandbox.http.post(f"{sandbox.url}/phones/act", data=form, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("path", ["/", "/phones", "/webhooks", "/requests"])
def test_every_view_opens_under_a_strict_policy(sandbox: Sandbox, path: str) -> None:
    answer = sandbox.http.get(sandbox.url + path)

    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=", answer.text) is None


def test_its_two_files_are_served(sandbox: Sandbox) -> None:
    kinds = [
        sandbox.http.get(f"{sandbox.url}/static/page.{end}").headers["content-type"] for end in ("css", "js")
    ]

    assert kinds == ["text/css; charset=utf-8", "text/javascript; charset=utf-8"]


def test_a_phone_shows_price_lock_and_replay(sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.send({"text": "A set &amp; more", "price": 9.5, "mediaFiles": ["3000000001"]}, key="k")

    page = sandbox.http.get(f"{sandbox.url}/?account={sandbox.account}").text

    assert "A set &amp; more" in page
    assert '<span class="price locked">$9.50 locked</span>' in page
    assert '<span class="bad">replayed 1×</span>' in page
    assert "1/10 in 60 s" in page


def test_buying_opens_it_and_moves_money(sandbox: Sandbox) -> None:
    sandbox.send({"text": "A set", "price": 9.5, "mediaFiles": ["3000000001"]})

    page = act(sandbox, "buy")

    assert '<span class="price open">$9.50 open</span>' in page
    assert sandbox.control("GET", f"money?account={sandbox.account}")[0]["gross"] == 9.5


def test_answering_and_tipping_as_the_fan(sandbox: Sandbox) -> None:
    act(sandbox, "say", text="<b>hi</b> there")
    page = act(sandbox, "tip", amount="7")

    rows = sandbox.control("GET", "messages")
    assert [(row["text"], row["tip"], row["fromCreator"]) for row in rows] == [
        ("&lt;b&gt;hi&lt;/b&gt; there", 0.0, False),
        ("", 7.0, False),
    ]
    assert "&lt;b&gt;hi&lt;/b&gt; there" in page


def test_an_impossible_deed_says_why(sandbox: Sandbox) -> None:
    assert "there is no locked paid message to buy" in act(sandbox, "buy")


def test_a_form_of_another_site_is_refused(sandbox: Sandbox) -> None:
    form = {"account": sandbox.account, "fan": str(FAN), "deed": "say", "text": "hi"}
    answer = sandbox.http.post(
        f"{sandbox.url}/phones/act", data=form, headers={"origin": "https://elsewhere.invalid"}
    )

    assert answer.status_code == 403
    assert sandbox.control("GET", "messages") == []
