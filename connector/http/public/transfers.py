"""The addresses of transfer processes (DSP 2025-1, Transfer Process HTTPS binding), for both roles."""

from connector.http.public.processes import Addresses
from connector.protocol import messages, refusals
from connector.protocol.transfer import TRANSFER

TRANSFERS = Addresses(
    root="/transfers",
    messages={
        "/request": messages.TransferRequestMessage,
        "/{pid}/start": messages.TransferStartMessage,
        "/{pid}/suspension": messages.TransferSuspensionMessage,
        "/{pid}/completion": messages.TransferCompletionMessage,
        "/{pid}/termination": messages.TransferTerminationMessage,
    },
    table=TRANSFER,
    state=messages.TransferProcess,
    render_error=refusals.transfer_error,
)
