"""A peer that asks for our state while a message of ours travels to it waits for what it answers, and not for ever."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from connector.app import ROOT, build_app
from connector.clock import VirtualClock
from connector.identity.scheme import Participant
from connector.problems import NotFound
from connector.protocol.machine import Role
from connector.services.settle import SHOWN_WITHIN
from connector.settings import load
from connector.store import transfers
from connector.store.transfers import Transfer

PID, PEER = "urn:test:transfer", "did:web:peer.example"
TURNS = 1_000


def transfer() -> Transfer:
    return Transfer(
        owner=ROOT,
        pid=PID,
        role=Role.CONSUMER,
        peer=PEER,
        peer_pid="urn:test:theirs",
        peer_url="http://127.0.0.1:1",
        state="REQUESTED",
        agreement="urn:test:agreement",
        dataset="urn:test:x",
        format="HttpData-PULL",
    )


def test_who_asks_waits_for_its_own_answer_and_not_for_ever(tmp_path: Path) -> None:
    async def run() -> None:
        clock = VirtualClock()
        node = await build_app(load(environ={}, data_dir=tmp_path, public_port=0, private_port=0), clock=clock)
        try:
            await node.hosts.add(ROOT, "Essai")
            await node.store.write(lambda tx: transfers.save(tx, transfer()))
            with node.transfer.on_its_way(PID):
                with pytest.raises(NotFound):
                    await node.transfer.show(ROOT, Participant("did:web:other.example"), PID)
                asked = asyncio.ensure_future(node.transfer.show(ROOT, Participant(PEER), PID))
                while clock.next_alarm() is None and not asked.done():
                    await asyncio.sleep(0)
                clock.advance(SHOWN_WITHIN - timedelta(milliseconds=1))
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                assert not asked.done()
                clock.advance(timedelta(milliseconds=1))
                assert (await asked).state == "REQUESTED"
            assert (await node.transfer.show(ROOT, Participant(PEER), PID)).state == "REQUESTED"
        finally:
            await node.close()

    asyncio.run(asyncio.wait_for(run(), 60))
