"""The members of the rehearsal: each a node in a process of its own, on a host of its own, and its people at the API.

They reach its private listener by a Unix socket, the one thing that leads into the host beside the road.
"""

import asyncio
import hashlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt

from connector.app import ROOT, initialise
from connector.identity.did import AUTH
from connector.identity.keys import Keys
from connector.ids import new_id
from connector.sdk import ApiProblem, AsyncClient, NodeUnreachable
from connector.settings import load
from tests.harness.machine import stop
from tests.harness.people import CONFLICT, insist
from tests.rehearsal.network import Host

HOUSE = Path(__file__).parents[2]
PUBLIC_PORT, PRIVATE_PORT = 8282, 8281
READY_WITHIN_S = 120
TRIES = 20
"""How often curl tries: the road breaks."""


@dataclass(frozen=True)
class Site:
    """Where a member lives."""

    name: str
    host: str
    address: str
    """On the road, where partners find it."""

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    @property
    def did(self) -> str:
        return f"did:web:{self.host}"


BRUME = Site("brume", "donnees.brume.example", "10.83.0.101")
SYNDICAT = Site("syndicat", "donnees.syndicat.example", "10.83.0.102")
LISIERE = Site("lisiere", "donnees.lisiere.example", "10.83.0.103")
SITES = (BRUME, SYNDICAT, LISIERE)


@dataclass(eq=False)
class Member:
    """A node, and who uses it."""

    site: Site
    place: Host
    folder: Path
    client: AsyncClient
    curl: tuple[str, ...]
    """How curl reaches others from here."""
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def did(self) -> str:
        return self.site.did

    @property
    def log(self) -> Path:
        return self.folder / "node.log"

    def start(self) -> None:
        command = (sys.executable, "-m", "connector.cli", "--config", str(self.folder / "node.toml"), "serve")
        self.process = self.place.start(self.log, *command, cwd=HOUSE)

    async def ready(self) -> None:
        """Return once it answers. Raises AssertionError with its log when it ends instead."""
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                assert self.process is not None
                assert self.process.poll() is None, self.log.read_text("utf-8")[-4000:]
                try:
                    await self.client.show_status()
                except NodeUnreachable:
                    await asyncio.sleep(0.1)
                else:
                    return

    def kill(self) -> None:
        """Kill it by SIGKILL, as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    async def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
        await self.client.close()

    async def meet(self, other: "Member") -> None:
        """Know another member, by the invitation that it gives."""
        line = (await other.client.show_invitation())["line"]
        try:
            await insist(lambda: self.client.add_peer(invitation=line))
        except ApiProblem as problem:  # it was added, and only the answer was lost
            if problem.status != CONFLICT:
                raise

    async def publish(self, name: str, content: bytes, mode: str = "automatic") -> None:
        """Publish a file under a name, for everybody to use."""
        folder = self.folder / "data" / "published"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        dataset = self.dataset(name)
        await self.client.put_dataset(dataset, name, {"kind": "file", "path": name})
        await self.client.put_offer(f"{dataset}:offer", dataset, {"permission": [{"action": "use"}]}, mode)

    def dataset(self, name: str) -> str:
        return f"urn:{self.site.name}:{name}"

    def published_sha256(self, name: str) -> str:
        return _sha256(self.folder / "data" / "published" / name)

    def received(self, name: str) -> Path:
        return self.folder / "data" / "received" / ROOT / name

    def received_sha256(self, name: str) -> str:
        return _sha256(self.received(name))

    def read(self, url: str, *, to: Site | None = None, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of an address of the road, read from this host; asked again when it breaks.

        With `to` it is asked in this member's name, each time with a new token; with a body it is posted.
        """
        for _ in range(TRIES):
            header = [] if to is None else ["-H", f"Authorization: {self._token(to)}"]
            posted = [] if body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
            command = ["curl", "-sS", "--max-time", "60", *self.curl, *header, *posted, "-w", "\n%{http_code}", url]
            ran = self.place.run(*command)
            if ran.returncode == 0:
                text, _, status = ran.stdout.rpartition("\n")
                return int(status), json.loads(text)
        raise AssertionError(ran.stderr)

    def complaints(self) -> list[str]:
        """Return what the node logged as errors, and what it said that is no line of its log."""
        return [line for line in self.log.read_text("utf-8").splitlines() if _is_complaint(line)]

    def _token(self, to: Site) -> str:
        now = int(time.time())
        claims = {"iss": self.did, "sub": self.did, "aud": to.did, "jti": new_id(), "iat": now, "exp": now + 90}
        key = Keys(self.folder / "data").auth(ROOT).private
        return f"Bearer {jwt.encode(claims, key, 'ES256', headers={'kid': f'{self.did}#{AUTH}'})}"


async def initialised(site: Site, place: Host, folder: Path, curl: tuple[str, ...], **settings: Any) -> Member:
    """Make a node's folder, database and key; it does not run yet. Its door is the file `door` of its folder."""
    values = {
        "data_dir": str(folder / "data"),
        "public_url": site.url,
        "public_port": PUBLIC_PORT,
        "private_port": PRIVATE_PORT,
        "allowed_networks": ["10.83.0.0/24"],
        "log_format": "json",
        "log_level": "info",
        **settings,
    }
    folder.mkdir(parents=True)
    key = await initialise(load(environ={}, **values), name=site.name)
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in values.items() if value is not None)
    (folder / "node.toml").write_text("".join(lines), "utf-8")
    way = httpx.AsyncHTTPTransport(uds=str(folder / "door"))
    client = AsyncClient(f"http://127.0.0.1:{PRIVATE_PORT}", key, transport=way)
    return Member(site, place, folder, client, curl)


def _is_complaint(line: str) -> bool:
    try:
        return bool(json.loads(line)["level"] == "error")
    except ValueError:
        return True


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
