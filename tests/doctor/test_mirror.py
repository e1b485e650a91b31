"""The mirror answers a partner by its pinned key, about the partner's own documents alone; it helps nobody else."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from connector.app import ROOT, Node
from connector.clock import VirtualClock
from connector.identity.addresses import Addresses
from connector.identity.keys import Keys
from connector.identity.pinned import token_with_key
from connector.identity.scheme import Participant
from connector.peer.client import Answer, Call, Client
from connector.peer.errors import Unreachable
from connector.services.mirror import EVERY, LOOKS_AT_ONCE, Mirror, TooOften
from tests.harness import nodes


@dataclass
class Stage:
    """A node that knows a partner, and the partner's own node."""

    node: Node
    partner: Node
    session: aiohttp.ClientSession

    async def ask(
        self, authorization: str | None, *, owner: str = ROOT, body: bytes = b""
    ) -> tuple[int, dict[str, Any]]:
        url = f"{self.node.addresses.base(owner)}/pupitre/1/mirror"
        headers = {} if authorization is None else {"Authorization": authorization}
        async with self.session.post(url, headers=headers, data=body) as answer:
            return answer.status, json.loads(await answer.read())

    def token(self, *, audience: str | None = None, **changes: Any) -> str:
        """Return the partner's token; `header` and `claims` change it before it is signed, `key` signs."""
        addresses, keys = self.partner.addresses, self.partner.keys
        good = token_with_key(addresses, keys, self.node.clock, ROOT, audience or self.node.addresses.did(ROOT))
        token = good.removeprefix("Bearer ")
        header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
        key = changes.get("key", keys.auth(ROOT))
        header |= changes.get("header", {})
        return f"Bearer {jwt.encode(claims | changes.get('claims', {}), key.private, 'ES256', headers=header)}"


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    async with (
        nodes.running(folder / "node") as node,
        nodes.running(folder / "partner") as partner,
        aiohttp.ClientSession() as session,
    ):
        await nodes.acquaint(node, partner)
        yield Stage(node, partner, session)


