"""What a party said of its keys at the conclusion, held against what it says later: written as a cheat would."""

import json
from datetime import timedelta

import pytest
from pupitre_verify.examine import examine
from pupitre_verify.report import Report

from tests.contracts.verifier.written import DAY, NOW, SEALED_AT, Case, Organisation, case, key_list, method

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
BEFORE = SEALED_AT - 60 * DAY
"""When a list was signed that a node had for long when the contract was concluded."""
KID, CONTRACT, CONCLUSION = "/signatures/0/protected/kid", "contract.jws.json", "conclusion.jws.json"
NOW_LIST, THEN_LIST = "status/provider.json", "status/provider-at-conclusion.json"


def held(whole: Case, then: bytes | None, now: bytes | None) -> Report:
    """Return what there is to say of a bundle that holds these two lists of the provider."""
    whole.files |= {THEN_LIST: then, NOW_LIST: now}
    return examine(whole.pack(), at=NOW)


def doubted(report: Report) -> list[tuple[str, str]]:
    return [(one.part, one.place) for one in report.doubts]


# --- the party that sealed wants to be out


@pytest.mark.parametrize("issued_at", [SEALED_AT - SECOND, SEALED_AT - HOUR, SEALED_AT + DAY])
def test_whatever_date_a_later_list_bears_it_refutes_nothing_that_the_list_of_the_conclusion_does_not_announce(
    issued_at,
) -> None:
    """It runs other software, and dates back both the revocation and the list that announces it."""
    whole = case()
    false = key_list(whole.provider, SEALED_AT - HOUR, issued_at=issued_at)
    report = held(whole, key_list(whole.provider, issued_at=BEFORE), false)
    assert (report.exit_status, doubted(report)) == (2, [(CONTRACT, KID), (CONCLUSION, KID)]), report.as_text("en")
    assert f"dit une liste du {issued_at:%Y-%m-%d %H:%M:%S} UTC" in report.doubts[0].fr
    assert "alors qu’une liste antérieure de la même partie du 2026-01-01 09:00:00 UTC ne l’annonce pas" in (
        report.doubts[0].fr
    )
    assert "while an earlier list of the same party of 2026-01-01 09:00:00 UTC does not announce it" in (
        report.doubts[0].en
    )


def test_without_the_list_of_the_conclusion_a_list_of_before_the_seal_refutes_as_ever() -> None:
    whole = case()
    announced = key_list(whole.provider, SEALED_AT - HOUR, issued_at=SEALED_AT - SECOND)
    assert held(whole, None, announced).exit_status == 1


def test_a_list_that_drops_a_key_which_the_list_of_the_conclusion_names_is_indeterminate() -> None:
    """Dropped from its DID document as well: that was the way to have the seal called somebody else's."""
    whole = case()
    gone = whole.provider.document
    gone["verificationMethod"], gone["assertionMethod"] = gone["verificationMethod"][:1], []
    whole.files["dids/provider.json"] = json.dumps(gone).encode()
    dropped = key_list(whole.provider, keys=[])
    assert held(whole, None, dropped).exit_status == 1
    report = held(whole, key_list(whole.provider, issued_at=BEFORE), dropped)
    assert (report.exit_status, doubted(report)) == (2, [(CONTRACT, KID), (CONCLUSION, KID)]), report.as_text("en")
    told = report.doubts[0]
    assert "la liste des clés de did:web:metropole.example du 2026-06-01 00:00:00 UTC ne nomme plus celle-ci" in told.fr
    assert "une liste antérieure de la même partie du 2026-01-01 09:00:00 UTC la nommait" in told.fr
    assert "an earlier list of the same party of 2026-01-01 09:00:00 UTC named it" in told.en


@pytest.mark.parametrize("revoked_at", [SEALED_AT - HOUR, SEALED_AT + 90 * DAY])
def test_the_date_that_was_announced_first_counts(revoked_at) -> None:
    """Whoever announced a revocation of after the seal does not make it one of before it."""
    whole = case()
    then = key_list(whole.provider, SEALED_AT + DAY, issued_at=SEALED_AT + DAY)
    report = held(whole, then, key_list(whole.provider, revoked_at))
    assert (report.exit_status, doubted(report)) == (2, [(CONTRACT, KID), (CONCLUSION, KID)])
    assert "clé révoquée le 2026-03-03 09:00:00 UTC" in report.doubts[0].fr


# --- a seal by a key that was known to be revoked


