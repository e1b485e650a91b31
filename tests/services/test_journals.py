"""Checkpoints fix where the journals of a participant stand, on both stores; whatever is changed since is named."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connector.app import ROOT, Node, build_app
from connector.clock import VirtualClock
from connector.services.checkpoints import JOB, KEY, Checkpoints
from connector.services.journals import Fault, Journals
from connector.settings import load
from connector.store import checkpoints, journal, restores, tables
from connector.store.checkpoints import Checkpoint, Head
from connector.store.db import Tx
from connector.store.jobs import Job
from contracts.checkpoint import head_digest
from contracts.jws import CHECKPOINT, read_sealed
from contracts.seals import seal
from tests.harness import nodes
from tests.harness.sealers import sealer

NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
DAY = timedelta(days=1)
TABLES = ("checkpoint_seals", "checkpoint_heads", "checkpoints", "journal")
GUARDS = {
    "sqlite": [
        f"DROP TRIGGER {name}_{verb}"
        for name in (f"{table}_is" if table == "journal" else f"{table}_are" for table in TABLES)
        for verb in ("not_changed", "not_deleted")
    ],
    "postgresql": [
        f"DROP TRIGGER {table}_{'is' if table == 'journal' else 'are'}_not_changed ON {table}" for table in TABLES
    ],
}
Opened = Callable[..., contextlib.AbstractAsyncContextManager[Node]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Builds a node that hosts one participant, with journals `a` and `b`; it does not serve."""
    with contextlib.ExitStack() as stack:
        url = None
        if request.param == "postgres":
            url = stack.enter_context(request.getfixturevalue("postgres").fresh_database())
        settings = load(environ={}, data_dir=tmp_path / "node", database_url=url)

        @contextlib.asynccontextmanager
        async def open_(**given: Any) -> AsyncIterator[Node]:
            node = await build_app(settings, clock=VirtualClock(NOW), **given)
            try:
                if ROOT not in node.hosts.owners:
                    await node.hosts.add(ROOT, "Essai")
                    await grow(node, "a", 3)
                    await grow(node, "b", 1)
                yield node
            finally:
                await node.close()

        yield open_


async def grow(node: Node, process: str, count: int, owner: str = ROOT) -> None:
    def unit(tx: Tx) -> None:
        for n in range(count):
            journal.append(tx, owner, process, "received", {"é": n})

    await node.store.write(unit)


async def next_day(node: Node, owner: str = ROOT) -> datetime:
    """Do what the job does every day; return when it wants to look again."""
    node.clock.advance(DAY)  # type: ignore[attr-defined]
    return await node.checkpoints(Job(JOB, owner, KEY))


async def three_days(node: Node) -> None:
    """Have three checkpoints: of `a` 3 and `b` 1, of `a` 5, of `b` 2 and `c` 1."""
    await next_day(node)
    await grow(node, "a", 2)
    await next_day(node)
    await grow(node, "b", 1)
    await grow(node, "c", 1)
    await next_day(node)


async def held(node: Node, owner: str = ROOT) -> list[Checkpoint]:
    return await node.store.read(lambda tx: checkpoints.page(tx, owner))


async def faults(node: Node, limit: int = 500, owner: str = ROOT) -> list[tuple[Any, ...]]:
    """Return what is wrong, as `kind, process, n, checkpoint`, after a look at every sentence."""
    found: list[Fault] = []
    journals, cursor, is_first = Journals(node.store, node.hosts), None, True
    while is_first or cursor is not None:
        page = await journals.verify(owner, cursor=cursor, limit=limit)
        found, cursor, is_first = found + page.faults, page.following, False
    for one in found:
        french, english = one.say("fr"), one.say("en")
        assert french != english
        assert "None" not in french + english
        assert one.process is None or one.process in french
    return [(one.kind, one.process, one.n, one.checkpoint) for one in found]


def play(scene: Callable[..., Any], opened: Opened, **given: Any) -> None:
    async def run() -> None:
        async with opened(**given) as node:
            await scene(node)

    asyncio.run(run())


