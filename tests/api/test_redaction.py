"""No token is shown, wherever and under whatever name it stands."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.services.redaction import HIDDEN, redacted, redacted_text

EDC = "https://w3id.org/edc/v0.0.1/ns/"


def prop(name: str, value: str = "s3cret") -> dict[str, Any]:
    return {"dataAddress": {"endpointProperties": [{"@type": "EndpointProperty", "name": name, "value": value}]}}


@pytest.mark.parametrize(
    "value",
    [
        prop("authorization"),
        prop("refreshToken"),
        prop(EDC + "authorization"),
        prop("urn:x#refreshToken"),
        prop("whatever-a-peer-invents"),
        {"authorization": "s3cret"},
        {"a": [{"accessToken": "s3cret"}]},
        {EDC + "authCode": "s3cret"},
        {"password": "s3cret"},
        {"endpoint": "https://bucket.example/file?X-Amz-Signature=s3cret"},
        prop("endpoint", "https://bucket.example/file?sig=s3cret"),
    ],
)
def test_a_secret_is_hidden(value: Any) -> None:
    for shown in (redacted(value), redacted_text(json.dumps(value))):
        assert "s3cret" not in json.dumps(shown)
        assert HIDDEN in json.dumps(shown, ensure_ascii=False)


@pytest.mark.parametrize(
    "value",
    [
        prop("authType", "bearer"),
        prop(EDC + "endpoint", "https://provider.example/data/1"),
        {"reason": ["Is this so? Yes."], "code": "x"},
        {"name": "Points lumineux"},
        {"n": 1, "flag": None},
    ],
)
def test_what_is_no_secret_is_shown_as_it_is(value: Any) -> None:
    assert redacted(value) == value


def test_a_text_that_is_not_json_is_not_shown() -> None:
    assert redacted_text("authorization=s3cret") == HIDDEN


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_the_shape_of_a_value_is_kept(value: Any) -> None:
    def shape(one: Any) -> Any:
        if isinstance(one, dict):
            return {name: shape(item) for name, item in one.items()}
        return [shape(item) for item in one] if isinstance(one, list) else None

    assert shape(redacted(value)) in (shape(value), None)
