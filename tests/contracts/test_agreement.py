"""Drawing up an agreement on an offer, and checking one that a peer sent."""

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import contracts
import policies
from contracts import errors
from policies.vocabulary import ODRL

NOW = datetime(2026, 6, 1, 12, 0, 0, 999999, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[1] / "dsp-2025-1" / "negotiation" / "example"
CONTEXT = ["https://w3id.org/dspace/2025/1/context.jsonld"]
OFFER = {
    "@id": "urn:offer",
    "@type": "Offer",
    "target": "urn:dataset",
    "assigner": "did:web:provider",
    "profile": "https://w3id.org/dspace/2025/1/odrl-profile.jsonld",
    "permission": [
        {
            "action": "use",
            "constraint": [
                {
                    "leftOperand": "odrl:dateTime",
                    "operator": "lteq",
                    "rightOperand": {"@value": "2028-12-31T23:59:59Z", "@type": "xsd:dateTime"},
                },
                {"or": [{"leftOperand": "odrl:purpose", "operator": "isAnyOf", "rightOperand": ["a", "b"]}]},
            ],
        }
    ],
    "prohibition": [{"action": "odrl:distribute"}],
    "obligation": [{"action": "odrl:attribute"}],
    "dct:title": "kept, because a peer compares it",
}


def draw_up(offer: dict = OFFER, **members) -> dict:
    return contracts.draw_up(
        offer,
        **{
            "agreement_id": "urn:agreement",
            "assigner": "did:web:provider",
            "assignee": "did:web:consumer",
            "target": "urn:dataset",
            "at": NOW,
        }
        | members,
    )


def test_an_agreement_has_the_terms_of_the_offer_it_was_drawn_up_from_in_whatever_words():
    agreement, (rule,) = draw_up(), OFFER["permission"]
    assert contracts.has_terms_of(agreement, OFFER)
    assert contracts.has_terms_of(agreement, OFFER | {"@id": "urn:another", "permission": rule})
    assert contracts.has_terms_of(agreement | {"@context": CONTEXT}, OFFER)
    assert not contracts.has_terms_of(agreement, OFFER | {"prohibition": []})
    assert not contracts.has_terms_of(draw_up(OFFER | {"ex:flag": True}), OFFER | {"ex:flag": 1})


def check(agreement: dict, requested: dict = OFFER, **expected) -> None:
    contracts.check(
        contracts.text_of(agreement),
        requested=requested,
        **{
            "assigner": "did:web:provider",
            "assignee": "did:web:consumer",
            "target": "urn:dataset",
            "now": NOW,
        }
        | expected,
    )


def changed(path: str, value) -> dict:
    agreement = draw_up()
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    at = agreement
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return agreement


# --- drawing up ---


def test_an_agreement_is_the_offer_with_names_target_and_date():
    names = {"@id", "@type", "target", "assigner", "assignee", "timestamp"}
    agreement = draw_up()
    assert {name: agreement[name] for name in names} == {
        "@id": "urn:agreement",
        "@type": "Agreement",
        "target": "urn:dataset",
        "assigner": "did:web:provider",
        "assignee": "did:web:consumer",
        "timestamp": "2026-06-01T12:00:00Z",
    }
    # EDC compares everything but @type, assignee and target with what it asked for, in order and by type of literal
    assert {name: value for name, value in agreement.items() if name not in names} == {
        name: value for name, value in OFFER.items() if name not in names
    }
    assert list(agreement["permission"][0]) == list(OFFER["permission"][0])


def test_an_agreement_fits_the_schema_of_the_specification(valid):
    message = {
        "@context": CONTEXT,
        "@type": "ContractAgreementMessage",
        "providerPid": "urn:p",
        "consumerPid": "urn:c",
        "agreement": draw_up(),
    }
    assert valid("contract-agreement-message", message)
    del message["agreement"]["assigner"]
    assert not valid("contract-agreement-message", message)


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("contract-*request*.json")))
def test_the_offers_of_the_specification_become_valid_agreements(valid, example):
    offer = json.loads((EXAMPLES / example).read_text("utf-8"))["offer"]
    agreement = draw_up(offer, target=offer["target"])
    assert valid("contract", agreement)
    check(agreement, offer, target=offer["target"])


@pytest.mark.parametrize("example", ["contract-agreement-message.json", "contract-agreement-message-full.json"])
def test_the_agreements_of_the_specification_are_accepted(example):
    agreement = json.loads((EXAMPLES / example).read_text("utf-8"))["agreement"]
    requested = {name: value for name, value in agreement.items() if name not in ("@type", "timestamp")}
    parties = {name: agreement[name] for name in ("assigner", "assignee", "target")}
    agreement = {"timestamp": "2026-06-01T12:00:00Z"} | agreement
    check(agreement, requested | {"@type": "Offer"}, **parties)


def test_the_offer_is_copied_and_not_shared():
    offer = copy.deepcopy(OFFER)
    agreement = draw_up(offer)
    agreement["permission"][0]["action"] = "odrl:sell"
    assert offer == OFFER


def test_names_under_other_spellings_do_not_stay_beside_ours():
    offer = {ODRL + "assigner": "did:web:x", "odrl:assignee": "did:web:y", "uid": "urn:z", **OFFER}
    offer = {name: value for name, value in offer.items() if name not in ("@id", "assigner")}
    assert set(draw_up(offer)) == set(draw_up())


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-5))])
def test_the_date_is_in_whole_seconds_of_utc(zone):
    assert draw_up(at=NOW.astimezone(zone))["timestamp"] == "2026-06-01T12:00:00Z"


