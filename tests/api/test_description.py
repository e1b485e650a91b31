"""The description of the API: valid, complete, and what the client and the pages of reference are made of."""

import inspect

import httpx
import jsonschema_rs
import pytest

from connector.sdk import AsyncClient, Client, calls
from tests.harness.threaded import Running
from tests.tools import reference

DOCUMENT = reference.openapi()
OPERATIONS = reference.operations()
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]


def test_the_served_description_is_the_one_that_the_reference_is_made_of(consumer: Running) -> None:
    with httpx.Client() as http:
        served = http.get(f"{consumer.url}/api/v1/openapi.json").json()
    assert served["paths"] == DOCUMENT["paths"]
    assert served["components"] == DOCUMENT["components"]


def test_every_name_of_an_operation_is_used_once() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_shape_is_a_valid_schema_with_a_description(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    jsonschema_rs.meta.validate(schema)
    assert name == "JsonValue" or schema["description"]


@pytest.mark.parametrize("operation", [operation for _, _, operation in OPERATIONS], ids=NAMES)
def test_every_operation_says_what_it_does_and_how_it_refuses(operation: reference.Schema) -> None:
    assert operation["description"]
    assert {"4XX", "5XX"} <= set(operation["responses"])
    assert operation["security"] == [{"key": []}]
    for parameter in operation.get("parameters", ()):
        assert parameter["in"] in ("path", "query", "header")


def test_every_reference_in_the_description_leads_somewhere() -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for found in references(DOCUMENT):
        assert found.removeprefix("#/components/schemas/") in DOCUMENT["components"]["schemas"]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_client_has_a_method_for_every_operation_and_no_other(kind: type) -> None:
    methods = {
        name for name, value in vars(kind).items() if inspect.isfunction(value) and hasattr(value, "__wrapped__")
    }
    assert methods == set(NAMES)


def test_every_call_goes_to_the_address_of_its_operation() -> None:
    for method, path, operation in OPERATIONS:
        build = getattr(calls, operation["operationId"])
        names = [name for name, one in inspect.signature(build).parameters.items() if one.default is one.empty]
        call = build(*("X" for _ in names))
        parts = ["X" if part.startswith("{") else part for part in path.split("/")]
        assert (call.method, call.path) == (method.upper(), "/".join(parts))


def test_writing_the_reference_again_changes_nothing() -> None:
    for path, text in reference.files().items():
        assert path.read_text("utf-8") == text, f"run python -m tests.tools.reference ({path.name})"
