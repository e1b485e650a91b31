"""Transfer process (DSP 2025-1, Transfer Process Protocol) as a table.

A start by the provider in STARTED renews the data address: the specification is silent, and a provider that was asked
to resume answers so (EDC; DSP discussions 167 and 252).
"""

from connector.protocol.machine import Role, Row, Table

INITIAL = "INITIAL"
REQUESTED = "REQUESTED"
STARTED = "STARTED"
SUSPENDED = "SUSPENDED"
COMPLETED = "COMPLETED"
TERMINATED = "TERMINATED"

REQUEST = "TransferRequestMessage"
START = "TransferStartMessage"
SUSPENSION = "TransferSuspensionMessage"
COMPLETION = "TransferCompletionMessage"
TERMINATION = "TransferTerminationMessage"

_CONSUMER, _PROVIDER = Role.CONSUMER, Role.PROVIDER
_BOTH = (_CONSUMER, _PROVIDER)

TRANSFER = Table(
    name="TransferProcess",
    initial=INITIAL,
    termination=TERMINATION,
    unrepeatable=frozenset(),
    witnessed={side: frozenset({SUSPENSION}) for side in _BOTH},  # a start brings an address, or lets bytes leave
    closing=frozenset({COMPLETED, TERMINATED}),
    rows=(
        Row(INITIAL, REQUEST, _CONSUMER, REQUESTED, "Transfer Request Message"),
        Row(REQUESTED, START, _PROVIDER, STARTED, "Transfer Start Message"),
        Row(STARTED, START, _PROVIDER, STARTED, "Transfer Start Message (renewed data address)"),
        *(Row(STARTED, COMPLETION, side, COMPLETED, "Transfer Completion Message") for side in _BOTH),
        *(Row(STARTED, SUSPENSION, side, SUSPENDED, "Transfer Suspension Message") for side in _BOTH),
        *(Row(SUSPENDED, START, side, STARTED, "Transfer Start Message (resumption)") for side in _BOTH),
        *(
            Row(state, TERMINATION, side, TERMINATED, "Transfer Termination Message")
            for state in (REQUESTED, STARTED, SUSPENDED)
            for side in _BOTH
        ),
    ),
)
