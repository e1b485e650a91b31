"""The machine: how a process moves when a message is sent, acknowledged, refused or received.

It knows no role and no message by name; a `Table` says what is legal. A process stands at a `Position`: our role, the
state of the specification, the one message of ours that is not yet acknowledged (`pending`), and how the present state
was reached. The specification enters a state when its message is acknowledged, and leaves open what happens when
acknowledgements are lost and messages cross. Five rules close that gap; leaving one out diverges or sticks:

1. Implied acknowledgement: a message legal only after our pending one proves that ours arrived.
2. Termination wins a crossing.
3. The provider holds (answers "busy"), the consumer yields, in any other crossing; a termination is never yielded.
4. Ask before repeating, and before believing a refusal: `observed` says what the peer's own state proves.
5. Same again: what brought us here is acknowledged again without effect; what was overtaken is illegal. What a peer
   drew up anew, because it never heard our answer to the first, takes the place of the first.

A message that gave way may still be on its way: it stays in `given_up`, and the peer's answer to it, or the peer's
state, may yet tell that it was taken.

Pure: no clock, no socket, no store. See negotiation.py and transfer.py for the tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    witnessed: Mapping[Role, frozenset[str]] = field(default_factory=dict)
    """By our role, the messages for which the peer's later state is witness enough when our own memory of them is lost:
    they carry nothing to keep, and nobody has to decide about them any more."""
    redrawn: frozenset[str] = frozenset()
    """Messages that some peers draw up anew instead of repeating them when no answer reached them."""
    closing: frozenset[str] = frozenset()
    """States that leave nothing to do or to keep: the peer's word for them is enough, whatever the way."""

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
    """A message that arrived: its kind, the digest of its content, and what its own `@id` tells."""

    message: str
    digest: str
    seen_before: bool = False
    """This very message, by its `@id`, was already processed by this process; where a peer may draw it up anew under
    the same `@id`, by its content too."""
    is_identified: bool = False
    """It has an `@id`, so that not `seen_before` means new, or sent anew by a peer that does not keep its messages."""
    came_from: str | None = field(default=None, compare=False)
    """Once it was taken: the state from which it led."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a process stands on our side."""

    role: Role
    state: str
    pending: str | None = None
    arrived: Arrival | None = None
    """The peer's message that brought us to this state, if a message of the peer did."""
    given_up: tuple[str, ...] = ()
    """Messages of ours that gave way while they were on their way: the peer may have taken one all the same."""


@dataclass(frozen=True, slots=True)
class Received:
    """The outcome of a peer's message: the new position, and whether anything happened."""

    position: Position
    is_repeat: bool = False
    yielded: str | None = None
    """Our pending message that gave way, for the journal; look at the peer's state when its last attempt is over."""


def send(table: Table, at: Position, message: str) -> Position:
    """Return the position with our message pending; the state moves only when the peer acknowledges.

    A termination replaces whatever was pending: it is legal wherever that message may have led.
    Raises IllegalTransition when the table does not allow the message, Busy when another is pending.
    """
    if table.step(at.state, message, at.role) is None:
        raise IllegalTransition(f"{message} by the {at.role} in {at.state}")
    if at.pending is not None and message != table.termination:
        raise Busy(f"{at.pending} is not yet acknowledged")
    replaced = at.pending if at.pending != message else None
    return replace(at, pending=message, given_up=_with(at.given_up, replaced))


def acknowledged(table: Table, at: Position, message: str | None = None) -> Position:
    """Return the position after the peer answered our pending message with success.

    Name the `message` when the answer may be to one that was given up; any other changes nothing.
    """
    message = message or at.pending
    target = table.step(at.state, message, at.role) if message else None
    if target is None or message not in (at.pending, *at.given_up):
        return at
    # An earlier message of the same kind as the pending one may still be on its way.
    given_up = tuple(one for one in at.given_up if one != message or one == at.pending)
    return _at(table, at, target, pending=at.pending if message != at.pending else None, given_up=given_up)


