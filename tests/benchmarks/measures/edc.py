"""The same measured of Eclipse EDC 0.15.1 in the same run, and the ratio to ours.

A measure takes EDC and us one after the other, never both at once, so that each has the machine to itself.
"""

import asyncio
import contextlib
import json
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiohttp

from tests.benchmarks import beside, stand
from tests.benchmarks.beside import EdcPair, Lost, Setting
from tests.benchmarks.figures import Figure, at_least, median, percentile
from tests.benchmarks.measures import catalogue, negotiation, pulls, serving, transfer
from tests.benchmarks.measures.pulls import Address
from tests.benchmarks.seeds import BIG, SMALL
from tests.benchmarks.stand import POSTGRESQL, SQLITE, STORES, Bench, Pair
from tests.interop.edc_peer import Edc

T = TypeVar("T")
BURST = 64
SIZES = (50, 1_000, 10_000)


async def idle(bench: Bench) -> list[Figure]:
    """one negotiation at a time between two EDCs, after 50 to warm up; between two of our nodes on such a store"""
    number = bench.times(100)

    async def of_ours(pair: Pair) -> list[float]:
        return await negotiation.latencies(pair, number)

    def of_edc(edcs: EdcPair) -> list[float]:
        return _each(number, edcs.negotiate)

    return [
        _less(
            f"negotiation, idle, p{share * 100:.0f}, beside EDC ({setting.name})",
            percentile(ours, share),
            percentile(theirs, share),
            "ms",
            _store(setting),
        )
        for setting, ours, theirs in await _beside(bench, of_ours, of_edc)
        for share in (0.5, 0.95)
    ]


async def sealed(bench: Bench) -> list[Figure]:
    """one at a time: between two of our nodes, sealed by both and concluded; between two EDCs as they come, unsigned"""
    number = bench.times(100)
    async with stand.pair(bench, SQLITE, "sealing") as pair:
        await pair.negotiate_many(_warm_up(bench), 1)
        await stand.quiet()
        ours = percentile(await negotiation.latencies(pair, number), 0.5)
    with beside.pair(None, warm_up=_warm_up(bench)) as edcs:
        await stand.quiet()
        theirs = percentile(_each(number, edcs.negotiate), 0.5)
    name, more = "negotiation sealed by both, p50, beside EDC (defaults)", f"{ours:.3g} ms"
    return [at_least(name, SQLITE, theirs / ours, 40, " ×", more, f"{theirs:,.0f} ms")]


async def sustained(bench: Bench) -> list[Figure]:
    """64 negotiations asked for at once until all are FINALIZED there; then the memory (PSS) of the provider"""

    async def of_ours(pair: Pair) -> tuple[float, float]:
        rate = median([await pair.negotiate_many(BURST, BURST) for _ in range(bench.rounds)])
        return rate, stand.memory_mb(pair.provider.pid)

    def of_edc(edcs: EdcPair) -> tuple[float, float]:
        rate = median([edcs.negotiate_many(BURST) for _ in range(bench.rounds)])
        return rate, stand.memory_mb(edcs.provider.pid)

    figures = []
    for setting, (rate, memory), (their_rate, their_memory) in await _beside(bench, of_ours, of_edc):
        what, store = f"beside EDC ({setting.name})", _store(setting)
        figures.append(_more(f"{BURST} negotiations at once, {what}", rate, their_rate, "/s", store))
        figures.append(_less(f"memory after them (PSS), {what}", memory, their_memory, "MB", store))
    return figures


async def address(bench: Bench) -> list[Figure]:
    """request → data address in the hands of the consumer, one at a time; the same of ours"""
    number = bench.times(50)

    async def of_ours(pair: Pair) -> float:
        agreement = (await pair.negotiate()).agreement or ""
        return percentile(await transfer.latencies(pair, agreement, number), 0.5)

    def of_edc(edcs: EdcPair) -> float:
        return percentile(_addresses(edcs, number), 0.5)

    return [
        _less(f"transfer request → data address, p50, beside EDC ({setting.name})", ours, theirs, "ms", _store(setting))
        for setting, ours, theirs in await _beside(bench, of_ours, of_edc)
    ]


async def bytes_pulled(bench: Bench) -> list[Figure]:
    """1 GiB with curl, and 4 KiB with wrk: through EDC's data plane from nginx, and from our node's own file"""
    with tempfile.TemporaryDirectory(prefix="bench-edc-files-") as folder:
        with Path(folder, "big").open("wb") as big:
            big.truncate(1 << 30)
        Path(folder, "small").write_bytes(b"x" * 4096)
        with pulls.nginx(Path(folder)) as nginx:
            large = _through_edc(f"{nginx}/big", pulls.pulled)
            few = _through_edc(f"{nginx}/small", lambda where: pulls.many(where, 5))
    async with stand.pair(bench, SQLITE, "pulls") as pair:
        ours_large = pulls.pulled(await pulls.address(pair, BIG))
        ours_few = pulls.many(await pulls.address(pair, SMALL), 5)
    return [
        _more("1 GiB pull, beside EDC", ours_large, large, "MB/s"),
        _more("authorised pulls of 4 KiB, beside EDC", ours_few, few, "/s"),
    ]


async def page(bench: Bench) -> list[Figure]:
    """POST catalog/request over HTTP, first and last 50 datasets, by offset, after 50 to warm up; the same of ours"""
    number = bench.times(100)
    figures = []
    with beside.edc(None) as edc:
        filled = 0
        for size in SIZES[:2] if bench.is_quick else SIZES:
            beside.fill(edc, size) if not filled else _fill_up(edc, filled, size)
            filled = size
            ours = await _pages_of_ours(bench, size, number)
            for place, offset in (("first", 0), ("last, by offset", size - 50)):
                look = partial(_page_of_edc, edc, offset)
                theirs = _each(number + beside.WARM_UP, look)[beside.WARM_UP :]
                name = f"catalogue page of 50 among {size:,}, {place}, p50, beside EDC"
                figures.append(_less(name, percentile(ours[place], 0.5), percentile(theirs, 0.5), "ms"))
    return figures


