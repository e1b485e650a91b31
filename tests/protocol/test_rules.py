"""The five rules, one by one, each with the sentence or the observation that asks for it."""

from dataclasses import replace

import pytest

from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.errors import Busy, IllegalTransition
from connector.protocol.machine import (
    Arrival,
    Position,
    Role,
    acknowledged,
    observed,
    postponed,
    receive,
    refused,
    send,
)
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER

CONSUMER, PROVIDER = Role.CONSUMER, Role.PROVIDER


def new(kind: str, digest: str = "content") -> Arrival:
    return Arrival(kind, digest, is_identified=True)


def old(kind: str, digest: str = "content") -> Arrival:
    return Arrival(kind, digest, seen_before=True, is_identified=True)


def anonymous(kind: str, digest: str = "content") -> Arrival:
    return Arrival(kind, digest)


# 1. Implied acknowledgement


def test_an_answer_that_overtakes_the_acknowledgement_is_taken() -> None:
    # The kit sends its agreement before our process has read the 200 to our request (dsp.md 4.5).
    at = send(NEGOTIATION, Position(CONSUMER, n.OFFERED), n.ACCEPT)
    received = receive(NEGOTIATION, at, new(n.AGREEMENT))
    assert received.position.state == n.AGREED
    assert received.position.pending is None
    assert received.yielded is None


def test_any_word_about_a_process_that_we_begin_proves_that_the_peer_knows_it() -> None:
    at = send(NEGOTIATION, Position(CONSUMER, n.INITIAL), n.REQUEST)
    received = receive(NEGOTIATION, at, new(n.OFFER))
    assert received.position == Position(CONSUMER, n.OFFERED, arrived=new(n.OFFER))


def test_an_acknowledgement_that_comes_after_its_proof_changes_nothing() -> None:
    at = Position(CONSUMER, n.AGREED)
    assert acknowledged(NEGOTIATION, at) == at


# 2. Termination wins


@pytest.mark.parametrize("pending", [n.OFFER, n.AGREEMENT])
def test_the_peers_termination_is_taken_whatever_is_on_its_way(pending: str) -> None:
    # DSP 2025-1, Contract Negotiation Termination Message: "at any state"; kit CN:02-02 and its siblings.
    at = send(NEGOTIATION, Position(PROVIDER, n.REQUESTED), pending)
    received = receive(NEGOTIATION, at, new(n.TERMINATION))
    assert received.position.state == n.TERMINATED
    assert received.yielded == pending


def test_our_termination_replaces_what_is_pending() -> None:
    at = send(NEGOTIATION, Position(CONSUMER, n.OFFERED), n.ACCEPT)
    at = send(NEGOTIATION, at, n.TERMINATION)
    assert (at.pending, at.given_up) == (n.TERMINATION, (n.ACCEPT,))
    assert acknowledged(NEGOTIATION, at).state == n.TERMINATED


def test_a_terminated_process_takes_no_termination() -> None:
    # Kit CN:03-01: a termination after FINALIZED must be refused.
    for state in (n.FINALIZED, n.TERMINATED):
        with pytest.raises(IllegalTransition):
            receive(NEGOTIATION, Position(PROVIDER, state), new(n.TERMINATION))


# 3. Provider holds, consumer yields


def test_the_provider_holds_while_its_message_crosses() -> None:
    # EDC ends a process on any 4xx and tries again on 503: "busy" is never a refusal.
    at = send(TRANSFER, Position(PROVIDER, t.STARTED), t.COMPLETION)
    with pytest.raises(Busy):
        receive(TRANSFER, at, new(t.SUSPENSION))


def test_the_consumer_yields_and_remembers_what_gave_way() -> None:
    at = send(TRANSFER, Position(CONSUMER, t.STARTED), t.COMPLETION)
    received = receive(TRANSFER, at, new(t.SUSPENSION))
    assert received.position.state == t.SUSPENDED
    assert received.yielded == t.COMPLETION
    assert received.position.given_up == (t.COMPLETION,)


