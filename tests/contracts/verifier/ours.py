"""Bundles as a node makes them: drawn up, sealed and packed by contracts/, from real keys, cards and messages."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from contracts.bundle import Evidence
from contracts.canonical import canonical, sha256
from contracts.checkpoint import draw_up_checkpoint, head_digest
from contracts.conclusion import conclude
from contracts.convention import Beside, Convention, as_pdf, draw_up_convention, draw_up_record, seal_pdf
from contracts.document import Exchanged, party_from_card
from contracts.jws import CHECKPOINT, CONCLUSION, NOTICE, UNILATERAL, Sealed, read_sealed
from contracts.notice import notice
from contracts.seals import seal
from tests.contracts.verifier.written import DAY, Case, Organisation, case, certificate, der, journal, key_list, written
from tests.harness.contracts import NOW, agreement, countersigned, drawn_up, negotiated, sealed
from tests.harness.sealers import Sealer, p256

PIDS = {"providerPid": "urn:uuid:provider-pid", "consumerPid": "urn:uuid:consumer-pid"}


def sealer(who: Organisation) -> Sealer:
    """Return the organisation's key as contracts/ takes it."""
    return Sealer(who.kid, who.key, tuple(map(der, who.chain)), who.alg)


def evidence(provider: Organisation, consumer: Organisation, *, ended: bool = False) -> Evidence:
    """Return the evidence of a contract that both concluded, and that the consumer perhaps ended.

    Then the provider has sealed two checkpoints of its journal.
    """
    ours, theirs = sealer(provider), sealer(consumer)
    text = agreement(provider.did, consumer.did)
    before = [
        (consumer.did, {"@type": "ContractRequestMessage", "consumerPid": PIDS["consumerPid"], "offer": {"@id": "é"}}),
        (provider.did, {"@type": "ContractOfferMessage", **PIDS, "offer": {"@id": "urn:offer"}}),
    ]
    bodies = [(did, json.dumps(one, ensure_ascii=False)) for did, one in before]
    parties = {
        role: party_from_card(who.card, kid=who.kid, certificate=der(who.chain[0]))
        for role, who in (("provider", provider), ("consumer", consumer))
    }
    told = [Exchanged(type=json.loads(body)["@type"], sender=did, sha256=sha256(body)) for did, body in bodies]
    what = replace(negotiated(ours, theirs), **parties, agreement=text, messages=told)
    one = sealed(drawn_up(what), ours)
    both = countersigned(one, theirs)
    contract, at = read_sealed(both), NOW + timedelta(seconds=4)
    conclusion = asyncio.run(seal(canonical(conclude(contract, at=at)), ours, media_type=CONCLUSION, at=at))
    chain = entries([{"kind": "created"}, {"kind": "received", "note": 'dit « é », "à\\b" et\ttabulation\n'}])
    carrier = (
        f'{{"@type":"ContractAgreementMessage","agreement":{text},"https://w3id.org/pupitre/seal":{json.dumps(one)}}}'
    )
    return Evidence(
        contract=both,
        conclusion=conclusion.text,
        notices=[_ended(both, theirs)] if ended else (),
        did_documents={"provider": json.dumps(provider.document), "consumer": json.dumps(consumer.document)},
        cards={"provider": provider.card, "consumer": consumer.card},
        seal_keys={"provider": key_list(provider).decode(), "consumer": key_list(consumer).decode()},
        messages=[*(body for _, body in bodies), carrier],
        journal=chain,
        checkpoints=_checkpoints(chain, ours) if ended else (),
    )


