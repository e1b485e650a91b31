"""The party card: what an organisation says of itself, signed with its key.

Legal name, SIREN or SIRET, the function and the mandate of who represents it, and how to reach a role: no personal name
is needed. The card is canonical JSON (RFC 8785; its members are ASCII names, texts and whole numbers) in a compact JWS.
It stands at a fixed address beside the DID document. A card proves that the holder of the key says so, no more: whether
it is true is for people to find out, once, when they meet.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt import InvalidTokenError
from jwt.api_jws import PyJWS

from connector.identity.did import AUTH, key_named
from connector.identity.errors import CardRefused, TokenRefused
from connector.identity.keys import COORDINATE_BYTES, SigningKey, base64url
from connector.peer.documents import DidDocument, normal_did
from connector.problems import Invalid, Problem
from connector.protocol import strict_json

FORM = "urn:pupitre:party-card:1"
TYPE = "party-card+jws"
"""JOSE `typ`: a card is never taken for a token, nor a token for a card."""
FILE = "party-card.jws"
"""Its name beside the DID document, for ever."""
LIMIT_BYTES = 16 << 10
LA_POSTE = "356000000"
"""Its establishments are too many for Luhn: the sum of the digits of their SIRET is a multiple of five."""
_JWS = PyJWS(algorithms=["ES256"])
_DETERMINISTIC = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_TELEPHONE = re.compile(r"\+?[0-9 .()-]{4,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A party card."""

    did: str
    legal_name: str
    siren: str | None = None
    siret: str | None = None
    representative_function: str
    """The function of who signs for the organisation, such as « Le président »."""
    mandate: str | None = None
    """The decision that empowers who signs, such as « délibération n° 2026-014 du 12 mars 2026 »."""
    contact_role: str
    """Who answers: a service or a function, not a person."""
    contact_email: str | None = None
    contact_telephone: str | None = None
    version: int
    issued_at: datetime
    jws: str = field(default="", compare=False, repr=False)
    """The card as it was received; empty for one of ours, which is signed when it is served."""


_MEMBERS = {
    "legal_name": "legalName",
    "siren": "siren",
    "siret": "siret",
    "representative_function": "representativeFunction",
    "mandate": "mandate",
    "contact_role": "contactRole",
    "contact_email": "contactEmail",
    "contact_telephone": "contactTelephone",
}
_REQUIRED = ("legal_name", "representative_function", "contact_role")


