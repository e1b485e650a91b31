"""What a partner said of its seal keys is kept: its later word has its earlier one against it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pupitre_verify.examine import examine

from connector.app import ROOT, Node
from connector.identity import seal_history
from connector.identity.keys import Keys
from connector.identity.seal_history import SealHistory
from connector.protocol.machine import Role
from connector.services import key_lists
from connector.services.contract_checks import Examined
from connector.store import contracts, peers, seal_lists
from connector.store.db import Tx
from connector.store.tables import seal_keys
from connector.store.tables import seal_lists as table
from contracts.canonical import sha256
from contracts.convention.page import as_html
from contracts.jws import read_sealed
from contracts.seals import sealed_at
from tests.harness import nodes
from tests.sealing.pair import Pair
from tests.sealing.test_evidence import bundle, concluded, examined, files_of, shown

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
THEN, NOW = "status/provider-at-conclusion.json", "status/provider.json"


class Cheat:
    """A provider that runs other software: it signs, with its own key, whatever list it likes."""

    def __init__(self, pair: Pair) -> None:
        self.did = pair.places[Role.PROVIDER].did
        self._pair = pair
        self._auth = Keys(pair.node(Role.PROVIDER).settings.data_dir).auth(ROOT)

    async def pinned(self) -> SealHistory:
        node = self._pair.node(Role.CONSUMER)
        kept = await node.store.read(lambda tx: peers.find(tx, ROOT, self.did))
        assert kept is not None
        return seal_history.stored(kept.seals or "")

    def signed(self, history: SealHistory) -> SealHistory:
        return seal_history.stored(seal_history.sign(history, self._auth))

    async def show(self, history: SealHistory) -> None:
        """Have the consumer take a list, as it takes one that it reads."""
        await self._pair.node(Role.CONSUMER).peer_seals._pin(ROOT, self.did, self.signed(history))


def revoked(history: SealHistory, at: Any, issued_at: Any) -> SealHistory:
    (key,) = history.keys
    return replace(history, issued_at=issued_at, keys=(replace(key, revoked_at=at, reason="Volée", chain=()),))


async def lists_of(node: Node, did: str) -> list[seal_lists.SealList]:
    """Return what is kept of a party, in the order in which it came."""
    query = table.select().where(table.c.did == did).order_by(table.c.received_at, table.c.issued_at)
    rows = await node.store.read(lambda tx: tx.connection.execute(query).all())
    return [seal_lists.SealList(**row._mapping) for row in rows]


def keys_told(found: Examined) -> list[tuple[str, str, str]]:
    return [(one.code, one.outcome, one.detail["fr"]) for one in found.steps if one.outcome != "holds"]


async def first_seal_at(pair: Pair, pid: str) -> Any:
    contract = await pair.contract(Role.CONSUMER, pid)
    assert contract is not None
    return sealed_at(read_sealed(contract.jws or "").signatures[0])


# --- what is kept


def test_each_list_that_is_taken_from_a_partner_is_kept_with_when_it_came(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        provider, consumer = pair.node(Role.PROVIDER), pair.node(Role.CONSUMER)
        did, began = pair.places[Role.PROVIDER].did, pair.clock.now()
        for _ in range(2):
            await pair.net.pause(600)
            await provider.seals.rotate(ROOT, by=nodes.BY)
            await pair.net.pause(600)
            await consumer.peer_seals.of(ROOT, did)
        kept = await lists_of(consumer, did)
        assert [len(seal_history.stored(one.jws).keys) for one in kept] == [1, 2, 3]
        assert all(one.sha256 == sha256(one.jws) for one in kept)
        assert kept[0].received_at < began < kept[1].received_at < kept[2].received_at
        now = await consumer.store.read(lambda tx: peers.find(tx, ROOT, did))
        assert now is not None
        assert now.seals == kept[2].jws

    perform(scene)


def test_of_our_own_lists_each_is_kept_that_says_something_new(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        node, did = pair.node(Role.PROVIDER), pair.places[Role.PROVIDER].did
        assert len(await lists_of(node, did)) == 1
        await node.hosts.load()
        (first,) = await lists_of(node, did)
        await pair.net.pause(60)
        await node.seals.rotate(ROOT, overlap=timedelta(), by=nodes.BY)
        await pair.net.pause(60)
        old = node.seals.all(ROOT)[-1]
        await node.seals.revoke(ROOT, old.name, "Perdue", by=nodes.BY, since=pair.clock.now() - DAY)
        kept = await lists_of(node, did)
        assert kept[0] == first
        told = [seal_history.announced(f"{did}#{old.name}", [seal_history.stored(one.jws)]) for one in kept]
        assert [one is not None for one in told] == [False, False, True]

    perform(scene)


def test_a_list_that_was_pinned_before_lists_were_kept_is_kept_when_another_takes_its_place(
    perform: Callable[..., Any],
) -> None:
    """It was known since its entry in the partner's journal, not since now."""

    async def scene(pair: Pair) -> None:
        node, did, began = pair.node(Role.CONSUMER), pair.places[Role.PROVIDER].did, pair.clock.now()

        def forget(tx: Tx) -> None:
            tx.connection.exec_driver_sql("DROP TRIGGER seal_lists_are_not_deleted")
            tx.connection.execute(table.delete())

        await node.store.write(forget)
        cheat = Cheat(pair)
        before = await cheat.pinned()
        await pair.net.pause(60)
        await cheat.show(revoked(before, pair.clock.now(), pair.clock.now()))
        kept = await lists_of(node, did)
        assert [one.jws == before.text for one in kept] == [True, False]
        assert kept[0].received_at < began < kept[1].received_at

    perform(scene)


