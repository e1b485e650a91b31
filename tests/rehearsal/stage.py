"""The stage of the rehearsal: hosts, cables, a road that is slow and breaks, and what stands in front of each node.

    brume     (Caddy, SQLite)            ── road ── syndicat (nginx, PostgreSQL)
                                            │
    lisiere (SQLite) ── its gate (TLS in, an HTTP proxy out) ──┘

Every host is a network namespace. Nothing leads from one member to another but the road, which stands at the public
address of each; lisiere has no way out but its proxy. Caddy and nginx run with the files of deploy/. TLS is verified
everywhere, with an authority of the test.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.certificates import Authority
from tests.harness.machine import stop
from tests.rehearsal.members import (
    BRUME,
    HOUSE,
    LISIERE,
    PRIVATE_PORT,
    PUBLIC_PORT,
    SITES,
    SYNDICAT,
    Member,
    initialised,
)
from tests.rehearsal.network import Host, host, join
from tests.tools.what_is_missing import program

SEED = 20261126
HTTPS = 443
PROXY_PORT = 3128
CABLES = {BRUME.name: "10.83.1", SYNDICAT.name: "10.83.2", "gate": "10.83.3"}
"""The network of each cable to the road; the road has number 1 there."""
INNER = "10.83.4"
"""The network between lisiere and its gate."""
LARGE = "plan.bin"
LARGE_BYTES = 40_000_000
SMALL = tuple(f"points-{number}.csv" for number in range(7))
REVIEWED = "relu.csv"
"""Its offer is for a person to decide."""


@dataclass(eq=False)
class RoadHand:
    """The test's hand on the road."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def do(self, what: str, **more: int) -> dict[str, int]:
        """Tell the road what to do; return its counts."""
        self.writer.write(json.dumps({"do": what, **more}).encode() + b"\n")
        told: dict[str, int] = json.loads(await self.reader.readline())
        return told


@dataclass(eq=False)
class Stage:
    """Three members on a road."""

    brume: Member
    syndicat: Member
    lisiere: Member
    hand: RoadHand
    road: Host

    @property
    def members(self) -> tuple[Member, ...]:
        return self.brume, self.syndicat, self.lisiere

    @property
    def directions(self) -> list[tuple[Member, Member]]:
        """Every (consumer, provider)."""
        return [(one, other) for one in self.members for other in self.members if one is not other]

    def cable(self, member: Member, state: str) -> None:
        """Pull the cable of a member out of the road (`down`), or put it back (`up`)."""
        self.road.ip("link", "set", f"to-{member.site.name}", state)


@asynccontextmanager
async def staged(folder: Path, database_url: str) -> AsyncIterator[Stage]:
    """Yield a stage on which everybody runs, has published and knows the others."""
    authority = Authority(folder / "authority")
    async with AsyncExitStack() as stack:
        hosts = _hosts(stack)
        brume, syndicat, lisiere = await _members(hosts, folder, authority, database_url)
        for member in (brume, syndicat, lisiere):
            stack.push_async_callback(member.stop)
            _relays(stack, member.place, folder, [_door(member)])
        _caddy(stack, brume, authority)
        _nginx(stack, syndicat, authority)
        _gate(stack, hosts["gate"], folder, authority)
        control = folder / "control"
        roads = [
            {"listen": [site.address, HTTPS], "to": [_address_of(site.name), HTTPS], "is_far": True} for site in SITES
        ]
        _relays(stack, hosts["road"], folder, roads, control=str(control), seed=SEED)
        reader, writer = await asyncio.open_unix_connection(control)
        stack.callback(writer.close)
        stage = Stage(brume, syndicat, lisiere, RoadHand(reader, writer), hosts["road"])
        await _begin(stage)
        yield stage


async def _begin(stage: Stage) -> None:
    """Start the nodes, have them publish, and introduce everybody to everybody."""
    chance = random.Random(SEED)
    for member in stage.members:
        member.start()
    await asyncio.gather(*(member.ready() for member in stage.members))
    for member in stage.members:
        await member.publish(LARGE, chance.randbytes(LARGE_BYTES))
        for name in SMALL:
            await member.publish(name, chance.randbytes(5_000))
        await member.publish(REVIEWED, chance.randbytes(5_000), mode="manual")
    for one, other in stage.directions:
        await one.meet(other)


