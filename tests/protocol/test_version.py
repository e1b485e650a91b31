"""The version document."""

import json
from collections.abc import Callable

import pytest

from connector.protocol.messages import Authentication, VersionResponse, parse
from connector.protocol.version import path_of_ours, render_versions


def test_the_document_that_we_write_satisfies_its_schema(schema_faults: Callable[[str, bytes], list[str]]) -> None:
    document = render_versions("/dsp/2025-1", "urn:uuid:s", Authentication(protocol="DCP", version="1.0"))
    assert schema_faults("VersionResponse", document) == []
    assert "@context" not in json.loads(document)
    assert path_of_ours(parse(VersionResponse, document)) == "/dsp/2025-1"


def test_the_first_endpoint_of_our_version_is_chosen(example: Callable[[str], bytes]) -> None:
    versions = parse(VersionResponse, example("common/example/protocol-version.json"))
    assert path_of_ours(versions) == "/some/path/2025-1"


def test_without_a_common_version_there_is_no_path() -> None:
    # DSP 2025-1, Version: the client MUST stop. The names are those of an EDC 0.14.
    others = [{"version": name, "path": "/", "binding": "HTTPS"} for name in ("v0.8", "2024/1")]
    assert path_of_ours(parse(VersionResponse, json.dumps({"protocolVersions": others}).encode())) is None


@pytest.mark.parametrize(("path", "read"), [("", ""), ("/", ""), ("/dsp/", "/dsp"), ("dsp", "/dsp")])
def test_a_path_is_read_without_a_double_slash(path: str, read: str) -> None:
    # Jetty answers 400 to an empty segment.
    document = {"protocolVersions": [{"version": "2025-1", "path": path, "binding": "HTTPS"}]}
    assert path_of_ours(parse(VersionResponse, json.dumps(document).encode())) == read
