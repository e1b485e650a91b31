"""Drawing up a contract: one document in canonical form that says all that two organisations agree on.

Both sides can write it from what they know of the negotiation: the provider does, and the consumer holds what it gets
against what it would have written (checks.py). Identifiers and instants are handed in. Nothing in it names a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from contracts import schema
from contracts.canonical import Json, check_values, read_canonical, sha256
from contracts.jws import decoded
from contracts.refused import BadDocument, ContractError, IncompleteCard, MissingLegalBasis
from contracts.terms import digest, instant, read_agreement, told_terms, told_validity
from contracts.texts import given, line, lines

NONE = "none"
"""Said where there is a choice: no framework agreement, no request card, no personal data."""
JURISDICTION = "Droit français ; à défaut d’accord amiable, le tribunal compétent dans le ressort du fournisseur."
TERMINATION = (
    "Chaque partie peut résilier la convention à tout moment, par un avis scellé adressé à l’autre ; "
    "la mise à disposition des données cesse aussitôt."
)
REQUEST = ("purpose", "until", "legalBasis", "useCase")
_CARD = {"legal_name": "legalName", "function": "representativeFunction"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation as a contract names it."""

    did: str
    legal_name: str
    function: str
    """Of who represents it, such as « Le président »."""
    siren: str | None = None
    siret: str | None = None
    mandate: str | None = None
    """The decision that empowers the representative, such as a délibération and its date."""
    kid: str
    certificate_sha256: str
    card_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What the contract is about. A consumer that does not know a member leaves it empty, and takes what it gets."""

    id: str
    title: str = ""
    description: str = ""
    licence: str = ""
    personal: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """The agreement signed by people under which contracts are sealed by nodes."""

    reference: str
    proof_clause: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One message of the negotiation: its type, who sent it (a DID), the SHA-256 of its body's text."""

    type: str
    sender: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """What was negotiated, as one side knows it."""

    provider: Party
    consumer: Party
    agreement: str = field(repr=False)
    """The DSP agreement: the very text that stands in the message."""
    dataset: Dataset
    provider_pid: str
    consumer_pid: str
    messages: Sequence[Exchanged]
    """All that were exchanged before the one that carries the provider's seal, in order."""
    request: Mapping[str, str] = field(default_factory=dict)
    """The request card: purpose, until, legalBasis, useCase."""
    annex: Mapping[str, str] = field(default_factory=dict)
    """What the annex on personal data says beside the card."""
    framework: Framework | None = None
    jurisdiction: str = JURISDICTION
    termination: str = TERMINATION


@lru_cache(maxsize=64)
def party_from_card(card: str, *, kid: str, certificate: bytes) -> Party:
    """Return a party from its card, a compact JWS that was verified before, and from its seal's certificate (DER).

    Remembered by all of these: the same partners agree on many things.
    Raises IncompleteCard when the card does not give the legal name or the representative's function.
    """
    try:
        told = read_canonical(decoded(card.split(".")[1], "/card"))
    except (IndexError, ContractError) as error:
        raise IncompleteCard(actual=str(error)[:200]) from error
    given = {name: told.get(wire) for name, wire in {**_CARD, "did": "did"}.items()}
    for name, value in given.items():
        if not isinstance(value, str) or not value.strip():
            raise IncompleteCard(needed=_CARD.get(name, name), pointer=f"/{_CARD.get(name, name)}")
    return Party(
        **{name: line(str(value)) for name, value in given.items()},
        siren=told.get("siren"),
        siret=told.get("siret"),
        mandate=_line_of(told, "mandate"),
        kid=kid,
        certificate_sha256=sha256(certificate),
        card_sha256=sha256(card),
    )


def _line_of(card: Mapping[str, Json], name: str) -> str | None:
    """Return what a card may say beside what it must. Raises IncompleteCard when it is no text."""
    said = card.get(name)
    if said is not None and not isinstance(said, str):
        raise IncompleteCard(needed=name, pointer=f"/{name}")
    return line(said or "") or None