def test_a_termination_is_never_yielded() -> None:
    at = send(TRANSFER, Position(CONSUMER, t.STARTED), t.TERMINATION)
    with pytest.raises(Busy):
        receive(TRANSFER, at, new(t.COMPLETION))


def test_a_renewal_crosses_nothing() -> None:
    # EDC renews the data address by a start in STARTED, after it was asked to resume (DSP discussions 167, 252).
    at = send(TRANSFER, Position(CONSUMER, t.STARTED), t.COMPLETION)
    received = receive(TRANSFER, at, new(t.START))
    assert received.position.pending == t.COMPLETION
    assert received.position.state == t.STARTED


def test_a_start_that_may_answer_our_suspension_waits_until_we_know() -> None:
    """A renewal sent before our suspension, or a resumption after it? Only the answer to our message tells."""
    at = send(TRANSFER, Position(CONSUMER, t.STARTED), t.SUSPENSION)
    with pytest.raises(Busy):
        receive(TRANSFER, at, new(t.START))
    resumed = receive(TRANSFER, acknowledged(TRANSFER, at), new(t.START))
    assert resumed.position.state == t.STARTED


def test_a_renewal_that_is_answered_busy_is_given_up_and_everything_else_kept() -> None:
    renewal = send(TRANSFER, Position(PROVIDER, t.STARTED), t.START)
    assert postponed(TRANSFER, renewal) == Position(PROVIDER, t.STARTED, given_up=(t.START,))
    resumption = send(TRANSFER, Position(PROVIDER, t.SUSPENDED), t.START)
    assert postponed(TRANSFER, resumption) == resumption
    idle = Position(PROVIDER, t.STARTED)
    assert postponed(TRANSFER, idle) == idle


def test_what_is_legal_after_a_message_that_was_replaced_is_busy_and_not_illegal() -> None:
    at = send(NEGOTIATION, Position(CONSUMER, n.AGREED), n.VERIFICATION)
    at = send(NEGOTIATION, at, n.TERMINATION)
    with pytest.raises(Busy):
        receive(NEGOTIATION, at, new(n.FINALIZE))


# 4. Ask before repeating


def test_the_peers_state_proves_that_it_took_our_message() -> None:
    at = send(NEGOTIATION, Position(PROVIDER, n.REQUESTED), n.AGREEMENT)
    assert observed(NEGOTIATION, at, n.AGREED) == Position(PROVIDER, n.AGREED)


def test_the_peers_state_tells_that_it_did_not() -> None:
    at = send(NEGOTIATION, Position(PROVIDER, n.REQUESTED), n.AGREEMENT)
    assert observed(NEGOTIATION, at, n.REQUESTED) == at


def test_a_peer_that_ended_has_ended() -> None:
    at = send(NEGOTIATION, Position(PROVIDER, n.REQUESTED), n.AGREEMENT)
    assert observed(NEGOTIATION, at, n.TERMINATED) == Position(PROVIDER, n.TERMINATED)


def test_a_peer_cannot_claim_an_end_that_no_message_of_ours_leads_to() -> None:
    at = send(NEGOTIATION, Position(CONSUMER, n.OFFERED), n.ACCEPT)
    assert observed(NEGOTIATION, at, n.FINALIZED) == at


def test_a_renewal_is_proved_by_no_state() -> None:
    at = send(TRANSFER, Position(PROVIDER, t.STARTED), t.START)
    assert observed(TRANSFER, at, t.STARTED) == at


def test_a_state_that_the_peer_may_not_have_left_yet_proves_nothing() -> None:
    """The consumer that suspended us shows STARTED until our 200 has reached it: that does not prove our resuming."""
    suspended = receive(TRANSFER, Position(PROVIDER, t.STARTED), new(t.SUSPENSION)).position
    resuming = send(TRANSFER, suspended, t.START)
    assert observed(TRANSFER, resuming, t.STARTED) == resuming


