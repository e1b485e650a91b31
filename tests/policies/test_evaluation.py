"""Who may do what, when: effects, reasons, and how long they hold."""

from datetime import UTC, datetime, timedelta

import pytest

import policies
from policies import Effect, Request
from policies.vocabulary import ODRL, TERRI

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
TICK = timedelta(microseconds=1)
PERMIT, DENY = Effect.PERMIT, Effect.DENY
INDETERMINATE, NOT_APPLICABLE = Effect.INDETERMINATE, Effect.NOT_APPLICABLE

UNTIL_2027 = {"leftOperand": "odrl:dateTime", "operator": "lt", "rightOperand": "2027-01-01T00:00:00Z"}
FROM_2027 = {"leftOperand": "odrl:dateTime", "operator": "gteq", "rightOperand": "2027-01-01T00:00:00Z"}
FOR_B = {"leftOperand": "odrl:recipient", "operator": "eq", "rightOperand": "did:web:b"}
FOR_C = {"leftOperand": TERRI + "participant", "operator": "eq", "rightOperand": "did:web:c"}
MOBILITY = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "mobility"}
MARKETING = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "marketing"}
UNKNOWN = {"leftOperand": "odrl:count", "operator": "lteq", "rightOperand": "5"}


def rule(*constraints, action="use", **members) -> dict:
    return {"action": action, "constraint": list(constraints), **members}


def policy(*permissions, forbid=(), oblige=(), **members) -> dict:
    return {
        "@id": "urn:p",
        "@type": "Offer",
        "permission": list(permissions),
        "prohibition": list(forbid),
        "obligation": list(oblige),
        **members,
    }


def decide(given: dict, **facts) -> policies.Decision:
    """Decide for did:web:b, now, on negotiation, unless told otherwise."""
    asked = {"party": "did:web:b", "target": "urn:dataset", "at": NOW, "phase": "negotiation"} | facts
    return policies.compile(policies.load(given)).decide(Request(**asked))


def effect(given: dict, **facts) -> Effect:
    return decide(given, **facts).effect


def accepting(given: dict) -> frozenset[str]:
    return frozenset(policies.declarative_terms(policies.load(given)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (policy(rule()), PERMIT),
        (policy(rule(action="odrl:read")), NOT_APPLICABLE),
        (policy(), NOT_APPLICABLE),
        (policy(rule(UNTIL_2027, FOR_B)), PERMIT),
        (policy(rule(FROM_2027)), DENY),
        (policy(rule(FOR_C)), DENY),
        (policy(rule(FOR_C), rule(FOR_B)), PERMIT),
        (policy(rule(MOBILITY)), INDETERMINATE),
        (policy(rule(UNKNOWN)), INDETERMINATE),
        (policy(rule(UNKNOWN, FROM_2027)), DENY),
        (policy(rule(UNKNOWN), rule(UNTIL_2027)), PERMIT),
        (policy(rule({"or": [UNKNOWN, UNTIL_2027]})), PERMIT),
        (policy(rule({"or": [UNKNOWN, FROM_2027]})), INDETERMINATE),
        (policy(rule({"and": [UNKNOWN, FROM_2027]})), DENY),
        (policy(rule({"xone": [UNTIL_2027, FROM_2027]})), PERMIT),
        (policy(rule({"xone": [UNTIL_2027, FOR_B]})), DENY),
        (policy(rule({"andSequence": [UNTIL_2027, FOR_B]})), INDETERMINATE),
        (policy(forbid=[rule()]), DENY),
        (policy(forbid=[rule(FROM_2027)]), NOT_APPLICABLE),
        (policy(rule(), forbid=[rule(action="odrl:distribute")]), PERMIT),
        (policy(rule(), forbid=[rule(FROM_2027)]), PERMIT),
        (policy(rule(), forbid=[rule(FOR_C)]), PERMIT),
        (policy(rule(), forbid=[rule(FOR_B)]), DENY),
        (policy(rule(), forbid=[rule()]), DENY),
        (policy(rule(), forbid=[rule(UNKNOWN)]), INDETERMINATE),
        (policy(rule(UNKNOWN), forbid=[rule(FOR_B)]), DENY),
        (policy(rule(FROM_2027), forbid=[rule(UNKNOWN)]), DENY),
    ],
)
def test_the_effect_follows_from_the_rules(given, expected):
    assert effect(given) is expected


