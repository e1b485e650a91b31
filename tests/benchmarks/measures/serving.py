"""The real command, `pupitre serve`: when it is ready, what it holds, what it does when nothing happens."""

import asyncio
import contextlib
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.app import build_app
from connector.settings import load
from tests.benchmarks import seeds, stand
from tests.benchmarks.figures import Figure, at_most, median, spread
from tests.benchmarks.stand import REPOSITORY, STORES, Bench
from tests.tools.ports import free_port

PUPITRE = Path(sys.executable).with_name("pupitre")
LOOK_EVERY_S = 0.003
JOBS = 5_000


@dataclass(frozen=True)
class Installed:
    """A node made by `pupitre init`."""

    config: Path
    url: str


async def ready(bench: Bench) -> list[Figure]:
    """`pupitre serve` → first 200 of /health on the public listener, 7 starts; memory (PSS) 3 s later"""
    compile_all()
    starts: dict[str, list[float]] = {store: [] for store in STORES}
    memory: dict[str, list[float]] = {store: [] for store in STORES}
    with contextlib.ExitStack() as stack:
        found = {store: stack.enter_context(installed(bench, store)) for store in STORES}
        for _ in range(2 if bench.is_quick else 7):
            for store, node in found.items():
                await stand.quiet()
                with running(node) as (pid, ready_s):
                    starts[store].append(ready_s)
                    await asyncio.sleep(3)
                    memory[store].append(stand.memory_mb(pid))
    figures = [
        at_most("time to ready", store, median(taken), 1.2, " s", spread(taken), "3.2 s")
        for store, taken in starts.items()
    ]
    return figures + [
        at_most("memory, idle (PSS)", store, median(taken), 110, " MB", "", "214 MiB")
        for store, taken in memory.items()
    ]


async def rest(bench: Bench) -> list[Figure]:
    """`pupitre serve` with 5,000 jobs due in a month, CPU of the process over 60 s, from 5 s after its start"""
    seconds = 10 if bench.is_quick else 60
    with contextlib.ExitStack() as stack:
        pids = {}
        for store in STORES:
            node = stack.enter_context(installed(bench, store))
            await _seed_jobs(node)
            pids[store], _ = stack.enter_context(running(node))
        await asyncio.sleep(5)
        before = {store: stand.processor_seconds(pid) for store, pid in pids.items()}
        await asyncio.sleep(seconds)
        used = {store: (stand.processor_seconds(pid) - before[store]) * 60 / seconds for store, pid in pids.items()}
    name = f"CPU of an idle minute with {JOBS:,} delayed jobs"
    return [at_most(name, store, value, 0.3, " s", "", "0.36 s") for store, value in used.items()]


def compile_all() -> None:
    """Compile what is imported, as every installer does; an environment for development may lack it."""
    rooms = [str(REPOSITORY / room) for room in ("connector", "policies", "contracts")]
    libraries = sysconfig.get_paths()["purelib"]
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", libraries, *rooms], stdout=subprocess.DEVNULL, check=False
    )


@contextlib.contextmanager
def installed(bench: Bench, store: str) -> Iterator[Installed]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        config, port, database = Path(folder) / "node.toml", free_port(), bench.database(store)
        url = f"http://127.0.0.1:{port}"
        options = [f"--name=Banc {store}", f"--public-url={url}", f"--data-dir={folder}/data"]
        options += [f"--private-port={free_port()}", *([f"--database-url={database}"] if database else [])]
        command = [PUPITRE, "--config", config, "init", "--yes", *options]
        subprocess.run(command, check=True, capture_output=True)
        yield Installed(config, url)


@contextlib.contextmanager
def running(node: Installed) -> Iterator[tuple[int, float]]:
    """Run the command; yield its process and the seconds until it answered."""
    began = time.perf_counter()
    child = subprocess.Popen(
        [PUPITRE, "--config", node.config, "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(f"{node.url}/health"):
            if child.poll() is not None:
                raise RuntimeError("pupitre serve ended")
            time.sleep(LOOK_EVERY_S)
        yield child.pid, time.perf_counter() - began
    finally:
        child.terminate()
        child.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


async def _seed_jobs(node: Installed) -> None:
    built = await build_app(load(node.config))
    try:
        await seeds.delayed_jobs(built, JOBS)
    finally:
        await built.close()
