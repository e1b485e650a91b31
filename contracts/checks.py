"""Is this the contract that was negotiated, and is it sealed by whom it must be? Asked by each side in its turn.

The provider seals first; the consumer holds the document against what it would have written itself (`check_contract`),
countersigns, and sends it back; the provider looks whether its own seal and the document are untouched and the second
seal is good (`check_countersigned`). Everything that a consumer cannot know beforehand (the contract's identifier, the
instant of drawing up) is taken from the document and held against the clock.
"""

from collections.abc import Sequence
from datetime import datetime

from contracts.canonical import Json, canonical
from contracts.document import Dataset, Negotiated, at, check_document, told_contract
from contracts.jws import CONTRACT, Sealed, kept, read_sealed, second_on
from contracts.refused import (
    ContractError,
    ContractOtherTerms,
    CountersignTooLate,
    EarlyTimeStamp,
    OtherAgreement,
    OtherCard,
    OtherContract,
    OtherDataset,
    OtherDates,
    OtherNegotiation,
    OtherParty,
    OtherRequest,
)
from contracts.seals import COMMITMENTS, LEEWAY, Role, Signatory, check_signatures, sealed_at
from contracts.terms import GENERATOR, instant

BOTH: tuple[Role, ...] = ("provider", "consumer")
_COMPARED: dict[str, type[ContractError]] = {
    "parties": OtherParty,
    "agreement": OtherAgreement,
    "dataset": OtherDataset,
    "terms": ContractOtherTerms,
    "request": OtherRequest,
    "personalData": OtherRequest,
    "validity": OtherDates,
    "framework": ContractOtherTerms,
    "jurisdiction": ContractOtherTerms,
    "termination": ContractOtherTerms,
    "negotiation": OtherNegotiation,
}
_CARD = "cardSha256"
_BEFORE_CARD = ("did", "seal")
"""What no card says of a party. All else is taken from its card, and differs with it."""


def check_seal(text: str | Sealed, *, roles: Sequence[Role] = BOTH, now: datetime | None = None) -> Sealed:
    """Return the sealed contract in this text, when it is one and bears the seals of these roles and no other.

    The keys and certificates are those that the document names; that the document names the right ones is for
    `check_contract` to say. Raises ContractError.
    """
    return _check(read_sealed(text) if isinstance(text, str) else text, roles, now)


def _check(sealed: Sealed, roles: Sequence[Role], now: datetime | None) -> Sealed:
    check_document(sealed.document)
    return _check_seals(sealed, roles, now)


def _check_seals(sealed: Sealed, roles: Sequence[Role], now: datetime | None, *, known: int = 0) -> Sealed:
    signatories = [signatory(sealed.document, role) for role in roles]
    check_signatures(sealed, signatories, media_type=CONTRACT, now=now, known=known)
    _check_seal_times(sealed)
    return sealed


def signatory(document: Json, role: Role) -> Signatory:
    """Return who must seal a contract in this role."""
    party = document["parties"][role]
    return Signatory(
        did=party["did"],
        kid=party["seal"]["kid"],
        certificate_sha256=party["seal"]["certificateSha256"],
        commitments=COMMITMENTS[role],
    )


def check_contract(
    text: str | Sealed, negotiated: Negotiated, *, now: datetime, not_before: datetime | None = None
) -> Sealed:
    """Return the contract that the provider sealed, when it says what was negotiated; a consumer may countersign it.

    `not_before` is when the negotiation began. Raises ContractError, with what was needed, what came, and where.
    """
    # 1. It is a contract, and the provider alone has sealed it.
    sealed = check_seal(text, roles=("provider",), now=now)
    check_unstamped(sealed)
    document = sealed.document
    # 2. Each section is the one that we would have written.
    expected = _expected(negotiated, document)
    for section, failure in _COMPARED.items():
        if expected[section] != document[section]:
            _compare(expected[section], document[section], f"/{section}", failure)
    # 3. It was drawn up during the negotiation, and there is time left.
    created, last = at(document, "createdAt"), at(document, "countersignBefore")
    if created - now > LEEWAY:
        raise OtherDates(needed=f"≤ {instant(now)}", actual=instant(created), pointer="/createdAt")
    if not_before is not None and not_before - created > LEEWAY:
        raise OtherDates(needed=f"≥ {instant(not_before)}", actual=instant(created), pointer="/createdAt")
    if now > last:
        raise CountersignTooLate(needed=f"≤ {instant(last)}", actual=instant(now), pointer="/countersignBefore")
    return sealed