def refused(at: Position) -> Position:
    """Return the position after the peer refused our pending message for good: the state stays.

    Believe a refusal only after a question (rule 4): `observed` may prove that the peer took the message before.
    """
    return replace(at, pending=None)


def postponed(table: Table, at: Position) -> Position:
    """Return the position after the peer answered our pending message with "busy": it has not taken it.

    The message stays pending, to be sent again, unless it is a renewal: that one is given up, to be decided again,
    because each side would wait for the other when the peer's own message changes the state.
    """
    if at.pending is None or table.step(at.state, at.pending, at.role) != at.state:
        return at
    return replace(at, pending=None, given_up=_with(at.given_up, at.pending))


def receive(table: Table, at: Position, arrival: Arrival) -> Received:
    """Return the position after the peer's message, which we acknowledge by moving.

    Raises IllegalTransition (HTTP 400), or Busy (503) while our own message is crossing it.
    """
    if is_same_again(table, at, arrival):
        return Received(at, is_repeat=True)
    if at.arrived is not None and is_redrawn(table, at.arrived, arrival):
        return Received(replace(at, arrived=replace(arrival, came_from=at.arrived.came_from)))
    now = None if arrival.seen_before else table.step(at.state, arrival.message, at.role.other)
    if at.pending is None:
        return Received(_moved(table, at, now, replace(arrival, came_from=at.state)))
    ahead = table.step(at.state, at.pending, at.role)
    then = table.step(ahead, arrival.message, at.role.other) if ahead and not arrival.seen_before else None
    if is_implied_acknowledgement(table, at, now, then):
        return Received(_moved(table, at, then, replace(arrival, came_from=ahead)))
    arrival = replace(arrival, came_from=at.state)
    if termination_wins(table, arrival):
        return Received(_moved(table, at, now, arrival), yielded=at.pending)
    if now == at.state and then is None:
        return Received(replace(at, arrived=arrival))  # a renewal: nothing moves, so nothing crosses
    if holds(table, at, arrival, now):
        raise Busy(f"{at.pending} is not yet acknowledged")
    return Received(_moved(table, at, now, arrival, given_up=_with(at.given_up, at.pending)), yielded=at.pending)


def is_same_again(table: Table, at: Position, arrival: Arrival) -> bool:
    """Rule 5: true when acknowledging again is right and moving again would be wrong.

    Only what brought us here is acknowledged again: what was processed earlier has been overtaken, and a peer that
    still waits for its answer must not move back. A processed message is known by its `@id`; without one, and with an
    unknown one where the message could not be legal otherwise, by its content.
    """
    if at.arrived is None or (at.arrived.message, at.arrived.digest) != (arrival.message, arrival.digest):
        return False
    if arrival.seen_before:
        return True
    if arrival.message in table.unrepeatable:
        return False
    return not (arrival.is_identified and _could_be_new(table, at, arrival.message))


def is_redrawn(table: Table, first: Arrival, arrival: Arrival) -> bool:
    """Rule 5: true when the peer has drawn up anew what brought us here (`first`) and has not taken our answer to it.

    It sends it again because it never heard that we took it, so that what it holds now is the new one. Once it has
    acknowledged anything of ours since, we stand elsewhere and the message is illegal.
    """
    is_another = first.message == arrival.message and first.digest != arrival.digest
    return is_another and arrival.message in table.redrawn and not arrival.seen_before


def is_implied_acknowledgement(table: Table, at: Position, now: str | None, then: str | None) -> bool:
    """Rule 1: true when the message is legal after our pending one (`then`), and not before it (`now`).

    What the peer says of a process that we begin proves that our first message arrived.
    """
    return then is not None and (now is None or at.state == table.initial)


def termination_wins(table: Table, arrival: Arrival) -> bool:
    """Rule 2: true when the arriving message ends the process, whatever of ours is on its way."""
    return arrival.message == table.termination