# --- who wants to be out of a contract


def test_a_list_that_is_dated_back_with_its_revocation_refutes_nothing(perform: Callable[..., Any]) -> None:
    """Both are of before the seal, says the author: the list that the node knew at the conclusion says otherwise."""

    async def scene(pair: Pair) -> None:
        node, cheat = pair.node(Role.CONSUMER), Cheat(pair)
        pid = (await concluded(pair))[Role.CONSUMER]
        at, honest = await first_seal_at(pair, pid), await cheat.pinned()
        assert THEN not in files_of(await bundle(node, pid))
        await pair.net.pause(60)
        await cheat.show(revoked(honest, at - 2 * MINUTE, at - MINUTE))
        found, made = await examined(node, pid), await bundle(node, pid)
        report = examine(made.content, at=pair.clock.now())
        assert (found.verdict, report.verdict) == ("indeterminate", "indeterminate"), report.as_text("en")
        ((code, outcome, told),) = keys_told(found)
        assert (code, outcome) == ("keys", "unknown")
        for said in (told, report.doubts[0].fr):
            assert f"{at - MINUTE:%Y-%m-%d %H:%M:%S} UTC" in said
            assert f"{honest.issued_at:%Y-%m-%d %H:%M:%S} UTC" in said
            assert "liste antérieure de la même partie" in said
        assert files_of(made)[THEN].decode() == honest.text
        _, convention = await shown(node).convention(ROOT, pid, "fr")
        assert "antidatée : la vérification le dit indéterminé." in as_html(convention).replace("\u00a0", " ")

    perform(scene)


def test_a_seal_by_a_key_that_the_list_of_the_conclusion_says_revoked_is_refuted(
    perform: Callable[..., Any],
) -> None:
    """Also when the revocation is taken back later."""

    async def scene(pair: Pair) -> None:
        node, cheat = pair.node(Role.CONSUMER), Cheat(pair)
        pid = (await concluded(pair))[Role.CONSUMER]
        at, honest = await first_seal_at(pair, pid), await cheat.pinned()
        public = cheat.signed(revoked(honest, at - 2 * MINUTE, at - MINUTE))

        def known_then(tx: Tx) -> None:
            seal_lists.keep(tx, ROOT, cheat.did, public.text, public.issued_at, received_at=at)

        await node.store.write(known_then)
        await pair.net.pause(60)
        await cheat.show(replace(honest, issued_at=pair.clock.now()))
        found, report = await examined(node, pid), examine((await bundle(node, pid)).content, at=pair.clock.now())
        assert (found.verdict, report.verdict) == ("invalid", "invalid")
        assert [(code, outcome) for code, outcome, _ in keys_told(found)] == [("keys", "fails")]
        _, convention = await shown(node).convention(ROOT, pid, "fr")
        assert "La vérification le dit non valide." in as_html(convention).replace("\u00a0", " ")

    perform(scene)


