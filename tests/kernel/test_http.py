"""The boundary between "nothing left" and "it may have been read", against servers made of raw sockets."""

import asyncio
import contextlib
import datetime
import json
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

import aiohttp
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from huntaze.kernel import context, guard
from huntaze.kernel.http import Answer, HttpClient, NotSent, SentNoAnswer, Timeouts

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
QUICK = Timeouts(connect=0.3, total=0.8)


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head, await reader.readexactly(length)


def answer_bytes(body: bytes, *extra: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Type: application/json", b"Content-Length: %d" % len(body), *extra]
    return b"\r\n".join([*head, b"", body])


def call(handler: Handler, method: str = "POST", **options: object) -> Answer:
    async def run() -> Answer:
        async with serving(handler) as url, HttpClient(url, vendor="test", timeouts=QUICK) as client:
            return await client.request(method, "/x", operation="send", **options)  # type: ignore[arg-type]

    return asyncio.run(run())


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_whole_answer_comes_back_with_decimals() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes(b'{"price": 4.10}', b"X-Left: 7"))

    answer = call(handler, json={"a": 1})
    assert (answer.status, answer.headers["x-left"], answer.json()) == (200, "7", {"price": Decimal("4.10")})


def test_trace_id_and_idempotency_key_travel() -> None:
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await read_request(reader))[0])
        writer.write(answer_bytes(b"{}"))

    with context.bind(trace_id="trace-0001"):
        call(handler, json={}, idempotency_key="dlv_1")
    assert b"X-Request-ID: trace-0001\r\n" in heads[0]
    assert b"Idempotency-Key: dlv_1\r\n" in heads[0]


def refuse(base_url: str) -> str:
    async def run() -> None:
        async with HttpClient(base_url, vendor="test", timeouts=QUICK) as client:
            await client.request("POST", "/x", operation="send", json={})

    with pytest.raises(NotSent) as caught:
        asyncio.run(run())
    return caught.value.code


def test_a_refused_connection_was_not_sent() -> None:
    assert refuse(f"http://127.0.0.1:{closed_port()}") == "connection_refused"


def test_an_unknown_name_was_not_sent() -> None:
    assert refuse("http://nothing.invalid") == "dns"


def test_a_full_backlog_was_not_sent() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
            fillers.append(filler)
        assert refuse(f"http://127.0.0.1:{server.getsockname()[1]}") == "connect_timeout"
        for filler in fillers:
            filler.close()


def test_plain_text_where_tls_was_expected_was_not_sent() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def run() -> None:
        async with (
            serving(handler) as url,
            HttpClient(f"https{url[4:]}", vendor="test", timeouts=QUICK) as client,
        ):
            await client.request("POST", "/x", operation="send", json={})

    with pytest.raises(NotSent) as caught:
        asyncio.run(run())
    assert caught.value.code == "tls"


def test_a_close_in_the_handshake_was_not_sent() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)

    async def run() -> None:
        async with (
            serving(handler) as url,
            HttpClient(f"https{url[4:]}", vendor="test", timeouts=QUICK) as client,
        ):
            await client.request("POST", "/x", operation="send", json={})

    with pytest.raises(NotSent):
        asyncio.run(run())


async def close_before_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def close_after_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)


async def reset_after_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def hang_after_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await asyncio.sleep(1)


async def half_an_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")


async def half_a_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")


async def cut_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}   \r\nA\r\nxx")


async def body_hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
    await writer.drain()
    await asyncio.sleep(1)


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(20):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.2)


async def not_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def broken_gzip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(answer_bytes(b"this is not gzip", b"Content-Encoding: gzip"))


