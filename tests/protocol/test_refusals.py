"""Peers' error bodies, read with indulgence."""

import json

import pytest

from connector.problems import NotFound
from connector.protocol.refusals import Refusal, negotiation_error, read_refusal


def test_an_edc_error_without_pids_is_read() -> None:
    body = {"@type": "TransferError", "code": "409", "reason": ["Cannot process TransferSuspensionMessage"]}
    refusal = read_refusal(json.dumps(body).encode())
    assert refusal == Refusal("TransferError", "409", ("Cannot process TransferSuspensionMessage",))


def test_our_own_error_is_read() -> None:
    refusal = read_refusal(negotiation_error(NotFound("x"), "urn:uuid:p", "urn:uuid:c"))
    assert (refusal.type, refusal.code) == ("ContractNegotiationError", "not-found")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a":1,"a":2}', b"\xff"])
def test_a_body_that_cannot_be_read_says_nothing(body: bytes) -> None:
    assert read_refusal(body) == Refusal()


@pytest.mark.parametrize(("reason", "read"), [('"busy"', ("busy",)), ('[{"a":1}]', ("{'a': 1}",)), ("[]", ())])
def test_a_reason_of_any_shape_is_text(reason: str, read: tuple[str, ...]) -> None:
    assert read_refusal(b'{"reason":%s}' % reason.encode()).reasons == read
