"""Contracts between organisations of a fictional territory, sealed for real with keys made for the test."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import policies
from contracts.approval import Approval
from contracts.canonical import canonical, sha256
from contracts.convention import Beside, Identity
from contracts.document import Dataset
from contracts.jws import CONCLUSION, CONTRACT, NOTICE, UNILATERAL, read_sealed
from contracts.seals import countersign, seal
from contracts.terms import told_terms
from policies import scenarios
from policies.scenarios import Scenario
from tests.tools.authority import Authority, SealKey, self_made

AT = datetime(2026, 11, 26, 7, 5, tzinfo=UTC)
NAMES = {
    scenarios.SYNDICAT: ("Syndicat d’énergie du Pays de Démo", "252200239", "Président"),
    scenarios.METROPOLE: ("Pays de Démo Métropole", "243500139", "Directrice générale des services"),
    scenarios.LITTORAL: ("Littoral Métropole", "242900314", "Maire"),
    scenarios.DEPARTEMENT: ("Département de la Démo", "223500018", "Président du conseil départemental"),
}
CONTRACT_ID = "urn:uuid:3f2b7a90-6f0c-4a51-9a3e-0f5d2d1c7b11"
TERMINATION = (
    "Chaque partie peut résilier la convention moyennant un préavis de trois mois. Le fournisseur peut suspendre"
    " l’accès sans préavis en cas de manquement aux règles d’usage ou d’incident de sécurité."
)
JURISDICTION = "Droit français ; à défaut d’accord amiable, tribunal administratif de Rennes."
PROOF_CLAUSE = (
    "Les parties conviennent que les documents scellés par les nœuds désignés à l’annexe II de l’accord-cadre valent"
    " preuve entre elles de leur contenu, de leur origine et de leur date (article 1368 du code civil)."
)


@dataclass(frozen=True)
class Hand:
    """A signer for the tests: a key in memory."""

    kid: str
    key: SealKey
    algorithm: str = "ES256"

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self.key.ders

    async def sign(self, signing_input: bytes) -> bytes:
        return self.key.sign(signing_input)


@dataclass(frozen=True)
class Sample:
    """A document and those who seal it."""

    document: dict[str, Any]
    provider: Hand
    consumer: Hand
    at: datetime

    @cached_property
    def half(self) -> str:
        """The contract with the provider's seal alone."""
        approval = Approval(function="Responsable de la donnée", by="k-7f3a", at=self.at)
        written = canonical(self.document)
        return asyncio.run(seal(written, self.provider, media_type=CONTRACT, at=self.at, approval=approval)).text

    @cached_property
    def contract(self) -> str:
        """The contract with both seals."""
        return self.approved_by_rule("accord-automatique/2")

    def approved_by_rule(self, rule: str) -> str:
        """Return the contract with both seals, on the consumer's side approved by a rule."""
        at, approval = self.at + timedelta(seconds=2), Approval(rule=rule)
        return asyncio.run(countersign(self.half, self.consumer, at=at, approval=approval)).text

    @cached_property
    def conclusion(self) -> str:
        sealed = read_sealed(self.contract)
        told = {
            "schema": "https://w3id.org/pupitre/conclusion/1",
            "contract": self.document["id"],
            "contractSha256": sealed.sha256,
            "agreement": self.document["agreement"]["id"],
            "signatures": dict(zip(("provider", "consumer"), [each.sha256 for each in sealed.signatures], strict=True)),
            "concludedAt": _instant(self.at + timedelta(seconds=3)),
        }
        return self.told(told, CONCLUSION, 3)

    def notice(self, kind: str, days: int, reason: str) -> str:
        told = {
            "schema": "https://w3id.org/pupitre/notice/1",
            "kind": kind,
            "contract": self.document["id"],
            "contractSha256": read_sealed(self.contract).sha256,
            "agreement": self.document["agreement"]["id"],
            "at": _instant(self.at + timedelta(days=days)),
            "by": self.document["parties"]["consumer"]["did"],
            "reason": reason,
        }
        return self.told(told, NOTICE, days * 86400)

    def told(self, document: dict[str, Any], media_type: str, seconds: int) -> str:
        """Return a document that the provider seals after the contract."""
        at = self.at + timedelta(seconds=seconds)
        return asyncio.run(seal(canonical(document), self.provider, media_type=media_type, at=at)).text


