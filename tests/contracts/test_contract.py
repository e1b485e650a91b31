"""Drawing up a contract, and the consumer's and the provider's look at the one they get."""

import asyncio
import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from contracts import refused
from contracts.canonical import canonical, sha256
from contracts.checks import check_contract, check_countersigned, check_seal, is_worded_by_us
from contracts.document import (
    Dataset,
    Exchanged,
    Framework,
    Negotiated,
    check_document,
    draw_up_contract,
    party_from_card,
)
from contracts.jws import CONTRACT, decoded, encoded
from contracts.seals import LEEWAY, seal
from contracts.terms import digest, read_agreement, told_terms, told_validity
from contracts.timestamps import add_token
from tests.harness.contracts import (
    COMMUNE,
    LAST,
    METROPOLE,
    NOW,
    OFFER,
    REQUEST,
    agreement,
    card,
    countersigned,
    drawn_up,
    negotiated,
    party,
    sealed,
)
from tests.harness.sealers import sealer

PROVIDER, CONSUMER, STRANGER = sealer(METROPOLE), sealer(COMMUNE), sealer("did:web:autre.example")
AGREED = negotiated(PROVIDER, CONSUMER)
PERSONAL = replace(AGREED, dataset=replace(AGREED.dataset, personal=True))
DATE = OFFER["permission"][0]["constraint"][0]


def copy(document: dict) -> dict:
    return json.loads(json.dumps(document))


# --- drawing up ---


def test_a_contract_says_what_was_negotiated():
    document = drawn_up(AGREED)
    assert document["agreement"]["text"] == AGREED.agreement
    assert document["agreement"]["sha256"] == sha256(AGREED.agreement)
    assert document["parties"]["provider"]["seal"] == {"kid": PROVIDER.kid, "certificateSha256": PROVIDER.sha256}
    assert document["request"] == REQUEST
    assert document["validity"] == {"from": "2026-06-01T12:00:00Z", "until": "2028-12-31T23:59:59Z"}
    assert document["countersignBefore"] == "2026-06-08T12:00:00Z"


def test_what_is_absent_is_absent_and_what_is_not_chosen_is_none():
    plain = replace(AGREED, dataset=Dataset(id=AGREED.dataset.id, personal=False), request={}, framework=None)
    document = drawn_up(plain)
    assert document["dataset"] == {"id": AGREED.dataset.id, "title": AGREED.dataset.id, "personal": False}
    assert [document[name] for name in ("framework", "request", "personalData")] == ["none"] * 3
    assert "siret" not in document["parties"]["provider"]


def test_sentences_carry_the_weakest_badge():
    terms = drawn_up(AGREED)["terms"]
    assert terms["verified"] == ["commitment", "commitment", "node"]
    assert terms["fr"][0] == (
        "Vous pouvez utiliser ce jeu de données jusqu’au 31 décembre 2028, pour la finalité "
        "urn:purpose:planification. En contrepartie, vous devez citer la source."
    )
    assert len(terms["fr"]) == len(terms["en"])
    assert terms["sha256"] == digest(terms)


@pytest.mark.parametrize(
    ("rule", "badge"),
    [
        ({"action": "use"}, "node"),
        ({"action": "use", "constraint": [DATE]}, "node"),
        ({"action": "use", "duty": [{"action": "delete"}]}, "afterwards"),
        ({"action": "use", "constraint": [OFFER["permission"][0]["constraint"][1]]}, "commitment"),
        ({"action": "use", "duty": [{"action": "delete", "consequence": [{"action": "attribute"}]}]}, "commitment"),
    ],
)
def test_nobody_takes_a_promise_for_a_lock(rule, badge):
    offer = {**OFFER, "permission": [rule], "prohibition": []}
    assert told_terms(read_agreement(agreement(METROPOLE, COMMUNE, offer)))["verified"][0] == badge


