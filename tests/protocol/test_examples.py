"""The specification's 27 example messages and 26 schemas, in both directions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.protocol import messages, strict_json
from connector.protocol.messages import Message, digest, parse, render

SPECIFICATION = Path(__file__).parents[1] / "dsp-2025-1"
EXAMPLES = sorted(path.relative_to(SPECIFICATION).as_posix() for path in SPECIFICATION.rglob("example/*.json"))
DID_SERVICES = [path for path in EXAMPLES if path.endswith("did-service.json")]
MESSAGES = [path for path in EXAMPLES if path not in DID_SERVICES]

Check = Callable[[str, bytes], list[str]]


def type_of(raw: bytes) -> str:
    document: dict[str, Any] = json.loads(raw)
    return str(document.get("@type", "VersionResponse" if "protocolVersions" in document else "DidService"))


def test_the_specification_is_whole() -> None:
    assert len(EXAMPLES) == 27
    assert len(list(SPECIFICATION.rglob("*-schema.json"))) == 26
    assert len(list(SPECIFICATION.rglob("*.jsonld"))) == 2
    assert "Apache License" in (SPECIFICATION / "LICENSE").read_text()


@pytest.mark.parametrize("path", MESSAGES)
def test_an_example_is_read_and_written_with_the_same_content(path: str, example: Callable[[str], bytes]) -> None:
    raw = example(path)
    assert json.loads(render(parse(getattr(messages, type_of(raw)), raw))) == json.loads(raw)


@pytest.mark.parametrize("path", MESSAGES)
def test_an_example_that_we_write_satisfies_its_schema(
    path: str, example: Callable[[str], bytes], schema_faults: Check
) -> None:
    raw = example(path)
    assert schema_faults(type_of(raw), render(parse(getattr(messages, type_of(raw)), raw))) == []


@pytest.mark.parametrize("path", DID_SERVICES)
def test_a_did_service_example_is_read_strictly_and_satisfies_its_schema(
    path: str, example: Callable[[str], bytes], schema_faults: Check
) -> None:
    raw = example(path).replace(b".well-known/dspace-version", b"catalog")  # the repair of the second known fault
    document = strict_json.read_object(raw)
    assert schema_faults("DidService", strict_json.write(document)) == []


@pytest.mark.parametrize("path", [path for path in MESSAGES if "protocol-version" not in path])
def test_text_and_message_have_the_same_digest(path: str, example: Callable[[str], bytes]) -> None:
    raw = example(path)
    message = parse(getattr(messages, type_of(raw)), raw)
    assert isinstance(message, Message)
    assert digest(raw) == digest(message)
