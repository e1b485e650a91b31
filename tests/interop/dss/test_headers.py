"""What a protected header must hold so that the European Commission's validator sees a JAdES baseline signature.

The files are written by hand, from the standards: whoever writes seals can compare.
"""

import pytest

from tests.interop.dss.judges import NO_ADDRESSES, Verdict

pytestmark = [pytest.mark.judge, pytest.mark.slow]


def test_two_seals_pass_as_jades_baseline_b(verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts["byhand-both.json"]
    assert verdict.of_all("indication") == ["TOTAL_PASSED", "TOTAL_PASSED"]
    assert verdict.of_all("level") == ["JAdES-BASELINE-B", "JAdES-BASELINE-B"]
    assert verdict.of_all("by") == ["SDE22", "Rennes Métropole"]


def test_the_form_of_every_header_is_that_of_the_standard(verdicts: dict[str, Verdict]) -> None:
    for signature in verdicts["byhand-both.json"].signatures:
        assert signature["errors"] == []
        assert set(signature["warnings"]) <= NO_ADDRESSES


def test_what_each_side_approved_is_read(verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts["byhand-both.json"]
    assert verdict.of_all("roles") == [["Chef", "u-1"], ["Cheffe", "u-2"]]
    words = [[each.rsplit("#", 1)[1] for each in said] for said in verdict.of_all("commitments")]
    assert words == [["ProofOfOrigin", "ProofOfApproval"], ["ProofOfApproval"]]


def test_the_seal_of_the_provider_alone_passes(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["byhand-provider.json"].of_all("indication") == ["TOTAL_PASSED"]


def test_a_self_made_seal_passes_when_its_own_certificate_is_trusted(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["byhand-self-made.json"].of_all("indication") == ["TOTAL_PASSED"]
    assert verdicts["byhand-unknown.json"].of_all("indication") == ["INDETERMINATE"]


def test_an_altered_document_fails(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["byhand-altered.json"].of_all("why") == ["HASH_FAILURE", "HASH_FAILURE"]


@pytest.mark.parametrize("name", ["without-thumbprint", "without-time"])
def test_a_seal_that_lacks_a_header_is_no_baseline_signature(verdicts: dict[str, Verdict], name: str) -> None:
    assert verdicts[f"byhand-{name}.json"].of_all("level") != ["JAdES-BASELINE-B"]
