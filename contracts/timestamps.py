"""Where time-stamps of a seal stand: in the unprotected header, as `etsiU` (ETSI TS 119 182-1 §5.3, level B-T).

A time-stamp is about the signature as it stands in the text, in base64url. It is added later, by either side, without
touching what was sealed; whether a token is genuine, and by whom, is told where tokens are read.
"""

import base64
import hashlib
from dataclasses import replace

from contracts.canonical import Json, canonical, read_canonical
from contracts.jws import LIMIT_BYTES, Sealed, decoded, encoded, read_sealed, written
from contracts.refused import BadTimeStampToken, ContractError, OtherContract

MAX_TOKENS = 16
"""Of one seal."""


def stamped_bytes(sealed: Sealed, place: int) -> bytes:
    """Return what a time-stamp of a seal is about: the characters of its signature."""
    return sealed.signatures[place].value.encode("ascii")


def imprint(sealed: Sealed, place: int) -> bytes:
    """Return the SHA-256 that a time-stamping authority is asked to stamp."""
    return hashlib.sha256(stamped_bytes(sealed, place)).digest()


def tokens(sealed: Sealed, place: int) -> tuple[bytes, ...]:
    """Return the time-stamp tokens of a seal (RFC 3161, DER), as they came. Raises BadTimeStampToken."""
    found: list[bytes] = []
    for number, item in enumerate(sealed.signatures[place].etsi_u):
        found += _tokens_in(item, f"/signatures/{place}/header/etsiU/{number}")
    return tuple(found)


def add_token(text: str, place: int, token: bytes) -> str:
    """Return a sealed document with a time-stamp token (DER) added to one of its seals; the same one is added once."""
    sealed = read_sealed(text)
    known = tokens(sealed, place)
    if token in known:
        return text
    if len(known) >= MAX_TOKENS:
        raise BadTimeStampToken(needed=f"≤ {MAX_TOKENS}", pointer=f"/signatures/{place}/header/etsiU")
    item = {"sigTst": {"tstTokens": [{"val": base64.b64encode(token).decode()}]}}
    signature = sealed.signatures[place]
    signatures = list(sealed.signatures)
    signatures[place] = replace(signature, etsi_u=(*signature.etsi_u, encoded(canonical(item))))
    return written(sealed.payload, sealed.document, *signatures).text


def merge(ours: str, theirs: str) -> str:
    """Return our text of a sealed document with the time-stamps of theirs added. Raises OtherContract."""
    own, other = read_sealed(ours), read_sealed(theirs)
    needed, actual = ([(each.protected, each.value) for each in sealed.signatures] for sealed in (own, other))
    if own.payload != other.payload or needed != actual:
        raise OtherContract(needed=own.sha256, actual=other.sha256)
    for place in range(len(other.signatures)):
        for token in tokens(other, place):
            ours = add_token(ours, place, token)
    return ours


def _tokens_in(item: str, pointer: str) -> list[bytes]:
    """Return the tokens of one `sigTst`; anything else in `etsiU` is refused."""
    try:
        told = read_canonical(decoded(item, pointer), limit_bytes=LIMIT_BYTES)
        listed: list[Json] = told["sigTst"]["tstTokens"]
        found = [base64.b64decode(each["val"], validate=True) for each in listed]
        again = {"sigTst": {"tstTokens": [{"val": base64.b64encode(token).decode()} for token in found]}}
    except (ContractError, KeyError, TypeError, ValueError) as error:
        raise BadTimeStampToken(actual=str(error)[:80], pointer=pointer) from error
    if not found or not all(found) or told != again:
        raise BadTimeStampToken(needed="sigTst", pointer=pointer)
    return found