def write(card: Card) -> str:
    """Return the card as canonical JSON."""
    said = {wire: getattr(card, name) for name, wire in _MEMBERS.items()}
    issued_at = card.issued_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    told = {**said, "form": FORM, "did": card.did, "version": card.version, "issuedAt": issued_at}
    kept = {name: value for name, value in told.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def sign(text: str, did: str, key: SigningKey) -> str:
    """Return the canonical text of a card as a compact JWS, the same whenever it is made (RFC 6979).

    Contracts name a card by the digest of its very text.
    """
    header = json.dumps({"alg": "ES256", "kid": f"{did}#{AUTH}", "typ": TYPE}, separators=(",", ":"))
    signed = f"{base64url(header.encode())}.{base64url(text.encode())}"
    r, s = decode_dss_signature(key.private.sign(signed.encode(), _DETERMINISTIC))
    return f"{signed}.{base64url(r.to_bytes(COORDINATE_BYTES, 'big') + s.to_bytes(COORDINATE_BYTES, 'big'))}"


def looks_like_card(raw: bytes) -> bool:
    """True for a compact JWS of our type: anything else at the card's address is somebody else's page."""
    if len(raw) > LIMIT_BYTES or _COMPACT.fullmatch(raw.strip()) is None:
        return False
    try:
        return _JWS.get_unverified_header(raw.strip().decode()).get("typ") == TYPE
    except InvalidTokenError:
        return False


def verify(raw: bytes, document: DidDocument, pinned: frozenset[str]) -> Card:
    """Return the peer's card.

    1. It is a compact JWS of our type, with no extension to understand.
    2. Its `kid` names a key of the peer's DID document that may speak for it, and the key is pinned.
    3. The signature.
    4. It speaks of this DID, in a form that we know, and what it says is well formed.
    Raises CardRefused.
    """
    text = raw.strip().decode("ascii", "replace")
    header = _JWS.get_unverified_header(text) if looks_like_card(raw) else {}  # 1
    if not header or header.get("alg") != "ES256" or "crit" in header or "b64" in header:
        raise CardRefused("form")
    try:
        key = key_named(document, str(header.get("kid")))  # 2
    except TokenRefused as refused:
        raise CardRefused(refused.reason) from refused
    if key.thumbprint not in pinned:
        raise CardRefused("pin")
    try:
        payload = _JWS.decode(text, key.public, algorithms=["ES256"])  # 3
    except InvalidTokenError as error:
        raise CardRefused("signature") from error
    card = read(payload, text)  # 4
    if card.did != document.did:
        raise CardRefused("did")
    return card


def stored(jws: str) -> Card:
    """Return a card that was verified before it was stored. Raises CardRefused."""
    return read(_JWS.decode(jws, options={"verify_signature": False}), jws)


def read(payload: bytes, jws: str = "") -> Card:
    """Return the card that canonical JSON says. Raises CardRefused; members that later versions add are let be."""
    try:
        told = strict_json.read_object(payload)
        if told.get("form") != FORM or type(told.get("version")) is not int:
            raise CardRefused("form")
        said = {name: told.get(wire) for name, wire in _MEMBERS.items()}
        issued_at = datetime.fromisoformat(str(told.get("issuedAt")))
        if issued_at.tzinfo is None:
            raise CardRefused("issuedAt")
        return Card(
            **checked(said),
            did=normal_did(str(told.get("did"))),
            version=told["version"],
            issued_at=issued_at,
            jws=jws,
        )
    except CardRefused:
        raise
    except (Problem, ValueError) as error:
        raise CardRefused("content", error.detail if isinstance(error, Invalid) else "") from error


def checked(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a card may say, trimmed, its SIREN taken from its SIRET. Raises Invalid with the member at fault."""
    told = {name: _text(said.get(name), name) for name in _MEMBERS}
    for name in _REQUIRED:
        if told[name] is None:
            raise _fault(name, "Valeur absente.", "A value is missing.")
    siren, siret = (_digits(told[name]) for name in ("siren", "siret"))
    if siret is not None and not is_siret(siret):
        raise _fault("siret", "Ce SIRET n’est pas valable (14 chiffres).", "This SIRET is not valid (14 digits).")
    if siren is not None and not is_siren(siren):
        raise _fault("siren", "Ce SIREN n’est pas valable (9 chiffres).", "This SIREN is not valid (9 digits).")
    if siren is not None and siret is not None and siret[:9] != siren:
        raise _fault("siret", "Le SIRET commence par le SIREN.", "The SIRET begins with the SIREN.")
    if told["contact_email"] is not None and _EMAIL.fullmatch(told["contact_email"]) is None:
        raise _fault("contact_email", "Adresse électronique attendue.", "An e-mail address is expected.")
    if told["contact_telephone"] is not None and _TELEPHONE.fullmatch(told["contact_telephone"]) is None:
        raise _fault("contact_telephone", "Numéro de téléphone attendu.", "A telephone number is expected.")
    return {**told, "siren": siren or (siret[:9] if siret else None), "siret": siret}


def is_siren(digits: str) -> bool:
    """True for nine digits that satisfy Luhn."""
    return re.fullmatch(r"[0-9]{9}", digits) is not None and _luhn(digits)


def is_siret(digits: str) -> bool:
    """True for fourteen digits that satisfy Luhn, after a valid SIREN; La Poste has a rule of its own."""
    if re.fullmatch(r"[0-9]{14}", digits) is None or not is_siren(digits[:9]):
        return False
    return _luhn(digits) or (digits[:9] == LA_POSTE and sum(map(int, digits)) % 5 == 0)


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 * (number > 9) for number in doubled) % 10 == 0


def _digits(text: str | None) -> str | None:
    """Return a number without the spaces that people write in it."""
    return None if text is None else re.sub(r"[\s.]", "", text)


def _text(value: Any, name: str) -> str | None:
    if value is None:
        return None
    line = unicodedata.normalize("NFC", " ".join(value.split())) if isinstance(value, str) else "\0"
    if len(line) > 500 or not line.isprintable():
        raise _fault(name, "Un texte d’une ligne est attendu.", "A text of one line is expected.")
    return line or None


def _fault(name: str, fr: str, en: str) -> Invalid:
    return Invalid({"fr": fr, "en": en}, pointer=f"/{name}")
