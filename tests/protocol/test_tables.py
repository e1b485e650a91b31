"""Every state, message and sender of both protocols, and every message that may be pending meanwhile.

The expectations are written out here from the specification's state machines, not computed from the tables under test.
"""

from dataclasses import dataclass

import pytest

from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.errors import Busy, IllegalTransition
from connector.protocol.machine import Arrival, Position, Role, Row, Table, acknowledged, receive, refused, send
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER

CONSUMER, PROVIDER = Role.CONSUMER, Role.PROVIDER

# One line per state; one column per message: where it leads and who may send it (c, p, or both), `.` for nowhere.
NEGOTIATION_STEPS = """
           REQUEST      OFFER      ACCEPT      AGREEMENT  VERIFICATION  FINALIZE     TERMINATION
INITIAL    REQUESTED/c  OFFERED/p  .           .          .             .            .
REQUESTED  .            OFFERED/p  .           AGREED/p   .             .            TERMINATED/cp
OFFERED    REQUESTED/c  .          ACCEPTED/c  .          .             .            TERMINATED/cp
ACCEPTED   .            .          .           AGREED/p   .             .            TERMINATED/cp
AGREED     .            .          .           .          VERIFIED/c    .            TERMINATED/cp
VERIFIED   .            .          .           .          .             FINALIZED/p  TERMINATED/cp
FINALIZED  .            .          .           .          .             .            .
TERMINATED .            .          .           .          .             .            .
"""
TRANSFER_STEPS = """
           REQUEST      START       SUSPENSION    COMPLETION    TERMINATION
INITIAL    REQUESTED/c  .           .             .             .
REQUESTED  .            STARTED/p   .             .             TERMINATED/cp
STARTED    .            STARTED/p   SUSPENDED/cp  COMPLETED/cp  TERMINATED/cp
SUSPENDED  .            STARTED/cp  .             .             TERMINATED/cp
COMPLETED  .            .           .             .             .
TERMINATED .            .           .             .             .
"""

