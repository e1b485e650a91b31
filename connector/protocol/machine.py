"""The machine: how a process moves when a message is sent, acknowledged, refused or received.

It knows no role and no message by name; a `Table` says what is legal. A process stands at a `Position`: our role, the
state of the specification, the one message of ours that is not yet acknowledged (`pending`), and how the present state
was reached. The specification enters a state when its message is acknowledged, and leaves open what happens when
acknowledgements are lost and messages cross. Five rules close that gap; leaving one out diverges or sticks:

1. Implied acknowledgement: a message legal only after our pending one proves that ours arrived.
2. Termination wins a crossing.
3. The provider holds (answers "busy"), the consumer yields, in any other crossing; a termination is never yielded.
4. Ask before repeating: `observed` says what the peer's own state tells about our pending message.
5. Same again: what brought us here, or was processed earlier, is acknowledged again without effect.

Pure: no clock, no socket, no store. See negotiation.py and transfer.py for the tables.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from connector.protocol.errors import Busy, IllegalTransition


class Role(StrEnum):
    """A side of a process."""

    CONSUMER = "consumer"
    PROVIDER = "provider"

    @property
    def other(self) -> "Role":
        return Role.PROVIDER if self is Role.CONSUMER else Role.CONSUMER


@dataclass(frozen=True, slots=True)
class Row:
    """One legal step: in `source`, `sender` may send `message`, which leads to `target`."""

    source: str
    message: str
    sender: Role
    target: str
    section: str


@dataclass(frozen=True)
class Table:
    """A protocol as rows, with the messages that the rules treat apart."""

    name: str
    initial: str
    rows: tuple[Row, ...]
    termination: str
    unrepeatable: frozenset[str]
    """Messages whose repetition inside a running process is illegal rather than acknowledged again."""

    def __post_init__(self) -> None:
        steps = {(row.source, row.message, row.sender): row.target for row in self.rows}
        if len(steps) != len(self.rows):
            raise ValueError(f"{self.name}: a step appears twice")
        object.__setattr__(self, "_steps", steps)

    def step(self, state: str, message: str, sender: Role) -> str | None:
        """Return the state that follows, or None if the step is illegal."""
        steps: dict[tuple[str, str, Role], str] = self.__dict__["_steps"]
        return steps.get((state, message, sender))

    @property
    def states(self) -> tuple[str, ...]:
        """All states, the initial one first, in the order of the rows."""
        return tuple(dict.fromkeys((self.initial, *(row.target for row in self.rows))))

    def is_terminal(self, state: str) -> bool:
        """True when nothing may follow."""
        return all(row.source != state for row in self.rows)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that arrived: its kind and the digest of its content.

    `seen_before` says that this very message (its own `@id`) was already processed by this process.
    """

    message: str
    digest: str
    seen_before: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where a process stands on our side."""

    role: Role
    state: str
    pending: str | None = None
    arrived: Arrival | None = None
    """The peer's message that brought us to this state, if a message of the peer did."""


@dataclass(frozen=True, slots=True)
class Received:
    """The outcome of a peer's message: the new position, and whether anything happened."""

    position: Position
    is_repeat: bool = False
    yielded: str | None = None
    """Our pending message that gave way, for the journal."""


def send(table: Table, at: Position, message: str) -> Position:
    """Return the position with our message pending; the state moves only when the peer acknowledges.

    A termination replaces whatever was pending: it is legal wherever that message may have led.
    Raises IllegalTransition when the table does not allow the message, Busy when another is pending.
    """
    if table.step(at.state, message, at.role) is None:
        raise IllegalTransition(f"{message} by the {at.role} in {at.state}")
    if at.pending is not None and message != table.termination:
        raise Busy(f"{at.pending} is not yet acknowledged")
    return replace(at, pending=message)


def acknowledged(table: Table, at: Position) -> Position:
    """Return the position after the peer answered our pending message with success."""
    if at.pending is None:
        return at
    target = table.step(at.state, at.pending, at.role)
    if target is None:
        raise IllegalTransition(f"{at.pending} by the {at.role} in {at.state}")
    return replace(at, state=target, pending=None, arrived=None)


def refused(at: Position) -> Position:
    """Return the position after the peer refused our pending message for good: the state stays."""
    return replace(at, pending=None)


def receive(table: Table, at: Position, arrival: Arrival) -> Received:
    """Return the position after the peer's message, which we acknowledge by moving.

    Raises IllegalTransition (HTTP 400), or Busy (503) while our own message is crossing it.
    """
    if is_same_again(table, at, arrival):
        return Received(at, is_repeat=True)
    now = None if arrival.seen_before else table.step(at.state, arrival.message, at.role.other)
    if at.pending is None:
        return Received(_moved(at, now, arrival))
    ahead = table.step(at.state, at.pending, at.role)
    then = table.step(ahead, arrival.message, at.role.other) if ahead and not arrival.seen_before else None
    if is_implied_acknowledgement(at, now, then):
        return Received(_moved(replace(at, pending=None), then, arrival))
    if termination_wins(table, arrival):
        return Received(_moved(replace(at, pending=None), now, arrival), yielded=at.pending)
    if now == at.state:
        return Received(replace(at, arrived=arrival))  # a renewal: nothing moves, so nothing crosses
    if now is not None and holds(table, at):
        raise Busy(f"{at.pending} is not yet acknowledged")
    return Received(_moved(replace(at, pending=None), now, arrival), yielded=at.pending)


def is_same_again(table: Table, at: Position, arrival: Arrival) -> bool:
    """Rule 5: true when acknowledging again is right and moving again would be wrong."""
    if arrival.message in table.unrepeatable:
        return False
    if arrival.seen_before:
        return True
    return at.arrived is not None and (at.arrived.message, at.arrived.digest) == (arrival.message, arrival.digest)


def is_implied_acknowledgement(at: Position, now: str | None, then: str | None) -> bool:
    """Rule 1: true when the message is legal after our pending one, and only then.

    A message that would leave us where we are is a renewal if the peer has not yet spoken since we moved; once it has,
    it can only be the answer to our pending message.
    """
    if then is None:
        return False
    return now is None or (now == at.state and at.arrived is not None)


def termination_wins(table: Table, arrival: Arrival) -> bool:
    """Rule 2: true when the arriving message ends the process, whatever of ours is on its way."""
    return arrival.message == table.termination


def holds(table: Table, at: Position) -> bool:
    """Rule 3: true when our pending message goes first."""
    return at.role is Role.PROVIDER or at.pending == table.termination


def observed(table: Table, at: Position, peer_state: str) -> Position:
    """Rule 4: return the position that the peer's own state proves, unchanged when it proves nothing.

    The peer moves when it acknowledges, so where our pending message leads is where it stands if it took it.
    Where that message leads back to the same state, its state proves nothing and a repetition is harmless.
    A peer that has ended what we have not ended told us, or tries to.
    """
    if at.pending is None:
        return at
    ahead = table.step(at.state, at.pending, at.role)
    if peer_state == ahead and ahead != at.state:
        return acknowledged(table, at)
    if table.is_terminal(peer_state) and peer_state == table.step(at.state, table.termination, at.role.other):
        return replace(at, state=peer_state, pending=None, arrived=None)
    return at


def _moved(at: Position, target: str | None, arrival: Arrival) -> Position:
    if target is None:
        raise IllegalTransition(f"{arrival.message} from the {at.role.other} in {at.state}")
    return replace(at, state=target, arrived=arrival)
