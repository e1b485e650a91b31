"""What every kind of sink does: one suite, run on each kind. A new kind adds a bench to KINDS."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import pytest

from connector.dataplane.errors import DiskFull, FetchFailed, FileInTheWay, PartInUse
from connector.dataplane.sinks import Kept, Sink
from connector.dataplane.sinks.file import FileSink

CONTENT = bytes(range(256)) * 4096 * 2 + b"more"
KEPT = Kept(len(CONTENT), sha256(CONTENT).hexdigest())


class Bench(Protocol):
    """Makes a sink, and sees what stands in its place and what was left around it."""

    def make(self, *, overwrite: bool = False) -> Sink: ...

    def found(self) -> bytes | None: ...

    def put(self, content: bytes) -> None: ...

    def left_over(self) -> list[str]: ...


class FileBench:
    def __init__(self, folder: Path, threads: ThreadPoolExecutor) -> None:
        self.place, self.threads = folder / "new" / "lampes.csv", threads

    def make(self, *, overwrite: bool = False) -> Sink:
        return FileSink(self.place, self.threads, overwrite=overwrite)

    def found(self) -> bytes | None:
        return self.place.read_bytes() if self.place.exists() else None

    def put(self, content: bytes) -> None:
        self.place.parent.mkdir(exist_ok=True)
        self.place.write_bytes(content)

    def left_over(self) -> list[str]:
        return [path.name for path in self.place.parent.glob("*") if path != self.place]


KINDS: list[Callable[[Path, ThreadPoolExecutor], Bench]] = [FileBench]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with ThreadPoolExecutor(2) as threads:
        yield request.param(tmp_path, threads)


async def fill(sink: Sink, content: bytes = CONTENT, size_bytes: int | None = None, *, commit: bool = True) -> Any:
    async with sink.open(size_bytes) as intake:
        for at in range(0, len(content), 1 << 20):
            await intake.write(content[at : at + (1 << 20)])
        assert (intake.size_bytes, intake.sha256()) == (len(content), sha256(content).hexdigest())
        return await intake.commit() if commit else None


@pytest.mark.parametrize("size_bytes", [None, len(CONTENT)], ids=["unknown size", "known size"])
def test_what_is_committed_is_kept(bench: Bench, size_bytes: int | None) -> None:
    assert asyncio.run(fill(bench.make(), size_bytes=size_bytes)) == KEPT
    assert (bench.found(), bench.left_over()) == (CONTENT, [])


def test_an_empty_content_is_kept(bench: Bench) -> None:
    assert asyncio.run(fill(bench.make(), b"")).size_bytes == 0
    assert (bench.found(), bench.left_over()) == (b"", [])


def test_what_is_not_committed_leaves_nothing(bench: Bench) -> None:
    asyncio.run(fill(bench.make(), commit=False))
    assert (bench.found(), bench.left_over()) == (None, [])


def test_what_fails_under_way_leaves_nothing(bench: Bench) -> None:
    async def play() -> None:
        async with bench.make().open(None) as intake:
            await intake.write(CONTENT)
            raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(play())
    assert (bench.found(), bench.left_over()) == (None, [])


def test_nothing_stands_in_the_place_before_the_commit(bench: Bench) -> None:
    async def play() -> None:
        async with bench.make().open(None) as intake:
            await intake.write(CONTENT)
            assert bench.found() is None

    asyncio.run(play())


@pytest.mark.parametrize("other", [b"other", b"x" * len(CONTENT)], ids=["other size", "same size"])
def test_another_content_is_not_replaced(bench: Bench, other: bytes) -> None:
    bench.put(other)
    with pytest.raises(FileInTheWay):
        asyncio.run(fill(bench.make(), size_bytes=len(CONTENT)))
    assert (bench.found(), bench.left_over()) == (other, [])


def test_another_content_is_replaced_on_demand(bench: Bench) -> None:
    bench.put(b"other")
    assert asyncio.run(fill(bench.make(overwrite=True), size_bytes=len(CONTENT))) == KEPT
    assert (bench.found(), bench.left_over()) == (CONTENT, [])


def test_the_same_content_is_recognised(bench: Bench) -> None:
    bench.put(CONTENT)
    assert asyncio.run(fill(bench.make(), size_bytes=len(CONTENT))) == KEPT
    assert (bench.found(), bench.left_over()) == (CONTENT, [])


def test_a_second_intake_is_refused_while_one_is_open(bench: Bench) -> None:
    async def play() -> None:
        async with bench.make().open(None) as intake:
            await intake.write(CONTENT)
            with pytest.raises(PartInUse):
                await fill(bench.make(), b"other")
            await intake.commit()

    asyncio.run(play())
    assert (bench.found(), bench.left_over()) == (CONTENT, [])


def test_a_content_without_room_is_refused_before_it_comes(bench: Bench) -> None:
    with pytest.raises(DiskFull):
        asyncio.run(fill(bench.make(), b"", 1 << 60))
    assert (bench.found(), bench.left_over()) == (None, [])


def test_a_place_that_cannot_be_is_told_by_a_check(bench: Bench, tmp_path: Path) -> None:
    asyncio.run(bench.make().check())
    assert (bench.found(), bench.left_over()) == (None, [])
    (tmp_path / "new").rmdir()
    (tmp_path / "new").write_bytes(b"a file where a folder is needed")
    with pytest.raises(FetchFailed):
        asyncio.run(bench.make().check())