# One line per pending message of ours; then what the peer's messages do that are not simply illegal:
# `=` it proves that ours arrived and leads there, `>` ours gives way and it leads there, `:busy` ours goes first,
# `+keeps` it changes nothing and ours stays pending.
NEGOTIATION_CROSSINGS = """
consumer INITIAL   REQUEST      OFFER=OFFERED AGREEMENT=AGREED TERMINATION=TERMINATED
consumer REQUESTED TERMINATION  OFFER:busy AGREEMENT:busy TERMINATION>TERMINATED
consumer OFFERED   REQUEST      OFFER=OFFERED AGREEMENT=AGREED TERMINATION>TERMINATED
consumer OFFERED   ACCEPT       AGREEMENT=AGREED TERMINATION>TERMINATED
consumer OFFERED   TERMINATION  TERMINATION>TERMINATED
consumer AGREED    VERIFICATION FINALIZE=FINALIZED TERMINATION>TERMINATED
consumer AGREED    TERMINATION  TERMINATION>TERMINATED
consumer ACCEPTED  TERMINATION  AGREEMENT:busy TERMINATION>TERMINATED
consumer VERIFIED  TERMINATION  FINALIZE:busy TERMINATION>TERMINATED
provider INITIAL   OFFER        REQUEST=REQUESTED ACCEPT=ACCEPTED TERMINATION=TERMINATED
provider REQUESTED OFFER        REQUEST=REQUESTED ACCEPT=ACCEPTED TERMINATION>TERMINATED
provider REQUESTED AGREEMENT    VERIFICATION=VERIFIED TERMINATION>TERMINATED
provider REQUESTED TERMINATION  TERMINATION>TERMINATED
provider OFFERED   TERMINATION  REQUEST:busy ACCEPT:busy TERMINATION>TERMINATED
provider AGREED    TERMINATION  VERIFICATION:busy TERMINATION>TERMINATED
provider ACCEPTED  AGREEMENT    VERIFICATION=VERIFIED TERMINATION>TERMINATED
provider ACCEPTED  TERMINATION  TERMINATION>TERMINATED
provider VERIFIED  FINALIZE     TERMINATION>TERMINATED
provider VERIFIED  TERMINATION  TERMINATION>TERMINATED
"""
TRANSFER_CROSSINGS = """
consumer INITIAL   REQUEST      START=STARTED TERMINATION=TERMINATED
consumer REQUESTED TERMINATION  START:busy TERMINATION>TERMINATED
consumer STARTED   COMPLETION   START+keeps SUSPENSION>SUSPENDED COMPLETION>COMPLETED TERMINATION>TERMINATED
consumer STARTED   SUSPENSION   START:busy SUSPENSION>SUSPENDED COMPLETION>COMPLETED TERMINATION>TERMINATED
consumer STARTED   TERMINATION  START+keeps SUSPENSION:busy COMPLETION:busy TERMINATION>TERMINATED
consumer SUSPENDED START        START>STARTED SUSPENSION=SUSPENDED COMPLETION=COMPLETED TERMINATION>TERMINATED
consumer SUSPENDED TERMINATION  START:busy TERMINATION>TERMINATED
provider REQUESTED START        SUSPENSION=SUSPENDED COMPLETION=COMPLETED TERMINATION>TERMINATED
provider REQUESTED TERMINATION  TERMINATION>TERMINATED
provider STARTED   START        SUSPENSION:busy COMPLETION:busy TERMINATION>TERMINATED
provider STARTED   COMPLETION   SUSPENSION:busy COMPLETION:busy TERMINATION>TERMINATED
provider STARTED   SUSPENSION   START=STARTED SUSPENSION:busy COMPLETION:busy TERMINATION>TERMINATED
provider STARTED   TERMINATION  SUSPENSION:busy COMPLETION:busy TERMINATION>TERMINATED
provider SUSPENDED START        START:busy SUSPENSION=SUSPENDED COMPLETION=COMPLETED TERMINATION>TERMINATED
provider SUSPENDED TERMINATION  START:busy TERMINATION>TERMINATED
"""


@dataclass(frozen=True)
class Step:
    """One cell: in this state, this sender's message leads to the target, or nowhere."""

    table: Table
    state: str
    kind: str
    sender: Role
    target: str | None

    def __str__(self) -> str:
        return f"{self.table.name}-{self.state}-{self.kind}-{self.sender}"


def read_steps(table: Table, names: dict[str, str], text: str) -> list[Step]:
    header, *lines = text.strip().splitlines()
    steps = []
    for line in lines:
        state, *cells = line.split()
        for name, cell in zip(header.split(), cells, strict=True):
            target, _, senders = cell.partition("/")
            for role in Role:
                leads = target if role[0] in senders else None
                steps.append(Step(table, state, names[name], role, leads))
    return steps


def kinds_of(module: object) -> dict[str, str]:
    names = "REQUEST OFFER ACCEPT AGREEMENT VERIFICATION FINALIZE START SUSPENSION COMPLETION TERMINATION"
    return {name: getattr(module, name) for name in names.split() if hasattr(module, name)}


STEPS = read_steps(NEGOTIATION, kinds_of(n), NEGOTIATION_STEPS) + read_steps(TRANSFER, kinds_of(t), TRANSFER_STEPS)


def test_the_matrix_is_complete() -> None:
    assert len(STEPS) == 8 * 7 * 2 + 6 * 5 * 2
    assert {(step.table.name, step.state) for step in STEPS} == {
        (table.name, state) for table in (NEGOTIATION, TRANSFER) for state in table.states
    }


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_peers_message_leads_where_the_specification_says_or_is_illegal(step: Step) -> None:
    at = Position(step.sender.other, step.state)
    arrival = Arrival(step.kind, "d")
    if step.target is None:
        with pytest.raises(IllegalTransition) as caught:
            receive(step.table, at, arrival)
        assert caught.value.status == 400
    else:
        assert receive(step.table, at, arrival).position == Position(at.role, step.target, arrived=arrival)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_our_message_moves_the_state_when_it_is_acknowledged(step: Step) -> None:
    at = Position(step.sender, step.state)
    if step.target is None:
        with pytest.raises(IllegalTransition):
            send(step.table, at, step.kind)
    else:
        sent = send(step.table, at, step.kind)
        assert (sent.state, sent.pending) == (step.state, step.kind)
        assert acknowledged(step.table, sent) == Position(step.sender, step.target)
        assert refused(sent) == at