def one_sided(by: Organisation, peer: Organisation, *, token: str = "") -> Evidence:
    """Return the evidence that a provider sealed alone of an agreement with a partner that seals nothing.

    With the token of the partner's last message, its DID document is there as well.
    """
    text = agreement(by.did, peer.did)
    bodies = [
        (peer.did, json.dumps({"@type": "ContractRequestMessage", "consumerPid": PIDS["consumerPid"]})),
        (by.did, f'{{"@type":"ContractAgreementMessage","providerPid":"{PIDS["providerPid"]}","agreement":{text}}}'),
    ]
    told = {
        "schema": "https://w3id.org/pupitre/unilateral/1",
        "id": "urn:uuid:5d0c9d52-4f6b-4a5e-8a41-2f9c1de30c77",
        "createdAt": written(NOW),
        "role": "provider",
        "by": by.did,
        "peer": peer.did,
        "agreement": {"id": json.loads(text)["@id"], "text": text, "sha256": sha256(text)},
        "messages": [{"type": json.loads(body)["@type"], "from": did, "sha256": sha256(body)} for did, body in bodies],
        **({"token": sha256(token)} if token else {}),
    }
    documents = {"provider": by, **({"consumer": peer} if token else {})}
    return Evidence(
        unilateral=asyncio.run(seal(canonical(told), sealer(by), media_type=UNILATERAL, at=NOW)).text,
        did_documents={role: json.dumps(one.document) for role, one in documents.items()},
        seal_keys={"provider": key_list(by).decode()},
        messages=[body for _, body in bodies],
        journal=entries([{"kind": "created"}, *([{"kind": "received", "proof": token}] if token else [])]),
    )


def drawn(told: Evidence) -> Convention:
    """Return the convention, or the record of one-sided evidence."""
    if told.contract:
        return draw_up_convention(told.contract, conclusion=told.conclusion)
    return draw_up_record(told.unilateral, Beside(at=NOW, messages=told.messages))


def pages(told: Evidence, by: Organisation) -> bytes:
    """Return them as a PDF that an organisation sealed."""
    return asyncio.run(seal_pdf(as_pdf(drawn(told), at=NOW), sealer(by), at=NOW))


def concluded_lately(at: datetime, change: Callable[[Case], None] = lambda whole: None) -> Evidence:
    """Return the evidence of a contract that was sealed in the three hours before `at`, with certificates that last."""
    parties = {
        "provider": lasting("did:web:metropole.example", "Métropole de Brume", at),
        "consumer": lasting("did:web:syndicat.example", "Syndicat des Eaux", at),
    }
    whole = case(sealed_at=at.replace(microsecond=0) - timedelta(hours=3), **parties)
    change(whole)
    files = {name: content.decode() for name, content in whole.all_files().items()}
    return Evidence(
        contract=files["contract.jws.json"],
        conclusion=files["conclusion.jws.json"],
        did_documents={role: files[f"dids/{role}.json"] for role in whole.parties},
        cards={role: files[f"cards/{role}.jws"] for role in whole.parties},
        seal_keys={role: files[f"status/{role}.json"] for role in whole.parties},
        messages=[files[name] for name in sorted(files) if name.startswith("messages/")],
    )


def lasting(did: str, name: str, at: datetime) -> Organisation:
    """Return an organisation whose certificate is valid for forty years."""
    key = p256()
    chain = (certificate(name, key, begin=at - DAY, end=at + 40 * 365 * DAY),)
    return Organisation(did, name, key=key, chain=chain)


def _ended(contract: str, consumer: Sealer) -> str:
    at = NOW + timedelta(days=90)
    told = notice(read_sealed(contract), "termination", by="consumer", at=at, reason="Étude terminée.")
    return asyncio.run(seal(canonical(told), consumer, media_type=NOTICE, at=at)).text


def _checkpoints(chain: list[tuple[str, str]], ours: Sealer) -> list[str]:
    """Return the checkpoints of two days, each over one more entry."""
    made: list[Sealed] = []
    for n, (text, hash_) in enumerate(chain, 1):
        at = NOW + timedelta(days=n)
        heads = [head_digest(json.loads(text)["process"], n, hash_), head_digest("urn:other", n, hash_)]
        previous = made[-1] if made else None
        told = draw_up_checkpoint(heads, by=ours.did, number=n, previous=previous, at=at)
        made.append(asyncio.run(seal(canonical(told), ours, media_type=CHECKPOINT, at=at)))
    return [one.text for one in made]


def entries(told: list[dict]) -> list[tuple[str, str]]:
    """Return text and hash of the entries of a chain."""
    lines = journal(told, process=PIDS["providerPid"])
    return [(one["text"], one["hash"]) for one in map(json.loads, lines.splitlines())]
