"""The web server reads a request one way only, so that a proxy in front can't be made to read it another way."""

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser

from huntaze import gunicorn as ours


def parsed(raw: bytes) -> list[tuple[str, str, bytes]]:
    """Method, path and body of each request in `raw`, as gunicorn reads it with our settings."""
    config = Config()
    for name in ("forwarder_headers", "secure_scheme_headers"):
        config.set(name, getattr(ours, name))
    requests = []
    for request in RequestParser(config, iter([raw]), ("127.0.0.1", 1)):
        requests.append((request.method, request.path, request.body.read()))
    return requests


HEAD = b"POST /api/keys HTTP/1.1\r\nHost: a\r\n"


def test_a_plain_request_is_read() -> None:
    assert parsed(HEAD + b"Content-Length: 2\r\n\r\n{}") == [("POST", "/api/keys", b"{}")]
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    assert parsed(chunked) == [("POST", "/api/keys", b"{}")]


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        b"Content-Length: +2\r\n\r\n{}",
        b"Content-Length: 2, 2\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        b"Content_Length: 2\r\nContent-Length : 2\r\n\r\n{}",
        b"X: a\r\n b\r\n\r\n",
        b"X: a\x00b\r\n\r\n",
    ],
)
def test_a_request_that_could_be_read_in_two_ways_is_refused(rest: bytes) -> None:
    with pytest.raises(ParseException):
        parsed(HEAD + rest)


def test_no_header_of_a_caller_changes_who_they_are() -> None:
    settings: Any = ours
    assert (settings.forwarder_headers, settings.secure_scheme_headers) == ("", {})
