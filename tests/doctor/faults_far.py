"""Faults between nodes, each made for real: our public address, partners, clocks, proxies, and what a partner sees."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from connector.app import ROOT, Node
from connector.identity.addresses import Addresses
from connector.identity.did import own_document
from connector.identity.keys import Keys
from connector.store import peers
from connector.store.peers import Peer
from tests.doctor.scene import Names, Scene
from tests.harness.certificates import DAY
from tests.harness.nodes import BY
from tests.tools.ports import free_port

Fault = Callable[[Scene], Awaitable[None]]
FAULTS: dict[str, Fault] = {}
HOST = "loin.example"


def fault(code: str) -> Callable[[Fault], Fault]:
    """Name the diagnosis that the fault must lead to."""

    def named(make: Fault) -> Fault:
        FAULTS[code] = make
        return make

    return named


# --- our own public address


async def with_certificate(scene: Scene, host: str = "localhost", **validity: timedelta) -> None:
    """Have a TLS server at the public address, `https://localhost:…`, with a certificate of an authority we trust."""
    authority = scene.authority()
    port = await scene.server(nothing_here, tls=authority.context(host, **validity))
    await scene.prepare(public_url=f"https://localhost:{port}", ca_file=str(authority.file))


async def nothing_here(request: web.Request) -> web.Response:
    return web.Response(status=404)


@fault("public-dns")
async def _(scene: Scene) -> None:
    await scene.prepare(public_url="https://donnees.nulle-part.invalid")


@fault("public-unreached")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.serve()  # on its port; nothing leads from the public address to it


@fault("certificate-expired")
async def _(scene: Scene) -> None:
    await with_certificate(scene, begins=-30 * DAY, ends=-DAY)


@fault("certificate-not-yet-valid")
async def _(scene: Scene) -> None:
    await with_certificate(scene, begins=DAY, ends=30 * DAY)


@fault("certificate-expires-soon")
async def _(scene: Scene) -> None:
    await with_certificate(scene, ends=3 * DAY)


@fault("certificate-name")
async def _(scene: Scene) -> None:
    await with_certificate(scene, "autre.example")


@fault("certificate-chain")
async def _(scene: Scene) -> None:
    port = await scene.server(nothing_here, tls=scene.authority().context("localhost"))
    await scene.prepare(public_url=f"https://localhost:{port}")


@fault("certificate-self-signed")
async def _(scene: Scene) -> None:
    port = await scene.server(nothing_here, tls=scene.authority().self_signed("localhost"))
    await scene.prepare(public_url=f"https://localhost:{port}")


@fault("public-tls")
async def _(scene: Scene) -> None:
    port = await scene.server(nothing_here)
    await scene.prepare(public_url=f"https://localhost:{port}")


@fault("public-path")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.serve()
    await scene.front(scene.settings["public_port"], path=lambda path: None if path.startswith("/dsp/") else path)


@fault("did-wrong")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.serve()
    other = await scene.partner()
    await scene.front(other.settings.public_port)


@fault("did-other-key")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.serve()
    await scene.front(scene.settings["public_port"])
    (scene.data / "keys" / ROOT / "auth.pem").unlink()
    Keys(scene.data).create_auth(ROOT)


@fault("did-changed")
async def _(scene: Scene) -> None:
    await scene.prepare()
    scene.write(public_url="http://127.0.0.1:1")


# --- partners


async def partner_at(scene: Scene, host: str, document_of: Callable[[str, Keys], bytes], **options: object) -> None:
    """Have a partner on a server of its own, whose DID document is made by a function; its key is pinned."""
    keys = Keys(scene.folder / "loin")
    keys.create_auth(ROOT)
    offset = options.pop("clock", timedelta(0))
    assert isinstance(offset, timedelta)

    async def answer(request: web.Request) -> web.Response:
        if not request.path.endswith("did.json"):
            return web.Response(status=404)
        headers = {"Date": format_datetime(datetime.now(UTC) + offset, usegmt=True)}
        return web.Response(body=document_of(did, keys), content_type="application/json", headers=headers)

    port = await scene.server(answer, **options)
    did = f"did:web:{host}%3A{port}"
    scene.resolver = Names(HOST)
    await scene.prepare()
    await scene.know(did, keys.auth(ROOT).thumbprint)


def good_document(did: str, keys: Keys) -> bytes:
    base = f"http://{did.removeprefix('did:web:').replace('%3A', ':')}"
    return json.dumps({**own_document(Addresses(base, ROOT), ROOT, keys.auth(ROOT)), "id": did}).encode()


@fault("partner-dns")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.know("did:web:nulle-part.invalid")


@fault("partner-unreachable")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.know(f"did:web:127.0.0.1%3A{free_port()}")


@fault("partner-address-refused")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.know("did:web:10.1.2.3")


@fault("partner-certificate-unknown")
async def _(scene: Scene) -> None:
    await partner_at(scene, HOST, good_document, tls=scene.authority().context(HOST))


@fault("partner-certificate-expired")
async def _(scene: Scene) -> None:
    authority = scene.authority()
    await partner_at(scene, HOST, good_document, tls=authority.context(HOST, begins=-9 * DAY, ends=-DAY))
    scene.write(ca_file=str(authority.file))


@fault("partner-certificate-name")
async def _(scene: Scene) -> None:
    authority = scene.authority()
    await partner_at(scene, HOST, good_document, tls=authority.context("autre.example"))
    scene.write(ca_file=str(authority.file))


@fault("partner-tls")
async def _(scene: Scene) -> None:
    await partner_at(scene, HOST, good_document)


@fault("partner-did-unresolved")
async def _(scene: Scene) -> None:
    await partner_at(scene, "127.0.0.1", lambda did, keys: b'{"id":"did:web:autre.example"}')


@fault("partner-keys-changed")
async def _(scene: Scene) -> None:
    def with_another_key(did: str, keys: Keys) -> bytes:
        another = Keys(scene.folder / "autre")
        another.create_auth(ROOT)
        return good_document(did, another)

    await partner_at(scene, "127.0.0.1", with_another_key)


@fault("partner-not-recorded")
async def _(scene: Scene) -> None:
    await scene.prepare()
    scene.peer = "did:web:inconnu.example"


# --- proxies and clocks


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a proxy that knows every name: CONNECT leads to the same port of this machine."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    port = int(head.split()[1].rpartition(":")[2])
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@fault("proxy-needed")
async def _(scene: Scene) -> None:
    authority = scene.authority()
    await partner_at(scene, "interne.example", good_document, tls=authority.context("interne.example"))
    scene.write(ca_file=str(authority.file))
    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    await scene.stack.enter_async_context(proxy)
    scene.environ = {"https_proxy": f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"}


@fault("proxy-failed")
async def _(scene: Scene) -> None:
    authority = scene.authority()
    await partner_at(scene, HOST, good_document, tls=authority.context(HOST))
    scene.write(ca_file=str(authority.file), outgoing_proxy=f"http://127.0.0.1:{free_port()}")


@fault("clock-wrong")
async def _(scene: Scene) -> None:
    await partner_at(scene, "127.0.0.1", good_document, clock=timedelta(minutes=7))


@fault("clock-drifting")
async def _(scene: Scene) -> None:
    await partner_at(scene, "127.0.0.1", good_document, clock=timedelta(seconds=-15))


# --- what a partner sees


async def acquainted(scene: Scene, **partner: object) -> Node:
    """Have a node of ours, which knows a partner's node and is known to it by its key; return the partner's."""
    await scene.prepare()
    node = await scene.serve()
    other = await scene.partner(**partner)
    await node.introduce.add(ROOT, other.addresses.did(ROOT), by=BY)
    known = Peer(owner=ROOT, did=node.addresses.did(ROOT), name="", url="", pinned=[node.keys.auth(ROOT).thumbprint])
    await other.store.write(lambda tx: peers.put(tx, known))
    return other


@fault("mirror-unreached")
async def _(scene: Scene) -> None:
    port = free_port()
    await acquainted(scene, public_port=port, allowed_ports=(port,))
    await scene.front(scene.settings["public_port"])


@fault("mirror-other-document")
async def _(scene: Scene) -> None:
    await acquainted(scene)

    def stale(request: web.Request, body: bytes) -> bytes:
        """What a cache in front of partners would say."""
        return body.replace(b"CatalogService", b"CatalogueService") if _is_partner(request) else body

    await scene.front(scene.settings["public_port"], body=stale)


def _is_partner(request: web.Request) -> bool:
    return request.headers["User-Agent"] == "pupitre"
