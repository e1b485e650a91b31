"""The road between the hosts, and the small doors of each: TCP relays, one program inside one namespace.

    python -m tests.rehearsal.relays '{"relays": […], "control": …, "seed": …}'

A relay leads from where it listens (an address, or a file as Unix socket) to one address, or, as an outgoing proxy, to
whatever its caller names by CONNECT. It may end TLS. On a `far` one everything is 40 ms late in each direction, and one
connection in fifty is reset at a random point: the kernel of a test machine need not know how to do that.

Whoever writes to `control` holds up what is large, cuts it, lets it go on, and reads what was counted. The program says
`ready` once all listen.
"""

import asyncio
import json
import math
import random
import socket
import ssl
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

DELAY_S = 0.04
ONE_IN = 50
EARLY_BYTES = 20_000
"""A connection that breaks does so before this many bytes, most often early: in the handshake, a request, an answer."""
LARGE_BYTES = 1_000_000
CHUNK_BYTES = 64 << 10
CHUNKS_ON_THE_WAY = 64
KERNEL_BYTES = 256 << 10
REACH_WITHIN_S = 10.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Broken(Exception):
    """The road broke this connection."""


class Road:
    """What the relays of one program have in common: chance, counts, and the hand that holds up what is large."""

    def __init__(self, seed: int) -> None:
        self.passing: set[Passage] = set()
        self.held: set[Passage] = set()
        self.connections = 0
        self.broken = 0
        self.passed_bytes = 0
        self._chance = random.Random(seed)
        self._next = self._chance.randrange(ONE_IN)
        self._hold_after: float = math.inf
        self._go = asyncio.Event()

    def breaking_point(self) -> float:
        """Return after how many bytes the next connection breaks: for forty-nine in fifty, never.

        One that ends before its point leaves its turn to the next.
        """
        number, self.connections = self.connections, self.connections + 1
        return EARLY_BYTES ** self._chance.random() if number >= self._next else math.inf

    async def passes(self, passage: "Passage", way: int, size_bytes: int) -> None:
        """Count a chunk; hold it up, or raise Broken."""
        self.passed_bytes += size_bytes
        passage.passed_bytes += size_bytes
        passage.carried_bytes[way] += size_bytes
        if passage.passed_bytes >= passage.breaking_point:
            self.broken += 1
            self._next = ONE_IN * self.broken + self._chance.randrange(ONE_IN)
            raise Broken
        if passage.carried_bytes[way] >= self._hold_after:
            self.held.add(passage)
            try:
                await self._go.wait()
            finally:
                self.held.discard(passage)

    def obey(self, command: dict[str, Any]) -> dict[str, int]:
        """Do what is said, and tell what was counted."""
        match command["do"]:
            case "hold":
                self._hold_after = command["after_bytes"]
                self._go.clear()
                for passage in self.passing:  # a connection that is kept may have carried much before
                    passage.carried_bytes = [0, 0]
            case "cut" | "release":
                self._hold_after = math.inf
                for passage in list(self.held) if command["do"] == "cut" else ():
                    passage.cut()
                self._go.set()
        return {
            "connections": self.connections,
            "broken": self.broken,
            "passed_bytes": self.passed_bytes,
            "held": len(self.held),
            "large": sum(one.passed_bytes >= LARGE_BYTES for one in self.passing),
        }


class Passage:
    """One connection, carried from end to end in both directions until both have ended, or one has broken."""

    def __init__(self, road: Road, delay_s: float, breaking_point: float) -> None:
        self.breaking_point = breaking_point
        self.passed_bytes = 0
        self.carried_bytes = [0, 0]
        """There and back, since the road began to hold up what is large."""
        self._road = road
        self._delay_s = delay_s
        self._task = asyncio.current_task()

    def cut(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def carry(self, near: Ends, far: Ends) -> None:
        is_whole = False
        self._road.passing.add(self)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._one_way(0, near[0], far[1]))
                group.create_task(self._one_way(1, far[0], near[1]))
            is_whole = True
        except* (OSError, Broken):
            pass
        finally:
            self._road.passing.discard(self)
            for _, writer in (near, far):
                if not is_whole:
                    reset(writer)
                writer.close()

    async def _one_way(self, way: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS_ON_THE_WAY)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take(way, reader, chunks))
            group.create_task(_give(writer, chunks))

    async def _take(self, way: int, reader: asyncio.StreamReader, chunks: "asyncio.Queue[tuple[float, bytes]]") -> None:
        now = asyncio.get_running_loop().time
        while True:
            chunk = await reader.read(CHUNK_BYTES)
            await self._road.passes(self, way, len(chunk))
            await chunks.put((now() + self._delay_s, chunk))
            if not chunk:
                return


async def _give(writer: asyncio.StreamWriter, chunks: "asyncio.Queue[tuple[float, bytes]]") -> None:
    """Write each chunk when it has travelled long enough, and the end after the last."""
    while True:
        due, chunk = await chunks.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if not chunk:
            break
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()


@dataclass(frozen=True, kw_only=True)
class Relay:
    """Where it listens, and whither it leads."""

    listen: tuple[str, int] | str
    to: tuple[str, int] | None = None
    """None: whatever the caller names by CONNECT."""
    certificate: tuple[str, str] | None = None
    """Files of the certificate and its key: TLS ends here."""
    is_far: bool = False

    async def open(self, road: Road) -> asyncio.Server:
        accept = partial(self._accept, road)
        if isinstance(self.listen, str):
            return await asyncio.start_unix_server(accept, self.listen)
        context = None
        if self.certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self.certificate)
        return await asyncio.start_server(accept, *self.listen, ssl=context, backlog=512)

    async def _accept(self, road: Road, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passage = Passage(road, DELAY_S if self.is_far else 0.0, road.breaking_point() if self.is_far else math.inf)
        try:
            async with asyncio.timeout(REACH_WITHIN_S):
                host, port = self.to or await _named(reader)
                far = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            reset(writer)
            return
        if self.to is None:
            writer.write(_ESTABLISHED)
        if self.is_far:  # a road keeps little
            for end in (writer, far[1]):
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
        await passage.carry((reader, writer), far)


async def _named(reader: asyncio.StreamReader) -> tuple[str, int]:
    """Return what a caller of an outgoing proxy wants to reach. Raises ValueError for anything but CONNECT."""
    method, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split(" ", 2)
    host, _, port = target.rpartition(":")
    if method != "CONNECT":
        raise ValueError(method)
    return host, int(port)


def reset(writer: asyncio.StreamWriter) -> None:
    """Reset a connection: what waits in buffers never leaves."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


async def _control(road: Road, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async for line in reader:
        writer.write(json.dumps(road.obey(json.loads(line))).encode() + b"\n")
        await writer.drain()
    writer.close()


async def main(said: dict[str, Any]) -> None:
    road = Road(said.get("seed", 0))
    servers = [await Relay(**relay).open(road) for relay in said["relays"]]
    if "control" in said:
        servers.append(await asyncio.start_unix_server(partial(_control, road), said["control"]))
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