@pytest.mark.parametrize("step", [step for step in STEPS if step.target], ids=str)
def test_a_second_message_of_ours_waits_for_the_first_unless_it_ends_the_process(step: Step) -> None:
    sent = send(step.table, Position(step.sender, step.state), step.kind)
    others = {row.message for row in step.table.rows if row.source == step.state and row.sender is step.sender}
    for kind in others - {step.table.termination}:
        with pytest.raises(Busy):
            send(step.table, sent, kind)
    if step.table.termination in others:
        assert send(step.table, sent, step.table.termination).pending == step.table.termination


@dataclass(frozen=True)
class Crossing:
    """The peer's message while ours is pending."""

    table: Table
    role: Role
    state: str
    pending: str
    kind: str
    outcome: str

    def __str__(self) -> str:
        return f"{self.table.name}-{self.role}-{self.state}-{self.pending}-crossed-by-{self.kind}"


def read_crossings(table: Table, names: dict[str, str], text: str) -> list[Crossing]:
    crossings = []
    for line in text.strip().splitlines():
        role, state, pending, *cells = line.split()
        outcomes = {}
        for cell in cells:
            name = next(name for name in sorted(names, key=len, reverse=True) if cell.startswith(name))
            outcomes[name] = cell.removeprefix(name)
        crossings += [
            Crossing(table, Role(role), state, names[pending], names[name], outcomes.get(name, "illegal"))
            for name in names
        ]
    return crossings


CROSSINGS = read_crossings(NEGOTIATION, kinds_of(n), NEGOTIATION_CROSSINGS)
CROSSINGS += read_crossings(TRANSFER, kinds_of(t), TRANSFER_CROSSINGS)


def test_every_message_that_can_be_pending_is_crossed_by_every_message() -> None:
    sendable = {(step.table.name, step.sender, step.state, step.kind) for step in STEPS if step.target}
    assert {(one.table.name, one.role, one.state, one.pending) for one in CROSSINGS} == sendable
    assert len(CROSSINGS) == 19 * 7 + 15 * 5


@pytest.mark.parametrize("crossing", CROSSINGS, ids=str)
def test_a_crossing_ends_as_the_rules_say(crossing: Crossing) -> None:
    at = send(crossing.table, Position(crossing.role, crossing.state), crossing.pending)
    assert outcome_of(crossing, at) == crossing.outcome


def outcome_of(crossing: Crossing, at: Position) -> str:
    try:
        received = receive(crossing.table, at, Arrival(crossing.kind, "d", is_identified=True))
    except Busy:
        return ":busy"
    except IllegalTransition:
        return "illegal"
    if received.position.pending is not None:
        return "+keeps"
    return (">" if received.yielded == crossing.pending else "=") + received.position.state


def test_busy_asks_to_try_again_and_is_never_a_refusal() -> None:
    assert Busy().status == 503
    assert Busy().retry_after_s == 1


def test_a_table_does_not_say_a_step_twice() -> None:
    row = Row("A", "m", CONSUMER, "B", "")
    with pytest.raises(ValueError, match="twice"):
        Table("x", "A", (row, row), "m", frozenset())


def test_what_ends_is_terminal() -> None:
    ends = {state for state in NEGOTIATION.states if NEGOTIATION.is_terminal(state)}
    assert ends == {n.FINALIZED, n.TERMINATED}
    assert {state for state in TRANSFER.states if TRANSFER.is_terminal(state)} == {t.COMPLETED, t.TERMINATED}
