"""What people of the rehearsal do and see, always through the API of their own node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.harness.people import insist
from tests.rehearsal.members import Member
from tests.rehearsal.stage import RoadHand

WITHIN_S = 180
HELD_AFTER_BYTES = 3_000_000


async def until(look: Callable[[], Awaitable[Any]], is_so: Callable[[Any], object]) -> Any:
    """Return what `look` returns once it is so."""
    seen = None
    try:
        async with asyncio.timeout(WITHIN_S):
            while not is_so(seen := await insist(look)):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"still: {seen}") from None
    return seen


def stands(*states: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return what sees that a process stands in one of these states, with nothing on its way."""
    return lambda seen: seen["state"] in states and seen["pending"] is None


# Negotiations


async def offer_of(consumer: Member, provider: Member, name: str) -> Any:
    """Return the first offer of a dataset, as the provider's catalogue shows it."""
    dataset = provider.dataset(name)
    shown = await insist(lambda: consumer.client.show_catalogue_dataset(provider.did, dataset))
    return shown["offers"][0]


async def ask(consumer: Member, provider: Member, name: str, offer: Any = None) -> str:
    """Request an offer of a dataset; return the consumer's pid."""
    wanted = offer or await offer_of(consumer, provider, name)
    asked = await consumer.client.request_access(provider.did, provider.dataset(name), offer=wanted)
    return asked["pid"]


async def negotiated(member: Member, pid: str, *states: str) -> Any:
    """Return a negotiation once it stands in one of these states."""
    return await until(lambda: member.client.show_negotiation(pid), stands(*states))


async def agree(consumer: Member, provider: Member, name: str) -> str:
    """Negotiate a dataset to the end; return the agreement."""
    seen = await negotiated(consumer, await ask(consumer, provider, name), "FINALIZED")
    await negotiated(provider, seen["peer_pid"], "FINALIZED")
    return str(seen["agreement"])


# Transfers


@dataclass(frozen=True)
class Delivery:
    """A transfer, seen from both sides, and the file into which it goes."""

    consumer: Member
    provider: Member
    pid: str
    name: str
    """Of the published file."""
    into: str

    def side(self, name: str) -> Member:
        return self.consumer if name == "consumer" else self.provider

    async def show(self) -> Any:
        return await self.consumer.client.show_transfer(self.pid)

    async def pid_of(self, side: str) -> str:
        """Return the pid by which a side knows it."""
        if side == "consumer":
            return self.pid
        return str((await until(self.show, lambda seen: seen["peer_pid"]))["peer_pid"])

    async def on_both(self, *states: str) -> None:
        """Return once both sides stand in one of these states."""
        await until(self.show, stands(*states))
        pid = await self.pid_of("provider")
        await until(lambda: self.provider.client.show_transfer(pid), stands(*states))

    async def fetched(self, status: str) -> Any:
        """Return the reception once it has this status."""

        async def look() -> Any:
            return (await self.show())["fetch"]

        return await until(look, lambda seen: seen is not None and seen["status"] == status)

    async def is_received(self) -> None:
        """Return once the bytes are there, after comparing them with those published."""
        told = await self.fetched("done")
        published = self.provider.published_sha256(self.name)
        assert (told["sha256"], self.consumer.received_sha256(self.into)) == (published, published)

    async def do(self, verb: str, side: str, **said: str) -> None:
        """Have a side suspend, resume, complete or terminate it, once nothing else of it is on its way there."""
        pid, client = await self.pid_of(side), self.side(side).client
        await until(lambda: client.show_transfer(pid), lambda seen: seen["pending"] is None)
        await insist(lambda: getattr(client, f"{verb}_transfer")(pid, **said))


async def deliver(
    consumer: Member, provider: Member, name: str, into: str, *, push: bool = False, agreement: str | None = None
) -> Delivery:
    """Have a published file come into a file of the consumer."""
    agreed = agreement or await agree(consumer, provider, name)
    if push:
        pid = (await consumer.client.request_transfer(agreed, push=True, path=into))["pid"]
    else:
        pid = (await consumer.client.request_transfer(agreed))["pid"]
        await consumer.client.fetch_transfer(pid, into)
    return Delivery(consumer, provider, pid, name, into)


@asynccontextmanager
async def held_up(hand: RoadHand) -> AsyncIterator[None]:
    """Hold up what is large on the road, and let it go on afterwards if nobody has."""
    await hand.do("hold", after_bytes=HELD_AFTER_BYTES)
    try:
        yield
    finally:
        await hand.do("release")


async def is_held(hand: RoadHand) -> None:
    """Return once something large stands still on the road."""
    await until(lambda: hand.do("tell"), lambda told: told["held"])


async def nothing_large_passes(hand: RoadHand) -> None:
    """Return once nothing large is on the road any more."""
    await until(lambda: hand.do("tell"), lambda told: not told["large"])