@pytest.mark.parametrize(
    ("conflict", "prohibition", "expected"),
    [
        (None, rule(), DENY),
        ("invalid", rule(), DENY),
        ("prohibit", rule(), DENY),
        ("perm", rule(), PERMIT),
        ("perm", rule(UNKNOWN), PERMIT),
        ("prohibit", rule(UNKNOWN), INDETERMINATE),
        ("prohibit", rule(FROM_2027), PERMIT),
        (["perm", "prohibit"], rule(), DENY),
        ("odrl:perm", rule(), PERMIT),
        ("ex:coin", rule(FROM_2027), INDETERMINATE),
    ],
)
def test_a_collision_is_settled_as_the_policy_says(conflict, prohibition, expected):
    assert effect(policy(rule(), forbid=[prohibition], conflict=conflict)) is expected


def test_under_perm_a_prohibition_still_counts_where_nothing_is_permitted():
    assert effect(policy(rule(FROM_2027), forbid=[rule()], conflict="perm")) is DENY


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("catalogue", INDETERMINATE),
        ("negotiation", INDETERMINATE),
        ("transfer", DENY),
        ("request", DENY),
        ("?", DENY),
    ],
)
@pytest.mark.parametrize("given", [policy(rule(UNKNOWN)), policy(rule(), forbid=[rule(UNKNOWN)])])
def test_what_is_not_known_is_denied_at_delivery(phase, expected, given):
    assert effect(given, phase=phase) is expected


def test_the_strictest_phase_is_the_default():
    request = Request(at=NOW)
    assert policies.compile(policies.load(policy(rule(UNKNOWN)))).decide(request).effect is DENY


# --- actions, targets, parties ---


@pytest.mark.parametrize(
    ("permitted", "asked", "expected"),
    [
        ("use", "read", PERMIT),
        ("use", ODRL + "display", PERMIT),
        ("odrl:play", "display", PERMIT),
        ("odrl:read", "use", NOT_APPLICABLE),
        ("use", "sell", NOT_APPLICABLE),
        ("ex:fly", "ex:fly", PERMIT),
        ("use", "ex:fly", NOT_APPLICABLE),
        (["odrl:print", "odrl:read"], "read", PERMIT),
    ],
)
def test_a_permission_covers_what_its_action_includes(permitted, asked, expected):
    assert effect(policy(rule(action=permitted)), action=asked) is expected


def test_a_prohibition_covers_what_its_action_includes():
    given = policy(rule(), forbid=[rule(action="odrl:reproduce")])
    assert effect(given, action="use") is PERMIT
    assert effect(given, action="extract") is DENY


def test_a_refinement_belongs_to_its_own_action():
    refined = {"rdf:value": {"@id": "odrl:print"}, "refinement": [UNKNOWN]}
    given = policy(rule(action=[refined, "odrl:read"]))
    assert effect(given, action="print") is INDETERMINATE
    assert effect(given, action="read") is PERMIT


def test_rules_without_action_grant_nothing_and_forbid_everything():
    assert effect(policy({"constraint": []})) is INDETERMINATE
    assert effect(policy(rule(), forbid=[{"constraint": []}])) is DENY


def test_an_action_of_the_policy_is_that_of_its_rules():
    assert effect(policy({}, action="use")) is PERMIT


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"target": "urn:dataset"}, PERMIT),
        ({"target": "urn:other"}, NOT_APPLICABLE),
        ({"target": ["urn:other", "urn:dataset"]}, PERMIT),
        ({"assignee": "did:web:b"}, PERMIT),
        ({"assignee": {"@id": "did:web:b"}}, PERMIT),
        ({"assignee": "did:web:c"}, NOT_APPLICABLE),
        ({"assigner": "did:web:anybody"}, PERMIT),
        ({"assignee": {"@id": "urn:club", "@type": "PartyCollection"}}, INDETERMINATE),
        ({"target": {"source": "urn:all", "refinement": [UNKNOWN]}}, INDETERMINATE),
    ],
)
@pytest.mark.parametrize("place", ["policy", "rule"])
def test_a_rule_is_for_its_target_and_its_party(members, expected, place):
    given = policy(rule(), **members) if place == "policy" else policy(rule(**members))
    assert effect(given) is expected


def test_a_prohibition_for_another_party_is_not_ours():
    assert effect(policy(rule(), forbid=[rule(assignee="did:web:c")])) is PERMIT
    assert effect(policy(rule(), forbid=[rule(assignee={"partOf": "urn:club"})])) is INDETERMINATE


def test_without_a_party_a_named_party_is_not_known():
    assert effect(policy(rule(assignee="did:web:b")), party=None) is INDETERMINATE


# --- what is accepted, stated, promised ---


