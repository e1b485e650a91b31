"""Time-stamps of concluded contracts: asked for with patience, shared with the partner, refused when they are bad."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pupitre_verify.__main__ import main

from connector.app import ROOT, Node
from connector.identity.scheme import Participant
from connector.identity.timestamps import TimeStampRefused
from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable
from connector.protocol.machine import Role
from connector.services import stamping
from connector.services.contract import Contracts
from connector.services.contract_bundle import Bundle, ContractBundles
from connector.services.evidence import EvidenceRefused
from connector.settings import BadSettings, load
from connector.store import contracts
from connector.store.contracts import StoredContract
from contracts.jws import read_sealed
from contracts.timestamps import add_token, stamped_bytes, tokens
from tests.harness import nodes
from tests.harness.sealing import give_card
from tests.harness.stamper import Stamper
from tests.sealing.pair import Pair, play
from tests.simulator.network import KIND, Fate
from tests.tools.postgres import Postgres

BOTH = (Role.PROVIDER, Role.CONSUMER)
HOST = "127.0.0.1:1003"


class Scene:
    """Two nodes and an authority that both trust; the provider asks it."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.stamper = Stamper(pair.clock.now)
        self.refusals = 0
        """How often the authority does not answer first; -1: never."""
        self.only = -1
        """How often it answers at all; -1: always."""
        self._serve = pair.net.serve
        pair.net.serve = self._answer

    async def begin(self, asking: tuple[Role, ...] = (Role.PROVIDER,), trusting: tuple[Role, ...] = BOTH) -> None:
        """Have both nodes start again with settings that name the authority."""
        for role, place in self.pair.places.items():
            place.more = {}
            if role in trusting:
                place.more["timestamp_trust"] = self.stamper.write_trust(place.folder)
            if role in asking:
                place.more["timestamp_url"] = f"http://{HOST}/tsa"
        await self.sleep(timedelta())

    async def sleep(self, time: timedelta) -> None:
        """Have both nodes stopped for a time."""
        await self.pair.sleep_until(self.pair.clock.now() + time)

    async def _answer(self, host: str, call: Call) -> Answer:
        if host != HOST:
            return await self._serve(host, call)
        if self.refusals:
            self.refusals -= 1
            raise Unreachable("refused", host)
        if self.only == 0:
            return Answer(503, {}, b"")
        self.only -= 1
        return Answer(200, {}, self.stamper.answer(call.body or b""))

    async def concluded(self) -> str:
        """Return the consumer's identifier of a negotiation whose contract both have concluded."""
        pid = await self.pair.ask()

        async def is_concluded() -> bool:
            for role in (Role.CONSUMER, Role.PROVIDER):  # who asked first: the other knows nothing before it is asked
                found = await self.pair.contract(role, pid)
                if found is None or found.status != "concluded":
                    return False
            return True

        await self.pair.until(is_concluded)
        return pid

    async def contract(self, role: Role, pid: str) -> StoredContract:
        found = await self.pair.contract(role, pid)
        assert found is not None
        return found

    async def stamps(self, role: Role, pid: str) -> list[set[bytes]]:
        """Return the time-stamps of both seals and of the conclusion, as one side holds them."""
        found = await self.contract(role, pid)
        seals, conclusion = read_sealed(found.jws or ""), read_sealed(found.conclusion or "")
        return [set(tokens(one, place)) for one, place in ((seals, 0), (seals, 1), (conclusion, 0))]

    async def bundle(self, role: Role, pid: str) -> Bundle:
        """Return a bundle as one side hands it out; without a PDF, which is drawn in a thread."""
        node = self.pair.node(role)
        bundles = ContractBundles(node.store, node.hosts, node.peer_seals, Contracts(node.store, node.hosts))
        return await bundles.of(ROOT, (await self.contract(role, pid)).negotiation, with_pdf=False)

    async def hand_in(self, to: Role, pid: str, text: str) -> bool:
        agreement = (await self.contract(to, pid)).agreement
        caller = Participant(self.pair.places[to.other].did)
        return await self.pair.node(to).evidence.receive(ROOT, caller, agreement, text)


