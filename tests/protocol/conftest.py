"""The specification's own schemas and examples (tests/dsp-2025-1, unchanged), ready to hold messages against.

Two known faults are repaired while loading, never in the files: three references lack the slash before `definitions`,
and the example `dataservice-did-service.json` does not end as its own schema wants.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

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

Check = Callable[[str, bytes], list[str]]


def read_schema(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text("utf-8").replace(".json#definitions/", ".json#/definitions/"))
    return schema


@pytest.fixture(scope="session")
def schema_faults() -> Check:
    """Return a function that says what the specification's schema of that name finds wrong with a text."""
    schemas = [read_schema(path) for path in sorted(SPECIFICATION.rglob("*-schema.json"))]
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas])
    by_id = {schema["$id"]: schema for schema in schemas}

    def faults(name: str, raw: bytes) -> list[str]:
        schema = by_id[f"https://w3id.org/dspace/2025/1/{SCHEMAS[name]}-schema.json"]
        validator = jsonschema_rs.Draft201909Validator(schema, registry=registry)
        return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(json.loads(raw))]

    return faults


@pytest.fixture(scope="session")
def example() -> Callable[[str], bytes]:
    """Return a function that reads an example of the specification by its path below tests/dsp-2025-1."""
    return lambda path: (SPECIFICATION / path).read_bytes()
