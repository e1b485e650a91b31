"""Where a node connects: addresses that a peer chose, vetted (trust.md: request forgery, rebinding, TLS)."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from connector.peer.client import Call, Client
from connector.peer.errors import PeerAddressRefused, Unreachable
from connector.peer.guard import Guard
from connector.settings import Settings

PUBLIC = {"public_url": "https://node.example"}
LOOPBACK = {"public_url": "http://127.0.0.1:8282"}
LOCAL_ADDRESSES = [
    "127.0.0.1", "127.8.9.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]", "localhost", "LOCALHOST", "localhost.", "db.localhost",
]  # fmt: skip
PRIVATE_ADDRESSES = [
    "10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0", "255.255.255.255",
    "224.0.0.1", "240.0.0.1", "[::]", "[fe80::1]", "[fc00::1]", "[fd12::1]", "[ff02::1]", "[fec0::1]",
    "[::ffff:10.0.0.1]", "[64:ff9b::10.0.0.1]", "[2002:a00:1::]", "[4000::1]",
]  # fmt: skip
UNUSUAL_ADDRESSES = ["0", "2130706433", "127.1", "0177.0.0.1", "127.0.0.1.", "１２７.1"]


@pytest.mark.parametrize("host", LOCAL_ADDRESSES)
def test_loopback_is_refused_to_a_public_node(host: str) -> None:
    with pytest.raises(PeerAddressRefused) as refused:
        Guard(Settings(**PUBLIC)).check_url(f"https://{host}/")
    assert refused.value.setting == "public_url"


@pytest.mark.parametrize("host", PRIVATE_ADDRESSES)
def test_addresses_that_are_not_public_are_refused_with_the_setting_that_allows_them(host: str) -> None:
    with pytest.raises(PeerAddressRefused) as refused:
        Guard(Settings(**PUBLIC)).check_url(f"https://{host}/")
    assert refused.value.setting.startswith("allowed_networks")


@pytest.mark.parametrize("host", UNUSUAL_ADDRESSES)
@pytest.mark.parametrize("node", [PUBLIC, LOOPBACK])
def test_an_address_in_an_unusual_form_is_refused_to_every_node(host: str, node: dict[str, Any]) -> None:
    with pytest.raises(PeerAddressRefused):
        Guard(Settings(**node, allowed_networks=("0.0.0.0/0",))).check_url(f"https://{host}/")


@pytest.mark.parametrize("url", ["", "x", "ftp://a.example/", "https:///a", "https://a b/", "//a.example", "https://a:99999/",
                                 "file:///etc/passwd", "https://user:secret@a.example/", "https://a\\@b/"])  # fmt: skip
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(PeerAddressRefused):
        Guard(Settings(**LOOPBACK)).check_url(url)


def test_credentials_in_an_address_are_not_repeated_in_the_refusal() -> None:
    with pytest.raises(PeerAddressRefused) as refused:
        Guard(Settings(**PUBLIC)).check_url("https://user:secret@a.example/")
    assert "secret" not in str(refused.value)


def test_http_is_refused_to_a_public_node() -> None:
    with pytest.raises(PeerAddressRefused):
        Guard(Settings(**PUBLIC)).check_url("http://partner.example/")


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1111]", "partner.example", "[::ffff:8.8.8.8]"])
def test_public_addresses_are_allowed(host: str) -> None:
    assert Guard(Settings(**PUBLIC)).check_url(f"https://{host}/a").path == "/a"


def test_an_allowed_network_is_allowed_and_its_neighbour_is_not() -> None:
    guard = Guard(Settings(**PUBLIC, allowed_networks=("10.1.0.0/16",)))
    guard.check_address("10.1.2.3")
    guard.check_address("::ffff:10.1.2.3")
    with pytest.raises(PeerAddressRefused, match=r"10\.2\.0\.1/32"):
        guard.check_address("10.2.0.1")


def test_loopback_stays_refused_to_a_public_node_that_lists_it() -> None:
    with pytest.raises(PeerAddressRefused):
        Guard(Settings(**PUBLIC, allowed_networks=("127.0.0.0/8",))).check_address("127.0.0.1")


def test_a_port_outside_the_list_is_refused() -> None:
    guard = Guard(Settings(**PUBLIC, allowed_ports=(443, 8443)))
    guard.check_url("https://partner.example/")
    with pytest.raises(PeerAddressRefused, match="allowed_ports"):
        guard.check_url("https://partner.example:22/")


@pytest.mark.parametrize("found", [["127.0.0.1"], ["10.0.0.9"], ["8.8.8.8", "169.254.169.254"], ["::1"]])
def test_a_name_with_one_refused_address_is_refused(names: Any, calling: Any, found: list[str]) -> None:
    async def call() -> None:
        async with calling(names(**{"partner.example": found}), **PUBLIC) as transport:
            await Client(transport).get("https://partner.example/")

    with pytest.raises(PeerAddressRefused, match=r"partner\.example"):
        asyncio.run(call())


def test_each_vetted_address_is_tried_in_turn(names: Any, serving: Any, calling: Any) -> None:
    async def call() -> int:
        resolver = names(**{"partner.test": ["127.0.0.2", "127.0.0.3", "127.0.0.1"]})
        async with serving(web.get("/", _ok)) as port, calling(resolver, **LOOPBACK) as transport:
            answer = await Client(transport).get(f"http://partner.test:{port}/")
        assert resolver.asked == ["partner.test"]
        return int(answer.status)

    assert asyncio.run(call()) == 200


def test_the_connector_itself_refuses_an_address_that_nobody_vetted(serving: Any) -> None:
    async def call() -> None:
        connector = Guard(Settings(**PUBLIC)).connector()
        async with serving(web.get("/", _ok)) as port, aiohttp.ClientSession(connector=connector) as session:
            await session.get(f"http://127.0.0.1:{port}/")

    with pytest.raises(PeerAddressRefused):
        asyncio.run(call())


def test_a_proxy_gets_the_name_unresolved_and_literal_addresses_stay_vetted(
    names: Any, raw_server: Any, calling: Any
) -> None:
    async def proxy(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    async def call() -> bytes:
        resolver = names()
        async with raw_server(proxy) as port:
            node = {**LOOPBACK, "outgoing_proxy": f"http://127.0.0.1:{port}"}
            async with calling(resolver, **node) as transport:
                answer = await Client(transport).get("http://partner.example/")
                with pytest.raises(PeerAddressRefused):
                    await Client(transport).get("http://10.0.0.1/")
        assert resolver.asked == []
        return bytes(answer.body)

    assert asyncio.run(call()) == b"ok"


@pytest.mark.parametrize(
    ("host", "trusts", "works"), [("localhost", True, True), ("localhost", False, False), ("127.0.0.1", True, False)]
)
def test_tls_needs_a_trusted_authority_and_the_right_name(
    certificates: Any, serving: Any, calling: Any, host: str, trusts: bool, works: bool
) -> None:
    async def call() -> str:
        node = {**LOOPBACK, "ca_file": certificates.ca_file} if trusts else LOOPBACK
        async with serving(web.get("/", _ok), tls=certificates.context) as port, calling(**node) as transport:
            try:
                return str((await Client(transport).get(f"https://{host}:{port}/")).status)
            except Unreachable as error:
                return error.cause

    assert asyncio.run(call()) == ("200" if works else "tls")


def test_nothing_is_sent_to_a_refused_address(serving: Any, calling: Any) -> None:
    async def call() -> int:
        hits = []

        async def hit(request: web.Request) -> web.Response:
            hits.append(request)
            return web.Response()

        async with serving(web.post("/", hit)) as port, calling(**PUBLIC) as transport:
            for host in ("127.0.0.1", "localhost", "2130706433"):
                with pytest.raises(PeerAddressRefused):
                    await transport.send(
                        Call("POST", f"https://{host}:{port}/", {}, b"{}"), limit_bytes=100, timeout_s=2
                    )
        return len(hits)

    assert asyncio.run(call()) == 0


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="ok")