def draw_up_contract(
    negotiated: Negotiated, *, contract_id: str, at: datetime, countersign_before: datetime
) -> dict[str, Json]:
    """Return the contract, ready to be written by `canonical` and sealed.

    `contract_id` is a `urn:uuid:`, `at` the instant of drawing up, `countersign_before` the last at which the consumer
    may seal. Raises MissingLegalBasis, BadDocument, NotNormalised and the like, with the place.
    """
    document = told_contract(negotiated, contract_id=contract_id, at=at, countersign_before=countersign_before)
    check_values(document)
    check_document(document)
    return document


def told_contract(
    negotiated: Negotiated,
    *,
    contract_id: str,
    at: datetime,
    countersign_before: datetime,
    dataset: Dataset | None = None,
) -> dict[str, Json]:
    """Return the contract as it would be written, before anybody looks whether it is one.

    `dataset`: what is said of it, where that is not what was negotiated alone.
    """
    dataset = dataset or negotiated.dataset
    check_values({"agreement": {"text": negotiated.agreement}})
    agreement = read_agreement(negotiated.agreement)
    return {
        "schema": schema.CONTRACT,
        "id": contract_id,
        "language": "fr",
        "createdAt": instant(at),
        "parties": {"provider": told_party(negotiated.provider), "consumer": told_party(negotiated.consumer)},
        "framework": told_framework(negotiated.framework),
        "agreement": {
            "id": agreement.uid,
            "text": negotiated.agreement,
            "sha256": sha256(negotiated.agreement),
        },
        "dataset": told_dataset(dataset),
        "terms": told_terms(agreement),
        "request": told_request(negotiated.request),
        "personalData": told_personal_data(negotiated, dataset),
        "validity": told_validity(agreement),
        "jurisdiction": lines(negotiated.jurisdiction),
        "termination": lines(negotiated.termination),
        "countersignBefore": instant(countersign_before),
        "negotiation": told_negotiation(negotiated),
    }


def check_dataset(dataset: Dataset) -> None:
    """Verify that a contract could tell a dataset. Raises BadDocument or NotNormalised with the member at fault."""
    told = told_dataset(dataset)
    check_values(told)
    schema.check_member(told, schema.CONTRACT, "dataset")


def check_document(document: Json) -> None:
    """Verify that a document in canonical form is a contract, and true in itself. Raises BadDocument and the like."""
    # 1. It has the form of the schema, and nothing that is said is blank.
    if not schema.check_shape(document, schema.CONTRACT):
        _check_not_blank(document, "")
    # 2. Digests are those of what stands beside them, and the agreement has the names that are given.
    _check_agreement(document)
    _check_terms(document["terms"])
    # 3. The parties are two, and each seals with a key of its own; messages come from one of them.
    _check_parties(document)
    # 4. Instants exist and follow one another.
    _check_order(document, ("createdAt",), ("countersignBefore",))
    if "until" in document["validity"]:
        _check_order(document, ("validity", "from"), ("validity", "until"))
    # 5. Personal data have an annex.
    if document["dataset"]["personal"] and document["personalData"] == NONE:
        raise MissingLegalBasis(pointer="/personalData")


# --- sections ---


def told_party(party: Party) -> dict[str, Json]:
    """Return an organisation as a contract names it."""
    return {
        "did": party.did,
        "legalName": party.legal_name,
        **given(siren=party.siren, siret=party.siret),
        "representative": {"function": party.function, **given(mandate=line(party.mandate or ""))},
        "seal": {"kid": party.kid, "certificateSha256": party.certificate_sha256},
        "cardSha256": party.card_sha256,
    }


def told_framework(framework: Framework | None) -> Json:
    """Return the framework agreement, or none."""
    if framework is None:
        return NONE
    clause = lines(framework.proof_clause)
    return {"reference": line(framework.reference), **given(sha256=framework.sha256), "proofClause": clause}


def told_dataset(dataset: Dataset) -> dict[str, Json]:
    """Return the dataset: what its publisher says of it."""
    return {
        "id": dataset.id,
        "title": line(dataset.title) or dataset.id,
        **given(description=lines(dataset.description), licence=line(dataset.licence)),
        "personal": dataset.personal,
    }


