"""The schemas of DSP 2025-1, with the slash that three of their references lack put in."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

SCHEMAS = Path(__file__).parents[1] / "dsp-2025-1"


def _schema(path: Path) -> dict:
    # "x-schema.json#definitions/…" names an anchor that does not exist; the pointer is meant
    return json.loads(path.read_text("utf-8").replace(".json#definitions/", ".json#/definitions/"))


@pytest.fixture(scope="session")
def valid():
    """Return a function: does a message fit the schema of this name?"""
    schemas = [_schema(path) for path in sorted(SCHEMAS.rglob("*-schema.json"))]
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas])
    named = {schema["$id"].rsplit("/", 1)[1].removesuffix("-schema.json"): schema for schema in schemas}

    def check(name: str, message: dict) -> bool:
        return jsonschema_rs.Draft201909Validator(named[name], registry=registry).is_valid(message)

    return check