@pytest.mark.parametrize(
    ("handler", "codes"),
    [
        (close_before_reading, {"disconnected", "reset"}),
        (close_after_reading, {"disconnected"}),
        (reset_after_reading, {"disconnected", "reset"}),
        (hang_after_reading, {"timeout"}),
        (half_an_answer, {"truncated"}),
        (half_a_head, {"disconnected"}),
        (cut_chunks, {"truncated"}),
        (body_hangs, {"timeout"}),
        (drips, {"timeout"}),
        (not_http, {"unreadable"}),
        (broken_gzip, {"truncated", "unreadable"}),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_anything_after_the_connection_counts_as_sent(handler: Handler, codes: set[str], method: str) -> None:
    with pytest.raises(SentNoAnswer) as caught:
        call(handler, method=method)
    assert caught.value.code in codes


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
def test_a_kept_alive_connection_closed_between_two_requests_is_not_repeated(method: str) -> None:
    """The server reads the second request and closes: one attempt, counted as sent, for every method."""
    requests: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append((await read_request(reader))[0])
        writer.write(answer_bytes(b"{}"))
        await writer.drain()
        requests.append((await read_request(reader))[0])

    async def run() -> None:
        async with serving(handler) as url, HttpClient(url, vendor="test", timeouts=QUICK) as client:
            await client.request(method, "/first", operation="x")
            with pytest.raises(SentNoAnswer) as caught:
                await client.request(method, "/second", operation="x")
            assert caught.value.code in {"disconnected", "reset"}
            await asyncio.sleep(0.05)

    asyncio.run(run())
    assert len(requests) == 2


def test_a_connection_seen_to_be_closed_is_not_used_again() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes(b"{}"))

    async def run() -> int:
        async with serving(handler) as url, HttpClient(url, vendor="test", timeouts=QUICK) as client:
            await client.request("POST", "/first", operation="x")
            await asyncio.sleep(0.05)
            return (await client.request("POST", "/second", operation="x")).status

    assert asyncio.run(run()) == 200


def test_an_answer_above_the_limit_is_refused() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes(b"x" * 2000))

    async def run() -> None:
        async with serving(handler) as url, HttpClient(url, vendor="test", max_bytes=1000) as client:
            await client.request("GET", "/", operation="x")

    with pytest.raises(SentNoAnswer, match="too_large"):
        asyncio.run(run())


def test_redirects_are_answers_and_cookies_are_forgotten() -> None:
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            heads.append((await read_request(reader))[0])
            writer.write(
                b"HTTP/1.1 302 Found\r\nLocation: /y\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
            )

    async def run() -> list[int]:
        async with serving(handler) as url, HttpClient(url, vendor="test", timeouts=QUICK) as client:
            return [(await client.request("GET", "/x", operation="x")).status for _ in range(2)]

    assert asyncio.run(run()) == [302, 302]
    assert b"Cookie" not in heads[1]


def test_the_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes(b"{}"))

    assert call(handler).status == 200


def test_an_unreadable_body_counts_as_sent() -> None:
    with pytest.raises(SentNoAnswer, match="unreadable"):
        Answer(200, {}, b"<html>").json()


@pytest.mark.parametrize(
    "path", ["x", "//evil.example/x", "/a/../b", "https://evil.example/base/x", "http://v.example/other"]
)
def test_a_path_stays_below_the_base(path: str) -> None:
    with pytest.raises(ValueError, match=r"climb|belong"):
        HttpClient("http://v.example/base", vendor="test").url(path)


def test_a_next_page_below_the_base_is_followed() -> None:
    client = HttpClient("http://v.example/base", vendor="test")
    assert str(client.url("http://v.example/base/x?page=2")) == "http://v.example/base/x?page=2"
    assert str(client.url("/x/a%2Fb")) == "http://v.example/base/x/a%2Fb"


