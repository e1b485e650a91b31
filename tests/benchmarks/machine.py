"""The machine and the versions behind the figures."""

import os
import platform
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from tests.tools import postgres

LIBRARIES = ("sqlalchemy", "asyncpg", "aiohttp", "uvicorn", "starlette", "fastapi", "cryptography", "orjson")
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def facts() -> dict[str, str]:
    """Return what must be known to compare the figures with others."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory_kb = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    assert memory_kb is not None
    return {
        "Machine": f"{os.cpu_count()} cores ({processor[1] if processor else 'unknown'}), "
        f"{int(memory_kb[1]) / 2**20:.0f} GiB, {platform.system()} {platform.release()}, everything on loopback",
        "Durability": "SQLite WAL with synchronous=FULL; PostgreSQL with fsync, synchronous_commit and "
        "full_page_writes on",
        "Versions": ", ".join(
            [
                f"CPython {platform.python_version()}",
                f"SQLite {sqlite3.sqlite_version}",
                f"PostgreSQL {_postgres()}",
                f"nginx {_said([program('nginx'), '-v'])}",
                *(f"{name} {version(name)}" for name in LIBRARIES),
            ]
        ),
        "Command": f"`{Path(sys.executable).name} tests/benchmarks/run.py` (`make bench`)",
    }


def loop_ms() -> float:
    """Return the milliseconds of a fixed loop, the median of nine: how fast this machine computes at this hour.

    The same virtual machine may compute at half its speed of the day before. Figures of two days are compared by it.
    """
    taken = []
    for _ in range(9):
        began, total = time.perf_counter(), 0
        for number in range(1_000_000):
            total += number
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def program(name: str) -> str:
    """Return the path of a program. Raises FileNotFoundError."""
    found = shutil.which(name, path=PATH)
    if found is None:
        raise FileNotFoundError(name)
    return found


def niceness() -> str:
    """Return the priority given to a measure where other work shares the machine."""
    return f" (`nice -n {os.nice(0)}`)" if os.nice(0) else ""


def _postgres() -> str:
    folder = postgres.programs()
    return "absent" if folder is None else _said([str(folder / "postgres"), "--version"])


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    number = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return number[0] if number else "?"
