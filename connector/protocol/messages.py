"""Each message of DSP 2025-1 once (Catalog, Contract Negotiation and Transfer Process Protocols, Version).

Field names are the wire's in snake_case; optional ones are None when absent. `parse` reads, `render` writes, `digest`
compares contents: see wire.py. Policies (`offer`, `agreement`) are the JSON that travels, held against the schema by
shapes.py. What each state allows is not here: see negotiation.py and transfer.py.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from connector.protocol import extensions, negotiation, shapes, transfer
from connector.protocol.errors import MalformedMessage
from connector.protocol.strict_json import JsonObject
from connector.protocol.wire import (
    DSP_CONTEXT,
    Message,
    Name,
    Node,
    Part,
    digest,
    document,
    from_document,
    parse,
    render,
)

__all__ = [
    "BY_KIND",
    "DSP_CONTEXT",
    "Catalog",
    "CatalogError",
    "CatalogRequestMessage",
    "ContractAgreementMessage",
    "ContractAgreementVerificationMessage",
    "ContractNegotiation",
    "ContractNegotiationError",
    "ContractNegotiationEventMessage",
    "ContractNegotiationTerminationMessage",
    "ContractOfferMessage",
    "ContractRequestMessage",
    "DataAddress",
    "Dataset",
    "DatasetRequestMessage",
    "EndpointProperty",
    "Message",
    "TransferCompletionMessage",
    "TransferError",
    "TransferProcess",
    "TransferRequestMessage",
    "TransferStartMessage",
    "TransferSuspensionMessage",
    "TransferTerminationMessage",
    "VersionResponse",
    "digest",
    "document",
    "from_document",
    "parse",
    "render",
]

Text = Annotated[str, Field(min_length=1)]
Identifier = Annotated[Name, Field(min_length=1)]
Reasons = Annotated[tuple[Any, ...], Field(min_length=1)]
Nodes = tuple[JsonObject, ...]


class ProcessMessage(Message):
    """A message about a running process: it names it on both sides."""

    provider_pid: Identifier
    consumer_pid: Identifier


class CodeMessage(ProcessMessage):
    """A process message that may say why."""

    code: str | None = None
    reason: Reasons | None = None


# Catalog Protocol


class CatalogRequestMessage(Message):
    """Ask for a catalogue. `filter` is implementation-specific; peers send an object as well as an array."""

    filter: Annotated[tuple[Any, ...], Field()] | JsonObject | None = None


class DatasetRequestMessage(Message):
    """Ask for one dataset; over HTTPS a GET takes its place."""

    dataset: Text


class Dataset(Message):
    """A dataset with its offers. Offers that break the schema are read all the same: see catalog.usable_offers."""

    id: Text
    has_policy: Nodes = ()
    distribution: Nodes = ()


class Catalog(Message):
    """A catalogue page of a participant. Its nodes stay as received: peers' catalogues are not always valid."""

    id: Text
    participant_id: Text
    dataset: Nodes | None = None
    catalog: Nodes | None = None
    service: Nodes | None = None
    distribution: Nodes | None = None


class CatalogError(Message):
    """A catalogue request was refused."""

    code: str | None = None
    reason: tuple[Any, ...] | None = None


# Contract Negotiation Protocol


class ContractRequestMessage(Message):
    """The consumer asks, first (with `callback_address`) or again (with `provider_pid`)."""

    consumer_pid: Identifier
    provider_pid: Identifier | None = None
    offer: JsonObject
    callback_address: Text | None = None
    request_card: Annotated[Text | None, Field(alias=extensions.REQUEST_CARD)] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _exactly_one(callbackAddress=self.callback_address, providerPid=self.provider_pid)
        shapes.check_message_offer(self.offer)
        if self.request_card is not None:
            extensions.read_card(self.request_card)
        return self


class ContractOfferMessage(Message):
    """The provider offers, first (with `callback_address`) or in answer (with `consumer_pid`)."""

    provider_pid: Identifier
    consumer_pid: Identifier | None = None
    offer: JsonObject
    callback_address: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _exactly_one(callbackAddress=self.callback_address, consumerPid=self.consumer_pid)
        shapes.check_message_offer(self.offer)
        return self


class ContractAgreementMessage(ProcessMessage):
    """The provider agrees; `agreement` is final."""

    agreement: JsonObject
    seal: Annotated[Text | None, Field(alias=extensions.SEAL)] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        shapes.check_agreement(self.agreement)
        return self


