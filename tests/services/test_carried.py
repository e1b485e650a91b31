"""What is published fits into the contracts that come of it: made fit by them, or refused at once, with its place."""

import asyncio
import json
import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT, Node, build_app
from connector.clock import VirtualClock
from connector.problems import Invalid
from connector.services import negotiated
from connector.settings import load
from connector.store import datasets
from contracts import document, schema
from contracts.canonical import canonical
from contracts.texts import line, lines
from tests.harness.nodes import BY, OPEN, publish

DATASET = "urn:test:lampadaires"


def play(folder: Path, scene: Callable[[Node], Awaitable[None]]) -> None:
    """Play a scene on a node that has published a small file."""

    async def run() -> None:
        node = await build_app(load(environ={}, data_dir=folder), clock=VirtualClock())
        try:
            await node.hosts.add(ROOT, "Ville de Brume")
            await publish(node)
            await scene(node)
        finally:
            await node.close()

    asyncio.run(run())


async def put(node: Node, title: str = "Lampadaires", **metadata: Any) -> None:
    source = {"kind": "file", "path": "lampadaires.csv"}
    await node.publish.put_dataset(ROOT, title=title, source=source, document=metadata, dataset_id=DATASET, by=BY)


async def offer(node: Node, policy: dict[str, Any]) -> None:
    await node.publish.put_offer(ROOT, dataset=DATASET, policy=policy, mode="automatic", by=BY)


def asking_for(purpose: str) -> dict[str, Any]:
    rule = {"leftOperand": "purpose", "operator": "eq", "rightOperand": purpose}
    return {"permission": [{"action": "use", "constraint": [rule]}]}


@pytest.mark.parametrize("odd", ["\x1f", "\x01", "\x85", "\u2028", "\u202e", "e\u0301", "\r\n", "\t"])
def test_whatever_the_characters_of_its_texts_a_contract_tells_a_dataset(tmp_path: Path, odd: str) -> None:
    async def scene(node: Node) -> None:
        text = f"a{odd}b"
        await put(node, text, description=text, licence=text)
        stored = await node.store.read(lambda tx: datasets.load(tx, ROOT, DATASET))
        told = document.told_dataset(negotiated.published(stored))
        canonical(told)
        schema.check_member(told, schema.CONTRACT, "dataset")
        assert (told["title"], told["description"]) == (line(text), lines(text))

    play(tmp_path, scene)


def test_a_separator_of_units_is_a_blank_in_one_line_and_in_several() -> None:
    assert (line("a\x1fb"), lines("a\x1fb\nc\x1f\nd")) == ("a b", "a b\nc\nd")


@pytest.mark.parametrize(
    ("told", "pointer", "limit"),
    [
        ({"title": "x" * 2001}, "/title", "2000"),
        ({"licence": "x" * 2001}, "/metadata/licence", "2000"),
        ({"description": "x" * 20_001}, "/metadata/description", "20000"),
        ({"description": "\ufb2c" * 7_000}, "/metadata/description", "20000"),  # three characters in normal form
    ],
)
def test_a_text_that_no_contract_could_hold_is_refused_and_changes_nothing(
    tmp_path: Path, told: dict[str, str], pointer: str, limit: str
) -> None:
    async def scene(node: Node) -> None:
        with pytest.raises(Invalid) as refused:
            await put(node, **told)
        assert refused.value.pointer == pointer
        assert all(limit in refused.value.detail[language] for language in ("fr", "en"))
        stored = await node.store.read(lambda tx: datasets.load(tx, ROOT, DATASET))
        assert (stored.title, stored.document) == ("lampadaires", {})
        await put(node, **{name: text[:2000] if len(text) < 3000 else "x" * 20_000 for name, text in told.items()})

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("policy", "pointer", "shown"),
    [
        (asking_for("sante\u0301"), "/policy/permission/0/constraint/0/rightOperand", "santé"),
        ({**OPEN, "dct:title": unicodedata.normalize("NFD", "Données")}, "/policy/dct:title", "U+0065 U+0301"),
        ({**OPEN, "dct:title": "\n\u0301"}, "/policy/dct:title", "U+006E U+0301"),  # as its JSON text is written
        ({**OPEN, "dct:title": {"@value": "e\u0301", "@language": "fr"}}, "/policy/dct:title/@value", "U+0301"),
        (asking_for("a\x1fb"), "/policy/permission/0/constraint/0/rightOperand", "U+001F"),
        (asking_for("a\u202eb"), "/policy/permission/0/constraint/0/rightOperand", "U+202E"),
        (asking_for("x" * 20_001), "/policy", "20000"),
    ],
)
def test_rules_that_no_contract_could_hold_are_refused_with_the_place(
    tmp_path: Path, policy: dict[str, Any], pointer: str, shown: str
) -> None:
    async def scene(node: Node) -> None:
        with pytest.raises(Invalid) as refused:
            await offer(node, policy)
        assert refused.value.pointer == pointer
        assert all(shown in refused.value.detail[language] for language in ("fr", "en"))

    play(tmp_path, scene)


def test_rules_that_a_contract_can_hold_are_published_word_for_word(tmp_path: Path) -> None:
    policy = {**asking_for("Santé publique"), "dct:title": "Règles\r\nd’usage ", "dct:description": "\x01"}

    async def scene(node: Node) -> None:
        await offer(node, policy)
        found = await node.store.read(lambda tx: datasets.offers_of(tx, ROOT, [DATASET]))
        assert json.dumps(policy)[1:-1] in [json.dumps(one.policy).partition('"Offer", ')[2][:-1] for one in found]

    play(tmp_path, scene)
