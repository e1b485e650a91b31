"""Negotiations at a provider that keeps a million agreements, against one that keeps none."""

import contextlib

from tests.benchmarks import stand
from tests.benchmarks.figures import Figure, at_least, at_most, median, percentile
from tests.benchmarks.measures import negotiation
from tests.benchmarks.stand import STORES, Bench, Pair

FULL, EMPTY = "1,000,000", "none"
FEWEST_RATE = 1 / 1.2


async def million(bench: Bench) -> list[Figure]:
    """two pairs a store, one provider with 1,000,000 concluded negotiations; 60 idle, 300 at 64, alternating"""
    figures: list[Figure] = []
    for store in STORES:
        async with contextlib.AsyncExitStack() as stack:
            seed = "agreements-20000" if bench.is_quick else "agreements-1000000"
            pairs = {
                EMPTY: await stack.enter_async_context(stand.pair(bench, store)),
                FULL: await stack.enter_async_context(stand.pair(bench, store, seed)),
            }
            figures += await _compared(bench, store, pairs)
    return figures


async def _compared(bench: Bench, store: str, pairs: dict[str, Pair]) -> list[Figure]:
    latency: dict[str, list[float]] = {name: [] for name in pairs}
    rate: dict[str, list[float]] = {name: [] for name in pairs}
    for _ in range(bench.rounds):
        for name, pair in pairs.items():
            await stand.quiet()
            latency[name].append(percentile(await negotiation.latencies(pair, bench.times(60)), 0.5))
        for name, pair in pairs.items():
            await stand.quiet()
            rate[name].append(await pair.negotiate_many(bench.times(300), 64))
    slow, quick = median(latency[FULL]), median(latency[EMPTY])
    few, many = median(rate[FULL]), median(rate[EMPTY])
    return [
        at_most(
            "latency with 1,000,000 agreements", store, slow / quick, 1.2, " ×", f"{slow:.1f} against {quick:.1f} ms"
        ),
        at_least(
            "rate with 1,000,000 agreements", store, few / many, FEWEST_RATE, " ×", f"{few:.0f} against {many:.0f}/s"
        ),
    ]
