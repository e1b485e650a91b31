"""Eclipse EDC beside our nodes: two EDCs in the same run, warmed up: in memory at their defaults, in memory with short
loops, and with short loops on PostgreSQL, each with a database of its own as our nodes have.

They are started as in the exchanges (tests/interop), without proxies and with the heap that EDC takes by itself under
1 GiB. What an EDC believes is asked of its Management API every 5 ms, which its figures include.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.interop.edc_peer import USE, Edc, Refused

RELEASE = "0.15.1"
WARM_UP = 50
DATASET = "measured"
LOOK_EVERY_S = 0.005
PATIENCE_S = 120


@dataclass(frozen=True)
class Setting:
    """How EDC is run: its loops, None for a second each as it comes, and whether it keeps anything."""

    name: str
    loop_ms: int | None
    is_stored: bool = False


SETTINGS = (
    Setting("defaults", None),
    Setting("10 ms loops", 10),
    Setting("10 ms loops, PostgreSQL", 10, is_stored=True),
)
Database = Callable[[], str]
"""Makes a database and returns its address."""


class Lost(Exception):
    """Two EDCs lost a process: a message came before the other had stored its own step, and its 409 ends it."""


@dataclass(frozen=True)
class EdcPair:
    """A provider and a consumer."""

    provider: Edc
    consumer: Edc

    def negotiate(self) -> str:
        """Negotiate to FINALIZED at the consumer; return its agreement. Raises Lost."""
        return self.finalised(self._request())

    def agreed(self) -> str:
        """Return an agreement, however many negotiations are lost before."""
        while True:
            with contextlib.suppress(Lost):
                return self.negotiate()

    def negotiate_many(self, number: int) -> float:
        """Ask for so many at once; return how many were finalised in a second. Lost ones count for nothing."""
        began, done = time.perf_counter(), 0
        for pid in [self._request() for _ in range(number)]:
            with contextlib.suppress(Lost):
                self.finalised(pid)
                done += 1
        return done / (time.perf_counter() - began)

    def finalised(self, pid: str) -> str:
        """Return the agreement of a negotiation once it is FINALIZED at the consumer."""
        ends = time.monotonic() + PATIENCE_S
        while (found := self.consumer.negotiation(pid))["state"] != "FINALIZED":
            if found["state"] == "TERMINATED":
                raise Lost(pid)
            if time.monotonic() > ends:
                raise RuntimeError(f"{pid}: {found['state']}")
            time.sleep(LOOK_EVERY_S)
        return str(found["contractAgreementId"])

    def transfer(self, agreement: str) -> dict[str, str]:
        """Ask for the data; return the address once the consumer's user has it. Raises Lost."""
        pid, ends = self.consumer.request_transfer(self.provider, agreement), time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            with contextlib.suppress(Refused):
                return self.consumer.data_address(pid)
            if self.consumer.transfer(pid)["state"] == "TERMINATED":
                raise Lost(pid)
            time.sleep(LOOK_EVERY_S)
        raise RuntimeError(pid)

    def _request(self) -> str:
        return self.consumer.request_contract(self.provider, DATASET)


@contextlib.contextmanager
def edc(loop_ms: int | None, name: str = "edc-alone", database: Database | None = None) -> Iterator[Edc]:
    """Yield one running EDC; in memory unless it is given a database."""
    with tempfile.TemporaryDirectory(prefix="bench-edc-") as folder:
        one = Edc(RELEASE, Path(folder), None, name=name, loop_ms=loop_ms, heap="1g", database=database)
        try:
            one.start()
            yield one
        finally:
            one.close()


@contextlib.contextmanager
def pair(
    loop_ms: int | None,
    url: str = "http://127.0.0.1:9/none",
    warm_up: int = WARM_UP,
    database: Database | None = None,
) -> Iterator[EdcPair]:
    """Yield two EDCs, the provider with one dataset whose bytes are at `url`, after some negotiations."""
    with edc(loop_ms, "edc-provider", database) as provider, edc(loop_ms, "edc-consumer", database) as consumer:
        provider.offer(DATASET, url)
        two = EdcPair(provider, consumer)
        for _ in range(warm_up):
            two.agreed()
        yield two


def fill(provider: Edc, count: int) -> None:
    """Show so many datasets under one policy."""
    provider.policy("policy-filler", USE)
    for number in range(count):
        provider.asset(f"filler-{number:05}", "http://127.0.0.1:9/none")
    provider.define("definition-filler", "policy-filler", "like", "filler-%")
