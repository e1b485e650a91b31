"""Our contracts and conventions before independent judges: EU DSS for the seals, veraPDF for PDF/A."""

import pytest

from tests.interop.dss.judges import NO_ADDRESSES, Verdict

pytestmark = [pytest.mark.judge, pytest.mark.slow]

SEALED = ["issued-fr.pdf", "issued-en.pdf", "own-fr.pdf", "one-sided-fr.pdf", "one-sided-en.pdf"]


@pytest.mark.parametrize(
    ("name", "seals"), [("issued.json", 2), ("own.json", 2), ("issued-conclusion.json", 1), ("one-sided.json", 1)]
)
def test_our_seals_pass_as_jades_baseline_b(verdicts: dict[str, Verdict], name: str, seals: int) -> None:
    verdict = verdicts[name]
    assert len(verdict.signatures) == seals
    assert set(verdict.of_all("indication")) == {"TOTAL_PASSED"}
    assert set(verdict.of_all("level")) == {"JAdES-BASELINE-B"}


@pytest.mark.parametrize("name", ["issued.json", "own.json"])
def test_the_judge_remarks_nothing_on_their_form(verdicts: dict[str, Verdict], name: str) -> None:
    for signature in verdicts[name].signatures:
        assert signature["errors"] == []
        assert set(signature["warnings"]) <= NO_ADDRESSES


@pytest.mark.parametrize("name", SEALED)
def test_the_seal_on_our_pdf_passes_as_pades_baseline_b(verdicts: dict[str, Verdict], name: str) -> None:
    verdict = verdicts[name]
    assert verdict.of_all("indication") == ["TOTAL_PASSED"]
    assert verdict.of_all("level") == ["PAdES-BASELINE-B"]


@pytest.mark.parametrize("name", [*SEALED, "not-sealed.pdf"])
def test_our_pdf_is_pdf_a_3(verdicts: dict[str, Verdict], name: str) -> None:
    assert verdicts[name].pdfa == {"claims": "3b", "is": True, "broken": []}


def test_an_altered_pdf_fails(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["altered.pdf"].of_all("indication") == ["TOTAL_FAILED"]