def test_requesting_an_offer_unchanged_declares_its_purpose():
    given = policy(rule(MOBILITY))
    assert effect(given, accepted_terms=accepting(given)) is PERMIT
    assert effect(given, accepted_terms=list(accepting(given))) is PERMIT
    assert effect(given, accepted_terms=accepting(policy(rule(MARKETING)))) is INDETERMINATE


def test_a_purpose_that_is_stated_weighs_more_than_an_accepted_term():
    given = policy(rule(MOBILITY))
    assert effect(given, facts={ODRL + "purpose": "mobility"}) is PERMIT
    assert effect(given, facts={ODRL + "purpose": "marketing"}, accepted_terms=accepting(given)) is DENY


def test_accepting_does_not_settle_what_can_be_tested():
    given = policy(rule(MOBILITY, FROM_2027))
    assert effect(given, accepted_terms=accepting(given)) is DENY


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"or": [MOBILITY, MARKETING]}, PERMIT),
        ({"xone": [MOBILITY, MARKETING]}, PERMIT),
        ({"andSequence": [MOBILITY, MARKETING]}, PERMIT),
        ({"or": [MOBILITY, UNKNOWN]}, PERMIT),
        ({"and": [MOBILITY, UNTIL_2027]}, PERMIT),
        ({"and": [MOBILITY, UNKNOWN]}, INDETERMINATE),
        ({"xone": [MOBILITY, FROM_2027]}, INDETERMINATE),
    ],
)
def test_a_combination_is_accepted_as_far_as_it_is_declarative(condition, expected):
    given = policy(rule(condition))
    assert effect(given, accepted_terms=accepting(given)) is expected


def test_a_declarative_prohibition_is_a_promise():
    given = policy(rule(), forbid=[rule(MARKETING)])
    assert effect(given) is INDETERMINATE
    assert effect(given, accepted_terms=accepting(given)) is PERMIT
    assert effect(given, accepted_terms=accepting(given), facts={ODRL + "purpose": "marketing"}) is DENY


def test_what_was_declared_cannot_be_promised_not_to_be():
    given = policy(rule(MARKETING), forbid=[rule(MARKETING)])
    assert effect(given, accepted_terms=accepting(given)) is DENY


def test_a_condition_that_says_more_than_can_be_checked_is_not_accepted():
    given = policy(rule({**MOBILITY, "unit": "ex:unit"}))
    assert accepting(given) == frozenset()
    assert effect(given, accepted_terms=accepting(policy(rule(MOBILITY)))) is INDETERMINATE


@pytest.mark.parametrize(
    "duty", ["odrl:attribute", "odrl:delete", "odrl:inform", "odrl:nextPolicy", "cc:ShareAlike", "shareAlike"]
)
def test_a_duty_that_can_only_be_promised_is_settled_by_accepting(duty):
    given = policy(rule(duty=[{"action": duty}]))
    assert effect(given) is INDETERMINATE
    assert effect(given, accepted_terms=accepting(given)) is PERMIT


@pytest.mark.parametrize("duty", ["odrl:compensate", "odrl:pay", "odrl:obtainConsent", "odrl:anonymize", "ex:dance"])
def test_a_duty_that_comes_first_has_to_be_proven(duty):
    given = policy(rule(duty=[{"action": duty, "constraint": [UNKNOWN]}]))
    read = policies.load(given)
    proof = policies.normal.term_of_duty(read.permissions[0].duties[0])
    assert effect(given, accepted_terms=accepting(given) | {proof}) is INDETERMINATE
    assert effect(given, fulfilled=[proof]) is PERMIT


def test_a_deadline_that_has_passed_does_not_lift_a_duty():
    late = {"leftOperand": "odrl:dateTime", "operator": "lt", "rightOperand": "2020-01-01T00:00:00Z"}
    assert effect(policy(rule(duty=[{"action": "odrl:compensate", "constraint": [late]}]))) is DENY


def test_an_obligation_binds_but_is_no_condition():
    given = policy(rule(), oblige=[{"action": "odrl:attribute"}])
    assert effect(given) is PERMIT
    assert accepting(given) == {'{"obligation":{"action":"odrl:attribute"}}'}


# --- what is not understood ---