@pytest.mark.parametrize(
    ("permissions", "until"),
    [
        ([{"action": "use"}], None),
        ([{"action": "use", "constraint": [DATE]}, {"action": "read"}], None),
        ([{"action": "use", "constraint": [DATE, {**DATE, "rightOperand": "2027-01-31"}]}], "2027-01-31T23:59:59Z"),
        (
            [
                {"action": "use", "constraint": [DATE]},
                {"action": "read", "constraint": [{**DATE, "operator": "lt", "rightOperand": "2029-01-01"}]},
            ],
            "2029-01-01T00:00:00Z",
        ),
        ([{"action": "use", "constraint": [{"or": [DATE]}]}], None),
        ([{"action": "use", "constraint": [{**DATE, "operator": "gteq"}]}], None),
    ],
)
def test_it_is_valid_as_long_as_a_permission_is(permissions, until):
    offer = {**OFFER, "permission": permissions}
    assert told_validity(read_agreement(agreement(METROPOLE, COMMUNE, offer))).get("until") == until


def test_the_annex_on_personal_data_takes_up_the_request():
    document = drawn_up(replace(PERSONAL, annex={"retention": "Deux ans", "recipients": ""}))
    assert document["personalData"] == {
        "legalBasis": REQUEST["legalBasis"],
        "purpose": REQUEST["purpose"],
        "retention": "Deux ans",
    }


@pytest.mark.parametrize("blank", [None, "", "   ", "\n\t", "\u00a0", "\u200e"])
@pytest.mark.parametrize("name", ["legalBasis", "purpose"])
def test_personal_data_without_a_legal_basis_make_no_contract(name, blank):
    request = {key: value for key, value in {**REQUEST, name: blank}.items() if value is not None}
    with pytest.raises(refused.MissingLegalBasis) as caught:
        drawn_up(replace(PERSONAL, request=request))
    assert caught.value.pointer == f"/personalData/{name}"


def test_texts_are_normalised_and_show_nothing_hidden():
    title = "  Donne\u0301es\n routie\u0300res\u202e "
    dataset = replace(AGREED.dataset, title=title, description="a \r\nb\x07")
    told = drawn_up(replace(AGREED, dataset=dataset))["dataset"]
    assert (told["title"], told["description"]) == ("Données routières", "a\nb")


@pytest.mark.parametrize(
    ("change", "error", "pointer"),
    [
        ({"agreement": "{}"}, refused.BadDocument, "/agreement/text"),
        ({"agreement": "no"}, refused.BadDocument, "/agreement/text"),
        (
            {"agreement": AGREED.agreement.replace("2026-06-01T12:00:00Z", "soon")},
            refused.BadDocument,
            "/agreement/text",
        ),
        ({"agreement": AGREED.agreement.replace("use", "use\u0301")}, refused.NotNormalised, "/agreement/text"),
        ({"messages": ()}, refused.BadDocument, "/negotiation/messages"),
        (
            {"messages": (Exchanged(type="X", sender="did:web:x.example", sha256=sha256("")),)},
            refused.BadDocument,
            "/negotiation/messages/0/from",
        ),
        (
            {"messages": (Exchanged(type="X", sender=METROPOLE, sha256="abc"),)},
            refused.BadDocument,
            "/negotiation/messages/0/sha256",
        ),
        ({"dataset": replace(AGREED.dataset, personal=None)}, refused.ValueNotAllowed, "/dataset/personal"),
        ({"consumer": AGREED.provider}, refused.BadDocument, "/parties/consumer/did"),
        ({"provider": replace(AGREED.provider, did=STRANGER.did)}, refused.BadDocument, "/parties/provider/did"),
        ({"dataset": replace(AGREED.dataset, id="urn:dataset:other")}, refused.BadDocument, "/dataset/id"),
        (
            {"provider": replace(AGREED.provider, kid=CONSUMER.kid)},
            refused.BadDocument,
            "/parties/provider/seal/kid",
        ),
        ({"provider": replace(AGREED.provider, siren="12")}, refused.BadDocument, "/parties/provider/siren"),
        (
            {"provider": replace(AGREED.provider, siret="21750001600019")},
            refused.BadDocument,
            "/parties/provider/siret",
        ),
        ({"provider": replace(AGREED.provider, did="metropole")}, refused.BadDocument, "/parties/provider/did"),
        ({"jurisdiction": " "}, refused.BadDocument, "/jurisdiction"),
        (
            {"framework": Framework(reference="x", proof_clause="y", sha256="z")},
            refused.BadDocument,
            "/framework/sha256",
        ),
    ],
)
def test_what_makes_no_contract_is_named(change, error, pointer):
    with pytest.raises(error) as caught:
        drawn_up(replace(AGREED, **change))
    assert (type(caught.value), caught.value.pointer) == (error, pointer)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"contract_id": "urn:x"}, "/id"),
        ({"contract_id": "urn:uuid:00000000-0000-0000-0000-00000000000A"}, "/id"),
        ({"countersign_before": NOW - timedelta(seconds=1)}, "/countersignBefore"),
    ],
)
def test_identifiers_and_instants_are_looked_at(given, pointer):
    with pytest.raises(refused.BadDocument) as caught:
        drawn_up(AGREED, **given)
    assert caught.value.pointer == pointer


