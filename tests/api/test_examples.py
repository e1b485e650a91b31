"""Every operation has an example, and every example works: its request is made, its answer has the shape shown."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from connector.http.private import examples
from tests.harness.examples import STEPS, Play, playing
from tests.tools import reference

DOCUMENT = reference.openapi()
OPERATIONS = {operation["operationId"]: operation for _, _, operation in reference.operations()}
NAMES = [step for step in STEPS if isinstance(step, str)]


def schema_of(operation: reference.Schema, status: int) -> Any:
    """Return the schema of an answer, with what it refers to."""
    content = operation["responses"][str(status)].get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else {**schema, "components": DOCUMENT["components"]}


def check_shape(schema: Any, shown: Any, told: Any, where: str) -> None:
    """Fail unless both have the same members, as deep as the schema names them."""
    if shown is None or told is None:
        return
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            check_shape(one, shown, told, where)
    if "properties" in schema:
        assert set(shown) == set(told), where
        for name, inner in schema["properties"].items():
            check_shape(inner, shown[name], told[name], f"{where}/{name}")
    if schema.get("type") == "array" and shown and told:
        check_shape(schema["items"], shown[0], told[0], f"{where}/0")


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_an_example_that_fits_its_description(name: str) -> None:
    operation, example = OPERATIONS[name], examples.every()[name]
    wanted = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
    assert set(example.get("path", {})) == wanted
    assert ("body" in example) == ("requestBody" in operation)
    if "body" in example:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        jsonschema_rs.validate({**schema, "components": DOCUMENT["components"]}, example["body"])
    schema = schema_of(operation, example["status"])
    assert ("answer" in example) == (schema is not None)
    if schema is not None:
        jsonschema_rs.validate(schema, example["answer"])


def test_every_operation_is_played_once() -> None:
    assert sorted(NAMES) == sorted(OPERATIONS) == sorted(examples.every())


def test_every_example_works(tmp_path: Path) -> None:
    with playing(tmp_path) as play:
        for step in STEPS:
            if isinstance(step, str):
                check(play, step)
            else:
                step(play)
        assert play.receiver.deliveries[0].told["type"] == "webhook.test"


def check(play: Play, name: str) -> None:
    """Make the request of an example and compare what is answered with what it shows."""
    example = examples.every()[name]
    answer = play.ask(name, example)
    assert answer.status_code == example["status"], (name, answer.text)
    schema = schema_of(OPERATIONS[name], example["status"])
    if schema is not None:
        told = answer.json()
        jsonschema_rs.validate(schema, told)
        check_shape(schema, example["answer"], told, name)
