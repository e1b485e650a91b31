"""The specification's own schemas (tests/dsp-2025-1, unchanged), ready to hold texts against.

One known fault is repaired while loading, never in the files: three references lack the slash before `definitions`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

SPECIFICATION = Path(__file__).parents[1] / "dsp-2025-1"

SCHEMAS = {
    "CatalogRequestMessage": "catalog/catalog-request-message",
    "DatasetRequestMessage": "catalog/dataset-request-message",
    "Catalog": "catalog/catalog",
    "Dataset": "catalog/dataset",
    "CatalogError": "catalog/catalog-error",
    "VersionResponse": "common/protocol-version",
    "ContractRequestMessage": "negotiation/contract-request-message",
    "ContractOfferMessage": "negotiation/contract-offer-message",
    "ContractAgreementMessage": "negotiation/contract-agreement-message",
    "ContractAgreementVerificationMessage": "negotiation/contract-agreement-verification-message",
    "ContractNegotiationEventMessage": "negotiation/contract-negotiation-event-message",
    "ContractNegotiationTerminationMessage": "negotiation/contract-negotiation-termination-message",
    "ContractNegotiation": "negotiation/contract-negotiation",
    "ContractNegotiationError": "negotiation/contract-negotiation-error",
    "TransferRequestMessage": "transfer/transfer-request-message",
    "TransferStartMessage": "transfer/transfer-start-message",
    "TransferSuspensionMessage": "transfer/transfer-suspension-message",
    "TransferCompletionMessage": "transfer/transfer-completion-message",
    "TransferTerminationMessage": "transfer/transfer-termination-message",
    "TransferProcess": "transfer/transfer-process",
    "TransferError": "transfer/transfer-error",
    "DataAddress": "transfer/data-address",
    "DidService": "common/did-service",
}


def read_schema(path: Path) -> dict[str, Any]:
    """Return a schema of the specification as it is meant."""
    schema: dict[str, Any] = json.loads(path.read_text("utf-8").replace(".json#definitions/", ".json#/definitions/"))
    return schema


@cache
def _all() -> tuple[jsonschema_rs.Registry, dict[str, dict[str, Any]]]:
    schemas = [read_schema(path) for path in sorted(SPECIFICATION.rglob("*-schema.json"))]
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas])
    return registry, {schema["$id"]: schema for schema in schemas}


def faults(name: str, raw: bytes) -> list[str]:
    """Return what the specification's schema of that name finds wrong with a text."""
    registry, by_id = _all()
    schema = by_id[f"https://w3id.org/dspace/2025/1/{SCHEMAS[name]}-schema.json"]
    validator = jsonschema_rs.Draft201909Validator(schema, registry=registry)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(json.loads(raw))]


@cache
def _offer() -> jsonschema_rs.Draft201909Validator:
    schema = read_schema(SPECIFICATION / "negotiation/contract-schema.json")
    return jsonschema_rs.Draft201909Validator({**schema, "allOf": [{"$ref": "#/definitions/Offer"}]})


def offer_faults(offer: dict[str, Any]) -> list[str]:
    """Return what the specification finds wrong with an offer as a catalogue carries it."""
    return [f"{error.instance_path}: {error.message}" for error in _offer().iter_errors(offer)]
