"""One ContractRequestMessage is followed through the rooms: six hops, in this order (explained in the docs)."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tests.harness import nodes

HOPS = [
    ("connector/http/public/processes.py", "receive"),
    ("connector/services/negotiate.py", "receive"),
    ("policies/evaluation.py", "decide"),
    ("connector/protocol/machine.py", "receive"),
    ("connector/services/decide.py", "negotiation_moved"),
    ("connector/store/processes.py", "save"),
    ("connector/worker.py", "look"),
    ("connector/peer/client.py", "post"),
    ("connector/services/negotiate.py", "acknowledged"),
]


def test_a_contract_request_walks_through_six_rooms(tmp_path: Path) -> None:
    async def walk(calls: list[tuple[str, str]]) -> None:
        async with nodes.running(tmp_path / "provider") as provider, nodes.running(tmp_path / "consumer") as consumer:
            await nodes.publish(provider)
            did = await nodes.acquaint(consumer, provider)
            calls.clear()
            negotiation = await nodes.ask(consumer, did, "urn:test:lampadaires")
            await nodes.until_negotiation(consumer, negotiation.pid, "FINALIZED")

    with traced() as calls:
        asyncio.run(walk(calls))
    seen: list[tuple[str, str]] = []
    for hop in HOPS:
        assert hop in calls, f"{hop} is not on the walk"
    start = calls.index(HOPS[0])
    for call in calls[start:]:
        if len(seen) < len(HOPS) and call == HOPS[len(seen)]:
            seen.append(call)
    assert seen == HOPS


def test_no_room_below_the_services_is_entered_twice_by_one_message(tmp_path: Path) -> None:
    """The receiving side opens one transaction: one load or insert, one save, one commit."""

    async def walk(calls: list[tuple[str, str]]) -> int:
        async with nodes.running(tmp_path / "provider") as provider, nodes.running(tmp_path / "consumer") as consumer:
            await nodes.publish(provider, mode="manual")
            did = await nodes.acquaint(consumer, provider)
            calls.clear()
            negotiation = await nodes.ask(consumer, did, "urn:test:lampadaires")
            await nodes.until_negotiation(consumer, negotiation.pid, "REQUESTED")
            return calls.count(("connector/store/processes.py", "save"))

    # the consumer's request, its arrival at the provider, its acknowledgement at the consumer
    with traced() as calls:
        assert asyncio.run(walk(calls)) == 3


@contextmanager
def traced() -> Iterator[list[tuple[str, str]]]:
    """Collect (file, function) of every call in our own packages, in every thread, in order."""
    root = Path(__file__).resolve().parents[2]
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(str(root)):
            calls.append((str(Path(name).relative_to(root)), frame.f_code.co_name))

    threading.setprofile(note)  # for threads that start from now on, the store's writer among them
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
