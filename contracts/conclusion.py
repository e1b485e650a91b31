"""The conclusion: what the provider seals once both seals stand, so that the contract is known to be concluded.

Two seals do not prove it alone: the consumer might have kept its own back, or the provider might have ended the
negotiation meanwhile. The conclusion names the contract and both seals by their digests.
"""

from collections.abc import Mapping
from datetime import datetime

from contracts import schema
from contracts.canonical import Json
from contracts.checks import signatory
from contracts.document import at as instant_in
from contracts.jws import CONCLUSION, Sealed, read_sealed
from contracts.refused import BadSealTime, OtherConclusion
from contracts.seals import COMMITMENTS, LEEWAY, Role, Signatory, check_signatures, sealed_at
from contracts.terms import instant


def conclude(contract: Sealed, *, at: datetime) -> dict[str, Json]:
    """Return the conclusion of a contract that both have sealed, ready to be written by `canonical` and sealed."""
    provider, consumer = contract.signatures
    document = contract.document
    return {
        "schema": schema.CONCLUSION,
        "contract": document["id"],
        "contractSha256": contract.sha256,
        "agreement": document["agreement"]["id"],
        "signatures": {"provider": provider.sha256, "consumer": consumer.sha256},
        "concludedAt": instant(at),
    }


def check_conclusion(
    text: str | Sealed, contract: Sealed, *, now: datetime | None = None, keys: Mapping[str, str] | None = None
) -> Sealed:
    """Return the sealed conclusion, when it is the provider's and that of this contract with these two seals.

    `keys` are seal keys of the provider beside the one that the contract names, since it may have changed its key
    meanwhile: `kid` and SHA-256 of the certificate. Raises ContractError.
    """
    sealed = read_sealed(text) if isinstance(text, str) else text
    document = sealed.document
    schema.check_shape(document, schema.CONCLUSION)
    concluded = instant_in(document, "concludedAt")
    for name, needed in conclude(contract, at=concluded).items():
        if document[name] != needed:
            raise OtherConclusion(needed=str(needed), actual=str(document[name]), pointer=f"/{name}")
    check_signatures(sealed, [author(sealed, contract, "provider", keys)], media_type=CONCLUSION, now=now)
    last, made = max(sealed_at(each) for each in contract.signatures), sealed_at(sealed.signatures[0])
    if last - concluded > LEEWAY:
        raise BadSealTime(needed=f"≥ {instant(last)}", actual=instant(concluded), pointer="/concludedAt")
    if abs(concluded - made) > LEEWAY:
        raise BadSealTime(needed=f"± {instant(made)}", actual=instant(concluded), pointer="/concludedAt")
    return sealed


def author(sealed: Sealed, contract: Sealed, role: Role, keys: Mapping[str, str] | None) -> Signatory:
    """Return who must have sealed what came after the contract: a party, with its key of then or a later one."""
    named = signatory(contract.document, role)
    kid = sealed.signatures[0].header["kid"]
    known = {named.kid: named.certificate_sha256} | dict(keys or {})
    certificate = known.get(kid)
    if certificate is None:
        kid, certificate = named.kid, named.certificate_sha256
    return Signatory(did=named.did, kid=kid, certificate_sha256=certificate, commitments=COMMITMENTS["provider"])