def test_a_partner_that_drops_the_key_that_sealed_is_held_to_its_earlier_list(perform: Callable[..., Any]) -> None:
    """A list that takes a key back is refused; removed and added again, a partner has a new beginning."""

    async def scene(pair: Pair) -> None:
        node, provider, cheat = pair.node(Role.CONSUMER), pair.node(Role.PROVIDER), Cheat(pair)
        pid = (await concluded(pair))[Role.CONSUMER]
        honest = await cheat.pinned()
        await pair.net.pause(600)
        await provider.seals.rotate(ROOT, overlap=timedelta(), by=nodes.BY)
        (newest,) = [one for one in provider.seals._rows[ROOT] if one[0].ends_at is None]
        provider.seals._rows[ROOT] = [newest]
        provider.seals._signed.clear()
        await node.introduce.remove(ROOT, cheat.did, by=nodes.BY)
        await pair.net.pause(600)
        assert [(code, outcome) for code, outcome, _ in keys_told(await examined(node, pid))] == [("keys", "unknown")]
        await node.introduce.add(ROOT, cheat.did, by=nodes.BY)
        assert honest.keys[0].kid not in {one.kid for one in (await cheat.pinned()).keys}
        found, made = await examined(node, pid), await bundle(node, pid)
        report = examine(made.content, at=pair.clock.now())
        assert (found.verdict, report.verdict) == ("indeterminate", "indeterminate"), (
            keys_told(found),
            report.as_text("en"),
        )
        ((_, _, told),) = keys_told(found)
        assert "n’est plus dans la liste de sa partie" in told
        assert "ne nomme plus celle-ci" in report.doubts[0].fr
        assert files_of(made)[THEN].decode() == honest.text
        assert json.loads(files_of(made)["manifest.json"])["schema"] == "https://w3id.org/pupitre/bundle/2"

    perform(scene)


async def begin_anew(pair: Pair) -> None:
    """Have the provider lose all its keys, as with a disk of which nobody had a copy, and make others."""
    place = pair.places[Role.PROVIDER]
    await pair.node(Role.PROVIDER).store.write(lambda tx: tx.connection.execute(seal_keys.delete()) and None)
    place.crash()
    await asyncio.gather(*place.tasks, return_exceptions=True)
    for file in (place.folder / "keys" / ROOT).glob("*.pem"):
        file.unlink()
    Keys(place.folder).create_auth(ROOT)
    await place.wake(pair.clock, pair.net)
    await pair.node(Role.PROVIDER).seals.create(ROOT, by=nodes.BY)


def test_a_contract_with_a_partner_that_lost_its_keys_and_was_added_again_is_read_checked_and_exported(
    perform: Callable[..., Any],
) -> None:
    """What the lost keys sealed stays theirs, by the list of then; what the new ones sign cannot say more of it."""

    async def scene(pair: Pair) -> None:
        node, cheat = pair.node(Role.CONSUMER), Cheat(pair)
        pid = (await concluded(pair))[Role.CONSUMER]
        honest = await cheat.pinned()
        await begin_anew(pair)
        await pair.net.pause(600)
        for is_known in (True, False, True):
            if not is_known:
                await node.introduce.remove(ROOT, cheat.did, by=nodes.BY)
            elif await node.store.read(lambda tx: peers.find(tx, ROOT, cheat.did)) is None:
                await node.introduce.add(ROOT, cheat.did, by=nodes.BY)
                assert (await cheat.pinned()).keys[0].kid != honest.keys[0].kid
            told = await shown(node).show(ROOT, pid)
            assert (len(told.seals), told.concluded_at != "", told.revoked) == (2, True, {})
            await shown(node).convention(ROOT, pid, "fr")
            report = examine((await bundle(node, pid)).content, at=pair.clock.now())
            assert report.verdict == "indeterminate", report.as_text("en")
        ((code, outcome, said),) = keys_told(await examined(node, pid))
        assert (code, outcome) == ("keys", "unknown")
        assert "n’est plus dans la liste de sa partie" in said
        assert {one.part for one in report.doubts} == {
            "dids/provider.json", "contract.jws.json", "conclusion.jws.json",
        }  # fmt: skip
        assert {THEN, NOW} <= files_of(await bundle(node, pid)).keys()

    perform(scene)


def test_a_contract_that_was_not_concluded_has_no_list_of_the_conclusion(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        node = pair.node(Role.CONSUMER)
        pid = (await concluded(pair))[Role.CONSUMER]

        def word(tx: Tx) -> key_lists.Said:
            found = contracts.find(tx, ROOT, pid)
            assert found is not None
            own = node.seals.history(ROOT)
            return key_lists.said_by_both(tx, found, [], node.hosts.owners[ROOT].did, own)

        said = await node.store.read(word)
        assert [one.then for one in said.values()] == [None, None]

    perform(scene)
