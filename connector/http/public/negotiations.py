"""The addresses of contract negotiation (DSP 2025-1, Contract Negotiation HTTPS binding), for both roles."""

from connector.http.public.processes import Addresses
from connector.protocol import messages, refusals
from connector.protocol.negotiation import NEGOTIATION

NEGOTIATIONS = Addresses(
    root="/negotiations",
    messages={
        "/request": messages.ContractRequestMessage,
        "/offers": messages.ContractOfferMessage,
        "/{pid}/request": messages.ContractRequestMessage,
        "/{pid}/offers": messages.ContractOfferMessage,
        "/{pid}/events": messages.ContractNegotiationEventMessage,
        "/{pid}/agreement": messages.ContractAgreementMessage,
        "/{pid}/agreement/verification": messages.ContractAgreementVerificationMessage,
        "/{pid}/termination": messages.ContractNegotiationTerminationMessage,
    },
    table=NEGOTIATION,
    state=messages.ContractNegotiation,
    render_error=refusals.negotiation_error,
)
