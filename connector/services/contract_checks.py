"""A contract that we hold, checked again: the steps, and what each says.

It is our own look at our own records, with the keys that we pinned: whether what is stored is what was sealed, and says
what was negotiated. Somebody else checks the bundle with `pupitre-verify`, which shares no code with this. Each step
holds, fails, or cannot be told from what is here; one that fails makes the whole invalid.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from connector.identity import seal_history
from connector.identity.seal_history import Announced, SealHistory
from connector.problems import Problem
from connector.protocol.machine import Role
from connector.services import frameworks, key_lists, negotiated
from connector.services.contract import NotSealedYet, conclusion_of
from connector.services.contract_bundle import Held, hold
from connector.services.hosts import Hosts
from connector.services.key_lists import Word
from connector.services.negotiated import Side, Sides
from connector.services.peer_seals import PeerSeals
from connector.services.seal_case import said_of
from connector.services.stamping import WITHIN
from connector.store import contracts, journal, negotiations
from connector.store.contracts import StoredSeal
from connector.store.db import Store, Tx
from connector.store.errors import BrokenChain
from connector.store.negotiations import Negotiation
from contracts.canonical import sha256
from contracts.checks import BOTH, check_contract, check_seal
from contracts.conclusion import check_conclusion
from contracts.document import NONE, Dataset, Framework, party_from_card
from contracts.jws import UNILATERAL, Sealed, Signature, read_sealed
from contracts.notice import check_notice
from contracts.refused import ContractError, OtherAgreement, OtherContract, OtherNegotiation, WrongSealKey
from contracts.seals import COMMITMENTS, Signatory, check_signatures, sealed_at
from contracts.texts import held
from policies import PolicyError

Outcome = Literal["holds", "fails", "unknown"]
Verdict = Literal["valid", "invalid", "indeterminate"]
Texts = Mapping[str, str]

STEPS: Mapping[str, Texts] = {
    "journal": {
        "fr": "La chaîne du journal de la négociation est intacte.",
        "en": "The chain of the negotiation's journal is intact.",
    },
    "document": {
        "fr": "Le document conservé est celui qui est scellé.",
        "en": "The document that is kept is the one that is sealed.",
    },
    "seals": {
        "fr": "Les cachets sont ceux que le document désigne, dans l’ordre, et ils sont bons.",
        "en": "The seals are those that the document names, in their order, and they are good.",
    },
    "kept": {
        "fr": "Chaque cachet est celui qui a été enregistré lorsqu’il a été apposé.",
        "en": "Each seal is the one that was recorded when it was put.",
    },
    "keys": {
        "fr": "Les clés des cachets sont celles des parties, et aucune n’était révoquée.",
        "en": "The keys of the seals are the parties', and none was revoked.",
    },
    "negotiated": {
        "fr": "Le document dit ce qui a été négocié : parties, accord, conditions, demande, dates, messages.",
        "en": "The document says what was negotiated: parties, agreement, terms, request, dates, messages.",
    },
    "conclusion": {
        "fr": "La conclusion est celle de cette convention, scellée par le fournisseur.",
        "en": "The conclusion is that of this contract, sealed by the provider.",
    },
    "notices": {
        "fr": "Les avis portent sur cette convention et sont scellés par leur auteur.",
        "en": "The notices are about this contract and sealed by their authors.",
    },
    "other-party": {"fr": "L’autre partie a scellé aussi.", "en": "The other party has sealed, too."},
}
_NOTHING: Texts = {"fr": "", "en": ""}
_NOT_CONCLUDED = {
    "fr": "Conclusion non attestée : des cachets seuls ne prouvent pas que la convention a été conclue.",
    "en": "Conclusion not attested: seals alone do not prove that the contract was concluded.",
}
_ONE_SIDED = {
    "fr": "Preuve unilatérale : le partenaire n’a rien scellé.",
    "en": "One-sided evidence: the partner sealed nothing.",
}
_UNKNOWN_KEYS = {
    "fr": "La liste des clés de cachet de {0} n’est pas connue ici : ajoutez ce partenaire (« pupitre peer add ») ; "
    "un dossier exporté (« pupitre contract export ») la joint.",
    "en": "The list of the seal keys of {0} is not known here: add this partner (“pupitre peer add”); "
    "a bundle that is exported (“pupitre contract export”) holds it.",
}
_REVOKED_SINCE = {
    "fr": "La clé {0} a été révoquée depuis ; aucun horodatage ne montre que le cachet est antérieur.",
    "en": "The key {0} was revoked since; no time-stamp shows that the seal is older.",
}
_REVOKED = {
    "fr": "La clé {0} était révoquée, et annoncée telle avant ce cachet.",
    "en": "The key {0} was revoked, and announced so before this seal.",
}
_NAMED_NO_MORE = {
    "fr": "La clé {0} n’est plus dans la liste de sa partie ({1}) ; une liste antérieure de la même partie ({2}) la "
    "nommait. On ne sait pas pourquoi elle a été retirée.",
    "en": "The key {0} is not in the list of its party any more ({1}); an earlier list of the same party ({2}) named "
    "it. It is not known why it was taken off.",
}
_NOT_ANNOUNCED = {
    "fr": "La clé {0} est dite révoquée avant ce cachet, par une liste du {1} ; une liste antérieure de la même "
    "partie, du {2}, ne l’annonce pas : rien ne montre si cela était annoncé alors, ou si la révocation a été "
    "antidatée.",
    "en": "The key {0} is said to be revoked before this seal, by a list of {1}; an earlier list of the same party, "
    "of {2}, does not announce it: nothing shows whether that was announced then, or whether the revocation was dated "
    "back.",
}
_DATED_BACK = {
    "fr": "La clé {0} est dite révoquée avant ce cachet, par une liste postérieure : rien ne montre si cela était "
    "annoncé alors, ou si la révocation a été antidatée.",
    "en": "The key {0} is said to be revoked before this seal, by a list that came after it: nothing shows whether "
    "that was announced then, or whether the revocation was dated back.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and how it ended."""

    code: str
    outcome: Outcome
    detail: Texts


