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
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pupitre_verify.examine import examine

from contracts.bundle import pack
from contracts.convention import as_pdf, draw_up_convention, seal_pdf
from tests.benchmarks import machine, stand
from tests.benchmarks.figures import Figure, at_most, interval, median, percentile, spread
from tests.benchmarks.measures.negotiation import EDC_IDLE, latencies
from tests.benchmarks.stand import STORES, Bench, Pair
from tests.contracts.verifier.ours import evidence
from tests.contracts.verifier.written import Organisation
from tests.harness.contracts import NOW as SEALED_AT
from tests.harness.sealers import sealer

NOW = SEALED_AT + timedelta(days=120)
KINDS = ("sealing", "bare")
"""How the nodes of a pair begin (seeds.py)."""
IN_A_ROUND = 5
AFTERWARDS_S = 0.15
"""What both nodes do after a conclusion is over well before that."""
PARTIES = (("did:web:metropole.example", "Métropole d’Exemple"), ("did:web:commune.example", "Commune d’Exemple"))


@dataclass(frozen=True)
class Round:
    """What each negotiation of a round took, and what one cost the processors in both processes, in milliseconds."""

    times_ms: list[float]
    cost_ms: float


async def negotiations(bench: Bench) -> list[Figure]:
    """60 rounds of five, one at a time: a pair that seals and one that cannot, in turn; one store after the other"""
    return [figure for store in STORES for figure in _figures(store, *await _rounds(bench, store))]


async def _rounds(bench: Bench, store: str) -> tuple[dict[str, list[Round]], float]:
    """Return the rounds of both pairs, in turn, and how long the fixed loop took beside them (machine.py).

    The machine changes its speed more slowly than the pairs alternate.
    """
    taken: dict[str, list[Round]] = {kind: [] for kind in KINDS}
    loops: list[float] = []
    async with contextlib.AsyncExitStack() as stack:
        pairs = {kind: await stack.enter_async_context(stand.pair(bench, store, kind)) for kind in KINDS}
        for number in range(bench.times(60)):
            if number % 12 == 0:
                await stand.quiet()
                loops.append(machine.loop_ms())
            for kind in KINDS if number % 2 else reversed(KINDS):
                taken[kind].append(await _round(pairs[kind]))
        await asyncio.gather(*(_is_as_meant(pair, kind) for kind, pair in pairs.items()))
    return taken, median(loops)


async def _round(pair: Pair) -> Round:
    """Negotiate five times; what follows the last conclusion is waited for, so that its cost is counted here."""
    processes = (os.getpid(), pair.provider.pid)
    before = sum(map(stand.processor_seconds, processes))
    times = await latencies(pair, IN_A_ROUND)
    await asyncio.sleep(AFTERWARDS_S)
    spent = sum(map(stand.processor_seconds, processes)) - before
    return Round(times, spent / IN_A_ROUND * 1000)


async def _is_as_meant(pair: Pair, kind: str) -> None:
    """Raise RuntimeError unless the pair concludes contracts, or seals nothing: else another thing was measured."""
    final = await pair.negotiate()
    found = await pair.contract(final.pid)
    if (found.status if found else None) != {"sealing": "concluded", "bare": None}[kind]:
        raise RuntimeError(f"{kind}: {found}")


def _figures(store: str, taken: dict[str, list[Round]], loop_ms: float) -> list[Figure]:
    times = {kind: [time for one in taken[kind] for time in one.times_ms] for kind in KINDS}
    costs = {kind: [one.cost_ms for one in taken[kind]] for kind in KINDS}
    bare = median(times["bare"])
    sealed, p95 = median(times["sealing"]), percentile(times["sealing"], 0.95)
    note = f"p95 {p95:.1f} ms; {bare:.1f} ms where nobody seals"
    each = [sealed - without for sealed, without in zip(costs["sealing"], costs["bare"], strict=True)]
    shown = f"{interval(each)}; {median(costs['sealing']):.1f} ms of CPU each, {median(costs['bare']):.1f} without"
    shown += f"; a loop of {loop_ms:.0f} ms beside it"
    return [
        at_most("negotiation sealed by both, idle nodes, p50", store, sealed, 40, " ms", note, EDC_IDLE),
        at_most("CPU of sealing, both sides together", store, median(each), 6, " ms", shown),
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
