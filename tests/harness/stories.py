"""The stories that a kill interrupts: one for each message of both processes, and what must stand in the end.

A story leads two nodes to the instant before its message is sent, then has it sent. It knows which messages are its
own, so that a proxy can stop the right one among many.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from tests.harness.people import introduce
from tests.harness.processes import Served
from tests.harness.proxy import JsonObject, kind_of

USE: JsonObject = {"permission": [{"action": "use"}]}
AGREED = [("consumer", n.REQUEST), ("provider", n.AGREEMENT), ("consumer", n.VERIFICATION), ("provider", n.FINALIZE)]
STARTED = [("consumer", t.REQUEST), ("provider", t.START)]
Transcript = list[tuple[str, str]]

_VERBS = {
    "accept": ("consumer", "accept_negotiation"),
    "terminate": ("consumer", "terminate_negotiation"),
    "refuse": ("provider", "refuse_negotiation"),
    "suspend": ("provider", "suspend_transfer"),
    "resume": ("provider", "resume_transfer"),
    "complete": ("consumer", "complete_transfer"),
    "terminate-transfer": ("consumer", "terminate_transfer"),
}
"""What a person does, and on which side, to have a story's message sent."""


@dataclass(eq=False)
class Pair:
    """A consumer and a provider that know each other."""

    consumer: Served
    provider: Served

    def side(self, name: str) -> Served:
        return self.consumer if name == "consumer" else self.provider

    def other(self, name: str) -> Served:
        return self.provider if name == "consumer" else self.consumer

    async def acquaint(self) -> None:
        """Have both say who they are and know each other, so that they seal; and give the provider a file."""
        published = self.provider.folder / "published"
        published.mkdir(exist_ok=True)
        (published / "points.csv").write_text("id,x,y\n1,2,3\n")
        await self.consumer.client.put_card("Commune d’Exemple", "Le maire", "Service des données", siren="217500016")
        await self.provider.client.put_card("Métropole d’Exemple", "La présidente", "Données", siren="200046977")
        await introduce(self.consumer.client, self.provider.did)
        await introduce(self.provider.client, self.consumer.did)

    async def publish(self, dataset: str, mode: str) -> JsonObject:
        """Publish the file once more, and return the offer as a consumer requests it."""
        await self.provider.client.put_dataset(dataset, dataset, {"kind": "file", "path": "points.csv"})
        offer = await self.provider.client.put_offer(dataset + ":offer", dataset, USE, mode)
        return {"@type": "Offer", "@id": offer["id"], **USE}


@dataclass(frozen=True)
class Plot:
    """What a story is about, the same on every pair."""

    name: str
    message: str
    sender: str
    end: str
    transcript: Transcript
    """Every message of the process, each with its sender, in any order."""
    before: str | None = None
    """The peer's message in answer to which ours is sent; None when a person has it sent."""
    mode: str = "automatic"
    is_transfer: bool = False