def test_a_refusal_is_believed_only_after_a_question() -> None:
    """The completion was taken, its answer lost, our termination of the completed process refused: we completed."""
    at = send(TRANSFER, Position(CONSUMER, t.STARTED), t.COMPLETION)
    at = send(TRANSFER, at, t.TERMINATION)
    assert observed(TRANSFER, at, t.COMPLETED) == Position(CONSUMER, t.COMPLETED)
    assert refused(at).state == t.STARTED


def test_a_replaced_message_that_was_taken_leaves_the_termination_pending() -> None:
    at = send(NEGOTIATION, Position(PROVIDER, n.REQUESTED), n.AGREEMENT)
    at = send(NEGOTIATION, at, n.TERMINATION)
    assert observed(NEGOTIATION, at, n.AGREED) == Position(PROVIDER, n.AGREED, pending=n.TERMINATION)
    assert acknowledged(NEGOTIATION, at, n.AGREEMENT) == Position(PROVIDER, n.AGREED, pending=n.TERMINATION)


def test_the_answer_to_a_message_that_gave_way_moves_us_if_it_still_can() -> None:
    gave_way = Position(CONSUMER, t.STARTED, given_up=(t.COMPLETION,))
    assert acknowledged(TRANSFER, gave_way, t.COMPLETION) == Position(CONSUMER, t.COMPLETED)
    assert acknowledged(TRANSFER, gave_way, t.SUSPENSION) == gave_way
    suspended = Position(CONSUMER, t.SUSPENDED, given_up=(t.COMPLETION,))
    assert acknowledged(TRANSFER, suspended, t.COMPLETION) == suspended


# 5. Same again


def test_the_same_message_again_is_acknowledged_again_without_effect() -> None:
    agreed = receive(NEGOTIATION, Position(CONSUMER, n.REQUESTED), new(n.AGREEMENT)).position
    again = receive(NEGOTIATION, agreed, old(n.AGREEMENT))
    assert again.is_repeat
    assert again.position == agreed


def test_the_same_content_again_is_enough_where_the_peer_keeps_no_identity() -> None:
    for again in (anonymous, new):
        agreed = receive(NEGOTIATION, Position(CONSUMER, n.REQUESTED), anonymous(n.AGREEMENT)).position
        assert receive(NEGOTIATION, agreed, again(n.AGREEMENT)).is_repeat


def test_other_content_is_not_the_same_again() -> None:
    accepted = receive(NEGOTIATION, Position(PROVIDER, n.OFFERED), new(n.ACCEPT)).position
    with pytest.raises(IllegalTransition):
        receive(NEGOTIATION, accepted, new(n.ACCEPT, "other content"))


def test_an_agreement_drawn_up_anew_takes_the_place_of_the_first() -> None:
    """EDC that hears no answer to its agreement draws up another 2.5 s later, with another id; a 4xx is fatal to it."""
    agreed = receive(NEGOTIATION, Position(CONSUMER, n.REQUESTED), new(n.AGREEMENT)).position
    for at in (agreed, send(NEGOTIATION, agreed, n.VERIFICATION), send(NEGOTIATION, agreed, n.TERMINATION)):
        anew = receive(NEGOTIATION, at, new(n.AGREEMENT, "anew"))
        assert not anew.is_repeat
        assert anew.position == replace(at, arrived=new(n.AGREEMENT, "anew"))
        assert anew.position.arrived is not None
        assert anew.position.arrived.came_from == n.REQUESTED
        with pytest.raises(IllegalTransition):
            receive(NEGOTIATION, anew.position, old(n.AGREEMENT))  # the first, late


def test_no_agreement_is_drawn_up_anew_once_it_is_verified() -> None:
    agreed = receive(NEGOTIATION, Position(CONSUMER, n.REQUESTED), new(n.AGREEMENT)).position
    verified = acknowledged(NEGOTIATION, send(NEGOTIATION, agreed, n.VERIFICATION))
    with pytest.raises(IllegalTransition):
        receive(NEGOTIATION, verified, new(n.AGREEMENT, "anew"))