def on_stage(folder: Path, play: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        async with stage(folder) as ready:
            await play(ready)

    asyncio.run(run())


def test_a_partner_hears_what_its_documents_look_like(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        status, said = await stage.ask(stage.token())
        assert status == 200
        base = stage.partner.addresses
        urls = {one["document"]: one["url"] for one in said["documents"]}
        assert urls == {"did-document": base.did_document(ROOT), "version-document": base.version_document(ROOT)}
        async with stage.session.get(urls["did-document"]) as answer:
            digest = hashlib.sha256(await answer.read()).hexdigest()
        assert said["documents"][0] | {"url": ""} == {
            "document": "did-document",
            "url": "",
            "seen": "seen",
            "status": 200,
            "sha256": digest,
        }
        assert "verificationMethod" not in json.dumps(said)

    on_stage(tmp_path, play)


def test_whoever_is_not_proven_by_a_pinned_key_is_refused_alike_and_nothing_is_fetched(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stranger = Keys(tmp_path / "stranger")
        stranger.create_auth(ROOT)
        elsewhere = Addresses("http://127.0.0.1:1", ROOT)
        unknown = token_with_key(elsewhere, stranger, stage.node.clock, ROOT, stage.node.addresses.did(ROOT))
        other = stranger.auth(ROOT)
        refused = {
            "no token": None,
            "a stranger": unknown,
            "another key than the pinned one": stage.token(key=other, header={"jwk": other.jwk}),
            "the pinned key, signed by another": stage.token(key=other),
            "no key inside": stage.token(header={"jwk": None}),
            "a private key inside": stage.token(header={"jwk": {**stage.partner.keys.auth(ROOT).jwk, "d": "x"}}),
            "for somebody else": stage.token(audience="did:web:autre.example"),
            "in another's name": stage.token(claims={"iss": "did:web:autre.example", "sub": "did:web:autre.example"}),
            "an ordinary token": await stage.partner.identity.token_for(ROOT, stage.node.addresses.did(ROOT)),
            "too old": stage.token(claims={"iat": 1, "exp": 90}),
        }
        fetched = _fetches(stage.node)
        answers = {name: await stage.ask(token) for name, token in refused.items()}
        assert {status for status, _ in answers.values()} == {401}
        assert len({said["title"]["en"] for name, (_, said) in answers.items() if "pinned one" not in name}) == 1
        assert fetched == []

    on_stage(tmp_path, play)


def test_a_token_is_good_once_and_a_partner_is_heard_once_in_a_while(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        token = stage.token()
        assert (await stage.ask(token))[0] == 200
        assert (await stage.ask(token))[0] == 401
        fetched = _fetches(stage.node)
        status, said = await stage.ask(stage.token())
        assert (status, said["code"], fetched) == (429, "too-often", [])

    on_stage(tmp_path, play)


def test_a_token_with_a_key_opens_nothing_else(tmp_path: Path) -> None:
    """Elsewhere the key inside is ignored: the DID is resolved, and what is signed by another key is refused."""

    async def play(stage: Stage) -> None:
        stranger = Keys(tmp_path / "stranger")
        other = stranger.create_auth(ROOT)
        forged = stage.token(key=other, header={"jwk": other.jwk})
        url = f"{stage.node.addresses.dsp_base(ROOT)}/catalog/request"
        async with stage.session.post(url, headers={"Authorization": forged}, data=b"{}") as answer:
            assert answer.status == 401

    on_stage(tmp_path, play)


def test_each_hosted_participant_hears_its_own_partners_only(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.node.hosts.add("commune", "Commune")
        token = stage.token(audience=stage.node.addresses.did("commune"))
        assert (await stage.ask(token, owner="commune"))[0] == 401
        await stage.node.introduce.add("commune", stage.partner.addresses.did(ROOT), by=nodes.BY)
        token = stage.token(audience=stage.node.addresses.did("commune"))
        assert (await stage.ask(token, owner="commune"))[0] == 200
        assert (await stage.ask(stage.token(), owner="nobody"))[0] == 404

    on_stage(tmp_path, play)


def test_what_a_caller_sends_along_is_not_looked_at(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        body = json.dumps({"url": "http://127.0.0.1:1/secret"}).encode()
        status, said = await stage.ask(stage.token(), body=body)
        assert status == 200
        assert "secret" not in json.dumps(said)

    on_stage(tmp_path, play)


class Halting:
    """A transport on which every call stands still until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.urls: list[str] = []

    async def send(self, call: Call, *, limit_bytes: int, timeout_s: float) -> Answer:
        self.urls.append(call.url)
        await self.go.wait()
        raise Unreachable("timeout")


def test_few_looks_are_under_way_at_a_time() -> None:
    async def play() -> None:
        halting, clock = Halting(), VirtualClock()
        mirror = Mirror(Client(halting), clock, plain_http=False)
        looks = [
            asyncio.create_task(mirror.look(ROOT, Participant(f"did:web:p{n}.example"))) for n in range(LOOKS_AT_ONCE)
        ]
        while len(halting.urls) < LOOKS_AT_ONCE:
            await asyncio.sleep(0)
        with pytest.raises(TooOften):
            await mirror.look(ROOT, Participant("did:web:another.example"))
        halting.go.set()
        for reflection in await asyncio.gather(*looks):
            assert {image.word for image in reflection.images.values()} == {"timeout"}
        clock.advance(EVERY)
        await mirror.look(ROOT, Participant("did:web:p0.example"))

    asyncio.run(play())


@pytest.mark.parametrize(
    ("did", "urls"),
    [
        (
            "did:web:a.example",
            ["https://a.example/.well-known/did.json", "https://a.example/.well-known/dspace-version"],
        ),
        (
            "did:web:a.example%3A8443:o:brume",
            ["https://a.example:8443/o/brume/did.json", "https://a.example:8443/o/brume/.well-known/dspace-version"],
        ),
    ],
)
def test_what_is_looked_at_follows_from_the_did_alone(did: str, urls: list[str]) -> None:
    mirror = Mirror(Client(Halting()), VirtualClock(), plain_http=False)
    assert list(mirror.documents(did).values()) == urls


def _fetches(node: Node) -> list[str]:
    """Return the list of what the node's mirror fetches from now on."""
    fetched: list[str] = []
    inner = node.mirror._client._transport

    class Watching:
        async def send(self, call: Call, *, limit_bytes: int, timeout_s: float) -> Answer:
            fetched.append(call.url)
            return await inner.send(call, limit_bytes=limit_bytes, timeout_s=timeout_s)

    node.mirror._client = Client(Watching())
    return fetched