@dataclass(eq=False)
class Story:
    """One plot on one pair of nodes."""

    plot: Plot
    pair: Pair
    dataset: str
    offer: JsonObject = field(default_factory=dict)
    pids: set[str] = field(default_factory=set)
    agreement: str = ""

    async def prepare(self) -> None:
        """Lead both nodes to the instant before the message."""
        self.offer = await self.pair.publish(self.dataset, self.plot.mode)
        consumer, provider = self.pair.consumer.client, self.pair.provider.client
        if self.plot.is_transfer:
            await self._request_access()
            await self.until("FINALIZED", transcript=AGREED)
            self.agreement = str((await self._only("consumer", "negotiations"))["agreement"])
            self.pids.clear()
        match self.plot.name:
            case "accept":
                await provider.propose_offer(self.pair.consumer.did, self.offer["@id"])
                await self.until("OFFERED", transcript=[("provider", n.OFFER)])
            case "terminate" | "refuse":
                await self._request_access()
                await self.until("REQUESTED", transcript=[("consumer", n.REQUEST)])
            case "suspend" | "resume" | "complete" | "terminate-transfer":
                await consumer.request_transfer(self.agreement)
                await self.until("STARTED", transcript=STARTED)
        if self.plot.name == "resume":
            await provider.suspend_transfer(await self._pid("provider"))
            await self.until("SUSPENDED", transcript=[*STARTED, ("provider", t.SUSPENSION)])

    async def trigger(self) -> None:
        """Have a person do what has the message sent."""
        match self.plot.name:
            case "offer":
                await self.pair.provider.client.propose_offer(self.pair.consumer.did, self.offer["@id"])
            case "request-transfer" | "start":
                await self.pair.consumer.client.request_transfer(self.agreement)
            case name if name in _VERBS:
                side, verb = _VERBS[name]
                act = getattr(self.pair.side(side).client, verb)
                await act(await self._pid(side))
            case _:
                await self._request_access()

    def owns(self, message: JsonObject) -> bool:
        """Return True for a message of this story's process."""
        pids = {message.get("consumerPid"), message.get("providerPid")} - {None}
        about = (message.get("offer") or {}).get("target"), message.get("agreementId")
        return bool(pids & self.pids) or about[0] == self.dataset or (about[1] or None) == (self.agreement or "none")

    def watch(self, message: JsonObject) -> None:
        """Learn the identifiers of the process from a message that passes."""
        if self.owns(message):
            self.pids |= {str(message[name]) for name in ("consumerPid", "providerPid") if message.get(name)}

    def takes(self, kind: str) -> Callable[[JsonObject], bool]:
        """Return what recognises this story's message of a kind."""
        return lambda message: kind_of(message) == kind and self.owns(message)

    async def until_sent(self) -> None:
        """Return once the sender has committed the message."""
        sender, message = self.plot.sender, self.plot.message
        while (await self._said(sender, "sent")).count(message) < self.times(sender, message, self.plot.transcript):
            await asyncio.sleep(0.05)

    async def until(self, end: str, *, transcript: Transcript) -> None:
        """Return once both sides stand at the end with nothing left to do."""
        async with asyncio.timeout(30):
            while True:
                found = [await self._rows(side, self._table(transcript)) for side in ("consumer", "provider")]
                stands = [(row["state"], row["pending"], row["intent"]) for rows in found for row in rows]
                if stands == [(end, None, None)] * 2:
                    return
                await asyncio.sleep(0.05)

    async def check(self) -> None:
        """Assert what must stand: one process each, each message once, one agreement, whole journals."""
        transcript = self.plot.transcript
        for side, other in (("consumer", "provider"), ("provider", "consumer")):
            sent = sorted(message for sender, message in transcript if sender == side)
            assert sorted(await self._said(side, "sent")) == sent, (self.plot.name, side, "sent")
            assert sorted(await self._said(other, "received")) == sent, (self.plot.name, other, "received")
            node = self.pair.side(side)
            assert not await node.rows("SELECT 1 FROM jobs WHERE key = ?", await self._pid(side)), self.plot.name
            await node.client.verify_journal(await self._pid(side))
        await self._check_agreement()

    async def _check_agreement(self) -> None:
        columns = "id, document, status, role"
        query = f"SELECT {columns} FROM agreements WHERE dataset = ?"
        ours, theirs = [await self.pair.side(side).rows(query, self.dataset) for side in ("consumer", "provider")]
        is_agreed = self.plot.is_transfer or self.plot.end == "FINALIZED"
        assert len(ours) == len(theirs) == int(is_agreed), self.plot.name
        assert [row[:3] for row in ours] == [row[:3] for row in theirs]
        assert all(row[2] == "active" for row in ours)

    async def _request_access(self) -> None:
        await self.pair.consumer.client.request_access(self.pair.provider.did, self.dataset, offer=self.offer)

    async def _pid(self, side: str) -> str:
        return str((await self._only(side, self._table(self.plot.transcript)))["pid"])

    async def _only(self, side: str, table: str) -> dict[str, Any]:
        (row,) = await self._rows(side, table)
        return row

    async def _rows(self, side: str, table: str) -> list[dict[str, Any]]:
        names = ("pid", "state", "pending", "intent", "agreement")
        found = await self.pair.side(side).rows(
            f"SELECT {', '.join(names)} FROM {table} WHERE dataset = ?", self.dataset
        )
        return [dict(zip(names, row, strict=True)) for row in found]

    async def _said(self, side: str, kind: str) -> list[str]:
        """Return the messages that the journal of the side's process tells as sent or received."""
        rows = await self._rows(side, self._table(self.plot.transcript))
        told = [
            entry
            for row in rows
            for entry in await self.pair.side(side).rows(
                "SELECT entry FROM journal WHERE process = ? AND kind = ?", row["pid"], kind
            )
        ]
        return [str(json.loads(text)["entry"]["message"]) for (text,) in told]

    @staticmethod
    def times(sender: str, message: str, transcript: Transcript) -> int:
        return transcript.count((sender, message))

    @staticmethod
    def _table(transcript: Transcript) -> str:
        kinds = {message for _, message in transcript}
        return "transfers" if t.REQUEST in kinds else "negotiations"


_ASKED: Transcript = [("consumer", n.REQUEST)]
_OFFERED: Transcript = [("provider", n.OFFER)]
_SUSPENDED: Transcript = [*STARTED, ("provider", t.SUSPENSION)]
PLOTS = [
    Plot("request", n.REQUEST, "consumer", "FINALIZED", AGREED),
    Plot("offer", n.OFFER, "provider", "OFFERED", _OFFERED),
    Plot("accept", n.ACCEPT, "consumer", "FINALIZED", [*_OFFERED, ("consumer", n.ACCEPT), *AGREED[1:]]),
    Plot("agree", n.AGREEMENT, "provider", "FINALIZED", AGREED, before=n.REQUEST),
    Plot("verify", n.VERIFICATION, "consumer", "FINALIZED", AGREED, before=n.AGREEMENT),
    Plot("finalize", n.FINALIZE, "provider", "FINALIZED", AGREED, before=n.VERIFICATION),
    Plot("terminate", n.TERMINATION, "consumer", "TERMINATED", [*_ASKED, ("consumer", n.TERMINATION)], mode="manual"),
    Plot("refuse", n.TERMINATION, "provider", "TERMINATED", [*_ASKED, ("provider", n.TERMINATION)], mode="manual"),
    Plot("request-transfer", t.REQUEST, "consumer", "STARTED", STARTED, is_transfer=True),
    Plot("start", t.START, "provider", "STARTED", STARTED, before=t.REQUEST, is_transfer=True),
    Plot("suspend", t.SUSPENSION, "provider", "SUSPENDED", _SUSPENDED, is_transfer=True),
    Plot("resume", t.START, "provider", "STARTED", [*_SUSPENDED, ("provider", t.START)], is_transfer=True),
    Plot("complete", t.COMPLETION, "consumer", "COMPLETED", [*STARTED, ("consumer", t.COMPLETION)], is_transfer=True),
    Plot(
        "terminate-transfer",
        t.TERMINATION,
        "consumer",
        "TERMINATED",
        [*STARTED, ("consumer", t.TERMINATION)],
        is_transfer=True,
    ),
]