def test_an_address_in_the_query_of_a_path_is_part_of_the_path() -> None:
    client = HttpClient("https://v.example", vendor="test")
    assert str(client.url("/hook?to=https://w.example/")) == "https://v.example/hook?to=https://w.example/"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.168.1.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::a00:1", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::127.0.0.1",
        "2001:db8::1", "ff02::1", "fec0::1", "3fff::1", "192.0.0.8", "192.88.99.1", "2a00::5efe:7f00:1",
        "2a00::200:5efe:a00:1",
    ],
)  # fmt: skip
def test_an_inner_address_is_not_public(address: str) -> None:
    assert not guard.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_a_global_address_is_public(address: str) -> None:
    assert guard.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "https://example.com:444/", "https://10.0.0.1/", "https://[::1]/", "ftp://example.com/",
        "https://user:pass@example.com/", "https://127.0.0.1/", "not a url", "https:///x", "http://127.0.0.1:8080/",
        "https://2130706433/", "https://0177.0.0.1/", "https://127.1/", "https://0/", "https://127.0.0.1./",
        "https://①②⑦.⓪.⓪.①/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/",
        "https://[2606:4700:4700::1111%25eth0]/", "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/",
        "https://[64:ff9b::7f00:1]/", "https://[fd00:ec2::254]/", "https://example.com:22/", "https://8.8.8.8:6379/",
        "file:///etc/passwd", "gopher://example.com/", "https://example.com@127.0.0.1/", "//example.com/",
    ],
)  # fmt: skip
def test_the_form_of_a_users_url_is_checked(url: str) -> None:
    with pytest.raises(NotSent, match="address_refused"):
        guard.check_url(url)


@pytest.mark.parametrize("host", ["localhost", "0x7f.1", "0x7f000001", "2130706433", "127.1"])
def test_a_name_of_an_inner_address_is_not_called(host: str, settings: object) -> None:
    settings.DEMO = False  # type: ignore[attr-defined]

    async def run() -> None:
        async with guard.guarded_client(f"https://{host}/hook", vendor="test") as client:
            await client.request("POST", "/hook", operation="x", json={})

    with pytest.raises(NotSent, match="address_refused"):
        asyncio.run(run())


def test_one_inner_address_among_public_ones_refuses_the_name(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.DEMO = False  # type: ignore[attr-defined]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 443)) for host in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)

    async def run() -> None:
        async with guard.guarded_client("https://rebind.example/", vendor="test") as client:
            await client.request("GET", "/", operation="x")

    with pytest.raises(NotSent, match="address_refused"):
        asyncio.run(run())


def test_the_demo_switch_allows_loopback(settings: object) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes(json.dumps({"ok": True}).encode()))

    async def run() -> object:
        async with serving(handler) as url, guard.guarded_client(url, vendor="test") as client:
            return (await client.request("GET", "/", operation="x")).json()

    assert asyncio.run(run()) == {"ok": True}
    with pytest.raises(NotSent):
        guard.guarded_client("https://10.0.0.1/", vendor="test")


def test_tls_is_verified() -> None:
    """A certificate nobody vouches for ends the call before anything of the request is written."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(
            key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(encoding)
        )
        file.flush()
        server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_context.load_cert_chain(file.name)

    async def run() -> None:
        server = await asyncio.start_server(close_after_reading, "127.0.0.1", 0, ssl=server_context)
        port = server.sockets[0].getsockname()[1]
        try:
            async with HttpClient(f"https://localhost:{port}", vendor="test", timeouts=QUICK) as client:
                await client.request("POST", "/x", operation="x", json={})
        finally:
            server.close()

    with structlog.testing.capture_logs() as said, pytest.raises(NotSent, match="tls"):
        asyncio.run(run())
    assert [line for line in said if line["event"] == "http.call.refused"] == [
        {
            "event": "http.call.refused",
            "log_level": "warning",
            "vendor": "test",
            "operation": "x",
            "code": "tls",
        }
    ]


def test_no_call_speaks_an_old_tls() -> None:
    """The client's contexts are the standard library's: 1.2 at least, certificates and names checked."""
    made = ssl.create_default_context()
    assert made.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert aiohttp.connector._SSL_CONTEXT_VERIFIED.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_kept_connection_that_was_idle_for_longer_than_the_time_out_works() -> None:
    """A timer left over from the first answer would end the second call before its first byte (aiohttp 3.14.0)."""
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_request(reader)
            writer.write(answer_bytes(b"{}"))

    async def run() -> list[int]:
        async with serving(handler) as url, HttpClient(url, vendor="test", timeouts=QUICK) as client:
            first = await client.request("POST", "/x", operation="send", json={})
            await asyncio.sleep(QUICK.total * 1.5)
            second = await client.request("POST", "/x", operation="send", json={})
            return [first.status, second.status]

    assert asyncio.run(run()) == [200, 200]
    assert connections == 1
