"""Time-stamps (RFC 3161): asked of a time-stamping authority, and read when a partner brings them.

A time-stamp proves that a seal existed at an instant, by the word of an authority that neither party is. It is asked
for after the contract is concluded, through the guarded client, and added to what was sealed: contracts/timestamps.py.
A token counts when it is about these very bytes and signed, for that purpose, by an authority that is trusted here;
whether its instant fits the seal is told by who keeps it. The library is loaded with the first token: most nodes meet
none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Protocol

from cryptography import x509

from connector.peer.client import Call, Transport
from connector.problems import Problem

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
LIMIT_BYTES = 64 << 10
"""Of an answer: a token with the certificates of its authority has about 6 KiB."""
_CERTIFICATES = 0xA0
"""Tag of the certificates in a token (RFC 5652 §5.1)."""
_GRANTED = b"\x30\x03\x02\x01\x00"
"""DER of a status that says granted."""


class TimeStampRefused(Problem):
    """The time-stamp is not about this seal, not of its time, or of no authority that is trusted here."""

    code = "timestamp-refused"
    title: ClassVar[dict[str, str]] = {
        "fr": "Cet horodatage n’est pas recevable pour ce cachet.",
        "en": "This time-stamp is not acceptable for this seal.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Citez dans timestamp_trust l’autorité qui a horodaté. La convention reste valable sans cet horodatage.",
        "en": "Name in timestamp_trust the authority that gave it. The contract stays valid without this time-stamp.",
    }


class TimeStamperFailed(Problem):
    """The time-stamping authority answered, but not with a time-stamp that can be used."""

    code = "time-stamper-failed"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "L’autorité d’horodatage n’a pas donné d’horodatage valable.",
        "en": "The time-stamping authority gave no valid time-stamp.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Le nœud redemande seul ; si cela dure, vérifiez timestamp_url et timestamp_trust.",
        "en": "The node asks again by itself; if it lasts, check timestamp_url and timestamp_trust.",
    }


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time-stamp that was verified."""

    at: datetime
    token: bytes = field(repr=False)
    """In DER."""


class TimeStamper(Protocol):
    """Who time-stamps."""

    async def stamp(self, message: bytes) -> Stamp:
        """Return a verified time-stamp of these bytes. Raises TimeStamperFailed, or what the peer room raises."""


class Authorities:
    """The time-stamping authorities that a node trusts; without any, no time-stamp counts."""

    def __init__(self, roots: Sequence[x509.Certificate]) -> None:
        self._roots = tuple(roots)

    def read(self, token: bytes, message: bytes) -> Stamp:
        """Return what a token (DER) says of these bytes. Raises TimeStampRefused."""
        from rfc3161_client import decode_timestamp_response

        try:
            response = decode_timestamp_response(_der_sequence(_GRANTED + token))
        except ValueError as error:
            raise TimeStampRefused(str(error)[:200]) from error
        if response.time_stamp_token() != token:
            raise TimeStampRefused("DER")
        return self.check(response, message)

    def check(self, response: "TimeStampResponse", message: bytes, nonce: int | None = None) -> Stamp:
        """Return the time-stamp in an answer.

        It is signed for time-stamping by an authority that is trusted, whose certificate was valid then; it repeats the
        nonce, where one was sent; it is about the digest of these bytes. Raises TimeStampRefused.
        """
        from rfc3161_client import VerificationError, VerifierBuilder

        if not self._roots:
            fr, en = "Aucune autorité d’horodatage n’est reconnue ici.", "No time-stamping authority is trusted here."
            raise TimeStampRefused({"fr": fr, "en": en})
        try:
            VerifierBuilder(roots=list(self._roots), nonce=nonce).build().verify_message(response, message)
        except (VerificationError, ValueError) as error:
            raise TimeStampRefused(str(error)[:200]) from error
        at = response.tst_info.gen_time
        return Stamp(at if at.tzinfo else at.replace(tzinfo=UTC), response.time_stamp_token())


@dataclass(frozen=True)
class Rfc3161:
    """An authority at an address, asked over HTTP (RFC 3161 §3.4)."""

    transport: Transport
    url: str
    authorities: Authorities
    timeout_s: float

    async def stamp(self, message: bytes) -> Stamp:
        """Return a verified time-stamp of these bytes (see TimeStamper)."""
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

        request = TimestampRequestBuilder(message, HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
        call = Call("POST", self.url, HEADERS, request.as_bytes())
        answer = await self.transport.send(call, limit_bytes=LIMIT_BYTES, timeout_s=self.timeout_s)
        if not answer.is_success:
            raise TimeStamperFailed(f"HTTP {answer.status}")
        try:
            response = decode_timestamp_response(in_order(answer.body))
            return self.authorities.check(response, message, request.nonce)
        except TimeStampRefused as refused:
            raise TimeStamperFailed(refused.detail) from refused
        except ValueError as error:
            raise TimeStamperFailed(str(error)[:200]) from error


def in_order(answer: bytes) -> bytes:
    """Return an answer with the certificates in its token put in the order of DER (X.690 §11.6), else as it is.

    openssl, and authorities that are built on it, write them as they stand in a file. They are not signed: to put them
    in order changes nothing of what the token says.
    """
    try:
        _, token = _elements(answer, *_content(answer, 0))
        _, wrapped = _elements(answer, *_content(answer, token[0]))
        ((signed, _),) = _elements(answer, *_content(answer, wrapped[0]))
        for begins_at, _ in _elements(answer, *_content(answer, signed)):
            if answer[begins_at] == _CERTIFICATES:
                first, last = _content(answer, begins_at)
                parts = sorted(answer[each:end] for each, end in _elements(answer, first, last))
                return answer[:first] + b"".join(parts) + answer[last:]
    except (IndexError, ValueError):
        pass  # no answer of this form: whoever reads it says so
    return answer


def _elements(der: bytes, begins_at: int, ends_at: int) -> list[tuple[int, int]]:
    """Return from where to where the elements that follow each other stand. Raises IndexError, ValueError."""
    found = []
    while begins_at < ends_at:
        _, end = _content(der, begins_at)
        found.append((begins_at, end))
        begins_at = end
    if begins_at != ends_at:
        raise ValueError("DER")
    return found


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Return from where to where the content of the element at a place stands. Raises IndexError."""
    size, begins_at = der[at + 1], at + 2
    if size >= 0x80:
        size, begins_at = int.from_bytes(der[begins_at : begins_at + size - 0x80]), begins_at + size - 0x80
    if begins_at + size > len(der):
        raise IndexError(at)
    return begins_at, begins_at + size


def _der_sequence(content: bytes) -> bytes:
    """Return a DER SEQUENCE of this content."""
    size = len(content)
    if size < 0x80:
        return bytes((0x30, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((0x30, 0x80 | len(length))) + length + content