def test_a_checkpoint_covers_what_grew_and_there_is_none_when_nothing_did(opened: Opened) -> None:
    async def scene(node: Node) -> None:
        await three_days(node)
        assert await next_day(node) == node.clock.now() + DAY
        first, second, third = await held(node)
        covered = [await node.store.read(lambda tx, n=n: checkpoints.heads(tx, ROOT, n)) for n in (1, 2, 3)]
        assert [[(one.process, one.n) for one in heads] for heads in covered] == [
            [("a", 3), ("b", 1)],
            [("a", 5)],
            [("b", 2), ("c", 1)],
        ]
        documents = [read_sealed(one.jws or "").document for one in (first, second, third)]
        assert [one["number"] for one in documents] == [1, 2, 3]
        assert documents[1]["heads"] == [head_digest(covered[1][0].process, 5, covered[1][0].hash)]
        assert documents[2]["previous"]["sha256"] == read_sealed(second.jws or "").sha256
        assert await faults(node) == []
        standing = await Journals(node.store, node.hosts).standing(ROOT)
        assert (standing.number, standing.sealed_at, standing.can_seal) == (3, NOW + 3 * DAY, True)
        texts = await node.store.read(lambda tx: checkpoints.covering(tx, ROOT, "a"))
        assert texts == [first.jws, second.jws]

    play(scene, opened)


def test_checkpoints_are_append_only(opened: Opened) -> None:
    async def scene(node: Node) -> None:
        await next_day(node)
        rows = (tables.checkpoints, tables.checkpoint_seals, tables.checkpoint_heads)
        for statement in (*(row.update().values(number=9) for row in rows), *(row.delete() for row in rows)):
            with pytest.raises(DBAPIError):
                await node.store.write(lambda tx, one=statement: tx.connection.execute(one) and None)
        with pytest.raises(DBAPIError):
            await node.store.write(lambda tx: checkpoints.add(tx, ROOT, 1, "{}", [Head("a", 1, "")]))
        with pytest.raises(DBAPIError):
            await node.store.write(lambda tx: checkpoints.seal(tx, ROOT, 1, "", "{}"))

    play(scene, opened)


# --- what somebody with the database in hand may do ---


def changed(tx: Tx) -> None:
    """Change an entry, and compute all hashes after it again."""
    entries = list(journal.page(tx, ROOT, "a"))
    last = entries[0].hash
    for one in entries[1:]:
        told = one.text.replace('"é":1', '"é":9')
        last = journal.link(last, told)
        tx.connection.execute(
            tables.journal.update()
            .where(tables.journal.c.process == "a", tables.journal.c.n == one.n)
            .values(entry=told, hash=last)
        )


async def sealed_again(node: Node, number: int) -> Callable[[Tx], None]:
    """Return a unit that puts the seal of another key on a checkpoint."""
    row = (await held(node))[number - 1]
    by = sealer(node.hosts.owners[ROOT].did, name="seal-other")
    again = await seal(row.document.encode(), by, media_type=CHECKPOINT, at=node.clock.now())
    this = tables.checkpoint_seals.c.number == number
    return lambda tx: (
        tx.connection.execute(tables.checkpoint_seals.update().where(this).values(jws=again.text)) and None
    )


async def drawn_up_anew(node: Node, number: int) -> Callable[[Tx], None]:
    """Return a unit that puts another checkpoint, sealed with the right key, in the place of one."""
    row = (await held(node))[number - 1]
    document = row.document.replace("2026-06-03", "2026-06-02")
    again = await seal(document.encode(), node.hosts.seals.signer(ROOT), media_type=CHECKPOINT, at=node.clock.now())

    def unit(tx: Tx) -> None:
        for table, values in (
            (tables.checkpoints, {"document": document}),
            (tables.checkpoint_seals, {"jws": again.text}),
        ):
            tx.connection.execute(table.update().where(table.c.number == number).values(values))

    return unit


def removed(number: int) -> list[str]:
    return [f"DELETE FROM {table} WHERE number = {number}" for table in TABLES[:3]]