def test_a_date_without_zone_is_no_date():
    with pytest.raises(ValueError, match="time zone"):
        draw_up(at=NOW.replace(tzinfo=None))


def test_an_offer_that_cannot_be_read_is_not_agreed_to():
    with pytest.raises(policies.PolicyError):
        draw_up({**OFFER, "permission": "urn:rule"})


# --- checking ---


def test_our_own_agreement_passes():
    check(draw_up())


@pytest.mark.parametrize(
    ("agreement", "error", "code"),
    [
        ({"permission": 5}, errors.NotAnAgreement, "not-an-agreement"),
        (changed("@type", "Offer"), errors.NotAnAgreement, "not-an-agreement"),
        (changed("@type", None), errors.NotAnAgreement, "not-an-agreement"),
        (changed("@type", ["Agreement", "Offer"]), errors.NotAnAgreement, "not-an-agreement"),
        (changed("@id", None), errors.NotAnAgreement, "not-an-agreement"),
        (changed("assigner", "did:web:other"), errors.WrongAssigner, "wrong-assigner"),
        (changed("assigner", None), errors.WrongAssigner, "wrong-assigner"),
        (changed("assigner", ["did:web:provider", "did:web:other"]), errors.WrongAssigner, "wrong-assigner"),
        (changed("assigner", {"@id": "did:web:provider", "ex:x": 1}), errors.WrongAssigner, "wrong-assigner"),
        (changed("assignee", "did:web:other"), errors.WrongAssignee, "wrong-assignee"),
        (changed("assignee", None), errors.WrongAssignee, "wrong-assignee"),
        (changed("target", "urn:other"), errors.WrongTarget, "wrong-target"),
        (changed("target", None), errors.WrongTarget, "wrong-target"),
        (changed("timestamp", None), errors.MissingTimestamp, "missing-timestamp"),
        (changed("timestamp", "yesterday"), errors.BadTimestamp, "bad-timestamp"),
        (changed("timestamp", "2026-06-01"), errors.BadTimestamp, "bad-timestamp"),
        (changed("timestamp", "2026-06-01T12:05:02Z"), errors.BadTimestamp, "bad-timestamp"),
        (changed("timestamp", "9999-12-31T23:59:59Z"), errors.BadTimestamp, "bad-timestamp"),
        (changed("timestamp", "0001-01-01T00:00:00Z"), errors.BadTimestamp, "bad-timestamp"),
        (changed("permission/0/action", "odrl:read"), errors.OtherTerms, "other-terms"),
        (changed("permission/0/constraint", None), errors.OtherTerms, "other-terms"),
        (changed("permission/0/constraint/1/or/0/rightOperand", ["a"]), errors.OtherTerms, "other-terms"),
        (changed("permission", [OFFER["permission"][0]] * 2), errors.OtherTerms, "other-terms"),
        (changed("prohibition", None), errors.OtherTerms, "other-terms"),
        (changed("obligation", [{"action": "odrl:inform"}]), errors.OtherTerms, "other-terms"),
        (changed("odrl:conflict", "perm"), errors.OtherTerms, "other-terms"),
        (changed("ex:clause", "x"), errors.OtherTerms, "other-terms"),
        (changed("permission/0/assignee", "did:web:consumer"), errors.OtherTerms, "other-terms"),
    ],
)
def test_every_deviation_has_an_error_of_its_own(agreement, error, code):
    with pytest.raises(error) as caught:
        check(agreement, not_before=NOW - timedelta(days=1))
    assert type(caught.value) is error
    assert caught.value.code == code
    assert caught.value.say("fr") != caught.value.say("en")


def test_an_error_says_what_was_expected_and_what_came():
    with pytest.raises(errors.WrongAssignee) as caught:
        check(changed("assignee", "did:web:other"))
    assert caught.value.say("fr") == (
        "La convention est accordée à un autre destinataire. (attendu : did:web:consumer, reçu : did:web:other)"
    )
    assert caught.value.pointer == "/assignee"


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-06-01T12:00:00Z",
        "2026-06-01T12:05:00Z",  # a clock that is five minutes fast
        "2026-06-01T14:00:00+02:00",
        "2026-06-01T12:00:00.123456789Z",
        "2026-06-01T12:00:00",  # the schema allows it; it may be meant anywhere on earth
        "2026-06-02T02:00:00",
        "2026-05-31T12:00:00Z",
    ],
)
def test_a_date_that_can_be_true_passes(timestamp):
    check(changed("timestamp", timestamp), not_before=NOW - timedelta(days=1))


def test_without_a_beginning_an_old_date_passes():
    check(changed("timestamp", "2023-01-01T01:00:00Z"))


@pytest.mark.parametrize(
    "agreement",
    [
        changed("permission/0/action", {"@id": "odrl:use"}),
        changed("permission/0/constraint/0/leftOperand", "dateTime"),
        changed("permission/0/constraint/0/rightOperand", "2028-12-31T23:59:59Z"),
        changed("prohibition", {"action": "odrl:distribute"}),
        changed("assigner", {"@id": "did:web:provider"}),
        changed("dct:title", None),
        dict(reversed(draw_up().items())),
    ],
)
def test_another_spelling_of_the_same_terms_passes(agreement):
    check(agreement)


def test_an_edc_that_ignores_what_was_asked_is_found_out():
    """EDC as provider answers with its own rules, whatever the request said."""
    requested = {**OFFER, "permission": [{"action": "use"}, {"action": "distribute"}]}
    with pytest.raises(errors.OtherTerms):
        check(draw_up({**OFFER, "permission": [{"action": "use"}]}), requested)
