"""Notices: what a party seals about a contract after its conclusion. A contract is never edited; notices follow it.

A termination, a suspension, a resumption, and the receipt of something: each names the contract by its digest and says
who gives it, when, and why.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from contracts import schema
from contracts.canonical import Json
from contracts.conclusion import author
from contracts.document import at as instant_in
from contracts.jws import NOTICE, Sealed, read_sealed
from contracts.refused import BadSealTime, OtherNotice
from contracts.seals import LEEWAY, Role, check_signatures, sealed_at
from contracts.terms import instant
from contracts.texts import line, lines

Kind = Literal["termination", "suspension", "resumption", "receipt"]


def notice(
    contract: Sealed, kind: Kind, *, by: Role, at: datetime, code: str = "", reason: str = ""
) -> dict[str, Json]:
    """Return a notice about a contract, ready to be written by `canonical` and sealed by its author."""
    document = contract.document
    told = {
        "schema": schema.NOTICE,
        "kind": kind,
        "contract": document["id"],
        "contractSha256": contract.sha256,
        "agreement": document["agreement"]["id"],
        "at": instant(at),
        "by": document["parties"][by]["did"],
        **{name: said for name, said in (("code", line(code)[:200]), ("reason", lines(reason)[:20_000])) if said},
    }
    schema.check_shape(told, schema.NOTICE)
    return told


def check_notice(
    text: str, contract: Sealed, *, now: datetime | None = None, keys: Mapping[str, str] | None = None
) -> Sealed:
    """Return the sealed notice, when it is about this contract and sealed by the party that it names.

    `keys` are seal keys of that party beside the one that the contract names. Raises ContractError.
    """
    sealed = read_sealed(text)
    document = sealed.document
    schema.check_shape(document, schema.NOTICE)
    role = _role(document["by"], contract)
    for name, needed in notice(contract, document["kind"], by=role, at=instant_in(document, "at")).items():
        if document[name] != needed:
            raise OtherNotice(needed=str(needed), actual=str(document[name]), pointer=f"/{name}")
    check_signatures(sealed, [author(sealed, contract, role, keys)], media_type=NOTICE, now=now)
    given, made = instant_in(document, "at"), sealed_at(sealed.signatures[0])
    if given - made > LEEWAY:
        raise BadSealTime(needed=f"≥ {instant(given)}", actual=instant(made), pointer="/signatures/0/protected/iat")
    created = instant_in(contract.document, "createdAt")
    if created - given > LEEWAY:
        raise BadSealTime(needed=f"≥ {instant(created)}", actual=instant(given), pointer="/at")
    return sealed


def _role(did: str, contract: Sealed) -> Role:
    parties = contract.document["parties"]
    for role in ("provider", "consumer"):
        if parties[role]["did"] == did:
            return role
    dids = " | ".join(party["did"] for party in parties.values())
    raise OtherNotice(needed=dids, actual=did, pointer="/by")
