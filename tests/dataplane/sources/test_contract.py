"""What every kind of source does: one suite, run on each kind.

A new kind adds a bench to KINDS: how to make such a source with a given content, and how to change and remove it.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import pytest

from connector.dataplane.errors import SourceChanged, SourceGone, SourceRefused, SourceUnreadable
from connector.dataplane.ranges import Slice
from connector.dataplane.sources import CHUNK_BYTES, Measured, Source
from connector.dataplane.sources.file import FileSource

CONTENT = bytes(range(256)) * 4096 * 2 + b"more"


class Bench(Protocol):
    """Makes, changes and removes the source under test."""

    def make(self, content: bytes) -> Source: ...

    def change(self, content: bytes) -> None: ...

    def remove(self) -> None: ...


class FileBench:
    def __init__(self, folder: Path, threads: ThreadPoolExecutor) -> None:
        self.path, self.folder, self.threads = folder / "content.bin", folder, threads

    def make(self, content: bytes) -> Source:
        self.path.write_bytes(content)
        os.utime(self.path, ns=(10**18, 10**18))
        return FileSource({"kind": "file", "path": "content.bin"}, (self.folder,), self.threads)

    def change(self, content: bytes) -> None:
        self.path.write_bytes(content)

    def remove(self) -> None:
        self.path.unlink()


KINDS: list[Callable[[Path, ThreadPoolExecutor], Bench]] = [FileBench]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with ThreadPoolExecutor(2) as threads:
        yield request.param(tmp_path, threads)


async def read(source: Source, published: Measured, part: Slice) -> list[bytes]:
    async with aclosing(source.read(published, part)) as pieces:
        return [piece async for piece in pieces]


def test_a_measurement_tells_size_and_checksum(bench: Bench) -> None:
    measured = asyncio.run(bench.make(CONTENT).measure())
    assert (measured.size_bytes, measured.sha256) == (len(CONTENT), sha256(CONTENT).hexdigest())
    assert measured.file_name
    assert "/" in measured.media_type


def test_a_measurement_survives_storage(bench: Bench) -> None:
    measured = asyncio.run(bench.make(CONTENT).measure())
    stored = measured.stored_with({"kind": "x", "path": "y"})
    assert (stored["kind"], Measured.of(stored)) == ("x", measured)


def test_what_was_never_measured_cannot_be_read() -> None:
    with pytest.raises(SourceUnreadable):
        Measured.of({"kind": "file", "path": "x"})


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, len(CONTENT)])
def test_the_pieces_are_the_content(bench: Bench, size: int) -> None:
    async def play() -> list[bytes]:
        source = bench.make(CONTENT[:size])
        return await read(source, await source.measure(), Slice(0, size))

    pieces = asyncio.run(play())
    assert b"".join(pieces) == CONTENT[:size]
    assert all(0 < len(piece) <= CHUNK_BYTES for piece in pieces)


@pytest.mark.parametrize("part", [Slice(0, 1), Slice(5, CHUNK_BYTES + 9), Slice(len(CONTENT) - 1, len(CONTENT))])
def test_a_part_is_that_part(bench: Bench, part: Slice) -> None:
    async def play() -> list[bytes]:
        source = bench.make(CONTENT)
        return await read(source, await source.measure(), part)

    assert b"".join(asyncio.run(play())) == CONTENT[part.start : part.stop]


def test_a_changed_content_is_not_begun(bench: Bench) -> None:
    async def play() -> None:
        source = bench.make(CONTENT)
        published = await source.measure()
        source.require_unchanged(published)
        bench.change(CONTENT[::-1])
        with pytest.raises(SourceChanged):
            source.require_unchanged(published)
        with pytest.raises(SourceChanged):
            await read(source, published, Slice(0, 9))

    asyncio.run(play())


def test_a_content_that_changes_under_way_is_not_completed(bench: Bench) -> None:
    async def play() -> None:
        source = bench.make(CONTENT)
        published = await source.measure()
        async with aclosing(source.read(published, Slice(0, len(CONTENT)))) as pieces:
            await anext(pieces)
            bench.change(CONTENT[::-1])
            with pytest.raises(SourceChanged):
                async for _ in pieces:
                    pass

    asyncio.run(play())


def test_a_content_of_another_size_is_changed(bench: Bench) -> None:
    async def play() -> None:
        source = bench.make(CONTENT)
        published = await source.measure()
        with pytest.raises(SourceChanged):
            source.require_unchanged(replace(published, size_bytes=1))

    asyncio.run(play())


def test_what_is_gone_is_said_to_be_gone(bench: Bench) -> None:
    async def play() -> None:
        source = bench.make(CONTENT)
        published = await source.measure()
        bench.remove()
        with pytest.raises(SourceGone):
            source.require_unchanged(published)
        with pytest.raises(SourceGone):
            await read(source, published, Slice(0, 1))
        with pytest.raises(SourceRefused):
            await source.check()
        with pytest.raises(SourceRefused):
            await source.measure()

    asyncio.run(play())


def test_what_can_be_read_may_be_published(bench: Bench) -> None:
    asyncio.run(bench.make(CONTENT).check())
