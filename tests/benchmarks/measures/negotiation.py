"""Negotiations: how long one takes between idle nodes, and how many a second two nodes sustain."""

import asyncio
import contextlib
import os
import time

from tests.benchmarks import stand
from tests.benchmarks.figures import Figure, at_least, at_most, median, percentile, spread
from tests.benchmarks.stand import STORES, Bench, Pair

IN_FLIGHT = (16, 64, 300)
NO_COLLAPSE = 0.8
LONGEST_RUN = 600
EDC_IDLE = "1.8 s at its defaults, 124 ms in memory with 10 ms loops"


async def idle(bench: Bench) -> list[Figure]:
    """one at a time, request → FINALIZED committed on both nodes; rounds of 100, stores alternating"""
    async with contextlib.AsyncExitStack() as stack:
        pairs = {store: await stack.enter_async_context(stand.pair(bench, store)) for store in STORES}
        runs: dict[str, list[list[float]]] = {store: [] for store in STORES}
        for _ in range(bench.rounds):
            for store, pair in pairs.items():
                await stand.quiet()
                runs[store].append(await latencies(pair, bench.times(100)))
    figures = []
    for store, rounds in runs.items():
        middle = [percentile(run, 0.5) for run in rounds]
        p95 = median(percentile(run, 0.95) for run in rounds)
        note = f"p95 {p95:.1f} ms, {spread(middle)}"
        figures.append(at_most("negotiation, idle nodes, p50", store, median(middle), 25, " ms", note, EDC_IDLE))
    return figures


async def latencies(pair: Pair, number: int) -> list[float]:
    """Return milliseconds from the request until both nodes have committed FINALIZED, one at a time."""
    pair.provider.changes()
    began, ended, theirs = [], [], []
    for _ in range(number):
        began.append(time.perf_counter())
        final = await pair.negotiate()
        ended.append(time.perf_counter())
        theirs.append(final.peer_pid or "")
        await asyncio.sleep(0.01)  # the provider's last commit does not slow the next one
    changed = pair.provider.changes()
    return [(max(end, changed[pid]) - begin) * 1000 for begin, end, pid in zip(began, ended, theirs, strict=True)]


async def sustained(bench: Bench) -> list[Figure]:
    """400 (600 at 300 in flight) negotiations a run, both nodes and the driver on the two cores; stores alternating"""
    async with contextlib.AsyncExitStack() as stack:
        pairs = {store: await stack.enter_async_context(stand.pair(bench, store)) for store in STORES}
        rates: dict[tuple[str, int], list[float]] = {(store, many): [] for store in STORES for many in IN_FLIGHT}
        costs: dict[str, list[float]] = {store: [] for store in STORES}
        for _ in range(bench.rounds):
            for many in IN_FLIGHT:
                for store, pair in pairs.items():
                    await stand.quiet()
                    rate, cost_ms = await run(pair, max(bench.times(400), many * 2), many)
                    rates[store, many].append(rate)
                    costs[store].append(cost_ms)
        after = {store: stand.memory_mb(pair.provider.pid) for store, pair in pairs.items()}
    figures = [_rate(store, rates, median(costs[store])) for store in STORES]
    figures += [_steadiness(store, rates) for store in STORES]
    edc = "1.0–1.2 GiB"
    return figures + [
        at_most("memory after that load (PSS)", store, after[store], 300, " MB", "", edc) for store in STORES
    ]


async def run(pair: Pair, number: int, in_flight: int) -> tuple[float, float]:
    """Return negotiations per second, and the processor's milliseconds for one (both nodes and the driver)."""
    processes = (os.getpid(), pair.provider.pid)
    before = sum(map(stand.processor_seconds, processes))
    rate = await pair.negotiate_many(number, in_flight)
    return rate, (sum(map(stand.processor_seconds, processes)) - before) / number * 1000


def _rate(store: str, rates: dict[tuple[str, int], list[float]], cost_ms: float) -> Figure:
    best = median(rates[store, 64])
    note = f"{spread(rates[store, 64])}; 16 in flight {median(rates[store, 16]):.0f}; {cost_ms:.1f} ms of CPU each"
    return at_least("negotiations, 64 in flight", store, best, 90, "/s", note, "29.5/s in memory")


def _steadiness(store: str, rates: dict[tuple[str, int], list[float]]) -> Figure:
    rate, calm = median(rates[store, 300]), median(rates[store, 64])
    note = f"{rate / calm:.2f} × the rate at 64; {spread(rates[store, 300])}"
    return Figure(
        "negotiations, 300 in flight",
        store,
        f"{rate:.0f}/s; {note}",
        "no collapse (≥ 0.8 ×)",
        rate >= NO_COLLAPSE * calm,
    )