def check_countersigned(text: str, ours: str, *, now: datetime) -> Sealed:
    """Return the contract with both seals, when it is the one that we sealed (`ours`) and the consumer's seal is good.

    Raises CountersignTooLate when it comes after the time that the contract gives, OtherContract when the document or
    our own seal differs, EarlyTimeStamp, and as `check_seal` does.
    """
    own = kept(ours)
    last = at(own.document, "countersignBefore")
    if now - last > LEEWAY:  # by our clock: the instant in a seal is its author's word
        raise CountersignTooLate(needed=f"≤ {instant(last)}", actual=instant(now), pointer="/countersignBefore")
    added = second_on(own, text)
    if added is not None:
        check_unstamped(added)
        # word for word what we drew up, checked and sealed: the other seal alone is to be verified
        return _check_seals(added, BOTH, now, known=1)
    sealed = read_sealed(text)
    _check_is_ours(sealed, own)
    check_unstamped(sealed)
    return _check(sealed, BOTH, now)


def check_unstamped(sealed: Sealed) -> None:
    """Refuse time-stamps on what comes with a message of the negotiation, and on a notice. Raises EarlyTimeStamp.

    Nothing was sealed over them, so that a false one would be kept as if both had agreed to it. See timestamps.py.
    """
    for place, signature in enumerate(sealed.signatures):
        if signature.etsi_u:
            raise EarlyTimeStamp(pointer=f"/signatures/{place}/header/etsiU")


def _check_is_ours(sealed: Sealed, own: Sealed) -> None:
    """Verify that the document and our own seal are those that we sent."""
    if sealed.payload != own.payload:
        raise OtherContract(needed=own.sha256, actual=sealed.sha256, pointer="/payload")
    needed, actual = own.signatures[0], sealed.signatures[0]
    if (needed.protected, needed.value) != (actual.protected, actual.value):
        raise OtherContract(needed=needed.sha256, actual=actual.sha256, pointer="/signatures/0")


def is_worded_by_us(document: Json) -> bool:
    """True when the sentences of a contract were written by the generator that we have, so that they were compared.

    Another generator may say the same rules in other words. How far they are verified is compared all the same, and
    the text of the agreement, which binds, always.
    """
    return bool(document["terms"]["generator"] == GENERATOR)


def _check_seal_times(sealed: Sealed) -> None:
    """Verify that the seals were made when this document could be sealed."""
    created, last = at(sealed.document, "createdAt"), at(sealed.document, "countersignBefore")
    for place, signature in enumerate(sealed.signatures):
        made, pointer = sealed_at(signature), f"/signatures/{place}/protected/iat"
        if created - made > LEEWAY:
            raise OtherDates(needed=f"≥ {instant(created)}", actual=instant(made), pointer=pointer)
        if made - last > LEEWAY:
            raise CountersignTooLate(needed=f"≤ {instant(last)}", actual=instant(made), pointer=pointer)


def _expected(negotiated: Negotiated, document: Json) -> dict[str, Json]:
    """Return the contract that we would have written, with what only the provider knows taken from the document."""
    told, known = document["dataset"], negotiated.dataset
    dataset = Dataset(
        id=known.id,
        title=known.title or told["title"],
        description=known.description or told.get("description", ""),
        licence=known.licence or told.get("licence", ""),
        personal=told["personal"] if known.personal is None else known.personal,
    )
    expected = told_contract(
        negotiated,
        contract_id=document["id"],
        at=at(document, "createdAt"),
        countersign_before=at(document, "countersignBefore"),
        dataset=dataset,
    )
    if not is_worded_by_us(document):
        same = {name: document["terms"][name] for name in ("fr", "en", "sha256", "generator")}
        expected["terms"] = {**expected["terms"], **same}
    return expected


def _compare(needed: Json, actual: Json, pointer: str, failure: type[ContractError]) -> None:
    """Refuse the first member that differs, by name and place."""
    if isinstance(needed, dict) and isinstance(actual, dict):
        for name in sorted(needed.keys() | actual.keys(), key=_turn):
            told = OtherCard if name == _CARD else failure
            _compare(needed.get(name), actual.get(name), f"{pointer}/{name}", told)
    elif isinstance(needed, list) and isinstance(actual, list) and len(needed) == len(actual):
        for place, pair in enumerate(zip(needed, actual, strict=True)):
            _compare(*pair, f"{pointer}/{place}", failure)
    elif needed != actual or type(needed) is not type(actual):
        raise failure(needed=_shown(needed), actual=_shown(actual), pointer=pointer)


def _turn(name: str) -> tuple[bool, bool, str]:
    """Return when a member is compared: who a party is and its key first, then its card, then what the card says."""
    return name not in _BEFORE_CARD, name != _CARD, name


def _shown(value: Json) -> str:
    if value is None:
        return "—"
    return value[:200] if isinstance(value, str) else canonical(value).decode()[:200]
