"""The real catalogue of a French city, published by one node and received by another.

All 111 sheets of `../shared/data/montpellier` become datasets: a sheet alone stands for itself, and each of the 27
files beside the sheets is a dataset of its own, with the metadata and the licence of its sheet. What a sheet says of
its licence decides the mode of the offer: open licences are automatic, everything else (conditions of an agency, no
sheet at all) waits for a person. Real sheets have real faults: byte order marks, HTML entities, two layouts, misspelt
labels.
"""

import asyncio
import hashlib
import html
import io
import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from connector.app import ROOT, Node
from connector.services.receive import Receive
from connector.store import fetches, negotiations
from tests.harness import nodes

CITY = Path(__file__).resolve().parents[3] / "shared" / "data" / "montpellier"
OPEN_LICENCES = ("licence ouverte", "odbl", "cc-by-sa")
SHEETS, FILES = 111, 27
LANTERNS = 29_969
"""Street lights in the shapefile's table and placemarks in the KML."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Sheet:
    """What a metadata sheet says, as far as it can be read."""

    title: str
    document: dict[str, Any]
    licence: str

    @property
    def mode(self) -> str:
        return "automatic" if any(name in self.licence.lower() for name in OPEN_LICENCES) else "manual"


def read(folder: Path) -> Sheet:
    """Return the sheet of a folder; without one only the folder's name is known."""
    path = folder / "README.txt"
    text = html.unescape(path.read_text("utf-8-sig")) if path.exists() else ""
    lines = re.findall(r"^\*\s*([^:\n]+?)\s*:[ \t]*(.*?)\s*$", text, re.MULTILINE)
    said = {label.lower(): value for label, value in lines if value}
    document = {
        "description": said.get("description"),
        "keywords": [word.strip() for word in said.get("mots clés", "").split(";") if word.strip()],
        "publisher": said.get("diffuseur") or said.get("proriétaire") or said.get("propriétaire"),
        "issued": said.get("date publication") or said.get("date de publication"),
        "licence": said.get("licence"),
    }
    kept = {name: value for name, value in document.items() if value}
    return Sheet(said.get("titre") or said.get("nom") or folder.name, kept, said.get("licence", ""))


def named(*parts: str) -> str:
    return "urn:montpellier:" + ":".join(quote(part) for part in parts)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name != "README.txt")


async def publish(node: Node) -> dict[str, Path]:
    """Publish the city; return the file of each dataset that has one."""
    found = {}
    for folder in sorted(path for path in CITY.iterdir() if path.is_dir()):
        sheet = read(folder)
        published = {named(folder.name, path.name): path for path in files_of(folder)}
        found |= published
        if (folder / "README.txt").exists():
            published[named(folder.name)] = folder / "README.txt"
        for name, path in published.items():
            source = {"kind": "file", "path": str(path)}
            title = sheet.title if path.name == "README.txt" else f"{sheet.title} ({path.name})"
            await node.publish.put_dataset(
                ROOT, dataset_id=name, title=title, source=source, document=sheet.document, by=nodes.BY
            )
            await node.publish.put_offer(ROOT, dataset=name, policy=nodes.OPEN, mode=sheet.mode, by=nodes.BY)
    return found


async def list_all(consumer: Node, did: str) -> list[Any]:
    """Read every page of the provider's catalogue."""
    page = await consumer.catalogue.browse(ROOT, did, limit=20)
    found = list(page.datasets)
    while page.following is not None:
        page = await consumer.catalogue.browse(ROOT, did, limit=20, cursor=page.following)
        found += page.datasets
    return found


async def conclude(consumer: Node, provider: Node, did: str, dataset: str) -> str:
    """Negotiate a dataset to its agreement; a person accepts where the offer waits for one."""
    asked = await nodes.ask(consumer, did, dataset)
    mode = "automatic" if read(CITY / _folder(dataset)).mode == "automatic" else "manual"
    if mode == "manual":
        theirs = (await nodes.until_negotiation(consumer, asked.pid, "REQUESTED")).peer_pid or ""
        waiting = await provider.store.read(lambda tx: negotiations.peek(tx, ROOT, theirs))
        assert waiting.agreement is None
        await provider.negotiate.accept(ROOT, theirs, by=nodes.BY)
    return (await nodes.until_negotiation(consumer, asked.pid, "FINALIZED")).agreement or ""


def _folder(dataset: str) -> str:
    return next(path.name for path in CITY.iterdir() if dataset.startswith(named(path.name, "")))


async def receive(consumer: Node, receiving: Receive, agreement: str, path: Path) -> Path:
    """Have the bytes of an agreement delivered; return the received file."""
    transfer = await consumer.transfer.request(ROOT, agreement, by=nodes.BY)
    await receiving.fetch(ROOT, transfer.pid, path.name)
    async with asyncio.timeout(60):
        while (fetch := await consumer.store.read(lambda tx: fetches.load(tx, ROOT, transfer.pid))).status != "done":
            assert fetch.status != "failed", fetch.problem
            await asyncio.sleep(0.02)
    await consumer.transfer.complete(ROOT, transfer.pid, by=nodes.BY)
    await nodes.until_transfer(consumer, transfer.pid, "COMPLETED")
    return Path(fetch.path)


def test_a_city_publishes_its_catalogue_and_a_partner_receives_every_file(tmp_path: Path) -> None:
    async def exchange() -> None:
        async with (
            nodes.running(tmp_path / "ville", source_dirs=(CITY,)) as provider,
            nodes.running(tmp_path / "partenaire") as consumer,
        ):
            files = await publish(provider)
            did = await nodes.acquaint(consumer, provider)
            listed = await list_all(consumer, did)
            assert len(files) == FILES
            assert len(listed) == len({summary.id for summary in listed}) == SHEETS + FILES
            assert all(summary.title and summary.offers for summary in listed)
            received = {}
            for name, path in files.items():
                agreement = await conclude(consumer, provider, did, name)
                received[path.name] = await receive(consumer, consumer.receive, agreement, path)
            assert {name: _sha256(path) for name, path in received.items()} == {
                path.name: _sha256(path) for path in files.values()
            }
            assert lanterns(received) == (LANTERNS, LANTERNS)

    asyncio.run(exchange())


def test_the_licences_of_the_sheets_decide_who_must_ask() -> None:
    modes = [read(folder).mode for folder in sorted(CITY.iterdir()) if (folder / "README.txt").exists()]
    assert len(modes) == SHEETS
    assert {mode: modes.count(mode) for mode in modes} == {"automatic": 91, "manual": 20}


def lanterns(received: dict[str, Path]) -> tuple[int, int]:
    """Count the street lights in the received shapefile (its table's header) and KML."""
    with zipfile.ZipFile(received["VilleMTP_MTP_EclairagePublic.zip"]) as archive:
        (rows,) = struct.unpack("<I", archive.read("VilleMTP_MTP_EclairagePublic.dbf")[4:8])
    with zipfile.ZipFile(io.BytesIO(received["VilleMTP_MTP_EclairagePublic_kml.zip"].read_bytes())) as archive:
        return rows, archive.read("VilleMTP_MTP_EclairagePublic.kml").count(b"<Placemark")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
