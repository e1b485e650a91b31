"""Answers of time-stamping authorities as some write them: openssl puts certificates in the order of a file."""

import asyncio
from datetime import UTC, datetime

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding

from connector.identity.timestamps import Authorities, Rfc3161, in_order
from connector.peer.client import Answer, Call
from tests.harness.stamper import Stamper, granted

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)


class Chained:
    """An authority that adds the certificate above its own, and the longer of both first."""

    def __init__(self) -> None:
        self.stamper = Stamper(lambda: NOW)
        self.answered = b""

    async def send(self, call: Call, *, limit_bytes: int, timeout_s: float) -> Answer:
        """Answer a request."""
        info = cms.ContentInfo.load(self.stamper.stamp(call.body or b""))
        ders = [self.stamper.certificate, self.stamper.root.public_bytes(Encoding.DER)]
        info["content"]["certificates"] = cms.CertificateSet([asn1.Certificate.load(one) for one in ders])
        ordered, (first, last) = info.dump(force=True), sorted(ders)
        assert first + last in ordered
        self.answered = granted(ordered.replace(first + last, last + first))
        return Answer(200, {}, self.answered)


def test_an_answer_whose_certificates_are_in_no_order_is_taken_and_kept_in_that_of_der() -> None:
    authority = Chained()
    authorities = Authorities([authority.stamper.root])
    stamp = asyncio.run(Rfc3161(authority, "https://tsa.example", authorities, 10.0).stamp(b"signature"))
    assert stamp.at == NOW
    assert authorities.read(stamp.token, b"signature").token == stamp.token
    assert in_order(authority.answered) != authority.answered
    found = tsp.TimeStampResp.load(in_order(authority.answered))["time_stamp_token"]["content"]["certificates"]
    assert [one.dump() for one in found] == sorted(one.dump() for one in found)


@pytest.mark.parametrize(
    "answer", [b"", b"0", b"\x30\x80", b"<html>", b"\x30\x05\x30\x03\x02\x01\x02", b"\x30\x84\xff"]
)
def test_what_is_no_answer_is_left_to_who_reads_it(answer: bytes) -> None:
    assert in_order(answer) == answer


def test_an_answer_that_is_cut_anywhere_is_left_to_who_reads_it() -> None:
    answer = granted(Stamper(lambda: NOW).token(b"signature"))
    assert in_order(answer) == answer
    for end in range(len(answer)):
        assert in_order(answer[:end]) == answer[:end]
