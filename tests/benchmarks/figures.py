"""What was measured: kept in `figures.json` as it is seen, and written out as RESULTS.md.

Nothing in RESULTS.md is written by hand. A measure that is run again replaces its own rows, so each row says when it
was taken and how busy the machine was. Both files are part of the repository: a clone that takes one measure keeps the
rest.
"""

import json
import math
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("figures.json")
RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True)
class Figure:
    """One measured thing, its goal if it has one, and what EDC reached on such a machine."""

    name: str
    store: str
    measured: str
    goal: str = ""
    is_reached: bool | None = None
    edc: str = ""


def at_most(name: str, store: str, value: float, limit: float, unit: str, more: str = "", edc: str = "") -> Figure:
    """Return a figure whose goal is to stay below a limit."""
    return Figure(name, store, _written(value, unit, more), f"≤ {limit:g}{unit}", value <= limit, edc)


def at_least(name: str, store: str, value: float, limit: float, unit: str, more: str = "", edc: str = "") -> Figure:
    """Return a figure whose goal is to reach a limit."""
    return Figure(name, store, _written(value, unit, more), f"≥ {limit:,g}{unit}", value >= limit, edc)


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return the least and the greatest of the runs, for a note."""
    return f"runs {min(values):,.3g}–{max(values):,.3g}{unit}" if max(values) < 1000 else _whole(values, unit)


def interval(values: Sequence[float]) -> str:
    """Return where the median lies with 95 % confidence, for a note: two of the values, by their ranks alone."""
    ordered, half = sorted(values), 0.98 * math.sqrt(len(values))
    least = max(0, math.floor(len(values) / 2 - half))
    greatest = min(len(values) - 1, math.ceil(len(values) / 2 + half))
    return f"95 % interval {ordered[least]:,.3g}–{ordered[greatest]:,.3g}"


def keep(measure: str, how: str, figures: Sequence[Figure], machine: dict[str, str], loop_ms: float) -> None:
    """Store what a measure saw, with when, under what load, and how fast the machine was (machine.py)."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    taken = {"how": how, "at": at, "load": load, "loop": f"{loop_ms:.0f} ms"}
    kept[measure] = {**taken, "figures": [asdict(figure) for figure in figures]}
    kept["machine"] = machine
    KEPT.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")


def write_results(measures: Sequence[str]) -> None:
    """Write RESULTS.md from what is kept, in the order of the measures."""
    kept = json.loads(KEPT.read_text())
    machine = kept.pop("machine")
    lines = [
        "# Measurements",
        "",
        "Written by `make bench`; nothing here is edited by hand. Every figure is the median of alternating runs. In",
        "brackets: what EDC measured on such a machine. How each was taken, and why a goal is missed: README.md.",
        "",
        *[f"- {name}: {value}" for name, value in machine.items()],
        "",
        "| Measure | Store | Measured | Goal | | EDC |",
        "|---|---|---|---|---|---|",
    ]
    taken = [(name, kept[name]) for name in measures if name in kept]
    lines += [_row(Figure(**figure)) for _, one in taken for figure in one["figures"]]
    lines += ["", "| Measure | How | Taken | Load average at its end | Fixed loop |", "|---|---|---|---|---|"]
    lines += [f"| `{name}` | {one['how']} | {one['at']} | {one['load']} | {one['loop']} |" for name, one in taken]
    RESULTS.write_text("\n".join([*lines, ""]))


def _row(figure: Figure) -> str:
    mark: dict[Any, str] = {True: "reached", False: "**missed**", None: ""}
    edc = f"({figure.edc})" if figure.edc else ""
    cells = (figure.name, figure.store, figure.measured, figure.goal, mark[figure.is_reached], edc)
    return f"| {' | '.join(cells)} |"


def _written(value: float, unit: str, more: str) -> str:
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number}{unit}" + (f"; {more}" if more else "")


def _whole(values: Sequence[float], unit: str) -> str:
    return f"runs {min(values):,.0f}–{max(values):,.0f}{unit}"
