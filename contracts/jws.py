"""Reading and writing a sealed document: general JSON JWS, payload attached, ETSI JAdES headers (TS 119 182-1 V1.2.1).

There is one way to write it: canonical JSON of `payload` and `signatures`; in each signature `protected`, `signature`,
and perhaps an unprotected `header` with `etsiU` alone, where time-stamps go. Base64url has one spelling, a protected
header exactly the members named here, no `crit` and no `b64`. Reading proves the form and nothing else: what the seals
are worth is told by seals.py.
"""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from contracts.canonical import Json, assembled, read_canonical, sha256
from contracts.refused import AlgorithmRefused, BadTimeStampToken, ContractError, HeaderRefused, NotASeal

CONTRACT = "application/vnd.pupitre.contract+json"
CONCLUSION = "application/vnd.pupitre.conclusion+json"
NOTICE = "application/vnd.pupitre.notice+json"
CHECKPOINT = "application/vnd.pupitre.checkpoint+json"
UNILATERAL = "application/vnd.pupitre.unilateral+json"
"""One-sided evidence: what one party seals alone, where its partner does not seal."""

TYPE = "JOSE+JSON"
ALGORITHMS = frozenset({"ES256", "PS256", "RS256"})
LIMIT_BYTES = 4 << 20
"""Of the whole text: the payload may have 1 MiB, and each seal grows by its time-stamps."""
MAX_SEALS = 2
MAX_CERTIFICATES = 8
REQUIRED = ("alg", "cty", "iat", "kid", "srCms", "typ", "x5c", "x5t#S256")
ALLOWED = frozenset({*REQUIRED, "srAts"})
_LONG, _LONGEST = 1 << 9, 1 << 16
"""In base64url: how long a text is whose bytes are remembered."""
_END = "]}"
"""With which the text of a sealed document ends: its list of signatures is the last member."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One seal as it stands in the text, its form checked."""

    protected: str
    """The protected header in base64url: with the payload it is what was signed."""
    value: str
    """The signature in base64url: what a time-stamp is about."""
    header: Mapping[str, Json]
    certificates: tuple[bytes, ...]
    """In DER, the key's own first."""
    etsi_u: tuple[str, ...] = ()
    """What was added later, such as time-stamps: each is base64url of a JSON object."""

    @property
    def signature(self) -> bytes:
        return decoded(self.value, "/signature")

    @property
    def sha256(self) -> str:
        """The digest of `protected.signature`, by which a conclusion names this seal; time-stamps leave it as it is."""
        return sha256(f"{self.protected}.{self.value}")

    def as_json(self) -> dict[str, Json]:
        unprotected = {"header": {"etsiU": list(self.etsi_u)}} if self.etsi_u else {}
        return {"protected": self.protected, "signature": self.value, **unprotected}


@dataclass(frozen=True)
class Sealed:
    """A sealed document whose form was checked; its seals may still be worth nothing."""

    text: str = field(repr=False)
    payload: bytes = field(repr=False)
    document: dict[str, Json] = field(repr=False, compare=False)
    """What was sealed: that which the payload says."""
    signatures: tuple[Signature, ...]

    @property
    def sha256(self) -> str:
        """The digest of the document: that by which a contract is named."""
        return sha256(self.payload)

    def signing_input(self, signature: Signature) -> bytes:
        return signing_input(signature.protected, self.payload)


def read_sealed(text: str) -> Sealed:
    """Return the sealed document in this text.

    Raises NotASeal, HeaderRefused or AlgorithmRefused for its form, and what `read_canonical` raises for the document.
    """
    try:
        told = read_canonical(text.encode("utf-8", "surrogatepass"), limit_bytes=LIMIT_BYTES)
    except ContractError as error:
        raise NotASeal(actual=str(error), pointer=error.pointer) from error
    _only(told, {"payload", "signatures"}, "")
    members = told["signatures"]
    if not isinstance(members, list) or not 1 <= len(members) <= MAX_SEALS:
        raise NotASeal(needed=f"1–{MAX_SEALS}", pointer="/signatures")
    signatures = tuple(_signature(each, f"/signatures/{place}") for place, each in enumerate(members))
    payload = decoded(told["payload"], "/payload")
    return Sealed(text, payload, read_canonical(payload), signatures)