def sample(scenario: Scenario, *, authority: Authority | None = None, at: datetime = AT, **members: Any) -> Sample:
    """Return a contract on one of the offers; `members` take the place of those of the document."""
    consumer = scenarios.METROPOLE if scenario.provider != scenarios.METROPOLE else scenarios.SYNDICAT
    hands = [_hand(did, authority, at) for did in (scenario.provider, consumer)]
    document = _document(scenario, hands, at) | members
    return Sample(document, *hands, at)


@dataclass(frozen=True)
class OneSided:
    """One-sided evidence, who seals it, and what stands beside it."""

    document: dict[str, Any]
    hand: Hand
    at: datetime
    beside: Beside

    @cached_property
    def sealed(self) -> str:
        approval = Approval(function="Responsable de la donnée", by="k-7f3a", at=self.at)
        written = canonical(self.document)
        return asyncio.run(seal(written, self.hand, media_type=UNILATERAL, at=self.at, approval=approval)).text


TOKEN = "a.token.of-the-partner"


def one_sided(scenario: Scenario, role: str = "provider", **members: Any) -> OneSided:
    """Return what a party seals alone of an agreement on one of the offers; `members` as for `sample`.

    The partner is another connector: its card is not known, only what people here call it.
    """
    made = sample(scenario, **members)
    hands = {"provider": made.provider, "consumer": made.consumer}
    dids = {name: hand.kid.split("#")[0] for name, hand in hands.items()}
    other = "consumer" if role == "provider" else "provider"
    messages = _messages(made)
    document = {
        "schema": "https://w3id.org/pupitre/unilateral/1",
        "id": "urn:uuid:5d0c9d52-4f6b-4a5e-8a41-2f9c1de30c77",
        "createdAt": _instant(made.at),
        "role": role,
        "by": dids[role],
        "peer": dids[other],
        "agreement": made.document["agreement"],
        "messages": [{"type": kind, "from": dids[sender], "sha256": sha256(text)} for kind, sender, text in messages],
        "token": sha256(TOKEN),
    }
    name, siren, function = NAMES[dids[role]]
    told = made.document["dataset"]
    beside = Beside(
        at=made.at + timedelta(days=30),
        ours=Identity(name=name, siren=siren, siret=f"{siren}00018", function=function, is_from_card=True),
        theirs=Identity(name=f"{NAMES[dids[other]][0]} (EDC)"),
        dataset=Dataset(**told) if role == "provider" else None,
        messages=[text for _, _, text in messages],
        tokens=[TOKEN],
    )
    return OneSided(document, hands[role], made.at, beside)


def _messages(made: Sample) -> list[tuple[str, str, str]]:
    """Return the messages of a whole negotiation: type, role of the sender, text."""
    card = json.dumps(made.document["request"], ensure_ascii=False)
    told: list[tuple[str, str, dict[str, Any]]] = [
        ("ContractRequestMessage", "consumer", {"https://w3id.org/pupitre/requestCard": card}),
        ("ContractAgreementMessage", "provider", {"agreement": json.loads(made.document["agreement"]["text"])}),
        ("ContractAgreementVerificationMessage", "consumer", {}),
        ("ContractNegotiationEventMessage:FINALIZED", "provider", {"eventType": "FINALIZED"}),
    ]
    return [
        (kind, sender, json.dumps({"@type": kind.partition(":")[0], **more}, ensure_ascii=False))
        for kind, sender, more in told
    ]