@pytest.mark.parametrize("now", [SEALED_AT - HOUR, SEALED_AT + DAY, None])
def test_what_was_announced_before_the_seal_refutes_it_whatever_is_said_later(now) -> None:
    """Not even by a list that takes the revocation back."""
    whole = case()
    then = key_list(whole.provider, SEALED_AT - HOUR, issued_at=SEALED_AT - SECOND)
    report = held(whole, then, key_list(whole.provider, now))
    assert (report.exit_status, report.faults[0].place) == (1, KID)
    assert "annoncée telle par une liste du 2026-03-02 08:59:59 UTC, avant ce cachet" in report.faults[0].fr


# --- whoever hands the bundle out


def test_to_exchange_the_two_lists_changes_nothing_in_what_they_are_worth() -> None:
    whole = case()
    false = key_list(whole.provider, SEALED_AT - HOUR, issued_at=SEALED_AT - SECOND)
    true = key_list(whole.provider, issued_at=BEFORE)
    as_it_was, exchanged = held(whole, true, false), held(whole, false, true)
    assert exchanged.exit_status == as_it_was.exit_status == 2
    assert {one.fr for one in exchanged.doubts} == {one.fr for one in as_it_was.doubts}


def test_a_list_of_the_conclusion_that_somebody_else_signed_is_refused() -> None:
    whole = case()
    one = whole.provider
    forger = Organisation(one.did, one.name, key=one.key, chain=one.chain)
    report = held(whole, key_list(forger, issued_at=BEFORE), key_list(one))
    assert (report.exit_status, report.faults[0].part) == (1, THEN_LIST)


def test_a_list_of_the_conclusion_of_the_other_party_is_refused() -> None:
    whole = case()
    report = held(whole, key_list(whole.consumer, issued_at=BEFORE), key_list(whole.provider))
    assert (report.exit_status, report.faults[0].part) == (1, THEN_LIST)


def test_a_list_of_the_conclusion_signed_with_a_key_that_was_put_into_the_did_document_is_indeterminate() -> None:
    whole = case()
    one = whole.provider
    forger, kid = Organisation(one.did, "Autre", key=one.key, chain=one.chain), f"{one.did}#auth-2"
    document = one.document
    document["verificationMethod"].append(method(one.did, kid, forger.auth))
    document["capabilityInvocation"].append(kid)
    whole.files["dids/provider.json"] = json.dumps(document).encode()
    report = held(whole, key_list(forger, signer=kid, issued_at=BEFORE), key_list(one))
    assert (report.exit_status, doubted(report)) == (2, [(THEN_LIST, "/signatures/0/protected/kid")])


def test_the_list_of_the_conclusion_does_not_stand_in_for_that_of_the_export() -> None:
    """Left out, because a revocation stands in it."""
    whole = case()
    report = held(whole, key_list(whole.provider, issued_at=BEFORE), None)
    assert (report.exit_status, [one.part for one in report.doubts]) == (2, [NOW_LIST])


# --- nobody cheats


def test_a_key_that_is_newer_than_the_list_of_the_conclusion_is_known_from_the_later_one() -> None:
    whole = case()
    report = held(whole, key_list(whole.provider, issued_at=BEFORE, keys=[]), key_list(whole.provider))
    assert report.exit_status == 0, report.as_text("en")


def test_both_lists_are_told_and_named_among_what_no_seal_covers() -> None:
    whole = case()
    report = held(whole, key_list(whole.provider, issued_at=BEFORE), key_list(whole.provider))
    assert report.exit_status == 0
    told = [one.fr for one in report.findings if one.part in (THEN_LIST, NOW_LIST)]
    assert [one.rpartition(", ")[2] for one in told] == [
        "liste du 2026-01-01T09:00:00Z",
        "liste du 2026-06-01T00:00:00Z",
    ]
    assert {THEN_LIST, NOW_LIST} <= set(report.unsealed)


def test_a_list_of_the_conclusion_of_a_later_form_is_indeterminate_and_the_rest_is_examined() -> None:
    whole = case()
    later = key_list(whole.provider, issued_at=BEFORE, schema="https://w3id.org/pupitre/seal-keys/2")
    report = held(whole, later, key_list(whole.provider, SEALED_AT - HOUR))
    assert (report.exit_status, doubted(report)) == (
        2, [(THEN_LIST, "/schema"), (CONTRACT, KID), (CONCLUSION, KID)],
    )  # fmt: skip
