"""Data addresses: every known peer finds what it looks for, and we find what every known peer writes."""

import json
from collections.abc import Callable

import pytest

from connector.protocol.addresses import EDC_NAMESPACE, HTTP_ENDPOINT_TYPE, endpoint_of, http_address, property_of
from connector.protocol.messages import DataAddress, EndpointProperty, TransferStartMessage, parse, render


def test_the_address_that_we_write_satisfies_its_schema(schema_faults: Callable[[str, bytes], list[str]]) -> None:
    assert schema_faults("DataAddress", render(http_address("https://p.example/data", "token"))) == []


@pytest.mark.parametrize("name", ["endpoint", "endpointType", "authorization", "authType"])
def test_each_well_known_property_is_written_under_both_names(name: str) -> None:
    # An EDC consumer reads the full IRIs only, the specification names the plain ones.
    properties = http_address("https://p.example/data", "token").endpoint_properties or ()
    values = {one.name: one.value for one in properties}
    assert values[name] == values[EDC_NAMESPACE + name]


def test_the_endpoint_is_a_member_too() -> None:
    assert http_address("https://p.example/data").endpoint == "https://p.example/data"


def test_an_open_address_has_no_authorization() -> None:
    assert property_of(http_address("https://p.example/data"), "authorization") is None


EDC_START = {
    "@context": ["https://w3id.org/dspace/2025/1/context.jsonld", "https://w3id.org/edc/dspace/v0.0.1"],
    "@type": "TransferStartMessage",
    "@id": "b1b3",
    "providerPid": "p",
    "consumerPid": "c",
    "dataAddress": {
        "@type": "DataAddress",
        "endpointType": HTTP_ENDPOINT_TYPE,
        "endpointProperties": [
            {"@type": "EndpointProperty", "name": EDC_NAMESPACE + name, "value": value}
            for name, value in (("endpoint", "https://edc.example/public"), ("authorization", "eyJ"))
        ],
    },
}


def test_the_address_that_edc_writes_is_read() -> None:
    address = parse(TransferStartMessage, json.dumps(EDC_START).encode()).data_address
    assert address is not None
    assert endpoint_of(address) == "https://edc.example/public"
    assert property_of(address, "authorization") == "eyJ"


def test_the_plain_name_goes_before_a_full_one() -> None:
    both = (
        EndpointProperty(name="x:authorization", value="full"),
        EndpointProperty(name="authorization", value="plain"),
    )
    address = DataAddress(endpoint_type=HTTP_ENDPOINT_TYPE, endpoint_properties=both)
    assert property_of(address, "authorization") == "plain"


def test_an_empty_address_has_no_endpoint() -> None:
    assert endpoint_of(DataAddress(endpoint_type=HTTP_ENDPOINT_TYPE)) is None