@pytest.fixture
def perform(folder: Path) -> Callable[..., Any]:
    """Plays a scene on two fresh nodes and an authority."""
    return lambda scene: play(folder / "pair", folder / "template", lambda pair: scene(Scene(pair)))


@pytest.mark.parametrize("asking", [(Role.PROVIDER,), (Role.CONSUMER,), BOTH])
def test_both_seals_and_the_conclusion_are_stamped_and_both_sides_hold_the_same(
    perform: Callable[..., Any], asking: tuple[Role, ...]
) -> None:
    async def scene(set_: Scene) -> None:
        await set_.begin(asking)
        pid = await set_.concluded()
        await set_.pair.settle()
        ours, theirs = [await set_.stamps(role, pid) for role in BOTH]
        assert ours == theirs
        assert all(1 <= len(one) <= len(asking) for one in ours)
        for role in BOTH:
            contract = await set_.contract(role, pid)
            assert (list(stamping.lacking(contract)), contract.timestamps) == ([], "complete")
        assert await set_.pair.journal(asking[0], pid, "time-stamped")

    perform(scene)


def test_a_contract_is_valid_and_waits_while_the_authority_is_down(perform: Callable[..., Any]) -> None:
    async def scene(set_: Scene) -> None:
        await set_.begin()
        set_.refusals = -1
        pid = await set_.concluded()
        await set_.pair.net.pause(3600)
        contract = await set_.contract(Role.PROVIDER, pid)
        assert (contract.status, contract.timestamps) == ("concluded", "pending")
        assert (await set_.contract(Role.CONSUMER, pid)).timestamps == "none"  # it asks nobody
        assert len(list(stamping.lacking(contract))) == 3
        set_.refusals = 0
        await set_.pair.settle()
        assert [len(one) for one in await set_.stamps(Role.CONSUMER, pid)] == [1, 1, 1]
        assert [(await set_.contract(role, pid)).timestamps for role in BOTH] == ["complete", "complete"]

    perform(scene)


def test_after_a_partition_both_sides_hold_the_same_stamps(perform: Callable[..., Any]) -> None:
    """The authority answers both, but they cannot hear each other."""

    async def scene(set_: Scene) -> None:
        await set_.begin(asking=BOTH)
        set_.pair.net.fate_of = lambda call: Fate(is_lost="/evidence/" in call.url)
        pid = await set_.concluded()

        async def both_are_stamped() -> bool:
            return all([all(await set_.stamps(role, pid)) for role in BOTH])

        await set_.pair.until(both_are_stamped)
        ours, theirs = [await set_.stamps(role, pid) for role in BOTH]
        assert all(not one & other for one, other in zip(ours, theirs, strict=True))
        set_.pair.net.fate_of = lambda call: KIND
        await set_.pair.settle()
        for role in BOTH:
            found = await set_.stamps(role, pid)
            assert found == [one | other for one, other in zip(ours, theirs, strict=True)]

    perform(scene)


def test_after_a_day_no_stamp_is_asked_for_any_more(perform: Callable[..., Any]) -> None:
    async def scene(set_: Scene) -> None:
        await set_.begin()
        set_.refusals = -1
        pid = await set_.concluded()
        await set_.sleep(timedelta(hours=25))
        set_.refusals = 0
        await set_.pair.settle()
        assert set_.stamper.asked == 0
        contract = await set_.contract(Role.PROVIDER, pid)
        assert (len(list(stamping.lacking(contract))), contract.timestamps) == (3, "none")
        assert len(await set_.pair.journal(Role.PROVIDER, pid, "timestamp-missed")) == 1

    perform(scene)