@dataclass(frozen=True, slots=True)
class Examined:
    """A contract that was checked."""

    contract: str
    sha256: str
    at: datetime
    steps: list[Step]

    @property
    def verdict(self) -> Verdict:
        outcomes = {step.outcome for step in self.steps}
        return "invalid" if "fails" in outcomes else "indeterminate" if "unknown" in outcomes else "valid"


class _Told(Exception):
    """A step did not hold, for a reason that stands in no other error."""

    def __init__(self, outcome: Outcome, detail: Texts, *names: str) -> None:
        self.outcome = outcome
        self.detail = {language: text.format(*names) for language, text in detail.items()}
        super().__init__(self.detail["en"])


@dataclass(frozen=True)
class _Case:
    """What is checked, as one transaction saw it."""

    held: Held
    negotiation: Negotiation
    seals: dict[Role, StoredSeal]
    chain: BrokenChain | None


class ContractChecks:
    """Checks contracts again."""

    def __init__(self, store: Store, hosts: Hosts, peer_seals: PeerSeals) -> None:
        self._store = store
        self._hosts = hosts
        self._peer_seals = peer_seals

    async def examine(self, owner: str, name: str) -> Examined:
        """Return what each step says of a contract, with the partner's list of keys as it is now where it answers.

        Raises NotFound, NotSealedYet.
        """
        peer = await self._store.read(lambda tx: contracts.named(tx, owner, name).peer)
        await self._peer_seals.refresh(owner, peer)
        case = await self._store.read(lambda tx: self._case(tx, owner, name))
        contract = case.held.contract
        if contract.document is None or contract.jws is None:
            raise NotSealedYet(contract.status)
        steps = [_tried(code, check) for code, check in _checks(case, contract.jws)]
        return Examined(contract.id or "", contract.sha256 or "", self._store.clock.now(), steps)

    def _case(self, tx: Tx, owner: str, name: str) -> _Case:
        did = self._hosts.owners[owner].did
        held = hold(tx, owner, name, did, self._hosts.seals.history(owner))
        pid = held.contract.negotiation
        found = {role: contracts.seal_of(tx, owner, pid, role) for role in Role}
        chain = None
        try:
            journal.verify(tx, owner, pid)
        except BrokenChain as broken:
            chain = broken
        return _Case(
            held=held,
            negotiation=negotiations.peek(tx, owner, pid),
            seals={role: seal for role, seal in found.items() if seal is not None},
            chain=chain,
        )