@pytest.mark.parametrize(
    "given",
    [
        policy(rule(), **{"ex:clause": "x"}),
        policy(rule(**{"ex:clause": "x"})),
        policy(rule({**UNTIL_2027, "ex:clause": "x"})),
        policy(rule({"and": [UNTIL_2027], "ex:clause": "x"})),
        policy(rule(action={"@id": "odrl:use", "ex:clause": "x"})),
        policy(rule({**UNTIL_2027, "operator": "ex:near"})),
        policy(rule({**UNTIL_2027, "operator": "term-lteq"})),
        policy(rule({**UNTIL_2027, "rightOperand": "soon"})),
        policy(rule({**UNTIL_2027, "unit": "ex:unit"})),
        policy(rule({**UNTIL_2027, "status": "5"})),
        policy(rule({"leftOperand": "partner", "operator": "eq", "rightOperand": "gold"})),
        policy(rule({"leftOperand": "odrl:recipient", "operator": "eq", "rightOperandReference": "urn:list"})),
        policy(rule(), profile="https://example.org/profile"),
        policy(rule(), inheritFrom="urn:parent"),
        policy(rule()) | {"@type": "ex:Deal"},
    ],
)
def test_what_is_not_understood_grants_nothing(given):
    decision = decide(given)
    assert decision.effect is INDETERMINATE
    assert decision.missing


def test_what_is_not_understood_lifts_no_prohibition():
    assert effect(policy(rule(), forbid=[rule(**{"ex:unless": "x"})])) is INDETERMINATE


@pytest.mark.parametrize(
    "members", [{"dct:isReplacedBy": "urn:successor"}, {"http://purl.org/dc/terms/isReplacedBy": {"@id": "urn:x"}}]
)
def test_a_policy_that_was_replaced_is_void(members):
    decision = decide(policy(rule(), **members))
    assert decision.effect is DENY
    assert decision.reasons[0].code == "replaced"


@pytest.mark.parametrize("kind", ["Request", "Assertion"])
def test_a_document_that_asks_or_asserts_grants_nothing(kind):
    assert effect(policy(rule()) | {"@type": kind}) is DENY


@pytest.mark.parametrize("kind", ["Set", "Agreement", "Policy", ["odrl:Agreement"], None])
def test_other_policies_are_judged_alike(kind):
    assert effect(policy(rule(), conflict=None) | {"@type": kind}) is PERMIT


def test_titles_and_dates_of_issue_do_not_matter():
    assert effect(policy(rule(), **{"dct:title": "Comptages", "rdfs:comment": "x"})) is PERMIT


def test_an_offer_is_judged_as_if_it_were_agreed():
    assert decide(policy(rule())).hypothetical
    assert not decide(policy(rule()) | {"@type": "Agreement"}).hypothetical


# --- what the answer rests on ---


def test_reasons_name_rule_condition_needed_and_found():
    decision = decide(policy(rule(FOR_B, FROM_2027)))
    whole, condition = decision.reasons
    assert (whole.code, whole.rule, whole.pointer) == ("not-permitted", "permission", "/permission/0")
    assert condition.code == "condition-not-met"
    assert condition.pointer == "/permission/0/constraint/1"
    assert condition.operand == ODRL + "dateTime"
    assert condition.needed == "from 2027-01-01T00:00:00Z"
    assert condition.actual == "2026-06-01T12:00:00Z"
    assert condition.say("fr") == (
        "Condition non remplie\u00a0: à partir du 1er janvier 2027\u202f; constaté\u00a0: 1er juin 2026 à "
        "12\u00a0h (UTC)."
    )
    assert condition.say("en") == ("Condition not met: from 1 January 2027; found: 1 June 2026 at 12:00 (UTC).")


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (policy(rule()), ["permitted"]),
        (policy(), ["no-permission"]),
        (policy(rule(UNKNOWN)), ["not-established", "condition-unknown"]),
        (policy(rule(assignee="did:web:c")), ["no-permission", "not-permitted", "assignee-other"]),
        (policy(rule(), forbid=[rule()]), ["conflict-invalid", "permitted", "forbidden"]),
        (policy(rule(), forbid=[rule()], conflict="perm"), ["conflict-perm", "permitted", "forbidden"]),
        (
            policy(rule(), forbid=[rule(UNKNOWN)], conflict="prohibit"),
            ["conflict-prohibit", "permitted", "assumed-forbidden", "condition-unknown"],
        ),
        (policy(rule(**{"ex:clause": "x"})), ["not-established", "not-understood"]),
        (policy(rule(duty=[{"action": "odrl:compensate"}])), ["not-established", "duty-open"]),
        (
            policy(rule({"or": [FROM_2027, UNKNOWN]})),
            ["not-established", "condition-unknown", "condition-not-met", "condition-unknown"],
        ),
    ],
)
def test_each_refusal_says_why(given, codes):
    reasons = decide(given).reasons
    assert [reason.code for reason in reasons] == codes
    assert all(reason.say("fr") and reason.say("en") for reason in reasons)


