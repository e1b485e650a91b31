"""How often something was used: the counters behind `odrl:count`.

A counter belongs to one rule of one policy, for one action and one party; the rank of a use is the number of uses
before it, plus one. `UsageState` is the port: `used` looks, `reserve` takes a place in each counter at once or in none,
`commit` makes the place a use, `release` gives it back. Between the two a place counts as used, so that two uses never
get the same rank and a limit is never passed, whatever runs beside; a use that was refused a place because another one
held it and then failed may simply be asked for again.

The port is synchronous and small, so that an adapter can do all of it inside one transaction of a store, where
`reserve` and `commit` become one step. `MemoryUsage` is the adapter for one process. What any adapter has to do is
written down as tests: `tests/policies/usage_contract.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reservation:
    """Places taken in some counters. `ranks` gives the rank of the use in each."""

    key: str
    ranks: Mapping[str, int]


class UsageState(Protocol):
    """Counters that any number of callers share."""

    def used(self, counter: str) -> int:
        """Return how many uses there were or are under way; 0 for a counter that nobody knows."""
        ...

    def reserve(self, counters: Collection[str]) -> Reservation:
        """Take a place in each counter, all at once."""
        ...

    def commit(self, reservation: Reservation) -> None:
        """Make the places uses. Raises KeyError if they are not held (any more)."""
        ...

    def release(self, reservation: Reservation) -> None:
        """Give the places back. Raises KeyError if they are not held (any more)."""
        ...


class MemoryUsage:
    """Counters in memory, for one process; its threads may share them."""

    def __init__(self, used: Mapping[str, int] | None = None) -> None:
        self._lock = Lock()
        self._taken = dict(used or {})
        self._held: dict[str, Reservation] = {}
        self._next = 0

    def used(self, counter: str) -> int:
        """Return how many uses there were or are under way."""
        return self._taken.get(counter, 0)

    def reserve(self, counters: Collection[str]) -> Reservation:
        """Take a place in each counter, all at once."""
        with self._lock:
            self._next += 1
            ranks = {counter: self._taken.get(counter, 0) + 1 for counter in counters}
            reservation = Reservation(str(self._next), ranks)
            self._taken |= ranks
            self._held[reservation.key] = reservation
            return reservation

    def commit(self, reservation: Reservation) -> None:
        """Make the places uses. Raises KeyError if they are not held (any more)."""
        with self._lock:
            del self._held[reservation.key]

    def release(self, reservation: Reservation) -> None:
        """Give the places back. Raises KeyError if they are not held (any more)."""
        with self._lock:
            held = self._held.pop(reservation.key)
            for counter in held.ranks:
                self._taken[counter] -= 1