TAMPERED: dict[str, tuple[Any, list[tuple[Any, ...]]]] = {
    "entry changed, hashes recomputed": (
        changed,
        [("entry-changed", "a", 3, 1), ("entry-changed", "a", 5, 2)],
    ),
    "entry changed": (
        ["UPDATE journal SET entry = REPLACE(entry, '1}', '7}') WHERE process = 'a' AND n = 2"],
        [("broken-chain", "a", 2, None)],
    ),
    "entry removed in the middle": (
        ["DELETE FROM journal WHERE process = 'a' AND n = 2"],
        [("broken-chain", "a", 3, None)],
    ),
    "chain shortened": (
        ["DELETE FROM journal WHERE process = 'a' AND n > 4"],
        [("entry-missing", "a", 5, 2)],
    ),
    "journal removed": (
        ["DELETE FROM journal WHERE process = 'b'"],
        [("entry-missing", "b", 1, 1), ("entry-missing", "b", 2, 3)],
    ),
    "checkpoint removed in the middle": (removed(2), [("checkpoint-missing", None, None, 2)]),
    "first checkpoints removed": (removed(1) + removed(2), [("checkpoint-missing", None, None, 1)]),
    "seal removed": (
        ["DELETE FROM checkpoint_seals WHERE number = 2"],
        [("checkpoint-unsealed", None, None, 2)],
    ),
    "list of entries changed": (
        ["UPDATE checkpoint_heads SET n = 4 WHERE number = 2"],
        [("checkpoint-heads", None, None, 2)],
    ),
    "list of entries shortened": (
        ["DELETE FROM checkpoint_heads WHERE number = 3 AND process = 'b'"],
        [("checkpoint-heads", None, None, 3)],
    ),
    "text beside the seal changed": (
        ["UPDATE checkpoints SET document = REPLACE(document, 'a', 'b') WHERE number = 2"],
        [("checkpoint-refused", None, None, 2)],
    ),
    "seal of one on another": (
        ["UPDATE checkpoint_seals SET jws = (SELECT jws FROM checkpoint_seals WHERE number = 1) WHERE number = 3"],
        [("checkpoint-refused", None, None, 3), ("checkpoint-heads", None, None, 3)],
    ),
    "sealed by another key": (
        lambda node: sealed_again(node, 2),
        [("checkpoint-refused", None, None, 2), ("checkpoint-refused", None, None, 3)],
    ),
    "last one sealed by another key": (
        lambda node: sealed_again(node, 3),
        [("checkpoint-refused", None, None, 3)],
    ),
    "drawn up anew with the right key": (
        lambda node: drawn_up_anew(node, 2),
        [("checkpoint-refused", None, None, 3)],
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_is_changed_is_found_and_named(opened: Opened, what: str) -> None:
    how, expected = TAMPERED[what]

    async def scene(node: Node) -> None:
        await three_days(node)
        assert await faults(node) == []
        made = await how(node) if what.endswith("key") else how

        def unit(tx: Tx) -> None:
            for statement in GUARDS[tx.connection.dialect.name]:
                tx.connection.execute(text(statement))
            if callable(made):
                made(tx)
            else:
                for statement in made:
                    tx.connection.execute(text(statement))

        await node.store.write(unit)
        assert await faults(node) == expected
        assert sorted(await faults(node, 1), key=str) == sorted(expected, key=str)

    play(scene, opened)


def test_a_checkpoint_of_a_key_whose_revocation_is_dated_back_stands(opened: Opened) -> None:
    async def scene(node: Node) -> None:
        await next_day(node)
        await grow(node, "a", 1)
        await next_day(node)
        (key,) = node.hosts.seals.all(ROOT)
        await node.hosts.seals.revoke(ROOT, key.name, "Poste volé", since=NOW + DAY + timedelta(hours=1), by=nodes.BY)
        assert await faults(node) == []

    play(scene, opened)


def test_a_checkpoint_of_a_key_that_was_announced_as_revoked_before_is_named(opened: Opened) -> None:
    """Somebody who took the key seals with it all the same."""

    async def scene(node: Node) -> None:
        await next_day(node)
        (key,), stolen = node.hosts.seals.all(ROOT), node.hosts.seals.signer(ROOT)
        await node.hosts.seals.revoke(ROOT, key.name, "Poste volé", since=NOW, by=nodes.BY)
        node.clock.advance(DAY)  # type: ignore[attr-defined]
        await Checkpoints(node.store, node.addresses, lambda owner, kid=None: stolen, 24)(Job(JOB, ROOT, KEY))
        assert await faults(node) == [("checkpoint-key-revoked", None, None, 2)]

    play(scene, opened)


# --- one number, one checkpoint ---


class Failing:
    """A signer whose node is killed right after it has signed, until it is told otherwise."""

    def __init__(self, node: Node) -> None:
        self._signer = node.hosts.seals.signer(ROOT)
        self.kid, self.algorithm, self.chain = self._signer.kid, self._signer.algorithm, self._signer.chain
        self.fails = True
        self.signed: list[bytes] = []

    async def sign(self, signing_input: bytes) -> bytes:
        signature = await self._signer.sign(signing_input)
        self.signed.append(signing_input.partition(b".")[2])
        if self.fails:
            raise ConnectionError
        return signature


def test_what_could_not_be_sealed_is_sealed_as_it_was_drawn_up(opened: Opened) -> None:
    async def scene(node: Node) -> None:
        signer = Failing(node)
        making = Checkpoints(node.store, node.addresses, lambda owner, kid=None: signer, 24)
        job = Job(JOB, ROOT, KEY)
        with pytest.raises(ConnectionError):
            await making(job)
        (left,) = await held(node)
        assert left.jws is None
        await grow(node, "a", 1)
        with pytest.raises(ConnectionError):
            await making(job)
        assert await held(node) == [left]
        assert await faults(node) == []  # the last one may wait for its seal
        signer.fails = False
        assert await making(job) == node.clock.now()  # at once: the journals grew meanwhile
        (first,) = await held(node)
        assert read_sealed(first.jws or "").payload.decode() == left.document
        assert (len(signer.signed), len(set(signer.signed))) == (3, 1)  # of this number nothing else was ever signed
        await making(job)
        assert [one.number for one in await held(node)] == [1, 2]
        assert await faults(node) == []

    play(scene, opened)


def test_two_at_once_make_one_checkpoint(opened: Opened) -> None:
    async def scene(node: Node) -> None:
        job = Job(JOB, ROOT, KEY)
        await asyncio.gather(*(node.checkpoints(job) for _ in range(4)))
        (only,) = await held(node)
        assert only.jws is not None
        assert await faults(node) == []

    play(scene, opened)


def test_journals_without_number_are_covered_step_by_step(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "WALKED", 2)
    monkeypatch.setattr("connector.services.checkpoints.MAX_HEADS", 3)

    async def scene(node: Node) -> None:
        for process in "cdefg":
            await grow(node, process, 1)
        assert await next_day(node) == node.clock.now()
        while await node.checkpoints(Job(JOB, ROOT, KEY)) == node.clock.now():
            pass
        covered = [await node.store.read(lambda tx, n=n: checkpoints.heads(tx, ROOT, n)) for n in (1, 2, 3)]
        assert [[one.process for one in heads] for heads in covered] == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
        assert await faults(node) == await faults(node, 2) == []

    play(scene, opened)


# --- whose, and when ---


def test_each_participant_has_checkpoints_of_its_own(opened: Opened) -> None:
    async def scene(node: Node) -> None:
        await node.hosts.add("brume", "Brume")
        await grow(node, "a", 1, owner="brume")
        await next_day(node)
        assert await held(node, "brume") == []
        await next_day(node, "brume")
        (theirs,), (ours,) = await held(node, "brume"), await held(node)
        assert read_sealed(theirs.jws or "").document["by"] == node.hosts.owners["brume"].did
        assert len(read_sealed(theirs.jws or "").document["heads"]) == 1
        assert len(read_sealed(ours.jws or "").document["heads"]) == 2
        assert await faults(node) == await faults(node, owner="brume") == []

    play(scene, opened)


def test_without_a_seal_key_there_is_no_checkpoint_and_it_is_said(opened: Opened) -> None:
    async def scene(node: Node) -> None:
        (key,) = node.hosts.seals.all(ROOT)
        await node.hosts.seals.revoke(ROOT, key.name, "Poste volé", by=nodes.BY)
        assert await next_day(node) == node.clock.now() + DAY
        assert await held(node) == []
        standing = await Journals(node.store, node.hosts).standing(ROOT)
        assert (standing.number, standing.can_seal) == (None, False)

    play(scene, opened)


def test_the_checkpoint_after_a_restoration_tells_of_it(opened: Opened) -> None:
    async def scene(node: Node) -> None:
        await next_day(node)
        taken_at = node.clock.now()
        node.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
        await node.store.write(lambda tx: restores.begin(tx, "backup", taken_at, revoke_keys=False))
        for _ in range(2):
            await grow(node, "a", 1)
            await next_day(node)
        told = [read_sealed(one.jws or "").document.get("restorations") for one in await held(node)]
        assert told == [None, [{"backupAt": "2026-06-02T03:00:00Z", "restoredAt": "2026-06-02T04:00:00Z"}], None]
        assert await faults(node) == []

    play(scene, opened)


def test_a_node_that_serves_seals_its_journals_by_itself(tmp_path: Path) -> None:
    async def run() -> None:
        async with nodes.running(tmp_path / "node", journal_checkpoint_hours=1e-5) as node, asyncio.timeout(60):
            await grow(node, "a", 1)
            while not [one for one in await held(node) if one.jws]:
                await asyncio.sleep(0.02)
            assert await faults(node) == []

    asyncio.run(run())
