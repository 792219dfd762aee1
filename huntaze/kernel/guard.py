"""Calls to URLs that a user gave: only to public addresses, and to exactly the address that was checked.

A name is resolved once, every address it has must be public, and the connection goes to what was checked
(Host and SNI stay the name's), so a name that answers differently the second time gains nothing. https
only, ports 443 and 8443, no redirects, connect 5 s, 10 s in all, at most 1 MiB of answer.
"""

import ipaddress
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from django.conf import settings
from yarl import URL

from huntaze.kernel.http import AddressRefused, HttpClient, NotSent, Timeouts

PORTS = (443, 8443)
MAX_BYTES = 1024 * 1024
TIMEOUTS = Timeouts(connect=5, total=10)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Ranges that is_global lets through although they lead to, or embed, addresses that are not.
_REFUSED_NETS = [
    ipaddress.ip_network(net)
    for net in (
        "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32",
        "::ffff:0:0/96", "fec0::/10", "3fff::/20",
    )
]  # fmt: skip
#: Where the second half of an IPv6 address begins so, the rest of it is an IPv4 address (ISATAP).
_ISATAP = (bytes.fromhex("00005efe"), bytes.fromhex("02005efe"))


def is_public(text: str) -> bool:
    """Whether an address may be called: global unicast, and none that carries another address inside
    (IPv4-mapped, NAT64, 6to4, Teredo, ISATAP) or belongs to one house (carrier-grade NAT, IPv6 site-local). A zone
    id is refused."""
    if "%" in text:
        return False
    try:
        address: _Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if any(address.version == net.version and address in net for net in _REFUSED_NETS):
        return False
    if address.version == 6 and address.packed[8:12] in _ISATAP:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class _GuardedResolver(AbstractResolver):
    """Resolves with the system's resolver and refuses a name when any of its addresses is not allowed."""

    def __init__(self, loopback: bool) -> None:
        self._inner = ThreadedResolver()
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(
            is_public(result["host"]) or (self._loopback and _is_loopback(result["host"])) for result in found
        ):
            raise AddressRefused(host)
        return found

    async def close(self) -> None:
        await self._inner.close()


def check_url(url: str, *, loopback: bool = False) -> URL:
    """The URL when its form allows calling it. Raises NotSent("address_refused").

    A literal address never meets a resolver, so it is judged here. With the demo's switch a loopback
    address may also be plain http and on any port.
    """
    try:
        target = URL(url)
        host, port = target.host or "", target.port
    except ValueError as error:
        raise NotSent("address_refused") from error
    if loopback and _is_loopback(host):
        well_formed = target.scheme in ("http", "https")
    else:
        well_formed = target.scheme == "https" and port in PORTS
        well_formed = well_formed and (not _is_literal(host) or is_public(host))
    if not well_formed or not host or target.user or target.password:
        raise NotSent("address_refused")
    return target


def _is_literal(host: str) -> bool:
    """Whether the client takes it for an address and asks no resolver: anything of digits and dots, also what only
    the system's resolver reads as one (`2130706433`, `0177.0.0.1`, `127.0.0.1.`)."""
    return ":" in host or host.replace(".", "").isdigit()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def guarded_client(url: str, *, vendor: str, headers: dict[str, str] | None = None) -> HttpClient:
    """A client whose base is the origin of a URL that a user gave.

    Enter it and request the URL's path. Loopback is allowed only by `settings.DEMO`, which refuses to
    start in production. Raises NotSent("address_refused").
    """
    loopback = bool(settings.DEMO)
    target = check_url(url, loopback=loopback)
    return _GuardedClient(str(target.origin()), vendor=vendor, headers=headers, loopback=loopback)


class _GuardedClient(HttpClient):
    def __init__(self, origin: str, *, vendor: str, headers: dict[str, str] | None, loopback: bool) -> None:
        super().__init__(origin, vendor=vendor, headers=headers, timeouts=TIMEOUTS, max_bytes=MAX_BYTES)
        self._loopback = loopback

    def _make_connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            resolver=_GuardedResolver(self._loopback), use_dns_cache=False, force_close=True, limit=10
        )
