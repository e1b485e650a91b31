"""Every way we know to make a false contract look true: refused, with the part and the field that give it away."""

import base64
import json
import ssl
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pupitre_verify.examine import examine

from tests.contracts.verifier.written import (
    DAY,
    NOW,
    ORDER,
    SEALED_AT,
    Case,
    Organisation,
    b64,
    canonical,
    case,
    certificate,
    jws,
    raw_signature,
    seal,
    sha256,
    unb64,
    written,
)

Attack = Callable[[Case], None]
CONTRACT, CONCLUSION = "contract.jws.json", "conclusion.jws.json"


def _reseal(whole: Case, role: str = "provider", n: int = 0, **changed) -> None:
    """Seal again, with another header; the conclusion follows."""
    who = changed.pop("who", whole.parties[role])
    at = changed.pop("at", SEALED_AT + timedelta(hours=n))
    whole.seals[n] = seal(whole.payload, who, "contract", changed.pop("as_role", role), at, **changed)
    whole.conclude()


def _redraw(whole: Case, change: Callable[[dict], None]) -> None:
    """Change the document, and have both seal that."""
    change(whole.document)
    whole.seal_both()


def _high_s(whole: Case) -> None:
    raw = unb64(whole.seals[0]["signature"])
    whole.seals[0]["signature"] = b64(raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big"))
    whole.conclude()


def _doubled(whole: Case) -> None:
    whole.seals[1] = whole.seals[0]
    whole.conclude()


def _swapped(whole: Case) -> None:
    whole.seals.reverse()
    whole.conclude()


def _one_more(whole: Case) -> None:
    whole.files[CONTRACT] = jws(whole.payload, *whole.seals, whole.seals[0])


def _one_less(whole: Case) -> None:
    whole.files[CONTRACT] = jws(whole.payload, whole.seals[0])


def _stranger(whole: Case) -> None:
    _reseal(whole, who=Organisation("did:web:autre.example", "Autre"))


def _own_key_other_did(whole: Case) -> None:
    _reseal(whole, kid="did:web:autre.example#seal-2026")


def _other_certificate(whole: Case) -> None:
    one = whole.provider
    _reseal(whole, who=Organisation(one.did, one.name, key=one.key, chain=(certificate("Bis", one.key),)))


def _same_hand(whole: Case) -> None:
    whole.consumer.key, whole.consumer.chain = whole.provider.key, whole.provider.chain
    whole.draw_up().seal_both()


def _expired(whole: Case) -> None:
    whole.provider.chain = (certificate("P", whole.provider.key, end=SEALED_AT - timedelta(hours=1)),)
    whole.draw_up().seal_both()


def _not_for_seals(whole: Case) -> None:
    whole.provider.chain = (certificate("P", whole.provider.key, ca=True),)
    whole.draw_up().seal_both()


def _key_of_another_did_document(whole: Case) -> None:
    document = whole.provider.document
    document["verificationMethod"][1] |= {
        "publicKeyJwk": whole.consumer.document["verificationMethod"][1]["publicKeyJwk"]
    }
    whole.files["dids/provider.json"] = json.dumps(document).encode()


def _not_for_assertions(whole: Case) -> None:
    whole.files["dids/provider.json"] = json.dumps(whole.provider.document | {"assertionMethod": []}).encode()


def _another_did_document(whole: Case) -> None:
    whole.files["dids/provider.json"] = json.dumps(whole.consumer.document).encode()


def _another_card(whole: Case) -> None:
    whole.files["cards/provider.jws"] = whole.files["cards/consumer.jws"]


def _other_name_than_card(whole: Case) -> None:
    _redraw(whole, lambda document: document["parties"]["provider"].update(legalName="Métropole de Bruine"))


def _other_function_than_card(whole: Case) -> None:
    _redraw(whole, lambda document: document["parties"]["consumer"]["representative"].update(function="Le stagiaire"))


def _other_mandate_than_card(whole: Case) -> None:
    _redraw(whole, lambda document: document["parties"]["provider"]["representative"].update(mandate="Aucun"))


def _conclusion_of_another(whole: Case) -> None:
    other = case(provider=whole.provider, consumer=whole.consumer)
    other.document["id"] = "urn:uuid:99999999-9999-4999-8999-999999999999"
    whole.files[CONCLUSION] = other.seal_both().all_files()[CONCLUSION]


def _conclusion_of_other_seals(whole: Case) -> None:
    whole.seals = [
        seal(whole.payload, who, "contract", role, SEALED_AT + timedelta(hours=n))
        for n, (role, who) in enumerate(whole.parties.items())
    ]


def _conclusion_by_consumer(whole: Case) -> None:
    concluded = canonical(whole.conclusion)
    sealed = seal(concluded, whole.consumer, "conclusion", "provider", whole.concluded_at)
    whole.files[CONCLUSION] = jws(concluded, sealed)


def _contract_as_conclusion(whole: Case) -> None:
    whole.files[CONCLUSION] = jws(whole.payload, whole.seals[0])


def _early_conclusion(whole: Case) -> None:
    whole.conclusion["concludedAt"] = written(SEALED_AT - DAY)


def _conclusion_dated_years_later(whole: Case) -> None:
    whole.conclusion["concludedAt"] = written(whole.concluded_at + 3_650 * DAY)


def _notice_of_before_the_contract(whole: Case) -> None:
    whole.files["notices/001.jws.json"] = whole.notice(at=written(SEALED_AT - DAY))


def _notice_of_after_its_seal(whole: Case) -> None:
    whole.files["notices/001.jws.json"] = whole.notice(at=written(SEALED_AT + 3_650 * DAY))


def _late_countersignature(whole: Case) -> None:
    _reseal(whole, "consumer", 1, at=SEALED_AT + 2 * DAY)
    whole.concluded_at = SEALED_AT + 3 * DAY
    whole.conclusion["concludedAt"] = written(whole.concluded_at)


def _other_message(whole: Case) -> None:
    whole.files["messages/002-ContractOfferMessage.json"] = whole.messages[1][1].replace("é", "e").encode()


def _other_event(whole: Case) -> None:
    other = "ContractNegotiationEventMessage:FINALIZED"
    _redraw(whole, lambda document: document["negotiation"]["messages"][2].update(type=other))


def _messages_in_other_order(whole: Case) -> None:
    whole.messages[1], whole.messages[2] = whole.messages[2], whole.messages[1]


def _gap_in_messages(whole: Case) -> None:
    name = "messages/004-ContractAgreementMessage.json"
    whole.files |= {name.replace("004", "005"): whole.all_files()[name], name: None}


def _agreement_in_other_letters(whole: Case) -> None:
    name = "messages/004-ContractAgreementMessage.json"
    text = whole.all_files()[name].decode()
    whole.files[name] = text.replace(
        whole.agreement_text, json.dumps(json.loads(whole.agreement_text), indent=1)
    ).encode()


def _agreement_on_other_terms(whole: Case) -> None:
    name = "messages/004-ContractAgreementMessage.json"
    whole.files[name] = whole.all_files()[name].replace(b'"use"', b'"sell"')


def _agreement_for_another(whole: Case) -> None:
    text = whole.agreement_text = whole.agreement_text.replace(whole.consumer.did, "did:web:autre.example")
    whole.document["agreement"] |= {"text": text, "sha256": sha256(text)}
    whole.seal_both()


def _agreement_digest(whole: Case) -> None:
    _redraw(whole, lambda document: document["agreement"].update(sha256=sha256("autre")))


def _other_sentence(whole: Case) -> None:
    _redraw(whole, lambda document: document["terms"].update(fr=["Tout est permis."]))


def _journal_without_an_entry(whole: Case) -> None:
    lines = whole.all_files()["journal.jsonl"].splitlines(keepends=True)
    whole.files["journal.jsonl"] = lines[1]


def _notice_of_another(whole: Case) -> None:
    whole.files["notices/001.jws.json"] = whole.notice(contractSha256=sha256("autre"))


def _notice_by_a_stranger(whole: Case) -> None:
    whole.files["notices/001.jws.json"] = whole.notice(by="did:web:autre.example")


def _notice_in_the_others_name(whole: Case) -> None:
    whole.files["notices/001.jws.json"] = whole.notice(by=whole.provider.did)


def _certificate_beside(whole: Case) -> None:
    other = Organisation("did:web:autre.example", "Autre")
    whole.files["certs/provider.pem"] = case(provider=other).all_files()["certs/provider.pem"]


def _certificate_of_no_version(whole: Case) -> None:
    made = whole.provider.chain[0].public_bytes(Encoding.DER)
    version = made.index(bytes.fromhex("a003020102")) + 4
    whole.files["certs/provider.pem"] = ssl.DER_cert_to_PEM_cert(made[:version] + b"B" + made[version + 1 :]).encode()


def _padding(whole: Case) -> None:
    whole.seals[0]["signature"] += "=="


def _spare_bits(whole: Case) -> None:
    text = whole.seals[0]["signature"]  # 64 bytes: the last of 86 characters has four bits to spare
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    whole.seals[0]["signature"] = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]


