"""What it does to seals and to what they are on, with keys that are its own."""

import json
from collections.abc import Callable
from typing import Any

from contracts.jws import NOTICE, encoded, read_sealed
from contracts.terms import digest
from contracts.timestamps import add_token
from tests.simulator.harmful import Harmful, Message, Said, document_in
from tests.simulator.misdeeds.hands import FAR, LONG_AGO, Hand


def on(member: str, change: Callable[[Harmful, str, int], Any]) -> Hand:
    """The sealed document of a message is another one."""

    def changed(by: Harmful, message: Message) -> list[Said]:
        if member not in message:
            return [message]
        last = len(json.loads(message[member])["signatures"]) - 1
        return [{**message, member: change(by, message[member], last)}]

    return changed


def _says(**members: Any) -> Callable[[Harmful, str, int], str]:
    return lambda by, text, at: by.rewritten(
        text, at, **{name: one(by, document_in(text)) if callable(one) else one for name, one in members.items()}
    )


def _heads(**header: Any) -> Callable[[Harmful, str, int], str]:
    return lambda by, text, at: by.sealed_anew(text, at, **header)


def _json(change: Callable[[Any], Any]) -> Callable[[Harmful, str, int], str]:
    """The text is changed by hand; what was signed stays."""

    def changed(by: Harmful, text: str, at: int) -> str:
        told = json.loads(text)
        return json.dumps(change(told) or told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    return changed


def _do(told: Any, *way: Any, **values: Any) -> Any:
    at = told
    for step in way:
        at = at[step]
    at.update(values)
    return told


def _stamped(by: Harmful, text: str, at: int) -> str:
    return add_token(text, at, b"0")


EVERY_SEAL: dict[str, Callable[[Harmful, str, int], Any]] = {
    "null": lambda by, text, at: None,
    "a list": lambda by, text, at: [text],
    "an object": lambda by, text, at: json.loads(text),
    "empty": lambda by, text, at: "",
    "no JSON": lambda by, text, at: text[:-1],
    "deep": lambda by, text, at: "[" * 50_000,
    "in other spelling": lambda by, text, at: json.dumps(json.loads(text), indent=1),
    "with a member more": _json(lambda told: {**told, "x": "y"}),
    "huge": _json(lambda told: {**told, "x": "x" * 600_000}),
    "no payload": _json(lambda told: {**told, "payload": ""}),
    "a payload that is no text": _json(lambda told: {**told, "payload": encoded(b"\xff\xfe")}),
    "a payload that is deep": lambda by, text, at: by.sealed_anew(text, at, payload=b"[" * 5_000),
    "a payload with a number beyond": lambda by, text, at: by.sealed_anew(
        text, at, payload=b'{"a":' + b"9" * 5_000 + b"}"
    ),
    "a payload with half a character": lambda by, text, at: by.sealed_anew(text, at, payload=b'{"a":"\\ud800"}'),
    "no seal on it": _json(lambda told: {**told, "signatures": []}),
    "a seal doubled": _json(lambda told: {**told, "signatures": [*told["signatures"], told["signatures"][-1]]}),
    "seals turned round": _json(
        lambda told: {**told, "signatures": [*told["signatures"], *told["signatures"]][::-1][:2]}
    ),
    "another signature": _json(lambda told: _do(told, "signatures", -1, signature=encoded(b"\1" * 64))),
    "a signature of nothing": _json(lambda told: _do(told, "signatures", -1, signature="")),
    "a signature too long": _json(lambda told: _do(told, "signatures", -1, signature=encoded(b"\1" * 96))),
    "a list of time-stamps": _json(lambda told: _do(told, "signatures", -1, header={"etsiU": []})),
    "a time-stamp of nothing": _json(lambda told: _do(told, "signatures", -1, header={"etsiU": ["e30"]})),
    "a time-stamp that is null": _json(lambda told: _do(told, "signatures", -1, header={"etsiU": None})),
    "a false time-stamp": _stamped,
    "another kind": _heads(cty=NOTICE),
    "a type of its own": _heads(typ="JWT"),
    "no algorithm": _heads(alg="none"),
    "another algorithm": _heads(alg="RS256"),
    "a critical extension": _heads(crit=["b64"], b64=False),
    "no time": _heads(iat=...),
    "the time zero": _heads(iat=0),
    "long ago": _heads(iat=1),
    "the end of time": _heads(iat=(1 << 36) - 1),
    "a time that is true": _heads(iat=True),
    "another's key": _heads(kid="did:web:127.0.0.1%3A1003#seal-1"),
    "a key of its own that nobody knows": lambda by, text, at: by.sealed_anew(text, at, kid=f"{by.place.did}#seal-99"),
    "a key that is none": _heads(kid="#"),
    "no certificate": _heads(x5c=[]),
    "a certificate that is none": _heads(x5c=["MAA="]),
    "a certificate that is no base64": _heads(x5c=["é", 1]),
    "certificates without end": lambda by, text, at: by.sealed_anew(text, at, x5c=_header(text, at)["x5c"] * 9),
    "a chain that does not hold": lambda by, text, at: by.sealed_anew(text, at, x5c=_header(text, at)["x5c"] * 2),
    "another digest of the certificate": _heads(**{"x5t#S256": encoded(b"\0" * 32)}),
    "no commitment": _heads(srCms=[]),
    "a commitment of its own": _heads(srCms=[{"commId": {"id": "http://uri.etsi.org/01903/v1.2.2#ProofOfDelivery"}}]),
    "no approval": _heads(srAts=...),
    "an approval that is none": _heads(srAts={"claimed": [{"qVals": [1]}]}),
    "an approval by everybody": _heads(
        srAts={
            "claimed": [
                {
                    "encoding": "binary",
                    "mediaType": "text/plain",
                    "qVals": ["urn:pupitre:approved-by:a", "urn:pupitre:approval-rule:b"],
                }
            ]
        }
    ),
    "an approval on a day that is none": _heads(
        srAts={
            "claimed": [
                {
                    "encoding": "binary",
                    "mediaType": "text/plain",
                    "qVals": ["urn:pupitre:approval-rule:b", "urn:pupitre:approved-at:2026-02-30T00:00:00Z"],
                }
            ]
        }
    ),
    "of an earlier negotiation": lambda by, text, at: (
        by.earlier.conclusion if at == 0 and "contractSha256" in text else by.earlier.jws
    ),
    "of somebody else": lambda by, text, at: by.foreign.jws,
    "the conclusion of somebody else": lambda by, text, at: by.foreign.conclusion,
    "the conclusion of an earlier negotiation": lambda by, text, at: by.earlier.conclusion,
    "says nothing": lambda by, text, at: by.sealed_anew(text, at, payload=b"{}"),
    "of another schema": _says(schema="https://w3id.org/pupitre/contract/2"),
    "with a word more": _says(x="y"),
}


def _header(text: str, at: int) -> Message:
    return dict(read_sealed(text).signatures[at].header)


def _party(role: str, **members: Any) -> Callable[[Any, Message], Message]:
    return lambda by, told: {**told["parties"], role: {**told["parties"][role], **members}}


DOCUMENTS: dict[str, Callable[[Harmful, str, int], Any]] = {
    "a contract of the future": _says(createdAt=FAR, countersignBefore=FAR),
    "a contract of long ago": _says(createdAt=LONG_AGO),
    "a contract on a day that is none": _says(createdAt="2026-02-30T00:00:00Z"),
    "no time to countersign": _says(countersignBefore=lambda by, told: told["createdAt"]),
    "time to countersign until the end": _says(countersignBefore=FAR),
    "a time to countersign that is over": _says(countersignBefore=LONG_AGO),
    "parties turned round": _says(
        parties=lambda by, told: {"provider": told["parties"]["consumer"], "consumer": told["parties"]["provider"]}
    ),
    "twice the same party": _says(
        parties=lambda by, told: dict.fromkeys(("provider", "consumer"), told["parties"]["provider"])
    ),
    "no party": _says(parties={}),
    "the consumer by another name": _says(parties=_party("consumer", legalName="Personne")),
    "the provider by another name": _says(parties=_party("provider", legalName="L’État")),
    "the consumer with a key that it has not": _says(
        parties=_party("consumer", seal={"kid": "did:web:127.0.0.1%3A1001#seal-99", "certificateSha256": "0" * 64})
    ),
    "the consumer with the provider's key": _says(
        parties=lambda by, told: {
            **told["parties"],
            "consumer": {**told["parties"]["consumer"], "seal": told["parties"]["provider"]["seal"]},
        }
    ),
    "a key that is a number": _says(
        parties=lambda by, told: {**told["parties"], "consumer": {**told["parties"]["consumer"], "seal": {"kid": 1}}}
    ),
    "another card": _says(parties=_party("provider", cardSha256="0" * 64)),
    "a framework of its own": _says(framework={"reference": "x", "proofClause": "y"}),
    "another dataset": _says(dataset=lambda by, told: {**told["dataset"], "id": "urn:test:other"}),
    "a title as long as a book": _says(dataset=lambda by, told: {**told["dataset"], "title": "é" * 300_000}),
    "personal data": _says(
        dataset=lambda by, told: {**told["dataset"], "personal": True}, personalData={"legalBasis": "x", "purpose": "y"}
    ),
    "other words": _says(terms=lambda by, told: {**told["terms"], "fr": ["Tout est permis."]}),
    "other words by another generator": _says(terms=lambda by, told: {**told["terms"], "generator": "other/1"}),
    "other words by another generator, well counted": lambda by, text, at: by.rewritten(
        text, at, terms=_reworded(document_in(text)["terms"])
    ),
    "a request of its own": _says(request={"purpose": "Tout."}),
    "other dates": _says(validity={"from": LONG_AGO, "until": FAR}),
    "another court": _says(jurisdiction="Nulle part."),
    "no way out": _says(termination="Jamais."),
    "other messages": _says(negotiation=lambda by, told: {**told["negotiation"], "messages": []}),
    "messages by the thousand": _says(
        negotiation=lambda by, told: {**told["negotiation"], "messages": told["negotiation"]["messages"] * 2_000}
    ),
    "other pids": _says(negotiation=lambda by, told: {**told["negotiation"], "consumerPid": "urn:uuid:1"}),
    "the name of our contract with somebody else": _says(id=lambda by, told: by.foreign.contract),
    "the name of an earlier contract": _says(id=lambda by, told: by.earlier.contract),
    "the name of this very negotiation": _says(id=lambda by, told: told["negotiation"]["consumerPid"]),
    "the name of our negotiation with somebody else": _says(id=lambda by, told: by.foreign.ours),
    "a name that is none": _says(id="contract"),
    "another agreement in the contract": _says(
        agreement=lambda by, told: {**told["agreement"], "id": by.foreign.agreement}
    ),
    "another language": _says(language="en"),
}
CONCLUSIONS: dict[str, Callable[[Harmful, str, int], Any]] = {
    "concluded long ago": _says(concludedAt=LONG_AGO),
    "concluded at the end of time": _says(concludedAt=FAR),
    "concluded on a day that is none": _says(concludedAt="2026-02-30T00:00:00Z"),
    "concludes another contract": _says(contract=lambda by, told: by.foreign.contract),
    "concludes another text": _says(contractSha256="0" * 64),
    "concludes another agreement": _says(agreement=lambda by, told: by.foreign.agreement),
    "concludes other seals": _says(signatures={"provider": "0" * 64, "consumer": "0" * 64}),
    "concludes one seal": _says(signatures=lambda by, told: {"provider": told["signatures"]["provider"]}),
}


def _reworded(terms: Message) -> Message:
    told = {**terms, "generator": "other/1", "fr": ["Tout est permis."] * len(terms["fr"])}
    return {**told, "sha256": digest(told)}
