"""The token with which the partner spoke last, in one-sided evidence: is it signed with a key of its DID document?

The evidence seals the token's digest, and the journal keeps the token. The partner's DID document is the one that was
seen when the bundle was exported: no seal covers it, and whoever exports brings it. So a signature that holds shows
that the holder of the document's key spoke to who sealed, and when; whose key it is, the document alone says. What the
message said is not in the token.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pupitre_verify.identities import is_spoken, normal, read_did_document
from pupitre_verify.package import Files
from pupitre_verify.report import Fault, Report
from pupitre_verify.shapes import instant
from pupitre_verify.strict import Unreadable, read_json, unbase64url
from pupitre_verify.times import LEEWAY

_PLACE = "/payload/token"
_LAST = 253402300799
"""The last second that has a date."""


@dataclass(frozen=True)
class Token:
    """A self-issued token, read and not yet proven."""

    kid: str
    claims: dict[str, Any]
    issued_at: datetime
    signed: bytes
    signature: bytes


def read_partner(report: Report, files: Files, part: str, did: str) -> dict[str, Any] | None:
    """Return the partner's DID document, as it was seen at the export; None where the bundle has none."""
    if part not in files:
        return None
    document = read_did_document(part, files[part], did)
    report.holds(
        part,
        f"document DID de {did}, tel que l’a vu à l’export qui remet le dossier",
        f"DID document of {did}, as it was seen at the export by whoever hands out the bundle",
    )
    return document


def check_token(
    report: Report, part: str, evidence: dict[str, Any], raw: str, shown: tuple[str, dict[str, Any] | None]
) -> None:
    """Verify the token whose digest is sealed in `part`; `shown` is the partner's DID document, and where it stands.

    1. The document is there, and the token is an ES256 JWT; else nothing can be told.
    2. The partner issued it, of itself, to who sealed, and not after the evidence was drawn up.
    3. The key that it names stands in the document, speaks for the DID, and signed it.
    """
    where, document = shown
    if document is None:  # 1
        _doubt(report, where, "", "cette pièce manque au dossier", "the bundle lacks this piece")
        return
    token = _read(raw)
    if token is None:
        _doubt(report, part, _PLACE, "ce n’est pas un JWT ES256 lisible", "this is no ES256 JWT that can be read")
        return
    _check_claims(part, evidence, token)  # 2
    if not is_spoken(where, document, token.kid, token.signed, token.signature):  # 3
        raise Fault(
            where,
            "/verificationMethod",
            f"le jeton scellé n’est pas signé avec la clé {token.kid} de ce document",
            f"the sealed token is not signed with the key {token.kid} of this document",
        )
    to, at = evidence["by"], f"{token.issued_at:%Y-%m-%dT%H:%M:%SZ}"
    report.holds(
        where,
        f"le jeton scellé est signé avec la clé {token.kid} de ce document, et adressé à {to} le {at} ; il ne dit pas "
        "ce que disait le message, et que cette clé soit celle du partenaire, seul ce document le dit : comparez-la à "
        "celle que vous tenez d’ailleurs",
        f"the sealed token is signed with the key {token.kid} of this document, and addressed to {to} at {at}; it does "
        "not tell what the message said, and that this key is the partner's, this document alone says: compare it with "
        "the one that you have from elsewhere",
    )


def _doubt(report: Report, part: str, place: str, fr: str, en: str) -> None:
    fr, en = f"{fr} : la signature du jeton n’est pas établie", f"{en}: the token's signature is not established"
    report.doubt(part, place, fr, en)


def _read(raw: str) -> Token | None:
    """Return the token; None when it is none of this kind."""
    try:
        protected, payload, signature = raw.split(".")
        header, claims = (read_json(unbase64url(one)) for one in (protected, payload))
        signed, made = f"{protected}.{payload}".encode("ascii"), unbase64url(signature)
    except (Unreadable, ValueError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    if str(header.get("typ", "JWT")).upper() != "JWT":
        return None
    if header.get("alg") != "ES256" or "crit" in header or "b64" in header:
        return None
    kid, issued_at = header.get("kid"), claims.get("iat")
    if not isinstance(kid, str) or type(issued_at) is not int or not 0 <= issued_at <= _LAST:
        return None
    return Token(kid, claims, datetime.fromtimestamp(issued_at, UTC), signed, made)


def _check_claims(part: str, evidence: dict[str, Any], token: Token) -> None:
    for name, who in (("iss", "peer"), ("sub", "peer"), ("aud", "by")):
        if normal(token.claims.get(name)) != normal(evidence[who]):
            raise Fault(
                part,
                _PLACE,
                f"le jeton scellé est celui d’un autre échange ({name})",
                f"the sealed token is another exchange's ({name})",
            )
    if token.issued_at - instant(evidence["createdAt"]) > LEEWAY:
        raise Fault(part, _PLACE, "le jeton est postérieur au constat", "the token is younger than the evidence")