def _spare_bits_of_payload(whole: Case) -> None:
    _redraw(whole, lambda document: document["dataset"].update(title="x" * (3 - (len(whole.payload) - 2) % 3 + 20)))
    text = b64(whole.payload)
    while len(text) % 4 == 0:
        whole.document["dataset"]["title"] += "x"
        text = b64(whole.seal_both().payload)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    told = {"payload": text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1], "signatures": whole.seals}
    whole.files[CONTRACT] = canonical(told)


def _pretty_payload(whole: Case) -> None:
    payload = json.dumps(whole.document, indent=1, ensure_ascii=False).encode()
    seals = [seal(payload, who, "contract", role, SEALED_AT) for role, who in whole.parties.items()]
    whole.files[CONTRACT] = jws(payload, *seals)


def _twice_in_payload(whole: Case) -> None:
    payload = whole.payload.replace(b'"language":"fr"', b'"language":"fr","language":"fr"')
    seals = [seal(payload, who, "contract", role, SEALED_AT) for role, who in whole.parties.items()]
    whole.files[CONTRACT] = jws(payload, *seals)


def _decomposed(whole: Case) -> None:
    _redraw(whole, lambda document: document["dataset"].update(title="Arre\u0302ts"))


def _fraction(whole: Case) -> None:
    _redraw(whole, lambda document: document["dataset"].update(title=1.5))