def _checks(case: _Case, jws: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the steps in their order."""
    yield "journal", lambda: _check_chain(case)
    yield "document", lambda: _check_document(case, jws)
    yield "kept", lambda: _check_kept(case, jws)
    yield "keys", lambda: _check_keys(case, jws)
    if case.held.is_one_sided:
        yield "seals", lambda: _check_alone(case, jws)
        yield "negotiated", lambda: _check_exchanged(case, jws)
        yield "other-party", lambda: _cannot_tell(_ONE_SIDED)
        return
    yield "seals", lambda: check_seal(jws, roles=BOTH[: len(read_sealed(jws).signatures)])
    yield "negotiated", lambda: _check_negotiated(case)
    yield "conclusion", lambda: _check_conclusion(case, jws)
    if case.held.notices:
        yield "notices", lambda: _check_notices(case, jws)


def _tried(code: str, check: Callable[[], object]) -> Step:
    try:
        check()
    except _Told as told:
        return Step(code, told.outcome, told.detail)
    except (ContractError, PolicyError) as error:
        return Step(code, "fails", said_of(error))
    except Problem as problem:
        return Step(code, "fails", {language: problem.say(language) for language in ("fr", "en")})
    return Step(code, "holds", _NOTHING)


# --- the steps --------------------------------------------------------------------------------------------------------


def _check_chain(case: _Case) -> None:
    if case.chain is not None:
        raise case.chain


def _check_document(case: _Case, jws: str) -> None:
    contract, sealed = case.held.contract, read_sealed(jws)
    if (contract.document or "").encode() != sealed.payload or contract.sha256 != sealed.sha256:
        raise OtherContract(needed=sealed.sha256, actual=sha256(contract.document or ""), pointer="/payload")


def _check_kept(case: _Case, jws: str) -> None:
    """Verify that the seals are those of the rows that were added when they were put, and that none is without one."""
    signatures = read_sealed(jws).signatures
    roles = (case.held.contract.role,) if case.held.is_one_sided else (Role.PROVIDER, Role.CONSUMER)
    for place, (role, signature) in enumerate(zip(roles, signatures, strict=False)):
        kept = case.seals.get(role)
        if kept is None or kept.sha256 != signature.sha256:
            needed = "—" if kept is None else kept.sha256
            raise OtherContract(needed=needed, actual=signature.sha256, pointer=f"/signatures/{place}")


def _check_keys(case: _Case, jws: str) -> None:
    """Verify that the parties list the keys that sealed, with these certificates, and had not revoked them.

    That is what was sealed about the contract later, too.
    """
    later = [conclusion_of(case.held.contract), *(one.jws for one in case.held.notices)]
    doubts: list[_Told] = []
    for signature in [one for text in (jws, *later) if text is not None for one in read_sealed(text).signatures]:
        try:
            _check_key(case, signature)
        except _Told as told:
            if told.outcome == "fails":
                raise
            doubts.append(told)
    if doubts:
        raise doubts[0]


def _check_key(case: _Case, signature: Signature) -> None:
    """Verify the key of one seal.

    1. It stands in a list of its party, with this certificate; and in the one that is known now.
    2. Revoked after the seal: a time-stamp must be older, which was of the day of the seal when it was taken.
    3. Revoked before, by its owner's word: a list that came after the seal may have dated that back, and so may any of
       which an earlier list, in force at the conclusion, says nothing.
    """
    kid, at = str(signature.header["kid"]), sealed_at(signature)
    word = _word(case, kid.partition("#")[0])
    naming = [one for one in word.lists if _names(one, kid, sha256(signature.certificates[0]))]
    if not naming:  # 1
        raise WrongSealKey(needed=", ".join(one.kid for found in word.lists for one in found.keys)[:500], actual=kid)
    if word.now is None:
        raise _Told("unknown", _UNKNOWN_KEYS, word.did)
    told = seal_history.announced(kid, naming)
    if told is not None and not (signature.etsi_u and told.at - at > WITHIN):  # 2
        _weigh(told, kid, at)
    if word.lists[-1] not in naming:
        raise _Told("unknown", _NAMED_NO_MORE, kid, _day(word.lists[-1].issued_at), _day(naming[0].issued_at))


def _weigh(told: Announced, kid: str, at: datetime) -> None:
    """Say what the revocation of its key means for a seal of that instant."""
    if told.at > at:
        raise _Told("unknown", _REVOKED_SINCE, kid)
    if told.silent_at is not None:
        raise _Told("unknown", _NOT_ANNOUNCED, kid, _day(told.listed_at), _day(told.silent_at))
    if told.listed_at < at:  # 3
        raise _Told("fails", _REVOKED, kid)
    raise _Told("unknown", _DATED_BACK, kid)


def _names(history: SealHistory, kid: str, certificate_sha256: str) -> bool:
    known = history.named(kid)
    return known is not None and known.certificate_sha256 == certificate_sha256


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _word(case: _Case, did: str) -> Word:
    word = case.held.said.get(did)
    if word is None or not word.lists:
        raise _Told("unknown", _UNKNOWN_KEYS, did)
    return word


def _check_negotiated(case: _Case) -> None:
    """Hold the document, as the provider sealed it, against what we would have written from our own records."""
    contract, negotiation = case.held.contract, case.negotiation
    kept = case.seals.get(Role.PROVIDER)
    if kept is None or contract.cards is None:
        raise OtherContract(needed="provider", pointer="/signatures/0")
    earlier, agreement = negotiated.before_agreement(case.held.told)
    if agreement is None:
        raise OtherAgreement(needed="agreement")
    sides, about = _sides(case, json.loads(contract.cards)), Dataset(id=negotiation.dataset)
    framework = _framework(json.loads(contract.document or "{}")["framework"])
    what = negotiated.negotiated(negotiation, sides, earlier, agreement, about, framework)
    at = sealed_at(read_sealed(kept.jws).signatures[0])
    check_contract(kept.jws, what, now=at, not_before=negotiation.created_at)


def _framework(told: Any) -> Framework | None:
    """Return the framework agreement as the document names it: another one may be recorded by now."""
    return None if told == NONE else frameworks.read(json.dumps(told))


def _sides(case: _Case, cards: Mapping[str, str]) -> Sides:
    """Return the parties as their cards of then say; whether the keys are theirs is a step of its own."""
    contract = case.held.contract
    told = json.loads(contract.document or "{}")["parties"]
    ours, theirs = contract.role.value, contract.role.other.value
    return Sides(_side(cards[ours], told[ours]), _side(cards[theirs], told[theirs]), contract.role)


def _side(card: str, told: Mapping[str, Any]) -> Side:
    party = party_from_card(card, kid=told["seal"]["kid"], certificate=b"")
    return Side(replace(party, certificate_sha256=told["seal"]["certificateSha256"]), card)


def _check_conclusion(case: _Case, jws: str) -> None:
    conclusion = conclusion_of(case.held.contract)
    if conclusion is None:
        raise _Told("unknown", _NOT_CONCLUDED)
    check_conclusion(conclusion, read_sealed(jws), keys=key_lists.certificates(case.held.said))


def _check_notices(case: _Case, jws: str) -> None:
    sealed, keys = read_sealed(jws), key_lists.certificates(case.held.said)
    for one in case.held.notices:
        check_notice(one.jws, sealed, keys=keys)


# --- one-sided evidence -----------------------------------------------------------------------------------------------


def _check_alone(case: _Case, jws: str) -> Sealed:
    sealed = read_sealed(jws)
    kid, keys = str(sealed.signatures[0].header["kid"]), key_lists.certificates(case.held.said)
    signatory = Signatory(
        did=sealed.document["by"],
        kid=kid,
        certificate_sha256=keys.get(kid, ""),
        commitments=COMMITMENTS["provider"],
    )
    check_signatures(sealed, [signatory], media_type=UNILATERAL)
    return sealed


def _check_exchanged(case: _Case, jws: str) -> None:
    """Verify that the messages, the agreement and the partner's last token are those that the journal tells of."""
    document = read_sealed(jws).document
    messages = negotiated.evidence(case.held.told)
    told = [{"type": one.kind, "from": one.sender, "sha256": one.exchanged.sha256} for one in messages]
    if document["messages"] != told:
        raise OtherNegotiation(pointer="/messages")
    _, agreement = negotiated.before_agreement(case.held.told)
    if agreement is None or held(agreement) != document["agreement"]["text"]:
        raise OtherAgreement(pointer="/agreement/text")
    proofs = [one.proof for one in case.held.told if one.sender == document["peer"] and one.proof]
    if document.get("token") != (sha256(proofs[-1]) if proofs else None):
        raise OtherNegotiation(pointer="/token")


def _cannot_tell(why: Texts) -> None:
    raise _Told("unknown", why)