def test_a_promise_is_told_as_one():
    given = policy(rule(MOBILITY))
    told = [reason.say("fr") for reason in decide(given, accepted_terms=accepting(given)).reasons]
    assert told == [
        "Utiliser ce jeu de données\u00a0: permis.",
        "Condition remplie\u00a0: pour la finalité «\u00a0mobility\u00a0» (engagement pris en acceptant ces "
        "conditions).",
    ]


def test_an_unknown_operand_is_named():
    decision = decide(policy(rule({"leftOperand": "partner", "operator": "eq", "rightOperand": "gold"})))
    assert decision.missing == ("partner",)
    assert "partner" in decision.reasons[1].say("en")


def test_missing_names_only_what_could_change_the_answer():
    assert decide(policy(rule(UNKNOWN, FROM_2027))).missing == ()
    assert decide(policy(rule(UNKNOWN, MOBILITY))).missing == (ODRL + "count", ODRL + "purpose")
    assert decide(policy(rule(), rule(UNKNOWN))).missing == ()
    assert decide(policy(rule(), forbid=[rule(UNKNOWN)])).missing == (ODRL + "count",)


def test_an_order_that_cannot_be_established_is_missing_as_such():
    assert decide(policy(rule({"andSequence": [UNTIL_2027, FOR_B]}))).missing == ("andSequence",)


def test_consulted_names_everything_that_the_answer_rests_on():
    given = policy(rule(FOR_B, MOBILITY, duty=[{"action": "odrl:inform"}]), forbid=[rule(FROM_2027)], target="urn:d")
    assert decide(given).consulted == {
        ODRL + "recipient",
        ODRL + "purpose",
        ODRL + "dateTime",
        "target",
        '{"duty":{"action":"odrl:inform"}}',
    }


@pytest.mark.parametrize(
    ("given", "conditions"),
    [
        (policy(rule(MOBILITY), oblige=[{"action": "odrl:attribute"}]), set()),
        (policy(rule(UNTIL_2027)), {ODRL + "dateTime"}),
        (policy(rule(), forbid=[rule(FOR_B)]), {ODRL + "recipient"}),
        (policy(rule(assignee="did:web:b"), target="urn:d"), {"assignee"}),
    ],
)
def test_conditions_tell_whether_everybody_gets_the_same_answer(given, conditions):
    assert policies.compile(policies.load(given)).conditions == conditions


# --- until when ---


@pytest.mark.parametrize(
    ("given", "at", "until"),
    [
        (policy(rule()), NOW, None),
        (policy(rule(UNTIL_2027)), NOW, datetime(2027, 1, 1, tzinfo=UTC)),
        (policy(rule(UNTIL_2027)), NOW + YEAR, None),
        (policy(rule(FROM_2027)), NOW, datetime(2027, 1, 1, tzinfo=UTC)),
        (policy(rule({**UNTIL_2027, "operator": "lteq"})), NOW, datetime(2027, 1, 1, tzinfo=UTC) + TICK),
        (policy(rule(), forbid=[rule(FROM_2027)]), NOW, datetime(2027, 1, 1, tzinfo=UTC)),
        # a step that changes nothing for this party is none
        (policy(rule(FOR_B), rule(FOR_C, UNTIL_2027)), NOW, None),
        (policy(rule(UNTIL_2027), rule(FROM_2027)), NOW, None),
        (policy(rule(UNKNOWN, UNTIL_2027)), NOW, datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_answer_holds_until_time_changes_it(given, at, until):
    assert decide(given, at=at).valid_until == until


def test_without_zone_the_answer_may_change_fourteen_hours_earlier():
    given = policy(rule({**UNTIL_2027, "rightOperand": "2027-01-01T00:00:00"}))
    assert decide(given).valid_until == datetime(2026, 12, 31, 10, tzinfo=UTC)


def test_beyond_sixty_four_steps_the_next_one_is_told():
    days = [f"2027-01-{day:02}T{hour:02}:00:00Z" for day in range(1, 5) for hour in range(24)]
    steps = [rule(FOR_C, {**UNTIL_2027, "rightOperand": day}) for day in days]
    assert decide(policy(rule(UNTIL_2027, FOR_C), *steps)).valid_until == datetime(2027, 1, 3, 16, tzinfo=UTC)


def test_a_request_needs_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        Request(at=datetime(2026, 1, 1))