def test_second_counter_offer_is_refused() -> None:
    # Kit CN:03-04, even with the same content.
    requested = receive(NEGOTIATION, Position(PROVIDER, n.OFFERED), new(n.REQUEST)).position
    with pytest.raises(IllegalTransition):
        receive(NEGOTIATION, requested, new(n.REQUEST))


def test_second_offer_in_accepted_is_refused() -> None:
    # Kit CN_C:03-05.
    with pytest.raises(IllegalTransition):
        receive(NEGOTIATION, Position(CONSUMER, n.ACCEPTED), new(n.OFFER))


def test_this_very_counter_offer_again_is_acknowledged() -> None:
    """A repetition with its own `@id` is known: refusing it would tell its sender that it was never taken."""
    requested = receive(NEGOTIATION, Position(PROVIDER, n.OFFERED), new(n.REQUEST)).position
    assert receive(NEGOTIATION, requested, old(n.REQUEST)).is_repeat


def test_a_late_copy_of_what_was_overtaken_is_illegal() -> None:
    """Suspended, resumed, then the old suspension again: whoever still waits for its answer must not move back."""
    suspended = receive(TRANSFER, Position(PROVIDER, t.STARTED), new(t.SUSPENSION)).position
    started = acknowledged(TRANSFER, send(TRANSFER, suspended, t.START))
    with pytest.raises(IllegalTransition):
        receive(TRANSFER, started, old(t.SUSPENSION))


def test_a_new_start_with_the_old_content_is_new() -> None:
    started = receive(TRANSFER, Position(CONSUMER, t.REQUESTED), new(t.START)).position
    assert not receive(TRANSFER, started, new(t.START)).is_repeat
    assert receive(TRANSFER, started, anonymous(t.START)).is_repeat


def test_the_same_again_moves_nothing_while_our_message_is_pending() -> None:
    agreed = receive(NEGOTIATION, Position(CONSUMER, n.REQUESTED), new(n.AGREEMENT)).position
    verifying = send(NEGOTIATION, agreed, n.VERIFICATION)
    again = receive(NEGOTIATION, verifying, old(n.AGREEMENT))
    assert again.is_repeat
    assert again.position == verifying


def test_ending_twice_is_ending_once() -> None:
    at = send(NEGOTIATION, Position(CONSUMER, n.OFFERED), n.TERMINATION)
    assert send(NEGOTIATION, at, n.TERMINATION) == at


def test_a_renewal_that_we_took_does_not_cloud_what_the_peers_state_proves() -> None:
    """Only a start that resumed leaves it open whether a peer that shows SUSPENDED has read our answer."""
    renewed = receive(TRANSFER, Position(CONSUMER, t.STARTED), new(t.START)).position
    resumed = receive(TRANSFER, Position(CONSUMER, t.SUSPENDED), new(t.START)).position
    suspending = send(TRANSFER, renewed, t.SUSPENSION)
    assert observed(TRANSFER, suspending, t.SUSPENDED).state == t.SUSPENDED
    suspending = send(TRANSFER, resumed, t.SUSPENSION)
    assert observed(TRANSFER, suspending, t.SUSPENDED) == suspending


def test_a_peer_that_refuses_where_it_stands_took_the_message_before() -> None:
    """EDC answers 409 to what it has processed."""
    resumed = receive(TRANSFER, Position(CONSUMER, t.SUSPENDED), new(t.START)).position
    suspending = send(TRANSFER, resumed, t.SUSPENSION)
    assert observed(TRANSFER, suspending, t.SUSPENDED, was_refused=True).state == t.SUSPENDED
    assert observed(TRANSFER, suspending, t.STARTED, was_refused=True) == suspending


def test_an_answer_does_not_settle_an_earlier_message_of_the_same_kind() -> None:
    at = Position(PROVIDER, t.SUSPENDED, pending=t.START, given_up=(t.START,))
    assert acknowledged(TRANSFER, at) == Position(PROVIDER, t.STARTED, given_up=(t.START,))
