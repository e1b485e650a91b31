"""The measurements: `make bench`, or `run.py [--quick] [MEASURE …]`.

Without names every measure is taken. Each one that ends is kept and RESULTS.md is written anew; with `--quick` numbers
are small, only printed, and prove no more than that the measures work.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.benchmarks import figures, machine  # noqa: E402
from tests.benchmarks.figures import Figure  # noqa: E402
from tests.benchmarks.measures import (  # noqa: E402
    agreements,
    catalogue,
    edc,
    negotiation,
    policies,
    pulls,
    sealing,
    serving,
    transfer,
)
from tests.benchmarks.stand import Bench  # noqa: E402
from tests.tools import postgres  # noqa: E402

WITHOUT_SERVER = ("policies", "policies-beside", "evidence")
MEASURES: dict[str, Callable[[Bench], Awaitable[list[Figure]]]] = {
    "negotiation": negotiation.idle,
    "sustained": negotiation.sustained,
    "sealing": sealing.negotiations,
    "evidence": sealing.documents,
    "transfer": transfer.address,
    "catalogue": catalogue.page,
    "million": agreements.million,
    "gibibyte": pulls.gibibyte,
    "small": pulls.small,
    "ready": serving.ready,
    "rest": serving.rest,
    "edc-negotiation": edc.idle,
    "edc-sealing": edc.sealed,
    "edc-sustained": edc.sustained,
    "edc-transfer": edc.address,
    "edc-pulls": edc.bytes_pulled,
    "edc-catalogue": edc.page,
    "edc-rest": edc.rest,
    "policies": policies.decide,
    "policies-beside": policies.beside,
}


def main(arguments: list[str]) -> int:
    """Take the measures that are named; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description="Measures of Pupitre")
    parser.add_argument("--quick", action="store_true", help="small numbers, printed only")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"one of {', '.join(MEASURES)}; all")
    wanted = parser.parse_args(arguments)
    if unknown := set(wanted.measures) - set(MEASURES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    names = wanted.measures or list(MEASURES)
    needs_server = not set(names) <= set(WITHOUT_SERVER)
    with postgres.server(durable=True) if needs_server else contextlib.nullcontext() as server:
        bench = Bench(server, wanted.quick)
        missed = [figure for name in names for figure in _take(name, bench) if is_missed(figure)]
    print(f"goals missed: {len(missed)}")
    return 0


def is_missed(figure: Figure) -> bool:
    return figure.is_reached is False


def _take(name: str, bench: Bench) -> list[Figure]:
    loop_ms, began = machine.loop_ms(), time.monotonic()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_measured(name, bench))
    for figure in found:
        print(f"{name:12} {figure.name:60} {figure.store:11} {figure.measured:50} {figure.goal}", flush=True)
    print(f"{name:12} {time.monotonic() - began:.0f} s", flush=True)
    if not bench.is_quick:
        how = (MEASURES[name].__doc__ or "").strip() + machine.niceness()
        figures.keep(name, how, found, machine.facts(), (loop_ms + machine.loop_ms()) / 2)
        figures.write_results(list(MEASURES))
    return found


async def _measured(name: str, bench: Bench) -> list[Figure]:
    return await MEASURES[name](bench)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
