"""Pages by offset start from landmarks, and a change of the catalogue forgets them."""

import asyncio
from pathlib import Path

import pytest

from connector.app import ROOT, Node
from connector.catalogue.landmarks import SPACING, START
from connector.identity.scheme import Participant
from connector.protocol.pages import Query
from connector.store import datasets
from connector.store.datasets import StoredDataset
from connector.store.db import Tx
from tests.harness import nodes

SOMEBODY = Participant("did:web:somebody.example")
MANY = 3 * SPACING


def fill(tx: Tx) -> None:
    for number in range(MANY):
        name = f"jeu-{number:05d}"
        text = f'{{"@id": "{name}"}}'
        found = StoredDataset(
            owner=ROOT, id=name, title=name, document={}, source={}, rendered=text, status="published"
        )
        datasets.put(tx, found)


async def page(node: Node, offset: int) -> list[str]:
    return (await node.catalogue.page(ROOT, SOMEBODY, Query(limit=50, offset=offset))).texts


def expected(offset: int) -> list[str]:
    return [f'{{"@id": "jeu-{number:05d}"}}' for number in range(offset, min(offset + 50, MANY))]


@pytest.mark.parametrize("offsets", [range(0, MANY, 50), [MANY - 20, SPACING + 7, 2 * SPACING, SPACING + 7, MANY, 0]])
def test_every_page_by_offset_is_the_same_with_landmarks_as_without(tmp_path: Path, offsets: list[int]) -> None:
    async def main() -> None:
        async with nodes.running(tmp_path) as node:
            await node.store.write(fill)
            for _ in range(2):
                for offset in offsets:
                    assert await page(node, offset) == expected(offset), offset
            assert node.catalogue._landmarks.before(ROOT, MANY) != START

    asyncio.run(main())


def test_a_change_of_a_dataset_forgets_the_landmarks(tmp_path: Path) -> None:
    async def main() -> None:
        async with nodes.running(tmp_path) as node:
            await node.store.write(fill)
            last = MANY - 20
            assert await page(node, last) == expected(last)
            withdrawn = await node.store.read(lambda tx: datasets.load(tx, ROOT, "jeu-00000"))
            withdrawn.status = "withdrawn"
            await node.store.write(lambda tx: datasets.put(tx, withdrawn))
            assert node.catalogue._landmarks.before(ROOT, MANY) == START
            assert await page(node, last - 1) == expected(last)

    asyncio.run(main())


def test_what_was_read_before_a_change_is_not_kept(tmp_path: Path) -> None:
    async def main() -> None:
        async with nodes.running(tmp_path) as node:
            landmarks = node.catalogue._landmarks
            before = landmarks.changes
            await node.store.write(lambda tx: tx.signal(datasets.CHANGED, ROOT))
            landmarks.keep(ROOT, (SPACING, "jeu"), before)
            assert landmarks.before(ROOT, SPACING) == START
            landmarks.keep(ROOT, (SPACING, "jeu"), landmarks.changes)
            assert landmarks.before(ROOT, SPACING) == (SPACING, "jeu")

    asyncio.run(main())