def personal() -> dict[str, Any]:
    """Return a sheet on personal data."""
    return {
        "legalBasis": "Mission d’intérêt public (RGPD, article 6.1.e) ; code de l’énergie, article L. 124-1",
        "purpose": "Ciblage de l’accompagnement à la rénovation énergétique",
        "recipients": "Service habitat de la métropole, à l’exclusion de tout autre",
        "retention": "Douze mois à compter de la livraison",
    }


def _hand(did: str, authority: Authority | None, at: datetime) -> Hand:
    name, siren, _ = NAMES[did]
    key = authority.issue(name, siren) if authority else self_made(name, siren, at)
    return Hand(f"{did}#seal-2026", key)


def _document(scenario: Scenario, hands: list[Hand], at: datetime) -> dict[str, Any]:
    agreement = dict(scenario.offer) | {
        "@id": "urn:uuid:8a0f3f2e-5a5c-4c39-8f6e-6f0f3e3f9d10",
        "@type": "Agreement",
        "assigner": hands[0].kid.split("#")[0],
        "assignee": hands[1].kid.split("#")[0],
        "target": f"urn:pays-de-demo:jdd:{scenario.name.lower()}",
        "timestamp": _instant(at),
    }
    text = json.dumps(agreement, ensure_ascii=False)
    return {
        "schema": "https://w3id.org/pupitre/contract/1",
        "id": CONTRACT_ID,
        "language": "fr",
        "createdAt": _instant(at),
        "parties": {role: _party(hand) for role, hand in zip(("provider", "consumer"), hands, strict=True)},
        "framework": {
            "reference": "Accord-cadre 2026-04 du Pays de Démo sur l’échange de données",
            "sha256": hashlib.sha256(b"framework").hexdigest(),
            "proofClause": PROOF_CLAUSE,
        },
        "agreement": {"id": agreement["@id"], "text": text, "sha256": sha256(text)},
        "dataset": {
            "id": agreement["target"],
            "title": scenario.title["fr"],
            "description": "Inventaire au format EclExt 1.1 et relevés mensuels par armoire, mis à jour chaque mois.",
            "personal": False,
        },
        "terms": _terms(scenario.offer),
        "request": {
            "purpose": "Plan « nuit » de la métropole : extinction en cœur de nuit et trame noire",
            "until": "2028-12-31",
            "legalBasis": "Mission d’intérêt public ; CGCT, article L. 5217-2",
            "useCase": "Trame noire",
        },
        "personalData": "none",
        "validity": {"from": _instant(at), "until": "2028-12-31T23:59:59Z"},
        "jurisdiction": JURISDICTION,
        "termination": TERMINATION,
        "countersignBefore": _instant(at + timedelta(days=14)),
        "negotiation": {
            "providerPid": "urn:uuid:0b5a8a3d-9f5f-4e43-9d35-0d3f8f3f1a01",
            "consumerPid": "urn:uuid:0b5a8a3d-9f5f-4e43-9d35-0d3f8f3f1a02",
            "messages": [
                {
                    "type": "ContractRequestMessage",
                    "from": hands[1].kid.split("#")[0],
                    "sha256": hashlib.sha256(b"request").hexdigest(),
                }
            ],
        },
    }


def _party(hand: Hand) -> dict[str, Any]:
    did = hand.kid.split("#")[0]
    name, siren, function = NAMES[did]
    return {
        "did": did,
        "legalName": name,
        "siren": siren,
        "siret": f"{siren}00018",
        "representative": {"function": function, "mandate": "délibération 2026-031 du 12 février 2026"},
        "seal": {"kid": hand.kid, "certificateSha256": hashlib.sha256(hand.chain[0]).hexdigest()},
        "cardSha256": hashlib.sha256(did.encode()).hexdigest(),
    }


def _terms(offer: Mapping[str, Any]) -> dict[str, Any]:
    return told_terms(policies.load(offer))


def _instant(at: datetime) -> str:
    return f"{at:%FT%TZ}"
