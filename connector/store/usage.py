"""Rows of what was used: how often, by agreement and by what its policy counts, and what each transfer was delivered.

A count is only ever read to be judged under `lock`: it holds the rows of the transfer and of its agreement, in this
order, until the commit, so that two deliveries never see the same number. On SQLite there is one writer anyway.
`StoredUsage` is the policy library's port on these rows; what any such adapter must do is said by
tests/policies/usage_contract.py.
"""

from collections.abc import Collection

from sqlalchemy import bindparam, select, text

from connector.store.db import Tx
from connector.store.tables import Instant, agreements, transfers, usage_counts, usages
from policies import Reservation, UsageState

_TRANSFER = select(transfers.c.pid).where(transfers.c.owner == bindparam("o"), transfers.c.pid == bindparam("t"))
_AGREEMENT = select(agreements.c.id).where(agreements.c.owner == bindparam("o"), agreements.c.id == bindparam("a"))
_LOCKED_TRANSFER = _TRANSFER.with_for_update()
_LOCKED_AGREEMENT = _AGREEMENT.with_for_update(key_share=True)  # rows that refer to it may be added meanwhile
_COUNTS = select(usage_counts.c.counter, usage_counts.c.used).where(
    usage_counts.c.owner == bindparam("o"), usage_counts.c.agreement == bindparam("a")
)
_ADD = text("""
    INSERT INTO usage_counts (owner, agreement, counter, used, updated_at) VALUES (:o, :a, :c, 1, :now)
    ON CONFLICT (owner, agreement, counter)
    DO UPDATE SET used = usage_counts.used + 1, updated_at = excluded.updated_at
""").bindparams(bindparam("now", type_=Instant))
_GIVE_BACK = text("""
    UPDATE usage_counts SET used = used - 1, updated_at = :now WHERE owner = :o AND agreement = :a AND counter = :c
""").bindparams(bindparam("now", type_=Instant))
_DELIVERED = select(usages.c.content).where(usages.c.owner == bindparam("o"), usages.c.transfer == bindparam("t"))
_NOTE = text("""
    INSERT INTO usages (owner, transfer, content, uses, first_at, last_at) VALUES (:o, :t, :c, 1, :now, :now)
    ON CONFLICT (owner, transfer, content)
    DO UPDATE SET uses = usages.uses + 1, last_at = excluded.last_at
""").bindparams(bindparam("now", type_=Instant))


def lock(tx: Tx, owner: str, transfer: str, agreement: str | None = None) -> None:
    """Hold the transfer until the commit, so that its journal may be written, and perhaps its agreement.

    Nobody else counts a use of an agreement that is held.
    """
    tx.connection.execute(_LOCKED_TRANSFER, {"o": owner, "t": transfer})
    if agreement is not None:
        tx.connection.execute(_LOCKED_AGREEMENT, {"o": owner, "a": agreement})


def counts(tx: Tx, owner: str, agreement: str) -> dict[str, int]:
    """Return how often was used what the agreement's policy counts; what was never used is not there."""
    rows = tx.connection.execute(_COUNTS, {"o": owner, "a": agreement})
    return {row.counter: row.used for row in rows}


def add(tx: Tx, owner: str, agreement: str, counter: str) -> None:
    """Count a use."""
    tx.connection.execute(_ADD, {"o": owner, "a": agreement, "c": counter, "now": tx.now})


def give_back(tx: Tx, owner: str, agreement: str, counter: str) -> None:
    """Count one use less: the last one did not take place."""
    tx.connection.execute(_GIVE_BACK, {"o": owner, "a": agreement, "c": counter, "now": tx.now})


def delivered(tx: Tx, owner: str, transfer: str) -> set[str]:
    """Return the contents (SHA-256) that the transfer was delivered, by counted uses."""
    return set(tx.connection.execute(_DELIVERED, {"o": owner, "t": transfer}).scalars())


def note(tx: Tx, owner: str, transfer: str, content: str) -> None:
    """Note that a use delivers this content."""
    tx.connection.execute(_NOTE, {"o": owner, "t": transfer, "c": content, "now": tx.now})


class StoredUsage:
    """The counters of one agreement, within one transaction (policies.UsageState).

    A place that is reserved is a row that is written: the commit of the transaction makes it a use, whatever undoes the
    transaction gives it back. To reserve, the caller holds `lock`.
    """

    def __init__(self, tx: Tx, owner: str, agreement: str) -> None:
        self._tx = tx
        self._owner = owner
        self._agreement = agreement
        self._held: dict[str, Reservation] = {}
        self._count = 0

    def used(self, counter: str) -> int:
        """Return how many uses there were or are under way; 0 for a counter that nobody knows."""
        return counts(self._tx, self._owner, self._agreement).get(counter, 0)

    def reserve(self, counters: Collection[str]) -> Reservation:
        """Take a place in each counter, all at once."""
        before, named = counts(self._tx, self._owner, self._agreement), sorted(set(counters))
        for counter in named:
            add(self._tx, self._owner, self._agreement, counter)
        ranks = {counter: before.get(counter, 0) + 1 for counter in named}
        self._count += 1
        reservation = Reservation(str(self._count), ranks)
        self._held[reservation.key] = reservation
        return reservation

    def commit(self, reservation: Reservation) -> None:
        """Make the places uses. Raises KeyError if they are not held (any more)."""
        del self._held[reservation.key]

    def release(self, reservation: Reservation) -> None:
        """Give the places back. Raises KeyError if they are not held (any more)."""
        for counter in self._held.pop(reservation.key).ranks:
            give_back(self._tx, self._owner, self._agreement, counter)


class Ongoing:
    """The counters as the last use saw them: to judge again what it began. It takes no place."""

    def __init__(self, state: UsageState) -> None:
        self._state = state

    def used(self, counter: str) -> int:
        """Return how many uses there were before the last one."""
        return max(0, self._state.used(counter) - 1)

    def reserve(self, counters: Collection[str]) -> Reservation:
        """Return the ranks of the last use; nothing is taken."""
        return Reservation("", {counter: self.used(counter) + 1 for counter in counters})

    def commit(self, reservation: Reservation) -> None:
        """There is nothing to keep."""

    def release(self, reservation: Reservation) -> None:
        """There is nothing to give back."""