def holds(table: Table, at: Position, arrival: Arrival, now: str | None) -> bool:
    """Rule 3: true when our pending message goes first.

    The provider's does, and a termination. The consumer's does before a message that changes nothing now (`now`) but
    would be the answer to it: which of the two it is, only the peer's answer to ours tells.
    What is legal after a message that was given up waits too, for the pending termination that replaced it.
    """
    if now is None:
        states = (table.step(at.state, message, at.role) for message in at.given_up)
        return any(table.step(state, arrival.message, at.role.other) is not None for state in states if state)
    return at.role is Role.PROVIDER or at.pending == table.termination or now == at.state


def observed(table: Table, at: Position, peer_state: str, was_refused: bool = False) -> Position:
    """Rule 4: return the position that the peer's own state proves, unchanged when it proves nothing.

    The peer moves when it acknowledges, so where our message leads is where it stands if it took it. Its state proves
    nothing where that message leads back to the same state, or to the one from which the peer's last message led: it
    may not know yet that we took that one. A repetition is harmless then; a peer without rule 5
    that refuses it (`was_refused`) though it stands where it leads took it the first time: EDC's 409.
    A peer that has ended what we have not ended told us, or tries to.
    """
    for message in (at.pending, *at.given_up):
        if message is not None and _proves(table, at, message, peer_state, was_refused and message == at.pending):
            return acknowledged(table, at, message)
    if table.is_terminal(peer_state) and peer_state == table.step(at.state, table.termination, at.role.other):
        return Position(at.role, peer_state)
    return at


def caught_up(table: Table, at: Position, peer_state: str) -> Row | None:
    """Return the last step of a way to the peer's state that this state itself proves; None when there is none.

    For a node whose memory is older than what it said and heard: restored from a backup. The peer moved because we
    acknowledged, or because it acknowledged ours, so the steps between did happen; but a step that brought something
    (terms, an agreement, a data address) or that a person must have decided is not believed.
    """
    witnessed = table.witnessed.get(at.role, frozenset())
    ahead = table.step(at.state, at.pending, at.role) if at.pending else None
    seen = {state for state in (at.state, ahead) if state is not None}
    waiting = sorted(seen)
    while waiting:
        state = waiting.pop(0)
        for row in table.rows:
            if row.source != state or not (row.message in witnessed or peer_state in table.closing):
                continue
            if row.target == peer_state:
                return row
            if row.target not in seen:
                seen.add(row.target)
                waiting.append(row.target)
    return None


def _proves(table: Table, at: Position, message: str, peer_state: str, was_refused: bool) -> bool:
    ahead = table.step(at.state, message, at.role)
    if peer_state != ahead or ahead == at.state:
        return False
    if was_refused or at.arrived is None:
        return True
    if at.arrived.came_from is not None:
        return at.arrived.came_from != ahead
    return table.step(ahead, at.arrived.message, at.role.other) != at.state


def _could_be_new(table: Table, at: Position, message: str) -> bool:
    """True when the message is legal here, or after our pending one."""
    states = (at.state, table.step(at.state, at.pending, at.role) if at.pending else None)
    return any(table.step(state, message, at.role.other) is not None for state in states if state is not None)


def _moved(
    table: Table,
    at: Position,
    target: str | None,
    arrival: Arrival,
    given_up: tuple[str, ...] | None = None,
) -> Position:
    if target is None:
        raise IllegalTransition(f"{arrival.message} from the {at.role.other} in {at.state}")
    return _at(table, at, target, arrived=arrival, given_up=at.given_up if given_up is None else given_up)


def _at(
    table: Table,
    at: Position,
    state: str,
    *,
    arrived: Arrival | None = None,
    pending: str | None = None,
    given_up: tuple[str, ...] = (),
) -> Position:
    """Return the position in a new state; what is no longer legal there is not pending any more."""
    if table.is_terminal(state):
        return Position(at.role, state, arrived=arrived)
    is_open = pending is not None and table.step(state, pending, at.role) is not None
    return Position(at.role, state, pending if is_open else None, arrived, given_up)


def _with(given_up: tuple[str, ...], message: str | None) -> tuple[str, ...]:
    return given_up if message is None or message in given_up else (*given_up, message)
