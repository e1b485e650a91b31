"""Pulls: 1 GiB against nginx, and small files by their number."""

import contextlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.app import ROOT
from connector.dataplane.transfers import http_pull
from tests.benchmarks import stand
from tests.benchmarks.figures import Figure, at_least, median, spread
from tests.benchmarks.machine import program
from tests.benchmarks.seeds import BIG, BIG_FILE, SMALL
from tests.benchmarks.stand import STORES, Bench, Pair
from tests.harness import nodes
from tests.tools.ports import free_port

CONNECTIONS = 32


@dataclass(frozen=True)
class Address:
    """Where a file is, and what opens it."""

    url: str
    authorization: str | None = None


async def gibibyte(bench: Bench) -> list[Figure]:
    """curl to /dev/null, the same file of 1 GiB from the node (authorised) and from nginx (sendfile), 7 times"""
    figures = []
    for store in STORES:
        async with stand.pair(bench, store, "pulls") as pair:
            with nginx(pair.provider.folder / "node" / "published") as other:
                ours, theirs = [], []
                for _ in range(7 if not bench.is_quick else 2):
                    await stand.quiet(within_s=5)
                    ours.append(pulled(await address(pair, BIG)))
                    theirs.append(pulled(Address(f"{other}/{BIG_FILE}")))
        ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
        note = f"{median(ours):,.0f} against {median(theirs):,.0f} MB/s; {spread(ours)}"
        figures.append(at_least("1 GiB pull against nginx", store, ratio, 0.8, " ×", note, "0.35 ×"))
    return figures


async def small(bench: Bench) -> list[Figure]:
    """wrk, one thread, 32 kept connections, 4 KiB with a bearer token, 5 runs of 5 s"""
    figures = []
    for store in STORES:
        async with stand.pair(bench, store, "pulls") as pair:
            rates = []
            for _ in range(5 if not bench.is_quick else 1):
                await stand.quiet()
                rates.append(many(await address(pair, SMALL), 5))
            memory = stand.memory_mb(pair.provider.pid)
        note = f"{spread(rates)}; {memory:.0f} MB afterwards"
        figures.append(at_least("authorised pulls of 4 KiB", store, median(rates), 15_000, "/s", note, "1,600/s"))
    return figures


async def address(pair: Pair, dataset: str) -> Address:
    """Negotiate, request the data, and return the address that came."""
    offer = await stand.first_offer(pair.node, pair.provider, dataset)
    begun = await pair.node.negotiate.request(ROOT, pair.provider.did, offer, by=nodes.BY)
    final = await pair.watch.finalised(begun.pid)
    started = await pair.transfer(final.agreement or "")
    pull = http_pull.read(started.data_address or {})
    assert pull is not None
    return Address(pull.endpoint, pull.authorization)


def pulled(where: Address) -> float:
    """Return the megabytes per second at which curl read the whole file."""
    header = ["-H", f"Authorization: {where.authorization}"] if where.authorization else []
    command = [
        "curl",
        "-sS",
        "--fail",
        "-o",
        "/dev/null",
        "-w",
        "%{speed_download} %{size_download}",
        *header,
        where.url,
    ]
    speed, size = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert int(size) == 1 << 30
    return float(speed) / 1e6


def many(where: Address, seconds: int) -> float:
    """Return the answers per second that wrk counted; an answer that is not 2xx counts as a failure of the run."""
    header = f"Authorization: {where.authorization}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", header, where.url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s*([\d.]+)", said)
    if rate is None or "Non-2xx" in said or "Socket errors" in said:
        raise AssertionError(said)
    return float(rate[1])


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """Yield the address of an nginx with one worker that serves a folder."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as own:
        config = Path(own) / "nginx.conf"
        config.write_text(
            f"daemon off; worker_processes 1; pid {own}/pid; error_log {own}/error.log; user root;\n"
            "events { worker_connections 512; }\n"
            "http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
            f"server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n"
        )
        child = subprocess.Popen([program("nginx"), "-c", str(config), "-e", f"{own}/error.log"])
        try:
            ready = ["curl", "-sS", "-o", "/dev/null", "--retry", "50", "--retry-connrefused", "--retry-delay", "0"]
            subprocess.run([*ready, f"http://127.0.0.1:{port}/"], check=True, capture_output=True)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()
            child.wait(10)