async def rest(bench: Bench) -> list[Figure]:
    """start until healthy, memory (PSS) 3 s later, CPU of an idle minute: EDC at its defaults, and `pupitre serve`"""
    seconds = 5 if bench.is_quick else 60
    serving.compile_all()
    began = time.perf_counter()
    with beside.edc(None) as edc:
        edc_start = time.perf_counter() - began
        edc_memory, edc_cpu = await _at_rest(edc.pid, seconds)
    with serving.installed(bench, SQLITE) as node, serving.running(node) as (pid, our_start):
        our_memory, our_cpu = await _at_rest(pid, seconds)
    return [
        _less("time to ready, beside EDC", our_start, edc_start, "s"),
        _less("memory, idle (PSS), beside EDC", our_memory, edc_memory, "MB"),
        _less("CPU of an idle minute, beside EDC", our_cpu, edc_cpu, "s"),
    ]


# --- both sides


async def _beside(
    bench: Bench, of_ours: Callable[[Pair], Awaitable[T]], of_edc: Callable[[EdcPair], T]
) -> list[tuple[Setting, T, T]]:
    """Return what was measured of us and of EDC in each setting; ours first, and closed before an EDC starts."""
    ours = {}
    for store in STORES:
        async with stand.pair(bench, store) as pair:
            await pair.negotiate_many(_warm_up(bench), 1)
            await stand.quiet()
            ours[store] = await of_ours(pair)
    found = []
    for setting in beside.SETTINGS:
        database = (lambda: bench.database(POSTGRESQL) or "") if setting.is_stored else None
        with beside.pair(setting.loop_ms, warm_up=_warm_up(bench), database=database) as edcs:
            await stand.quiet()
            found.append((setting, ours[_store(setting)], of_edc(edcs)))
    return found


def _store(setting: Setting) -> str:
    """Return the store of ours beside which EDC stands: ours are durable on either."""
    return POSTGRESQL if setting.is_stored else SQLITE


def _warm_up(bench: Bench) -> int:
    return bench.times(beside.WARM_UP)


def _each(number: int, act: Callable[[], object]) -> list[float]:
    """Return the milliseconds that each of so many took; what two EDCs lose is begun again and not counted."""
    taken: list[float] = []
    while len(taken) < number:
        began = time.perf_counter()
        with contextlib.suppress(Lost):
            act()
            taken.append(stand.milliseconds_since(began))
    return taken


def _addresses(edcs: EdcPair, number: int) -> list[float]:
    agreement = edcs.agreed()
    return _each(number, lambda: edcs.transfer(agreement))


def _through_edc(url: str, measure: Callable[[Address], float]) -> float:
    """Measure an address that EDC's data plane hands out for these bytes."""
    with beside.pair(10, url, warm_up=1) as edcs:
        found = edcs.transfer(edcs.agreed())
        return measure(Address(found["endpoint"], found["authorization"]))


def _fill_up(edc: Edc, filled: int, size: int) -> None:
    for number in range(filled, size):
        edc.asset(f"filler-{number:05}", "http://127.0.0.1:9/none")


def _page_of_edc(edc: Edc, offset: int) -> None:
    header = {"clientId": "did:web:bench.example", "region": "eu", "audience": edc.dsp}
    spec = {"@type": "QuerySpec", "offset": offset, "limit": 50, "sortOrder": "ASC", "filterExpression": []}
    context = ["https://w3id.org/dspace/2025/1/context.jsonld", "https://w3id.org/edc/dspace/v0.0.1"]
    body = {"@context": context, "@type": "CatalogRequestMessage", "filter": [spec]}
    headers = {"Authorization": json.dumps(header), "Content-Type": "application/json"}
    request = urllib.request.Request(f"{edc.dsp}/catalog/request", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.load(answer)["dataset"]
    if len(found) != 50:
        raise AssertionError(f"{len(found)} datasets")


async def _pages_of_ours(bench: Bench, size: int, number: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {}
    with stand.provider(bench.database(SQLITE), f"datasets-{size}") as provider:
        async with stand.consumer(bench.database(SQLITE), provider) as node, aiohttp.ClientSession() as session:
            for place in ("first", "last, by offset"):
                looks = [
                    await catalogue.ask(node, session, provider, size, place) for _ in range(number + beside.WARM_UP)
                ]
                taken[place] = looks[beside.WARM_UP :]
    return taken


async def _at_rest(pid: int, seconds: int) -> tuple[float, float]:
    """Return the memory of a process in MB and the processor's seconds that it uses in a minute."""
    await asyncio.sleep(3)
    memory, before = stand.memory_mb(pid), stand.processor_seconds(pid)
    await asyncio.sleep(seconds)
    return memory, (stand.processor_seconds(pid) - before) * 60 / seconds


def _less(name: str, ours: float, theirs: float, unit: str, store: str = SQLITE) -> Figure:
    ratio = theirs / ours if ours else float("inf")
    return Figure(name, store, f"{ours:.3g} {unit}; EDC takes {ratio:.1f} times that", edc=f"{theirs:,.3g} {unit}")


def _more(name: str, ours: float, theirs: float, unit: str, store: str = SQLITE) -> Figure:
    return Figure(name, store, f"{ours:,.3g} {unit}; {ours / theirs:.1f} times EDC", edc=f"{theirs:,.3g} {unit}")
