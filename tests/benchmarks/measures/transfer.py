"""Transfers: from the request to the data address in the consumer's hands."""

import contextlib
import time

from tests.benchmarks import stand
from tests.benchmarks.figures import Figure, at_most, median, percentile, spread
from tests.benchmarks.stand import STORES, Bench, Pair


async def address(bench: Bench) -> list[Figure]:
    """one at a time, TransferRequestMessage asked for → data address committed at the consumer; rounds of 100"""
    async with contextlib.AsyncExitStack() as stack:
        pairs = {store: await stack.enter_async_context(stand.pair(bench, store)) for store in STORES}
        agreements = {store: (await pair.negotiate()).agreement or "" for store, pair in pairs.items()}
        runs: dict[str, list[list[float]]] = {store: [] for store in STORES}
        for _ in range(bench.rounds):
            for store, pair in pairs.items():
                await stand.quiet()
                runs[store].append(await latencies(pair, agreements[store], bench.times(100)))
    figures = []
    for store, rounds in runs.items():
        middle = [percentile(run, 0.5) for run in rounds]
        p95 = median(percentile(run, 0.95) for run in rounds)
        note = f"p95 {p95:.1f} ms, {spread(middle)}"
        figures.append(
            at_most("transfer request → data address, p50", store, median(middle), 30, " ms", note, "1.0 s; 66 ms")
        )
    return figures


async def latencies(pair: Pair, agreement: str, number: int) -> list[float]:
    """Return milliseconds from the request to the data address, one at a time."""
    taken = []
    for _ in range(number):
        began = time.perf_counter()
        started = await pair.transfer(agreement)
        taken.append(stand.milliseconds_since(began))
        assert getattr(started, "data_address", None) is not None
    return taken
