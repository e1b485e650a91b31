"""What is delivered under a contract, when the contract ends: whoever asks, whatever crosses, and whoever is told."""

import json
from collections.abc import Callable
from typing import Any

from connector.app import ROOT
from connector.dataplane.transfers import http_pull
from connector.identity.scheme import Participant
from connector.peer.client import Answer, Call
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.store import transfers
from connector.store.transfers import Transfer
from contracts.canonical import canonical
from contracts.jws import NOTICE, read_sealed
from contracts.notice import notice
from contracts.seals import seal
from tests.harness import nodes
from tests.sealing.outcomes import concluded
from tests.sealing.pair import Pair
from tests.simulator import network
from tests.simulator.network import KIND, Fate

DATA = b"id,x,y\n1,2,3\n"


async def agreed(pair: Pair) -> str:
    """Return an agreement whose contract both have concluded."""
    pid = await pair.ask()
    await pair.settle()
    await concluded(pair, pid)
    contract = await pair.contract(Role.CONSUMER, pid)
    assert contract is not None
    return contract.agreement


async def asked_under(pair: Pair, agreement: str) -> Transfer:
    """Return a transfer that the consumer asked for, under way."""
    asked = await pair.node(Role.CONSUMER).transfer.request(ROOT, agreement, by=nodes.BY)
    await pair.until_transfer(asked.pid, t.STARTED, Role.CONSUMER)
    return asked


async def hand_in_end(pair: Pair, agreement: str) -> bool:
    """Have the provider take the consumer's notice that ends the contract."""
    consumer = pair.node(Role.CONSUMER)
    contract = await pair.newest(Role.CONSUMER)
    found = await pair.contract(Role.CONSUMER, contract.pid)
    assert found is not None
    now = pair.clock.now()
    told = canonical(notice(read_sealed(found.jws or ""), "termination", by="consumer", at=now))
    text = (await seal(told, consumer.seals.signer(ROOT), media_type=NOTICE, at=now)).text
    did = pair.places[Role.CONSUMER].did
    return await pair.node(Role.PROVIDER).evidence.receive(ROOT, Participant(did), agreement, text)


async def post(pair: Pair, path: str, **members: Any) -> Answer:
    """Return what the provider answers to a message of the consumer's that its node knows nothing of."""
    consumer, provider = pair.node(Role.CONSUMER), pair.node(Role.PROVIDER)
    context = ["https://w3id.org/dspace/2025/1/context.jsonld"]
    body = json.dumps({"@context": context, **members}).encode()
    token = await consumer.identity.token_for(ROOT, pair.places[Role.PROVIDER].did)
    url = f"{provider.settings.base_url}/dsp/2025-1/transfers/{path}"
    return await network.call_app(provider.public, Call("POST", url, {"Authorization": token}, body))


def test_no_byte_leaves_with_a_token_from_the_notice_on_that_ends_the_contract(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        agreement = await agreed(pair)
        asked = await asked_under(pair, agreement)
        row = await pair.transfer(Role.CONSUMER, asked.pid)
        assert row is not None
        address = http_pull.read(row.data_address or {})
        assert address is not None
        pair.net.fate_of = lambda call: Fate(is_lost=True)  # that the transfer ends is told late

        async def pulled() -> Answer:
            call = Call("GET", address.endpoint, {"Authorization": address.authorization or ""})
            return await network.call_app(pair.node(Role.PROVIDER).public, call)

        before = await pulled()
        assert (before.status, before.body) == (200, DATA)
        assert await hand_in_end(pair, agreement)
        after = await pulled()
        assert after.status in (401, 403)
        assert DATA not in after.body
        pair.net.fate_of = lambda call: KIND
        await pair.until_transfer(asked.pid, t.TERMINATED, Role.CONSUMER)
        assert (await pulled()).status in (401, 403)

    perform(scene)


def test_a_transfer_that_was_asked_for_just_before_the_contract_was_ended_ends_too(perform: Callable[..., Any]) -> None:
    """The provider has heard of the request, and hears of the end late: the consumer's node says so by itself."""

    async def scene(pair: Pair) -> None:
        agreement = await agreed(pair)
        pair.net.fate_of = lambda call: Fate(is_lost=True)
        asked = await pair.node(Role.CONSUMER).transfer.request(ROOT, agreement, by=nodes.BY)
        await pair.node(Role.CONSUMER).evidence.terminate(ROOT, agreement, "over", "Fini", by=nodes.BY)
        await pair.net.pause(5)
        pair.net.fate_of = lambda call: Fate(is_lost="/evidence/" in call.url)
        await pair.until_transfer(asked.pid, t.TERMINATED)
        pair.net.fate_of = lambda call: KIND
        await pair.settle()

    perform(scene)


def test_a_request_with_a_pid_that_is_known_opens_no_second_transfer(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        agreement = await agreed(pair)
        asked = await asked_under(pair, agreement)
        before = await pair.transfer(Role.PROVIDER, asked.pid)
        assert before is not None
        usual = {
            "@type": t.REQUEST,
            "consumerPid": asked.pid,
            "agreementId": agreement,
            "format": asked.format,
            "callbackAddress": pair.node(Role.CONSUMER).addresses.dsp_base(ROOT),
        }
        for changes in ({}, {"agreementId": "urn:uuid:another"}, {"format": "HttpData-PUSH"}):
            answer = await post(pair, "request", **{**usual, **changes})
            assert answer.status in (200, 201)
            assert json.loads(answer.body)["providerPid"] == before.pid
        assert await hand_in_end(pair, agreement)
        await pair.settle()
        answer = await post(pair, "request", **usual)  # nothing starts again
        assert json.loads(answer.body)["state"] == t.TERMINATED
        found = await pair.node(Role.PROVIDER).store.read(lambda tx: transfers.page(tx, ROOT, limit=10))
        assert [(one.pid, one.state) for one in found] == [(before.pid, t.TERMINATED)]

    perform(scene)


def test_what_has_ended_with_its_contract_is_not_resumed_by_the_partner(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        agreement = await agreed(pair)
        consumer, asked = pair.node(Role.CONSUMER), await asked_under(pair, agreement)
        await consumer.transfer.suspend(ROOT, asked.pid, by=nodes.BY)
        await pair.until_transfer(asked.pid, t.SUSPENDED, Role.PROVIDER)
        row = await pair.transfer(Role.PROVIDER, asked.pid)
        assert row is not None
        pair.net.fate_of = lambda call: Fate(is_lost=True)
        assert await hand_in_end(pair, agreement)
        told = {"@type": t.START, "consumerPid": asked.pid, "providerPid": row.pid}
        statuses = [(await post(pair, f"{row.pid}/start", **told)).status]  # before its end was told
        await pair.net.pause(5)
        statuses.append((await post(pair, f"{row.pid}/start", **told)).status)
        assert set(statuses) <= {200, 400, 503}
        pair.net.fate_of = lambda call: KIND
        await pair.until_transfer(asked.pid, t.TERMINATED, Role.PROVIDER)
        assert (await post(pair, f"{row.pid}/start", **told)).status == 400

    perform(scene)