@pytest.mark.parametrize("lie", ["nonce", "imprint", "late", "early", "foreign"])
def test_an_authority_that_answers_wrongly_is_asked_again_and_not_believed(
    perform: Callable[..., Any], lie: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(set_: Scene) -> None:
        await set_.begin()
        now, other = set_.pair.clock.now(), Stamper(set_.pair.clock.now)
        honest = set_.stamper
        if lie == "foreign":
            set_.stamper = other
        set_.stamper.lies = {
            "nonce": {"nonce": 1},
            "imprint": {"message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\0" * 32}},
            "late": {"at": now + timedelta(hours=30)},
            "early": {"at": now - timedelta(hours=1)},
            "foreign": {},
        }[lie]
        pid = await set_.concluded()

        async def was_asked() -> bool:
            return set_.stamper.asked >= 2

        await set_.pair.until(was_asked)
        assert [len(one) for one in await set_.stamps(Role.PROVIDER, pid)] == [0, 0, 0]
        assert all(vars(one)["cause"] for one in caplog.records if one.message == "no time-stamp")
        set_.stamper, honest.lies = honest, {}
        await set_.pair.settle()
        assert [len(one) for one in await set_.stamps(Role.CONSUMER, pid)] == [1, 1, 1]

    perform(scene)


def test_a_partners_stamp_that_is_late_foreign_or_of_something_else_is_refused(perform: Callable[..., Any]) -> None:
    async def scene(set_: Scene) -> None:
        await set_.begin(asking=())
        pid, other = await set_.concluded(), await set_.concluded()
        await set_.pair.settle()
        text = (await set_.contract(Role.CONSUMER, pid)).jws or ""
        message, now, stamper = stamped_bytes(read_sealed(text), 0), set_.pair.clock.now(), set_.stamper
        good = stamper.token(message)
        for token in (
            stamper.token(message, now + timedelta(hours=30)),
            stamper.token(message, now - timedelta(hours=1)),
            stamper.token(stamped_bytes(read_sealed(text), 1)),
            Stamper(set_.pair.clock.now).token(message),
            good[:-1] + bytes((good[-1] ^ 1,)),
            good[:-40],
            b"\x30\x00",
        ):
            with pytest.raises(TimeStampRefused):
                await set_.hand_in(Role.PROVIDER, pid, add_token(text, 0, token))
        theirs = add_token((await set_.contract(Role.CONSUMER, other)).jws or "", 0, good)
        with pytest.raises(EvidenceRefused):
            await set_.hand_in(Role.PROVIDER, pid, theirs)
        stripped = json.loads(text)
        stripped["signatures"].pop()
        with pytest.raises(EvidenceRefused):
            await set_.hand_in(Role.PROVIDER, pid, json.dumps(stripped, separators=(",", ":")))
        assert await set_.stamps(Role.PROVIDER, pid) == [set(), set(), set()]
        stamped = add_token(text, 0, good)
        assert [await set_.hand_in(Role.PROVIDER, pid, stamped) for _ in range(2)] == [True, False]
        assert await set_.hand_in(Role.PROVIDER, pid, text) is False
        assert await set_.stamps(Role.PROVIDER, pid) == [{good}, set(), set()]
        assert (await set_.contract(Role.PROVIDER, pid)).timestamps == "partial"

    perform(scene)


def test_without_a_trusted_authority_no_stamp_counts(perform: Callable[..., Any]) -> None:
    async def scene(set_: Scene) -> None:
        await set_.begin(trusting=(Role.PROVIDER,))
        pid = await set_.concluded()
        await set_.pair.settle()
        assert [len(one) for one in await set_.stamps(Role.PROVIDER, pid)] == [1, 1, 1]
        assert [len(one) for one in await set_.stamps(Role.CONSUMER, pid)] == [0, 0, 0]
        refused = await set_.pair.journal(Role.PROVIDER, pid, "notice-refused")
        assert {one["notice"] for one in refused} == {"timestamp"}
        assert (await set_.contract(Role.CONSUMER, pid)).status == "concluded"

    perform(scene)


def test_a_node_that_asks_no_authority_any_more_does_not_say_that_it_waits(perform: Callable[..., Any]) -> None:
    async def scene(set_: Scene) -> None:
        await set_.begin()
        set_.refusals = -1
        pid = await set_.concluded()
        assert (await set_.contract(Role.PROVIDER, pid)).timestamps == "pending"
        await set_.begin(asking=())
        await set_.pair.settle()
        assert (await set_.contract(Role.PROVIDER, pid)).timestamps == "none"

    perform(scene)