def _hosts(stack: AsyncExitStack) -> dict[str, Host]:
    """Make the hosts and lay the cables."""
    road_names = {site.host: site.address for site in SITES}
    hosts = {"road": stack.enter_context(host("road", {}))}
    for name in (BRUME.name, SYNDICAT.name, "gate"):
        hosts[name] = stack.enter_context(host(name, road_names))
    hosts[LISIERE.name] = stack.enter_context(host(LISIERE.name, {}))
    for site in SITES:
        hosts["road"].ip("address", "add", f"{site.address}/32", "dev", "lo")
    for name, network in CABLES.items():
        port = f"to-{LISIERE.name if name == 'gate' else name}"
        join(hosts["road"], hosts[name], port, f"{network}.1", f"{network}.2")
        hosts[name].ip("route", "add", "default", "via", f"{network}.1")
    join(hosts["gate"], hosts[LISIERE.name], f"to-{LISIERE.name}", f"{INNER}.1", f"{INNER}.2")
    return hosts


def _address_of(name: str) -> str:
    """Return the address at which the road finds a member's front."""
    return f"{CABLES['gate' if name == LISIERE.name else name]}.2"


async def _members(hosts: dict[str, Host], folder: Path, authority: Authority, database_url: str) -> list[Member]:
    proxy = f"http://{INNER}.1:{PROXY_PORT}"
    own: dict[str, dict[str, Any]] = {
        BRUME.name: {},
        SYNDICAT.name: {"database_url": database_url},
        LISIERE.name: {"public_host": f"{INNER}.2", "outgoing_proxy": proxy},
    }
    curl = ("--cacert", str(authority.file))
    return [
        await initialised(
            site,
            hosts[site.name],
            folder / site.name,
            (*curl, "--proxy", proxy) if site is LISIERE else curl,
            ca_file=str(authority.file),
            **own[site.name],
        )
        for site in SITES
    ]


def _door(member: Member) -> dict[str, Any]:
    return {"listen": str(member.folder / "door"), "to": ["127.0.0.1", PRIVATE_PORT]}


def _relays(stack: AsyncExitStack, place: Host, folder: Path, relays: list[dict[str, Any]], **more: Any) -> None:
    """Run relays on a host, and return once they listen."""
    said = json.dumps({"relays": relays, **more})
    log = folder / "relays.log"
    command = (sys.executable, "-m", "tests.rehearsal.relays", said)
    process = stack.enter_context(place.start(log, *command, cwd=HOUSE, stdout=subprocess.PIPE))
    stack.callback(stop, process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", log.read_text("utf-8")


def _gate(stack: AsyncExitStack, place: Host, folder: Path, authority: Authority) -> None:
    """Run what stands between lisiere and the road: TLS for who comes in, a proxy for what goes out."""
    certificate = [str(file) for file in authority.server_files(LISIERE.host)]
    listen = [f"{CABLES['gate']}.2", HTTPS]
    inward = {"listen": listen, "to": [f"{INNER}.2", PUBLIC_PORT], "certificate": certificate}
    _relays(stack, place, folder, [inward, {"listen": [f"{INNER}.1", PROXY_PORT]}])


def _caddy(stack: AsyncExitStack, member: Member, authority: Authority) -> None:
    """Put Caddy in front, with a certificate of one's own, as its file says."""
    text = (HOUSE / "deploy/caddy/Caddyfile").read_text("utf-8")
    certificate, key = authority.server_files(member.site.host)
    assert re.search(r"add: +tls \S+ \S+$", text, re.MULTILINE)
    text = text.replace(f"{BRUME.host} {{", f"{member.site.host} {{\n\ttls {certificate} {key}")
    file = member.folder / "Caddyfile"
    file.write_text(text, "utf-8")
    own = {"HOME": str(member.folder), "PATH": "/usr/bin:/bin"}
    command = (str(program("caddy")), "run", "--config", str(file), "--adapter", "caddyfile")
    stack.callback(stop, member.place.start(member.folder / "caddy.log", *command, env=own))


def _nginx(stack: AsyncExitStack, member: Member, authority: Authority) -> None:
    """Put nginx in front, with the file of deploy/."""
    text = (HOUSE / "deploy/nginx/pupitre.conf").read_text("utf-8")
    certificate, key = authority.server_files(member.site.host)
    text = text.replace(BRUME.host, member.site.host)
    text = text.replace("/etc/ssl/pupitre/fullchain.pem", str(certificate))
    text = text.replace("/etc/ssl/pupitre/privkey.pem", str(key))
    folder = member.folder / "nginx"
    folder.mkdir()
    (folder / "pupitre.conf").write_text(text, "utf-8")
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; user root; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; include {folder}/pupitre.conf; }}\n"
    )
    command = (str(program("nginx")), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"))
    stack.callback(stop, member.place.start(member.folder / "nginx.log", *command))