def test_an_instant_has_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        draw_up_contract(AGREED, contract_id="x", at=NOW.replace(tzinfo=None), countersign_before=LAST)


@pytest.mark.parametrize("missing", ["legalName", "representativeFunction", "did"])
def test_a_card_that_lacks_something_makes_no_party(missing):
    told = json.loads(decoded(card(METROPOLE, "Métropole", "200046977").split(".")[1], ""))
    del told[missing]
    with pytest.raises(refused.IncompleteCard) as caught:
        party_from_card(f"e30.{encoded(canonical(told))}.AA", kid=PROVIDER.kid, certificate=b"x")
    assert caught.value.needed == missing


def test_the_mandate_is_the_one_that_the_card_gives():
    def of(said):
        return party_from_card(said, kid=PROVIDER.kid, certificate=b"x").mandate

    assert of(card(METROPOLE, "Métropole", "200046977", "Délibération 2026-014")) == "Délibération 2026-014"
    assert of(card(METROPOLE, "Métropole", "200046977")) is None
    told = json.loads(decoded(card(METROPOLE, "Métropole", "200046977").split(".")[1], "")) | {"mandate": 7}
    with pytest.raises(refused.IncompleteCard):
        of(f"e30.{encoded(canonical(told))}.AA")


@pytest.mark.parametrize("text", ["", "a", "a.b", "e30.e30", "e30.W10.AA"])
def test_what_is_no_card_makes_no_party(text):
    with pytest.raises(refused.IncompleteCard):
        party_from_card(text, kid=PROVIDER.kid, certificate=b"x")


# --- a document is true in itself ---


