"""Where this node may connect: every address that a peer chose passes here first.

A peer names hosts in its DID, its callback addresses and its data addresses; without a check it could make us call our
own services or those of our network. So a host is resolved once, every address that the name gives is vetted, and the
connection goes to the vetted addresses themselves, each tried in turn: a name that changes between check and use gains
nothing. One refused address refuses the whole name, since an honest name does not mix public and private ones.

1. The scheme is https; http only while our own `public_url` is loopback.
2. The port is in `allowed_ports`, when that is set.
3. A literal address is written in its one canonical form; `0177.1`, `2130706433` and `0` are refused unread.
4. An address that carries an IPv4 address inside (mapped, 6to4, Teredo, NAT64) is judged by both.
5. Loopback only while our own `public_url` is loopback; any other address is global unicast, or in `allowed_networks`.
6. The socket is opened by us, and vets the address once more: whatever path led there.

With `outgoing_proxy` the proxy resolves names and connects: rules 1 to 3 hold, and 4 and 5 for literal addresses only.
TLS is always verified, with the system's authorities and those of `ca_file`. No redirect is followed and nothing is
read from the environment; that is client.py and stream.py, the only users of the connector made here.
"""

import ipaddress
import re
import socket
import ssl
from functools import lru_cache
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from connector.peer.errors import PeerAddressRefused
from connector.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.%]+")
"""A host name after IDNA, or an address as a URL holds it without brackets."""

IDLE_CONNECTION_S = 4.0
"""Shorter than the keep-alive of common servers (5 s and more): a pooled connection is rarely cut under a message."""

CONNECTIONS_PER_HOST = 128
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")

_WHY = {
    "url": {"fr": "ce n’est pas une adresse http(s) valable", "en": "this is not a valid http(s) address"},
    "scheme": {"fr": "seul https est permis", "en": "only https is allowed"},
    "port": {"fr": "ce port n’est pas permis", "en": "this port is not allowed"},
    "literal": {"fr": "adresse IP écrite de façon inhabituelle", "en": "an IP address in an unusual form"},
    "loopback": {"fr": "adresse de la machine elle-même", "en": "an address of the machine itself"},
    "network": {"fr": "cette adresse n’est pas publique", "en": "this address is not public"},
}

Resolver = AbstractResolver
"""Something that finds the addresses of a name, for who has to name one without an HTTP client."""


class Guard:
    """Vets addresses by the settings of one node, and makes the connector that obeys it."""

    def __init__(self, settings: Settings, resolver: AbstractResolver | None = None) -> None:
        self._settings = settings
        self._inner = resolver
        self._check_origin = lru_cache(maxsize=4096)(self._vet_origin)

    @property
    def proxy(self) -> str | None:
        """The proxy through which every call goes, if there is one."""
        return self._settings.outgoing_proxy

    def check_url(self, url: str) -> URL:
        """Return the parsed URL. Raises PeerAddressRefused when rules 1 to 5 refuse what it says by itself."""
        try:
            parsed = URL(url)
            origin = (parsed.scheme, parsed.raw_host, parsed.port)
        except ValueError:
            raise PeerAddressRefused(url, why=_WHY["url"]) from None
        if parsed.raw_user is not None or parsed.raw_password is not None:
            raise PeerAddressRefused(str(parsed.with_user(None)), why=_WHY["url"])
        self._check_origin(*origin)
        return parsed

    def check_address(self, text: str, host: str = "") -> None:
        """Raise PeerAddressRefused unless the node may connect to this IP address (rules 3 to 5)."""
        shown = text if host in ("", text) else f"{host} ({text})"
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise PeerAddressRefused(shown, why=_WHY["literal"]) from None
        for each in _with_embedded(address):
            self._vet(each, shown)

    def connector(self) -> aiohttp.TCPConnector:
        """Return a new connection pool that connects to vetted addresses only; needs the running loop."""
        common: dict[str, Any] = {
            "ssl": self._tls(),
            "keepalive_timeout": IDLE_CONNECTION_S,
            "limit": 0,
            "limit_per_host": CONNECTIONS_PER_HOST,
        }
        if self.proxy is not None:
            return aiohttp.TCPConnector(**common)
        resolver = VettedResolver(self, self._inner or aiohttp.ThreadedResolver())
        return aiohttp.TCPConnector(resolver=resolver, socket_factory=self._open_socket, **common)

    def _vet_origin(self, scheme: str, host: str | None, port: int | None) -> None:
        if scheme not in ("http", "https") or host is None or port is None or not HOST.fullmatch(host):
            raise PeerAddressRefused(f"{scheme}://{host or ''}", why=_WHY["url"])
        origin = f"{scheme}://{host}:{port}"
        if scheme == "http" and not self._settings.is_loopback:
            raise PeerAddressRefused(origin, "public_url", why=_WHY["scheme"])
        if self._settings.allowed_ports and port not in self._settings.allowed_ports:
            raise PeerAddressRefused(origin, f"allowed_ports += {port}", why=_WHY["port"])
        if _looks_numeric(host):
            self.check_address(host)
        elif _is_local_name(host) and not self._settings.is_loopback:
            raise PeerAddressRefused(host, "public_url", why=_WHY["loopback"])

    def _vet(self, address: Address, shown: str) -> None:
        if address.is_loopback:
            if not self._settings.is_loopback:
                raise PeerAddressRefused(shown, "public_url", why=_WHY["loopback"])
        elif not _is_global_unicast(address) and not self._is_allowed(address):
            setting = f'allowed_networks += "{ipaddress.ip_network(int_address(address))}"'
            raise PeerAddressRefused(shown, setting, why=_WHY["network"])

    def _is_allowed(self, address: Address) -> bool:
        return any(address in network for network in self._settings.allowed_networks)

    def _open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, target = info
        self.check_address(target[0])
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._settings.ca_file is not None:
            context.load_verify_locations(self._settings.ca_file)
        return context


class VettedResolver(AbstractResolver):
    """Resolves a name and refuses it when one of its addresses is refused."""

    def __init__(self, guard: Guard, inner: AbstractResolver) -> None:
        self._guard = guard
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for one in found:
            self._guard.check_address(one["host"], host)
        return found

    async def close(self) -> None:
        await self._inner.close()


def int_address(address: Address) -> Address:
    """Return the address without an IPv6 zone, which no network can have."""
    return type(address)(int(address))


def _with_embedded(address: Address) -> list[Address]:
    """Return the addresses to judge: an IPv4-mapped one stands for its IPv4, a tunnel's end is judged beside it."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    inner: list[Address] = [address.sixtofour] if address.sixtofour is not None else []
    inner.extend(address.teredo or ())
    if address in NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address, *inner]


def _is_global_unicast(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return isinstance(address, ipaddress.IPv4Address) or address in GLOBAL_V6


def _looks_numeric(host: str) -> bool:
    """True for what a socket would read as an address without asking a name server."""
    return ":" in host or host.replace(".", "").isdigit()


def _is_local_name(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")