def _extra_member(whole: Case) -> None:
    _redraw(whole, lambda document: document.update(annex="x"))


def _without_jurisdiction(whole: Case) -> None:
    _redraw(whole, lambda document: document.pop("jurisdiction"))


def _unprotected_kid(whole: Case) -> None:
    whole.seals[0]["header"] = {"kid": whole.provider.kid}


def _stray_member(whole: Case) -> None:
    whole.files[CONTRACT] = canonical({"payload": b64(whole.payload), "signatures": whole.seals, "header": {}})


P, C = "/signatures/0", "/signatures/1"
ATTACKS: list[tuple[Attack, str, str]] = [
    (_high_s, CONTRACT, f"{P}/signature"),
    (_doubled, CONTRACT, f"{C}/protected/kid"),
    (_swapped, CONTRACT, f"{P}/protected/kid"),
    (_one_more, CONTRACT, "/signatures"),
    (_one_less, CONTRACT, "/signatures"),
    (_stranger, CONTRACT, f"{P}/protected/kid"),
    (_own_key_other_did, CONTRACT, f"{P}/protected/kid"),
    (_other_certificate, CONTRACT, f"{P}/protected/x5c/0"),
    (_same_hand, CONTRACT, C),
    (_expired, CONTRACT, f"{P}/protected/iat"),
    (_not_for_seals, CONTRACT, f"{P}/protected/x5c/0"),
    (_key_of_another_did_document, "dids/provider.json", "/verificationMethod"),
    (_not_for_assertions, "dids/provider.json", "/assertionMethod"),
    (_another_did_document, "dids/provider.json", "/id"),
    (_another_card, "cards/provider.jws", "/payload/parties/provider/cardSha256"),
    (_other_name_than_card, CONTRACT, "/payload/parties/provider/legalName"),
    (_other_function_than_card, CONTRACT, "/payload/parties/consumer/representative/function"),
    (_other_mandate_than_card, CONTRACT, "/payload/parties/provider/representative/mandate"),
    (_conclusion_of_another, CONCLUSION, "/payload/contract"),
    (_conclusion_of_other_seals, CONCLUSION, "/payload/signatures/provider"),
    (_conclusion_by_consumer, CONCLUSION, f"{P}/protected/kid"),
    (_contract_as_conclusion, CONCLUSION, f"{P}/protected/cty"),
    (_early_conclusion, CONCLUSION, "/payload/concludedAt"),
    (_conclusion_dated_years_later, CONCLUSION, "/payload/concludedAt"),
    (_late_countersignature, CONTRACT, f"{C}/protected/iat"),
    (_other_message, "messages/002-ContractOfferMessage.json", "/payload/negotiation/messages/1/sha256"),
    (_other_event, "messages/003-ContractNegotiationEventMessage.json", "/@type"),
    (
        _messages_in_other_order,
        "messages/002-ContractNegotiationEventMessage.json",
        "/payload/negotiation/messages/1/sha256",
    ),
    (_gap_in_messages, "messages/005-ContractAgreementMessage.json", ""),
    (_agreement_in_other_letters, "messages/004-ContractAgreementMessage.json", "/agreement"),
    (_agreement_on_other_terms, "messages/004-ContractAgreementMessage.json", "/agreement"),
    (_agreement_for_another, CONTRACT, "/payload/agreement/text (assignee)"),
    (_agreement_digest, CONTRACT, "/payload/agreement/sha256"),
    (_other_sentence, CONTRACT, "/payload/terms/sha256"),
    (_journal_without_an_entry, "journal.jsonl", "ligne/line 1"),
    (_notice_of_another, "notices/001.jws.json", "/payload/contractSha256"),
    (_notice_of_before_the_contract, "notices/001.jws.json", "/payload/at"),
    (_notice_of_after_its_seal, "notices/001.jws.json", "/payload/at"),
    (_notice_by_a_stranger, "notices/001.jws.json", "/payload/by"),
    (_notice_in_the_others_name, "notices/001.jws.json", f"{P}/protected/kid"),
    (_certificate_beside, "certs/provider.pem", ""),
    (_certificate_of_no_version, "certs/provider.pem", ""),
    (_padding, CONTRACT, f"{P}/signature"),
    (_spare_bits, CONTRACT, f"{P}/signature"),
    (_spare_bits_of_payload, CONTRACT, "/payload"),
    (_pretty_payload, CONTRACT, "/payload"),
    (_twice_in_payload, CONTRACT, "/payload/language"),
    (_decomposed, CONTRACT, "/payload/dataset/title"),
    (_fraction, CONTRACT, "/payload/dataset/title"),
    (_extra_member, CONTRACT, "/payload/annex"),
    (_without_jurisdiction, CONTRACT, "/payload/jurisdiction"),
    (_unprotected_kid, CONTRACT, f"{P}/header/etsiU"),
    (_stray_member, CONTRACT, "/header"),
]