def told_request(card: Mapping[str, str]) -> Json:
    """Return the request as it was made, or none."""
    told = {"until": line(card.get("until", ""))}
    told |= {name: lines(card.get(name, "")) for name in ("purpose", "legalBasis", "useCase")}
    return given(**told) or NONE


def told_personal_data(negotiated: Negotiated, dataset: Dataset) -> Json:
    """Return the annex on personal data, or none. Raises MissingLegalBasis."""
    if not dataset.personal:
        return NONE
    declared = {name: negotiated.request.get(name, "") for name in ("legalBasis", "purpose")}
    told = given(**{name: lines(value) for name, value in {**declared, **negotiated.annex}.items()})
    for name in ("legalBasis", "purpose"):
        if name not in told:
            raise MissingLegalBasis(needed=name, pointer=f"/personalData/{name}")
    return told


def told_negotiation(negotiated: Negotiated) -> dict[str, Json]:
    """Return what leads back to the messages."""
    return {
        "providerPid": negotiated.provider_pid,
        "consumerPid": negotiated.consumer_pid,
        "messages": [{"type": each.type, "from": each.sender, "sha256": each.sha256} for each in negotiated.messages],
    }


# --- what a schema cannot say ---


def _check_not_blank(value: Json, pointer: str) -> None:
    if isinstance(value, str) and not value.strip():
        failure = MissingLegalBasis if pointer == "/personalData/legalBasis" else BadDocument
        raise failure(needed="…", actual=repr(value[:20]), pointer=pointer)
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        _check_not_blank(each, f"{pointer}/{name}")


def _check_agreement(document: Json) -> None:
    told, parties = document["agreement"], document["parties"]
    _same(sha256(told["text"]), told["sha256"], "/agreement/sha256")
    agreement = read_agreement(told["text"])
    _same(agreement.uid or "", told["id"], "/agreement/id")
    for references, needed, pointer in (
        (agreement.assigners, parties["provider"]["did"], "/parties/provider/did"),
        (agreement.assignees, parties["consumer"]["did"], "/parties/consumer/did"),
        (agreement.targets, document["dataset"]["id"], "/dataset/id"),
    ):
        _same(", ".join(reference.iri or "?" for reference in references), needed, pointer)


def _check_terms(terms: Json) -> None:
    _same(digest(terms), terms["sha256"], "/terms/sha256")
    for name in ("en", "verified"):
        _same(str(len(terms["fr"])), str(len(terms[name])), f"/terms/{name}")


def _check_parties(document: Json) -> None:
    parties = document["parties"]
    for role, party in parties.items():
        if not party["seal"]["kid"].startswith(f"{party['did']}#"):
            pointer = f"/parties/{role}/seal/kid"
            raise BadDocument(needed=f"{party['did']}#…", actual=party["seal"]["kid"], pointer=pointer)
        if not party.get("siret", "").startswith(party.get("siren", "")) and "siret" in party:
            raise BadDocument(needed=f"{party['siren']}…", actual=party["siret"], pointer=f"/parties/{role}/siret")
    dids = {party["did"] for party in parties.values()}
    if len(dids) < 2:
        raise BadDocument(needed="2 DID", actual=", ".join(dids), pointer="/parties/consumer/did")
    for place, message in enumerate(document["negotiation"]["messages"]):
        if message["from"] not in dids:
            pointer = f"/negotiation/messages/{place}/from"
            raise BadDocument(needed=" | ".join(sorted(dids)), actual=message["from"], pointer=pointer)


def _check_order(document: Json, earlier: tuple[str, ...], later: tuple[str, ...]) -> None:
    first, second = at(document, *earlier), at(document, *later)
    if first > second:
        raise BadDocument(needed=f"≥ {instant(first)}", actual=instant(second), pointer="/" + "/".join(later))


def at(document: Json, *way: str) -> datetime:
    """Return an instant of a document. Raises BadDocument for one that does not exist, such as a 30th of February."""
    for name in way:
        document = document[name]
    try:
        return datetime.fromisoformat(document)
    except ValueError as error:
        raise BadDocument(actual=document, pointer="/" + "/".join(way)) from error


def _same(needed: str, actual: str, pointer: str) -> None:
    if needed != actual:
        raise BadDocument(needed=needed, actual=actual, pointer=pointer)