class ContractAgreementVerificationMessage(ProcessMessage):
    """The consumer has verified the agreement."""

    seal: Annotated[Text | None, Field(alias=extensions.SEAL)] = None


class ContractNegotiationEventMessage(ProcessMessage):
    """The consumer accepts an offer, or the provider finalizes."""

    event_type: Literal["ACCEPTED", "FINALIZED"]
    conclusion: Annotated[Text | None, Field(alias=extensions.CONCLUSION)] = None

    @property
    def kind(self) -> str:
        return negotiation.ACCEPT if self.event_type == "ACCEPTED" else negotiation.FINALIZE


class ContractNegotiationTerminationMessage(CodeMessage):
    """Either side ends the negotiation."""


class ContractNegotiation(ProcessMessage):
    """Where a negotiation stands: the answer to a first message and to a question."""

    state: Literal["REQUESTED", "OFFERED", "ACCEPTED", "AGREED", "VERIFIED", "FINALIZED", "TERMINATED"]


class ContractNegotiationError(CodeMessage):
    """A negotiation message was refused; nothing changed."""


# Transfer Process Protocol


class EndpointProperty(Node):
    """A named value of a data address."""

    name: Text
    value: Annotated[str, Field(repr=False)]


class DataAddress(Node):
    """Where and how bytes are to be had or put. See addresses.py for the names that peers read."""

    endpoint_type: Text
    endpoint: Text | None = None
    endpoint_properties: Annotated[tuple[EndpointProperty, ...], Field(min_length=1)] | None = None


class TransferRequestMessage(Message):
    """The consumer asks for data under an agreement; `data_address` only where the provider is to push."""

    agreement_id: Identifier
    format: Text
    data_address: DataAddress | None = None
    callback_address: Text
    consumer_pid: Identifier


class TransferStartMessage(ProcessMessage):
    """The provider starts, or either side resumes; `data_address` where the consumer is to pull."""

    data_address: DataAddress | None = None


class TransferSuspensionMessage(CodeMessage):
    """Either side pauses the transfer."""


class TransferCompletionMessage(ProcessMessage):
    """Either side says that the transfer is done."""


class TransferTerminationMessage(CodeMessage):
    """Either side ends the transfer."""


class TransferProcess(ProcessMessage):
    """Where a transfer stands: the answer to a request and to a question."""

    state: Literal["REQUESTED", "STARTED", "SUSPENDED", "COMPLETED", "TERMINATED"]


class TransferError(CodeMessage):
    """A transfer message was refused; nothing changed."""


# Version


class Authentication(Part):
    """How callers identify themselves on a version's endpoints."""

    protocol: Text
    version: Text
    profile: tuple[str, ...] | None = None


class ProtocolVersion(Part):
    """One version that a connector speaks, at `path` below the root of the version document."""

    version: Text
    path: str
    binding: Text
    service_id: Text | None = None
    identifier_type: Text | None = None
    auth: Authentication | None = None


class VersionResponse(Part):
    """The version document, `GET <root>/.well-known/dspace-version`."""

    protocol_versions: Annotated[tuple[ProtocolVersion, ...], Field(min_length=1)]


BY_KIND: dict[str, type[Message]] = {
    negotiation.REQUEST: ContractRequestMessage,
    negotiation.OFFER: ContractOfferMessage,
    negotiation.ACCEPT: ContractNegotiationEventMessage,
    negotiation.AGREEMENT: ContractAgreementMessage,
    negotiation.VERIFICATION: ContractAgreementVerificationMessage,
    negotiation.FINALIZE: ContractNegotiationEventMessage,
    negotiation.TERMINATION: ContractNegotiationTerminationMessage,
    transfer.REQUEST: TransferRequestMessage,
    transfer.START: TransferStartMessage,
    transfer.SUSPENSION: TransferSuspensionMessage,
    transfer.COMPLETION: TransferCompletionMessage,
    transfer.TERMINATION: TransferTerminationMessage,
}
"""The class of each message that the state tables name."""


def _exactly_one(**members: str | None) -> None:
    if sum(value is not None for value in members.values()) != 1:
        first, second = members
        raise MalformedMessage(
            {"fr": f"Soit {first}, soit {second} : l’un des deux.", "en": f"Either {first} or {second}: exactly one."},
            pointer=f"/{first}",
        )