@pytest.mark.parametrize(("attack", "part", "place"), ATTACKS, ids=[one[0].__name__[1:] for one in ATTACKS])
def test_an_attack_is_refused_and_the_part_and_field_are_named(attack: Attack, part: str, place: str) -> None:
    whole = case()
    attack(whole)
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == 1
    assert (report.faults[0].part, report.faults[0].place) == (part, place), report.as_text("en")
    assert part in report.as_text("fr")


@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "ES384"}, "alg"),
        ({"alg": "RS256"}, "alg"),
        ({"crit": ["b64"], "b64": False}, "b64"),
        ({"b64": True}, "b64"),
        ({"crit": ["exp"]}, "crit"),
        ({"jku": "https://autre.example/keys"}, "jku"),
        ({"jwk": {"kty": "EC"}}, "jwk"),
        ({"x5u": "https://autre.example/cert"}, "x5u"),
        ({"kid": "#seal-2026"}, "kid"),
        ({"kid": "did:web:metropole.example#a#b"}, "kid"),
        ({"typ": "JWT"}, "cty"),
        ({"cty": "application/vnd.pupitre.notice+json"}, "cty"),
        ({"iat": "2026"}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": -1}, "iat"),
        ({"iat": None}, "iat"),
        ({"x5c": []}, "x5c"),
        ({"x5c": ["AAAA"]}, "x5c/0"),
        ({"x5t#S256": "AAAA"}, "x5t#S256"),
        ({"srCms": []}, "srCms"),
        ({"srCms": [{"commId": {"id": "http://uri.etsi.org/01903/v1.2.2#ProofOfReceipt"}}]}, "srCms"),
    ],
)
def test_a_header_with_a_trick_is_refused(changed: dict, member: str) -> None:
    whole = case()
    _reseal(whole)
    told = json.loads(unb64(whole.seals[0]["protected"]))
    told = {name: value for name, value in (told | changed).items() if value is not None}
    protected = b64(canonical(told))
    text = f"{protected}.{b64(whole.payload)}".encode()
    whole.seals[0] = {"protected": protected, "signature": b64(raw_signature(whole.provider.key, "ES256", text))}
    report = examine(whole.conclude().pack(), at=NOW)
    assert report.exit_status == 1
    assert report.faults[0].place == f"{P}/protected/{member}", report.as_text("en")


def test_the_certificate_in_plain_base64_alone_is_read() -> None:
    whole = case()
    listed = json.loads(unb64(whole.seals[0]["protected"]))["x5c"]
    urlsafe = base64.urlsafe_b64encode(base64.b64decode(listed[0])).decode()
    _reseal(whole, x5c=[f"{urlsafe}\n"])
    assert examine(whole.pack(), at=NOW).faults[0].place == f"{P}/protected/x5c/0"
