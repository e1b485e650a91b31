"""A contract between two organisations of tests, from what was negotiated to both seals."""

import asyncio
import base64
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import contracts
from contracts.approval import Approval
from contracts.canonical import canonical, sha256
from contracts.document import Dataset, Exchanged, Framework, Negotiated, Party, draw_up_contract, party_from_card
from contracts.jws import CONTRACT
from contracts.seals import countersign, seal
from tests.harness.sealers import Sealer

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
LAST = NOW + timedelta(days=7)
METROPOLE, COMMUNE = "did:web:metropole.example", "did:web:commune.example"
OFFER = {
    "@id": "urn:uuid:8d1c1f0e-5f5b-4f4e-9f58-000000000001",
    "@type": "Offer",
    "permission": [
        {
            "action": "use",
            "constraint": [
                {
                    "leftOperand": "odrl:dateTime",
                    "operator": "lteq",
                    "rightOperand": {"@value": "2028-12-31T23:59:59Z", "@type": "xsd:dateTime"},
                },
                {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "urn:purpose:planification"},
            ],
            "duty": [{"action": "odrl:attribute"}],
        }
    ],
    "prohibition": [{"action": "odrl:distribute"}],
}
REQUEST = {
    "purpose": "Préparer le plan de mobilité",
    "until": "2028-12-31",
    "legalBasis": "Mission d’intérêt public (RGPD, art. 6-1 e)",
    "useCase": "Mobilités",
}


def card(did: str, name: str, siren: str, mandate: str | None = None) -> str:
    """Return a party card; its signature is not looked at here."""
    told = {
        "did": did,
        "form": "urn:pupitre:party-card:1",
        "legalName": name,
        "representativeFunction": "La présidente",
        "contactRole": "Service des données",
        "siren": siren,
        "version": 1,
        **({"mandate": mandate} if mandate else {}),
    }
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b"{}", canonical(told), b"signed")
    )


def party(sealer: Sealer, name: str, siren: str, mandate: str | None = None) -> Party:
    """Return a party that seals with this key."""
    return party_from_card(card(sealer.did, name, siren, mandate), kid=sealer.kid, certificate=sealer.chain[0])


def agreement(provider: str, consumer: str, offer: dict = OFFER, at: datetime = NOW) -> str:
    """Return the text of an agreement on an offer."""
    made = contracts.draw_up(
        offer,
        agreement_id="urn:uuid:8d1c1f0e-5f5b-4f4e-9f58-0000000000aa",
        assigner=provider,
        assignee=consumer,
        target="urn:dataset:comptages",
        at=at,
    )
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"))


def negotiated(provider: Sealer, consumer: Sealer, **changed) -> Negotiated:
    """Return what the two negotiated."""
    return replace(
        Negotiated(
            provider=party(provider, "Métropole d’Exemple", "200046977", "Délibération n° 2026-14 du 12 mars 2026"),
            consumer=party(consumer, "Commune d’Exemple", "217500016"),
            agreement=agreement(provider.did, consumer.did),
            dataset=Dataset(
                id="urn:dataset:comptages",
                title="Comptages routiers",
                description="Passages par heure et par point de comptage.",
                licence="https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
                personal=False,
            ),
            provider_pid="urn:uuid:provider-pid",
            consumer_pid="urn:uuid:consumer-pid",
            messages=(
                Exchanged(type="ContractRequestMessage", sender=consumer.did, sha256=sha256("{}")),
                Exchanged(type="ContractOfferMessage", sender=provider.did, sha256=sha256("{ }")),
            ),
            request=REQUEST,
            framework=Framework(
                reference="Accord-cadre de partage de données du 2 février 2026",
                proof_clause="Les parties reconnaissent aux cachets de leurs nœuds la force probante de l’écrit.",
                sha256=sha256("accord-cadre"),
            ),
        ),
        **changed,
    )


def drawn_up(what: Negotiated, **changed) -> dict:
    """Return the contract on what was negotiated."""
    given = {"contract_id": f"urn:uuid:{uuid.UUID(int=1)}", "at": NOW, "countersign_before": LAST}
    return draw_up_contract(what, **given | changed)


def sealed(document: dict | bytes, provider: Sealer, at: datetime = NOW, **given) -> str:
    """Return a contract that the provider sealed."""
    payload = document if isinstance(document, bytes) else canonical(document)
    approval = Approval(function="Le directeur général des services", by="9f31", at=at)
    return asyncio.run(seal(payload, provider, **{"media_type": CONTRACT, "at": at, "approval": approval} | given)).text


def countersigned(text: str, consumer: Sealer, at: datetime = NOW + timedelta(seconds=2), **given) -> str:
    """Return a contract that the consumer sealed after the provider."""
    return asyncio.run(
        countersign(text, consumer, **{"at": at, "approval": Approval(rule="premier-contact")} | given)
    ).text