@pytest.mark.parametrize(
    ("way", "value", "pointer"),
    [
        ("agreement/sha256", sha256("x"), "/agreement/sha256"),
        ("agreement/id", "urn:other", "/agreement/id"),
        ("terms/sha256", sha256("x"), "/terms/sha256"),
        ("terms/en/0", "You may do anything.", "/terms/sha256"),
        ("createdAt", "2026-02-30T00:00:00Z", "/createdAt"),
        ("createdAt", "2026-06-09T00:00:00Z", "/countersignBefore"),
        ("validity/until", "2026-01-01T00:00:00Z", "/validity/until"),
        ("schema", "https://w3id.org/pupitre/contract/2", "/schema"),
        ("language", "en", "/language"),
        ("dataset/title", "\u00a0", "/dataset/title"),
        ("more", "x", "/more"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(way, value, pointer):
    document = copy(drawn_up(AGREED))
    *steps, last = (int(step) if step.isdigit() else step for step in way.split("/"))
    at = document
    for step in steps:
        at = at[step]
    at[last] = value
    with pytest.raises(refused.BadDocument) as caught:
        check_document(document)
    assert caught.value.pointer == pointer


def test_as_many_sentences_in_each_language():
    document = copy(drawn_up(AGREED))
    document["terms"]["en"].append("And more.")
    document["terms"]["sha256"] = digest(document["terms"])
    with pytest.raises(refused.BadDocument) as caught:
        check_document(document)
    assert caught.value.pointer == "/terms/en"


def test_personal_data_have_an_annex():
    document = copy(drawn_up(PERSONAL))
    document["personalData"] = "none"
    with pytest.raises(refused.MissingLegalBasis):
        check_document(document)


# --- the consumer looks at it ---


def test_the_contract_that_was_negotiated_passes():
    contract = check_contract(sealed(drawn_up(AGREED), PROVIDER), AGREED, now=NOW, not_before=NOW)
    assert is_worded_by_us(contract.document)


def test_what_a_consumer_does_not_know_of_the_dataset_is_taken():
    known = replace(AGREED, dataset=Dataset(id=AGREED.dataset.id))
    check_contract(sealed(drawn_up(AGREED), PROVIDER), known, now=NOW)


def vars_of(what: Negotiated) -> dict:
    return {each.name: getattr(what, each.name) for each in fields(what)}


OTHER_KEY = sealer(METROPOLE)
OTHERS = {
    "another provider": (vars_of(negotiated(STRANGER, CONSUMER)), STRANGER, refused.OtherParty),
    "another key of the provider": (
        {"provider": party(OTHER_KEY, "Métropole d’Exemple", "200046977", AGREED.provider.mandate)},
        OTHER_KEY,
        refused.OtherParty,
    ),
    "our name": ({"consumer": replace(AGREED.consumer, legal_name="Commune")}, PROVIDER, refused.OtherParty),
    "our card": ({"consumer": replace(AGREED.consumer, card_sha256=sha256("x"))}, PROVIDER, refused.OtherCard),
    "our card and the name on it": (
        {"consumer": replace(AGREED.consumer, card_sha256=sha256("x"), legal_name="Commune")},
        PROVIDER,
        refused.OtherCard,
    ),
    "our card and our key": (
        {"consumer": replace(AGREED.consumer, card_sha256=sha256("x"), certificate_sha256=sha256("x"))},
        PROVIDER,
        refused.OtherParty,
    ),
    "their card": ({"provider": replace(AGREED.provider, card_sha256=sha256("x"))}, PROVIDER, refused.OtherCard),
    "our key": (
        {"consumer": replace(AGREED.consumer, certificate_sha256=sha256("x"))},
        PROVIDER,
        refused.OtherParty,
    ),
    "their mandate": ({"provider": replace(AGREED.provider, mandate="Autre")}, PROVIDER, refused.OtherParty),
    "the agreement": (
        {"agreement": AGREED.agreement.replace(',"prohibition"', ', "prohibition"')},
        PROVIDER,
        refused.OtherAgreement,
    ),
    "the dataset": (
        {
            "dataset": replace(AGREED.dataset, id="urn:dataset:other"),
            "agreement": AGREED.agreement.replace("urn:dataset:comptages", "urn:dataset:other"),
        },
        PROVIDER,
        refused.OtherAgreement,
    ),
    "its licence": ({"dataset": replace(AGREED.dataset, licence="Autre")}, PROVIDER, refused.OtherDataset),
    "personal": ({"dataset": replace(AGREED.dataset, personal=True)}, PROVIDER, refused.OtherDataset),
    "our request": ({"request": {**REQUEST, "purpose": "Autre"}}, PROVIDER, refused.OtherRequest),
    "no request": ({"request": {}}, PROVIDER, refused.OtherRequest),
    "a message less": ({"messages": AGREED.messages[:1]}, PROVIDER, refused.OtherNegotiation),
    "messages in another order": ({"messages": AGREED.messages[::-1]}, PROVIDER, refused.OtherNegotiation),
    "another negotiation": ({"provider_pid": "urn:x"}, PROVIDER, refused.OtherNegotiation),
    "another framework": ({"framework": None}, PROVIDER, refused.ContractOtherTerms),
    "another court": ({"jurisdiction": "Ailleurs"}, PROVIDER, refused.ContractOtherTerms),
    "another end": ({"termination": "Jamais."}, PROVIDER, refused.ContractOtherTerms),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_contract_that_says_something_else_is_refused(case):
    change, by, error = OTHERS[case]
    text = sealed(drawn_up(replace(AGREED, **change)), by)
    with pytest.raises(error) as caught:
        check_contract(text, AGREED, now=NOW)
    assert type(caught.value) is error
    assert caught.value.needed != caught.value.actual
    assert caught.value.pointer
    assert caught.value.say("fr") != caught.value.say("en")


def reworded(**changed) -> dict:
    document = copy(drawn_up(AGREED))
    document["terms"] |= changed
    document["terms"]["sha256"] = digest(document["terms"])
    return document


def test_sentences_that_are_not_those_of_the_agreement_are_refused():
    sentences = ["Vous pouvez tout faire.", *drawn_up(AGREED)["terms"]["fr"][1:]]
    with pytest.raises(refused.ContractOtherTerms) as caught:
        check_contract(sealed(reworded(fr=sentences), PROVIDER), AGREED, now=NOW)
    assert caught.value.pointer == "/terms/fr/0"


def test_another_generator_may_use_other_words_but_not_claim_more():
    words = {"fr": ["a", "b", "c"], "en": ["a", "b", "c"], "generator": "other-words/7"}
    contract = check_contract(sealed(reworded(**words), PROVIDER), AGREED, now=NOW)
    assert not is_worded_by_us(contract.document)
    with pytest.raises(refused.ContractOtherTerms) as caught:
        check_contract(sealed(reworded(**words, verified=["node"] * 3), PROVIDER), AGREED, now=NOW)
    assert caught.value.pointer == "/terms/verified/0"


@pytest.mark.parametrize("member", ["from", "until"])
def test_other_dates_than_those_of_the_agreement_are_refused(member):
    document = copy(drawn_up(AGREED))
    document["validity"][member] = "2027-01-01T00:00:00Z"
    with pytest.raises(refused.OtherDates) as caught:
        check_contract(sealed(document, PROVIDER), AGREED, now=NOW)
    assert caught.value.pointer == f"/validity/{member}"


@pytest.mark.parametrize("said", [{"retention": "Toujours"}, {"legalBasis": "Consentement"}, {"purpose": "Autre"}])
def test_an_annex_that_says_more_or_else_than_the_consumer_declared_is_refused(said):
    text = sealed(drawn_up(replace(PERSONAL, annex=said)), PROVIDER)
    with pytest.raises(refused.OtherRequest) as caught:
        check_contract(text, PERSONAL, now=NOW)
    (name,) = said
    assert caught.value.pointer == f"/personalData/{name}"


def test_an_annex_of_a_request_that_declares_none_is_refused():
    text = sealed({**drawn_up(PERSONAL), "request": "none"}, PROVIDER)
    with pytest.raises(refused.MissingLegalBasis) as caught:
        check_contract(text, replace(PERSONAL, request={}), now=NOW)
    assert caught.value.pointer == "/personalData/legalBasis"


def test_the_clock_is_looked_at():
    second = timedelta(seconds=1)
    text = sealed(drawn_up(AGREED), PROVIDER)
    check_contract(text, AGREED, now=LAST)
    with pytest.raises(refused.CountersignTooLate):
        check_contract(text, AGREED, now=LAST + second)
    check_contract(text, AGREED, now=NOW - LEEWAY)
    with pytest.raises(refused.BadSealTime):
        check_contract(text, AGREED, now=NOW - LEEWAY - second)
    check_contract(text, AGREED, now=NOW, not_before=NOW + LEEWAY)
    with pytest.raises(refused.OtherDates):
        check_contract(text, AGREED, now=NOW, not_before=NOW + LEEWAY + second)
    early = sealed(drawn_up(AGREED, at=NOW + LEEWAY), PROVIDER)
    with pytest.raises(refused.OtherDates):
        check_contract(early, AGREED, now=NOW - second)


def test_a_contract_that_is_already_countersigned_is_not_countersigned_again():
    text = countersigned(sealed(drawn_up(AGREED), PROVIDER), CONSUMER)
    with pytest.raises(refused.WrongSealCount):
        check_contract(text, AGREED, now=NOW)


def test_a_contract_sealed_by_the_consumer_alone_is_refused():
    text = asyncio.run(seal(canonical(drawn_up(AGREED)), CONSUMER, media_type=CONTRACT, at=NOW)).text
    with pytest.raises(refused.WrongSealKey):
        check_contract(text, AGREED, now=NOW)


# --- the provider looks at what comes back ---

OURS = sealed(drawn_up(AGREED), PROVIDER)
BOTH = countersigned(OURS, CONSUMER)


def test_the_contract_that_comes_back_countersigned_passes():
    assert check_countersigned(BOTH, OURS, now=NOW).text == BOTH


@pytest.mark.parametrize("place", [0, 1])
def test_a_time_stamp_on_what_comes_back_is_refused(place):
    """Nobody has checked it, and it would stand in the contract as if both had agreed to it."""
    with pytest.raises(refused.EarlyTimeStamp) as caught:
        check_countersigned(add_token(BOTH, place, b"token"), OURS, now=NOW)
    assert caught.value.pointer == f"/signatures/{place}/header/etsiU"


def test_a_time_stamp_of_our_own_that_came_meanwhile_changes_nothing():
    check_countersigned(BOTH, add_token(OURS, 0, b"token"), now=NOW)


def test_a_time_stamp_on_what_the_provider_sends_is_refused():
    with pytest.raises(refused.EarlyTimeStamp):
        check_contract(add_token(OURS, 0, b"token"), AGREED, now=NOW)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (OURS, refused.WrongSealCount),
        (countersigned(OURS, STRANGER), refused.WrongSealKey),
        (countersigned(OURS, sealer(COMMUNE)), refused.WrongCertificate),
        (
            countersigned(sealed(drawn_up(AGREED), PROVIDER, NOW + timedelta(seconds=1)), CONSUMER),
            refused.OtherContract,
        ),
        (
            countersigned(sealed(drawn_up(replace(AGREED, request={})), PROVIDER), CONSUMER),
            refused.OtherContract,
        ),
        (countersigned(OURS, CONSUMER, NOW - LEEWAY - timedelta(seconds=1)), refused.OtherDates),
        (countersigned(OURS, CONSUMER, NOW + LEEWAY + timedelta(seconds=1)), refused.BadSealTime),
    ],
)
def test_anything_else_that_comes_back_is_refused(text, error):
    with pytest.raises((error, refused.BadSealTime) if error is refused.OtherDates else error):
        check_countersigned(text, OURS, now=NOW)


def test_a_seal_after_the_last_instant_comes_too_late():
    at = LAST + LEEWAY + timedelta(seconds=1)
    with pytest.raises(refused.CountersignTooLate):
        check_countersigned(countersigned(OURS, CONSUMER, at), OURS, now=at)


def test_a_seal_that_says_it_was_made_in_time_comes_too_late():
    """Else a consumer could wait for as long as it likes, and date its seal back."""
    check_countersigned(BOTH, OURS, now=LAST + LEEWAY)
    with pytest.raises(refused.CountersignTooLate) as caught:
        check_countersigned(BOTH, OURS, now=LAST + LEEWAY + timedelta(seconds=1))
    assert caught.value.pointer == "/countersignBefore"


def test_who_looks_later_needs_no_clock():
    assert check_seal(BOTH).document["id"] == drawn_up(AGREED)["id"]