def kept(text: str) -> Sealed:
    """Return a sealed document that was read or written here before and has lain in our own store since.

    Its form is not looked at again: a text that anybody else may have touched is for `read_sealed`. Raises NotASeal for
    one that cannot be read at all.
    """
    try:
        told = orjson.loads(text)
        payload = octets(told["payload"])
        return Sealed(text, payload, orjson.loads(payload), tuple(_kept(each) for each in told["signatures"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotASeal(actual=str(error)[:80]) from error


def _kept(told: Json) -> Signature:
    header = orjson.loads(octets(told["protected"]))
    certificates = tuple(map(_certificate, header["x5c"]))
    etsi_u = tuple(told.get("header", {}).get("etsiU", ()))
    return Signature(told["protected"], told["signature"], header, certificates, etsi_u)


def second_on(first: Sealed, text: str) -> Sealed | None:
    """Return what `read_sealed` does of a document with one seal to whose text a second seal was added, and no more.

    None for any other text. The document and the first seal, word for word those of `first`, are not read again. Raises
    as `read_sealed` does for the form of the second seal.
    """
    head, end = first.text.removesuffix(_END) + ",", len(text) - len(_END)
    if not (first.text.endswith(_END) and text.endswith(_END) and text.startswith(head)):
        return None
    if not text.isascii() or len(text) > LIMIT_BYTES:
        return None
    try:
        told = read_canonical(text[len(head) : end].encode())
    except ContractError:
        return None
    return Sealed(text, first.payload, first.document, (*first.signatures, _signature(told, "/signatures/1")))


def written(payload: bytes, document: dict[str, Json], *signatures: Signature) -> Sealed:
    """Return a document (what `payload` says) with these seals on it, and its text."""
    told = {"payload": _payload_text(payload), "signatures": [each.as_json() for each in signatures]}
    return Sealed(assembled(told, limit_bytes=LIMIT_BYTES).decode(), payload, document, signatures)


def signing_input(protected: str, payload: bytes) -> bytes:
    """Return what a seal signs (RFC 7515 §5.1)."""
    return f"{protected}.{_payload_text(payload)}".encode()


@lru_cache(maxsize=4)
def _payload_text(payload: bytes) -> str:
    """Return a payload as it stands in a text and in what is signed: remembered from sealing to writing."""
    return encoded(payload)


def encoded(raw: bytes) -> str:
    """Return bytes in base64url without padding."""
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").decode().replace("+", "-").replace("/", "_")


def decoded(text: Json, pointer: str) -> bytes:
    """Return the bytes of base64url in its one spelling: no padding, no spare bits. Raises NotASeal."""
    if not isinstance(text, str) or "+" in text or "/" in text:
        raise NotASeal(needed="base64url", pointer=pointer)
    try:
        raw = octets(text)
    except ValueError:
        raise NotASeal(needed="base64url", pointer=pointer) from None
    groups = len(raw) // 3  # only what comes after these could be spelled otherwise
    if text[4 * groups :] != encoded(raw[3 * groups :]):
        raise NotASeal(needed=encoded(raw)[-12:], actual=text[-12:], pointer=pointer)
    return raw


def octets(text: str) -> bytes:
    """Return the bytes of base64url without padding, in whichever spelling; raise ValueError for anything else.

    Those of a document and of the headers of its seals are remembered: they are read again with each message of a
    negotiation, and when the document is stored.
    """
    return (_remembered if _LONG <= len(text) <= _LONGEST else _read)(text)


def _read(text: str) -> bytes:
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    return binascii.a2b_base64(padded, strict_mode=True)


_remembered = lru_cache(maxsize=32)(_read)


def _signature(told: Json, pointer: str) -> Signature:
    _only(told, {"protected", "signature"}, pointer, {"header"})
    raw = decoded(told["protected"], f"{pointer}/protected")
    decoded(told["signature"], f"{pointer}/signature")
    try:
        header = read_canonical(raw)
    except ContractError as error:
        raise HeaderRefused(actual=str(error), pointer=f"{pointer}/protected{error.pointer}") from error
    certificates = _check_header(header, f"{pointer}/protected")
    return Signature(
        told["protected"], told["signature"], header, certificates, _etsi_u(told.get("header"), f"{pointer}/header")
    )


def _check_header(header: dict[str, Json], pointer: str) -> tuple[bytes, ...]:
    """Verify the form of a protected header; return its certificates."""
    for name in header:
        if name not in ALLOWED:
            raise HeaderRefused(actual=name, pointer=f"{pointer}/{name}")
    for name in REQUIRED:
        if name not in header:
            raise HeaderRefused(needed=name, pointer=f"{pointer}/{name}")
    for name in ("alg", "cty", "kid", "typ", "x5t#S256"):
        if not isinstance(header[name], str):
            raise HeaderRefused(needed="“…”", pointer=f"{pointer}/{name}")
    if header["alg"] not in ALGORITHMS:
        raise AlgorithmRefused(
            needed=", ".join(sorted(ALGORITHMS)), actual=header["alg"][:40], pointer=f"{pointer}/alg"
        )
    if header["typ"] != TYPE:
        raise HeaderRefused(needed=TYPE, actual=header["typ"][:40], pointer=f"{pointer}/typ")
    if type(header["iat"]) is not int or not 0 < header["iat"] < 1 << 36:
        raise HeaderRefused(needed="iat", actual=str(header["iat"])[:40], pointer=f"{pointer}/iat")
    return _certificates(header["x5c"], f"{pointer}/x5c")


def _certificates(told: Json, pointer: str) -> tuple[bytes, ...]:
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_CERTIFICATES:
        raise HeaderRefused(needed=f"1–{MAX_CERTIFICATES}", pointer=pointer)
    found = []
    for place, each in enumerate(told):
        try:
            found.append(_certificate(each))
        except (ValueError, TypeError):
            raise HeaderRefused(needed="base64", pointer=f"{pointer}/{place}") from None
    return tuple(found)


@lru_cache(maxsize=64)
def _certificate(text: str) -> bytes:
    """Return the bytes of plain base64 in its one spelling, with padding; raise ValueError for anything else.

    Remembered: the certificates of the same partners come again and again.
    """
    raw = binascii.a2b_base64(text, strict_mode=True)
    if not raw or binascii.b2a_base64(raw, newline=False).decode() != text:
        raise ValueError("this is no base64, or not in its one spelling")
    return raw


def _etsi_u(told: Json, pointer: str) -> tuple[str, ...]:
    if told is None:
        return ()
    _only(told, {"etsiU"}, pointer)
    items = told["etsiU"]
    if not isinstance(items, list) or not items:
        raise BadTimeStampToken(needed="[…]", pointer=f"{pointer}/etsiU")
    for place, item in enumerate(items):
        decoded(item, f"{pointer}/etsiU/{place}")
    return tuple(items)


def _only(told: Json, required: set[str], pointer: str, optional: set[str] | None = None) -> None:
    """Refuse anything but an object of these members."""
    if not isinstance(told, dict):
        raise NotASeal(needed="{…}", pointer=pointer)
    for name in sorted(told.keys() - required - (optional or set())):
        raise NotASeal(actual=name[:40], pointer=f"{pointer}/{name[:40]}")
    for name in sorted(required - told.keys()):
        raise NotASeal(needed=name, pointer=f"{pointer}/{name}")
