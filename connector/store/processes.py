"""What a negotiation and a transfer process share as rows: their position, the counterpart, the pending message.

A process is loaded for update, changed in memory and saved by compare-and-swap on `version`; a miss re-runs the unit.
The queries of each table are built once, at import, by `Queries`.
"""

import json
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Table, and_, bindparam, func, insert, or_, select, update

from connector.problems import NotFound
from connector.protocol.machine import Arrival, Position, Role
from connector.store import events, journal, silence
from connector.store.db import Tx, locking
from connector.store.due import Due, write
from connector.store.period import ALWAYS, Period
from connector.store.prepared import Prepared


@dataclass(slots=True, kw_only=True)
class Process:
    """One side's record of a negotiation or a transfer process."""

    owner: str
    pid: str
    role: Role
    peer: str
    peer_pid: str | None = None
    peer_url: str
    state: str
    pending: str | None = None
    pending_body: str | None = field(default=None, repr=False)
    """The message to send again byte for byte, tokens and all; gone once it is acknowledged or given up."""
    pending_at: datetime | None = None
    attempts: int = 0
    arrived: str | None = None
    arrived_digest: str | None = None
    arrived_from: str | None = None
    given_up: tuple[str, ...] = ()
    """Messages of ours that gave way while they were on their way."""
    look_at: datetime | None = None
    """When to ask the peer for its state, to see whether one of those arrived all the same."""
    intent: dict[str, Any] | None = field(default=None, repr=False)
    """What we want to send next, once nothing is pending: `kind` and its content."""
    problem: dict[str, Any] | None = None
    """Why the last attempt did not succeed: `code`, `reason`, `at`."""
    version: int = 0
    created_at: datetime = field(default_factory=lambda: datetime.min)
    updated_at: datetime = field(default_factory=lambda: datetime.min)
    stored_state: str | None = field(default=None, init=False, compare=False, repr=False)
    """The state in which the row stands: an event tells when it changes."""
    stored: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What the row holds, by column: what did not change is not written again."""

    @property
    def position(self) -> Position:
        """Where the process stands, for the machine."""
        arrived = None
        if self.arrived:
            arrived = Arrival(self.arrived, self.arrived_digest or "", came_from=self.arrived_from)
        return Position(self.role, self.state, self.pending, arrived, self.given_up)

    def move_to(self, at: Position) -> None:
        """Take over a position of the machine; a message no longer pending is forgotten with its attempts."""
        self.state, self.given_up = at.state, at.given_up
        self.look_at = self.look_at if at.given_up else None
        self.arrived = at.arrived.message if at.arrived else None
        self.arrived_digest = at.arrived.digest if at.arrived else None
        self.arrived_from = at.arrived.came_from if at.arrived else None
        if at.pending is None and self.pending is not None:
            self.pending_body, self.pending_at, self.attempts, self.problem = None, None, 0, None
        self.pending = at.pending

    @property
    def consumer_pid(self) -> str | None:
        return self.pid if self.role is Role.CONSUMER else self.peer_pid

    @property
    def provider_pid(self) -> str | None:
        return self.pid if self.role is Role.PROVIDER else self.peer_pid


P = TypeVar("P", bound=Process)
INITIAL = "INITIAL"
CHANGED = "process"
"""Topic, within this process only, of the processes that were saved; key: the pid."""
_JSON_COLUMNS = ("intent", "problem", "data_address", "given_up")
_FIXED = frozenset({"owner", "pid", "role", "peer", "version", "created_at", "updated_at"})


class Queries(Generic[P]):
    """The named queries of one process table."""

    def __init__(self, table: Table, record: type[P], *, puts_off: bool = False) -> None:
        """`puts_off`: what is saved may be written when the unit ends; nobody else asks for these rows within one."""
        self._table, self._record, self._puts_off = table, record, puts_off
        self._names = tuple(item.name for item in fields(record) if item.init)
        self._column_names = tuple(table.c.keys())
        self._free = tuple(name for name in self._names if name not in _FIXED)
        self._moved = f"{table.name.removesuffix('s')}.moved"
        columns = table.c
        key = and_(columns.owner == bindparam("k_owner"), columns.pid == bindparam("k_pid"))
        by_pid = select(table).where(key)
        self._by_pid = Prepared(by_pid)
        beside = (*journal.beside(columns.owner, columns.pid), silence.beside(columns.owner, columns.peer))
        self._by_pid_locked = Prepared(by_pid.add_columns(*beside).with_for_update(of=table))
        by_peer_pid = select(table).where(
            columns.owner == bindparam("k_owner"),
            columns.peer == bindparam("k_peer"),
            columns.role == bindparam("k_role"),
            columns.peer_pid == bindparam("k_peer_pid"),
        )
        self._by_peer_pid_locked = Prepared(locking(by_peer_pid))
        self._insert = Prepared(insert(table), self._names)
        self._row = update(table).where(key, columns.version == bindparam("k_version"))
        self._update = cache(self._writing)

    def _writing(self, changed: frozenset[str]) -> Prepared:
        """Return what writes these columns: each text would be packed anew, each place in an index sought anew."""
        values: dict[str, Any] = {name: bindparam(f"v_{name}") for name in (*sorted(changed), "updated_at")}
        return Prepared(self._row.values({**values, "version": self._table.c.version + 1}))

    def load(self, tx: Tx, owner: str, pid: str, message_id: str | None = None) -> P:
        """Return the process, locked against concurrent change. Raises NotFound.

        What the unit asks next is asked along: the head of the journal, whether it tells of the message, whether the
        peer is silent.
        """
        _flush(tx)
        keys = {"k_owner": owner, "k_pid": pid, "k_message": message_id}
        row = self._by_pid_locked.first(tx.connection, keys)
        if row is None:
            raise NotFound(pid)
        journal.note(tx, owner, pid, row, message_id)
        tx.silent.setdefault((owner, row.peer), bool(row.peer_is_silent))
        return self._from_row(row)

    def peek(self, tx: Tx, owner: str, pid: str) -> P:
        """Return the process without locking it. Raises NotFound."""
        _flush(tx)
        row = self._by_pid.first(tx.connection, {"k_owner": owner, "k_pid": pid})
        if row is None:
            raise NotFound(pid)
        return self._from_row(row)

    def by_peer_pid(self, tx: Tx, owner: str, peer: str, role: Role, peer_pid: str) -> P | None:
        """Return our process for the peer's identifier, if there is one."""
        _flush(tx)
        keys = {"k_owner": owner, "k_peer": peer, "k_role": role.value, "k_peer_pid": peer_pid}
        row = self._by_peer_pid_locked.first(tx.connection, keys)
        return None if row is None else self._from_row(row)

    def save(self, tx: Tx, process: P) -> None:
        """Insert a new process or write a changed one, by compare-and-swap.

        Raises StaleVersion, now or when the unit ends, when somebody else was faster; the store runs the unit again.
        """
        tx.signals.append((CHANGED, process.pid, False))
        _flush(tx)
        tx.saved.append(self._added(tx, process) if process.version == 0 else self._changed(tx, process))
        if not self._puts_off:
            _flush(tx)
        if process.state not in (process.stored_state, INITIAL):
            self._say_moved(tx, process)
        process.stored_state = process.state

    def _added(self, tx: Tx, process: P) -> Due:
        process.created_at = process.updated_at = tx.now
        process.version = 1
        row = {name: self._value(process, name) for name in self._names}
        process.stored = {name: row[name] for name in self._free}
        return Due(self._insert, [row])

    def _say_moved(self, tx: Tx, process: P) -> None:
        told = {name: getattr(process, name) for name in ("state", "dataset", "agreement")}
        events.append(tx, process.owner, self._moved, process.pid, process.peer, role=process.role.value, **told)

    def _changed(self, tx: Tx, process: P) -> Due:
        row, known = {name: self._value(process, name) for name in self._free}, process.stored
        changed = frozenset([name for name in self._free if row[name] != known.get(name, ...)])
        values = {f"v_{name}": row[name] for name in changed}
        keys = {"k_owner": process.owner, "k_pid": process.pid, "k_version": process.version}
        process.version += 1
        process.updated_at, process.stored = tx.now, row
        return Due(self._update(changed), [{**values, **keys, "v_updated_at": tx.now}], swaps=process.pid)

    def page(
        self,
        tx: Tx,
        owner: str,
        *,
        after: tuple[datetime, str] | None = None,
        limit: int = 50,
        period: Period = ALWAYS,
        **equal: str | None,
    ) -> list[P]:
        """Return processes that began in a period, the newest first, after a position; `equal` filters by column."""
        _flush(tx)
        columns = self._table.c
        query = select(self._table).where(columns.owner == owner, *period.of(columns.created_at))
        for name, value in equal.items():
            if value is not None:
                query = query.where(columns[name] == value)
        if after is not None:
            at, pid = after
            query = query.where(or_(columns.created_at < at, and_(columns.created_at == at, columns.pid < pid)))
        query = query.order_by(columns.created_at.desc(), columns.pid.desc()).limit(limit)
        return [self._from_row(row) for row in tx.connection.execute(query)]

    def count_by_state(self, tx: Tx) -> list[tuple[str, str, int]]:
        """Return (owner, state, number), for the metrics: an index holds all of it, the rows are not read."""
        _flush(tx)
        columns = self._table.c
        query = select(columns.owner, columns.state, func.count()).group_by(columns.owner, columns.state)
        return [(row[0], row[1], row[2]) for row in tx.connection.execute(query)]

    def _from_row(self, row: Row[Any]) -> P:
        values = dict(zip(self._column_names, row, strict=False))  # what was asked along comes after
        stored = {name: values[name] for name in self._free}
        values["role"] = Role(values["role"])
        for name in _JSON_COLUMNS:
            if values.get(name) is not None:
                values[name] = json.loads(values[name])
        values["given_up"] = tuple(values["given_up"] or ())
        process = self._record(**values)
        process.stored_state, process.stored = process.state, stored
        return process

    def _value(self, process: P, name: str) -> Any:
        value = getattr(process, name)
        if name in _JSON_COLUMNS:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else None
        return value.value if isinstance(value, Role) else value


def due(tx: Tx) -> list[Due]:
    """Return what is to be written of processes; it counts as written from now on."""
    found = [*tx.saved]
    tx.saved.clear()
    return found


def _flush(tx: Tx) -> None:
    if tx.saved:
        write(tx.connection, due(tx))
