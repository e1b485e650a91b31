"""Contract negotiation (DSP 2025-1, Contract Negotiation Protocol) as a table.

Read a row as: in this state, this side may send this message, and when it is acknowledged both stand in that state.
The specification's diagram names one sender of a termination in ACCEPTED, AGREED and VERIFIED, its text allows both
"at any state": both are accepted here.
"""

from connector.protocol.machine import Role, Row, Table

INITIAL = "INITIAL"
REQUESTED = "REQUESTED"
OFFERED = "OFFERED"
ACCEPTED = "ACCEPTED"
AGREED = "AGREED"
VERIFIED = "VERIFIED"
FINALIZED = "FINALIZED"
TERMINATED = "TERMINATED"

REQUEST = "ContractRequestMessage"
OFFER = "ContractOfferMessage"
ACCEPT = "ContractNegotiationEventMessage:ACCEPTED"
AGREEMENT = "ContractAgreementMessage"
VERIFICATION = "ContractAgreementVerificationMessage"
FINALIZE = "ContractNegotiationEventMessage:FINALIZED"
TERMINATION = "ContractNegotiationTerminationMessage"

_CONSUMER, _PROVIDER = Role.CONSUMER, Role.PROVIDER
_STATES = "Contract Negotiation Protocol, States"

NEGOTIATION = Table(
    name="ContractNegotiation",
    initial=INITIAL,
    termination=TERMINATION,
    unrepeatable=frozenset({REQUEST, OFFER}),
    witnessed={
        _PROVIDER: frozenset({ACCEPT, VERIFICATION, FINALIZE}),
        _CONSUMER: frozenset({VERIFICATION, FINALIZE}),  # whether we accepted, a person must say
    },
    redrawn=frozenset({AGREEMENT}),
    closing=frozenset({TERMINATED}),
    rows=(
        Row(INITIAL, REQUEST, _CONSUMER, REQUESTED, "Contract Request Message"),
        Row(INITIAL, OFFER, _PROVIDER, OFFERED, "Contract Offer Message"),
        Row(REQUESTED, OFFER, _PROVIDER, OFFERED, "Contract Offer Message"),
        Row(REQUESTED, AGREEMENT, _PROVIDER, AGREED, "Contract Agreement Message"),
        Row(OFFERED, REQUEST, _CONSUMER, REQUESTED, "Contract Request Message (counter-offer)"),
        Row(OFFERED, ACCEPT, _CONSUMER, ACCEPTED, "Contract Negotiation Event Message"),
        Row(ACCEPTED, AGREEMENT, _PROVIDER, AGREED, "Contract Agreement Message"),
        Row(AGREED, VERIFICATION, _CONSUMER, VERIFIED, "Contract Agreement Verification Message"),
        Row(VERIFIED, FINALIZE, _PROVIDER, FINALIZED, "Contract Negotiation Event Message"),
        *(
            Row(state, TERMINATION, sender, TERMINATED, _STATES)
            for state in (REQUESTED, OFFERED, ACCEPTED, AGREED, VERIFIED)
            for sender in (_CONSUMER, _PROVIDER)
        ),
    ),
)