def test_time_stamps_that_could_be_had_in_part_are_called_incomplete(perform: Callable[..., Any]) -> None:
    async def scene(set_: Scene) -> None:
        await set_.begin()
        set_.only = 1
        pid = await set_.concluded()
        await set_.sleep(timedelta(hours=25))
        await set_.pair.settle()
        for role in BOTH:
            assert [len(one) for one in await set_.stamps(role, pid)] == [1, 0, 0]
            assert (await set_.contract(role, pid)).timestamps == "partial"

    perform(scene)


def test_ten_years_later_the_stamped_bundle_is_valid_and_the_other_cannot_be_told(
    perform: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both bundles are good when they are made; then the certificates of both seals end."""

    async def scene(set_: Scene) -> None:
        await set_.begin()
        set_.refusals = -1
        bare = await set_.concluded()
        await set_.sleep(timedelta(hours=25))
        set_.refusals = 0
        stamped = await set_.concluded()
        await set_.pair.settle()
        trust = set_.stamper.write_trust(tmp_path)
        made = {
            (role, name): tmp_path / f"{role.value}-{name}.contract.zip"
            for role in BOTH
            for name in ("bare", "stamped")
        }
        for (role, name), file in made.items():
            file.write_bytes((await set_.bundle(role, stamped if name == "stamped" else bare)).content)

        def verify(role: Role, name: str, *, trusts: bool = True) -> tuple[int, str]:
            at = f"{set_.pair.clock.now():%Y-%m-%dT%H:%M:%SZ}"
            given = ["--trust", str(trust)] if trusts else []
            status = main([str(made[role, name]), "--at", at, "--lang", "en", *given])
            return status, capsys.readouterr().out

        assert [verify(*which)[0] for which in made] == [0, 0, 0, 0]
        set_.pair.clock.advance(timedelta(days=3653))
        for role in BOTH:
            status, said = verify(role, "stamped")
            assert (status, "time-stamped on" in said) == (0, True), said
            status, said = verify(role, "bare")
            assert (status, "no trusted time-stamp shows that the seal is older" in said) == (2, True), said
            assert verify(role, "stamped", trusts=False)[0] == 2  # an authority that nobody named proves nothing

    perform(scene)


@pytest.mark.parametrize(
    "values",
    [
        {"timestamp_url": "https://tsa.example/tsr"},
        {"timestamp_url": "ftp://tsa.example", "timestamp_trust": "x"},
        {"timestamp_url": "https://u:p@tsa.example", "timestamp_trust": "x"},
    ],
)
def test_an_address_of_an_authority_that_cannot_be_used_refuses_to_start(values: dict[str, str]) -> None:
    with pytest.raises(BadSettings):
        load(environ={}, **values)


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_contract_is_stamped_by_a_real_authority_on_both_stores(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    server: Postgres | None = None if database == "sqlite" else request.getfixturevalue("postgres")
    stamper = Stamper()
    trust = stamper.write_trust(tmp_path)

    async def play_it(urls: list[str | None]) -> None:
        async with AsyncExitStack() as stack:
            address = await stack.enter_async_context(stamper.serving())
            settings = [{"timestamp_trust": trust, "timestamp_url": address}, {"timestamp_trust": trust}]
            provider, consumer = [
                await stack.enter_async_context(nodes.running(tmp_path / name, database=url, **more))
                for name, url, more in zip(("provider", "consumer"), urls, settings, strict=True)
            ]
            await give_card(provider, "provider")
            await give_card(consumer, "consumer")
            await nodes.publish(provider)
            agreement = await nodes.agreed(consumer, provider)
            for node in (provider, consumer):
                await until_stamped(node, agreement)

    with ExitStack() as stack:
        asyncio.run(play_it([stack.enter_context(server.fresh_database()) if server else None for _ in range(2)]))


async def until_stamped(node: Node, agreement: str) -> None:
    """Wait until the contract on an agreement lacks no time-stamp."""
    async with asyncio.timeout(60):
        while True:
            found = await node.store.read(lambda tx: contracts.named(tx, ROOT, agreement))
            if found.status == "concluded" and not list(stamping.lacking(found)):
                return
            await asyncio.sleep(0.02)
