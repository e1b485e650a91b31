"""Sealed contracts: what a negotiation takes and costs that both sides seal, and what it takes to check and show one.

The other pair of each store has no key to seal with any more, so the difference is sealing itself: drawing up, three
signatures, their checks on both sides, the rows and the longer messages.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from pupitre_verify.examine import examine

from contracts.bundle import pack
from contracts.convention import as_pdf, draw_up_convention, seal_pdf
from tests.benchmarks import stand
from tests.benchmarks.figures import Figure, at_most, median, percentile, spread
from tests.benchmarks.measures.negotiation import EDC_IDLE, latencies
from tests.benchmarks.stand import STORES, Bench, Pair
from tests.contracts.verifier.ours import evidence
from tests.contracts.verifier.written import Organisation
from tests.harness.contracts import NOW as SEALED_AT
from tests.harness.sealers import sealer

NOW = SEALED_AT + timedelta(days=120)
KINDS = ("sealing", "bare")
"""How the nodes of a pair begin (seeds.py)."""
PARTIES = (("did:web:metropole.example", "Métropole d’Exemple"), ("did:web:commune.example", "Commune d’Exemple"))


async def negotiations(bench: Bench) -> list[Figure]:
    """one at a time, sealed by both and concluded, beside a pair that cannot seal; rounds of 60, all alternating"""
    taken: dict[tuple[str, str], list[list[float]]] = {(store, kind): [] for store in STORES for kind in KINDS}
    costs: dict[tuple[str, str], list[float]] = {key: [] for key in taken}
    async with contextlib.AsyncExitStack() as stack:
        pairs = {key: await stack.enter_async_context(stand.pair(bench, *key)) for key in taken}
        for _ in range(bench.rounds):
            for key, pair in pairs.items():
                await stand.quiet()
                times, cost_ms = await _round(pair, bench.times(60))
                taken[key].append(times)
                costs[key].append(cost_ms)
        await asyncio.gather(*(_is_as_meant(pair, kind) for (_, kind), pair in pairs.items()))
    return [figure for store in STORES for figure in _figures(store, taken, costs)]


async def _round(pair: Pair, number: int) -> tuple[list[float], float]:
    """Return the milliseconds of each negotiation, and the processor's for one, of both nodes together."""
    processes = (os.getpid(), pair.provider.pid)
    before = sum(map(stand.processor_seconds, processes))
    times = await latencies(pair, number)
    return times, (sum(map(stand.processor_seconds, processes)) - before) / number * 1000


async def _is_as_meant(pair: Pair, kind: str) -> None:
    """Raise RuntimeError unless the pair concludes contracts, or seals nothing: else another thing was measured."""
    final = await pair.negotiate()
    found = await pair.contract(final.pid)
    if (found.status if found else None) != {"sealing": "concluded", "bare": None}[kind]:
        raise RuntimeError(f"{kind}: {found}")


def _figures(
    store: str, taken: dict[tuple[str, str], list[list[float]]], costs: dict[tuple[str, str], list[float]]
) -> list[Figure]:
    middle = {kind: [percentile(run, 0.5) for run in taken[store, kind]] for kind in KINDS}
    sealed, bare = (median(middle[kind]) for kind in KINDS)
    note = f"{spread(middle['sealing'])}; {bare:.1f} ms where nobody seals"
    each = [costs[store, "sealing"][n] - costs[store, "bare"][n] for n in range(len(costs[store, "bare"]))]
    shown = f"{median(costs[store, 'sealing']):.1f} ms of CPU each, {median(costs[store, 'bare']):.1f} without"
    return [
        at_most("negotiation sealed by both, idle nodes, p50", store, sealed, 40, " ms", note, EDC_IDLE),
        at_most("CPU of sealing, both sides together", store, median(each), 6, " ms", f"{shown}, {spread(each)}"),
    ]


async def documents(bench: Bench) -> list[Figure]:
    """a bundle with PDF, notice and journal, examined in one process again and again; its PDF made anew each time"""
    parts = await asyncio.to_thread(evidence, *(Organisation(*one) for one in PARTIES), ended=True)
    convention, signer = draw_up_convention(parts.contract, conclusion=parts.conclusion), sealer(PARTIES[0][0])
    pdfs: list[float] = []
    for _ in range(bench.times(30)):
        began = time.perf_counter()
        pdf = await seal_pdf(as_pdf(convention, at=NOW), signer, at=NOW)
        pdfs.append(stand.milliseconds_since(began) / 1000)
    bundle = pack(parts)
    checks: list[float] = []
    for _ in range(bench.times(200)):
        began = time.perf_counter()
        status = examine(bundle, at=NOW).exit_status
        checks.append(stand.milliseconds_since(began))
        if status:
            raise RuntimeError("the bundle is not valid")
    command = _command_ms(bundle, bench.times(20))
    note = f"{len(bundle) / 1024:.0f} KiB; the command from start to exit {command:.0f} ms"
    size = f"{spread(pdfs, ' s')}, {len(pdf) / 1024:.0f} KiB"
    return [
        at_most("evidence bundle examined, p50", "one core", median(checks), 50, " ms", note),
        at_most("convention written as PDF/A-3 and sealed, p50", "one core", median(pdfs), 0.5, " s", size),
    ]


def _command_ms(bundle: bytes, number: int) -> float:
    """Return how long `pupitre-verify` takes as a command, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "one.contract.zip"
        file.write_bytes(bundle)
        times = []
        for _ in range(number):
            began = time.perf_counter()
            command = [sys.executable, "-m", "pupitre_verify", str(file), "--at", NOW.isoformat()]
            subprocess.run(command, check=True, capture_output=True)
            times.append(stand.milliseconds_since(began))
    return median(times)
