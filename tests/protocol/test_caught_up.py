"""What a node that forgot believes of the state in which its peer stands."""

import pytest

from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Position, Role, caught_up

CONSUMER, PROVIDER = Role.CONSUMER, Role.PROVIDER

FOLLOWED = [
    (n.NEGOTIATION, PROVIDER, n.OFFERED, n.ACCEPTED, n.ACCEPT),
    (n.NEGOTIATION, PROVIDER, n.AGREED, n.VERIFIED, n.VERIFICATION),
    (n.NEGOTIATION, PROVIDER, n.AGREED, n.FINALIZED, n.FINALIZE),
    (n.NEGOTIATION, PROVIDER, n.VERIFIED, n.FINALIZED, n.FINALIZE),
    (n.NEGOTIATION, CONSUMER, n.AGREED, n.FINALIZED, n.FINALIZE),
    (n.NEGOTIATION, CONSUMER, n.VERIFIED, n.FINALIZED, n.FINALIZE),
    (n.NEGOTIATION, CONSUMER, n.REQUESTED, n.TERMINATED, n.TERMINATION),
    (t.TRANSFER, PROVIDER, t.STARTED, t.SUSPENDED, t.SUSPENSION),
    (t.TRANSFER, CONSUMER, t.STARTED, t.SUSPENDED, t.SUSPENSION),
    (t.TRANSFER, CONSUMER, t.STARTED, t.COMPLETED, t.COMPLETION),
    (t.TRANSFER, CONSUMER, t.REQUESTED, t.COMPLETED, t.COMPLETION),
    (t.TRANSFER, PROVIDER, t.SUSPENDED, t.COMPLETED, t.COMPLETION),
    (t.TRANSFER, PROVIDER, t.SUSPENDED, t.TERMINATED, t.TERMINATION),
]
NOT_BELIEVED = [
    (n.NEGOTIATION, CONSUMER, n.REQUESTED, n.OFFERED, "the terms are lost"),
    (n.NEGOTIATION, CONSUMER, n.REQUESTED, n.AGREED, "the agreement is lost"),
    (n.NEGOTIATION, CONSUMER, n.REQUESTED, n.FINALIZED, "the agreement is lost"),
    (n.NEGOTIATION, PROVIDER, n.REQUESTED, n.AGREED, "the agreement is lost"),
    (n.NEGOTIATION, PROVIDER, n.REQUESTED, n.FINALIZED, "a person may have to decide"),
    (n.NEGOTIATION, CONSUMER, n.OFFERED, n.ACCEPTED, "a person may have to decide"),
    (n.NEGOTIATION, PROVIDER, n.FINALIZED, n.AGREED, "the peer has forgotten"),
    (n.NEGOTIATION, PROVIDER, n.FINALIZED, n.TERMINATED, "nothing follows the end"),
    (n.NEGOTIATION, PROVIDER, n.REQUESTED, "UNHEARD-OF", "no such state"),
    (t.TRANSFER, CONSUMER, t.REQUESTED, t.STARTED, "the data address is lost"),
    (t.TRANSFER, PROVIDER, t.REQUESTED, t.STARTED, "no byte leaves on a peer's word"),
    (t.TRANSFER, PROVIDER, t.SUSPENDED, t.STARTED, "no byte leaves on a peer's word"),
    (t.TRANSFER, PROVIDER, t.TERMINATED, t.STARTED, "nothing follows the end"),
    (t.TRANSFER, PROVIDER, t.COMPLETED, t.TERMINATED, "nothing follows the end"),
]


@pytest.mark.parametrize(("table", "role", "state", "peer_state", "message"), FOLLOWED)
def test_a_step_that_left_nothing_is_believed(table, role, state, peer_state, message):
    row = caught_up(table, Position(role, state), peer_state)
    assert row is not None
    assert (row.target, row.message) == (peer_state, message)


@pytest.mark.parametrize(("table", "role", "state", "peer_state", "why"), NOT_BELIEVED)
def test_a_step_that_brought_something_is_not(table, role, state, peer_state, why):
    assert caught_up(table, Position(role, state), peer_state) is None, why


def test_our_pending_message_may_have_been_the_first_step():
    at = Position(CONSUMER, n.AGREED, n.VERIFICATION)
    row = caught_up(n.NEGOTIATION, at, n.FINALIZED)
    assert row is not None
    assert row.target == n.FINALIZED


@pytest.mark.parametrize("table", [n.NEGOTIATION, t.TRANSFER])
@pytest.mark.parametrize("role", Role)
def test_what_it_believes_leads_where_the_peer_stands_and_nowhere_from_an_end(table, role):
    for state in table.states:
        for peer_state in table.states:
            row = caught_up(table, Position(role, state), peer_state)
            assert row is None or (row.target == peer_state and not table.is_terminal(state))
