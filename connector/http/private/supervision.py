"""Health for a supervisor and metrics for Prometheus, on the private listener, without a key.

They say numbers only. Alive: this process answers. Ready: its database does too, so that messages can be taken; seal
keys that do not open are counted, and keep nobody from speaking to it. Counting the rows of a large node takes time, so
it is done at most once in fifteen seconds.
"""

import resource
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connector.http.private.services import Services
from connector.problems import Problem
from connector.services.inspect import Numbers

COUNTED_EVERY = timedelta(seconds=15)
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[dict[str, str], float]


class Supervision:
    """What supervisors ask."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._clock = services.waiting.clock
        self._started_at = self._clock.now()
        self._counted_at: datetime | None = None
        self._numbers: Numbers | None = None

    def routes(self) -> list[BaseRoute]:
        """Return the addresses."""
        return [
            Route("/health", self._ready, methods=["GET"]),
            Route("/health/live", self._alive, methods=["GET"]),
            Route("/health/ready", self._ready, methods=["GET"]),
            Route("/metrics", self._metrics, methods=["GET"]),
        ]

    async def _alive(self, request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def _ready(self, request: Request) -> Response:
        try:
            await self._services.inspect.check()
        except Problem as problem:
            return JSONResponse({"status": "unavailable", "code": problem.code}, 503)
        closed = len(await self._services.hosts.seals.closed())
        return JSONResponse({"status": "ready", "version": self._services.version, "seal_keys_closed": closed})

    async def _metrics(self, request: Request) -> Response:
        try:
            text = "".join(self._lines(await self._counted(), len(await self._services.hosts.seals.closed())))
        except Problem as problem:
            return JSONResponse({"status": "unavailable", "code": problem.code}, 503)
        return Response(text, media_type=METRICS_TYPE)

    async def _counted(self) -> Numbers:
        now = self._clock.now()
        if self._numbers is None or self._counted_at is None or now - self._counted_at >= COUNTED_EVERY:
            self._numbers, self._counted_at = await self._services.inspect.numbers(), now
        return self._numbers

    def _lines(self, numbers: Numbers, seal_keys_closed: int) -> Iterator[str]:
        jobs, now = numbers.jobs, self._clock.now()
        by_status = {"due": jobs.due, "delayed": jobs.delayed, "running": jobs.running, "dead": jobs.dead}
        oldest_s = (now - jobs.oldest_due_at).total_seconds() if jobs.oldest_due_at else 0.0
        uptime_s = (now - self._started_at).total_seconds()
        yield from gauge("pupitre_info", "The program.", [({"version": self._services.version}, 1)])
        yield from gauge("pupitre_uptime_seconds", "Since this process started.", [({}, uptime_s)])
        yield from gauge("pupitre_datasets", "Datasets.", _labelled(("owner", "status"), numbers.datasets))
        by_state = ("owner", "state")
        yield from gauge("pupitre_negotiations", "Negotiations.", _labelled(by_state, numbers.negotiations))
        yield from gauge("pupitre_transfers", "Transfers.", _labelled(by_state, numbers.transfers))
        yield from gauge("pupitre_jobs", "Jobs.", [({"status": name}, count) for name, count in by_status.items()])
        yield from gauge("pupitre_jobs_oldest_due_seconds", "Age of the oldest due job.", [({}, max(0.0, oldest_s))])
        closed = "Seal keys that do not open."
        yield from gauge("pupitre_seal_keys_closed", closed, [({}, seal_keys_closed)])
        yield from gauge("pupitre_jobs_here", "Jobs that this process runs.", [({}, self._services.running_jobs())])
        yield from gauge("process_resident_memory_max_bytes", "Largest resident memory.", [({}, _memory_bytes())])


def gauge(name: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    """Yield the lines of one metric in Prometheus' text format, version 0.0.4."""
    yield f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inside}}} {value:g}\n" if inside else f"{name} {value:g}\n"


def _labelled(labels: tuple[str, ...], rows: Iterable[tuple[str | int, ...]]) -> Iterator[Sample]:
    for row in rows:
        yield dict(zip(labels, map(str, row[:-1]), strict=True)), float(row[-1])


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _memory_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
