"""What the European Commission's validator says when it trusts two authorities alone, and no certificate of a party.

One gave certificates to both parties of a contract, the other time-stamped it. Beside these files stand those whose
parties have certificates of a foreign authority, and those that a foreign one time-stamped, each of the same name.
"""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from policies import scenarios
from tests.contracts.convention.samples import Sample, sample
from tests.harness.stamper import Stamper
from tests.interop.dss.judges import NO_ADDRESSES, Verdict, judge
from tests.interop.dss.shown import convention_of, stamped
from tests.tools.authority import Authority

pytestmark = [pytest.mark.judge, pytest.mark.slow]

NAME = "Autorité de certification du Pays de Démo"
NOW = datetime.now(UTC).replace(microsecond=0)
SEALED_AT, STAMPED_AT = NOW - timedelta(minutes=30), NOW - timedelta(minutes=20)
SEALS = {"contract.json": 2, "conclusion.json": 1, "convention.pdf": 1}
STAMPED = {"stamped-contract.json": 2, "stamped-conclusion.json": 1}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Show all files to a judge that trusts the authority and the one that time-stamps, and nobody else."""
    folder = tmp_path_factory.mktemp("anchors")
    authority, stamper = Authority(NAME, NOW), Stamper(lambda: STAMPED_AT)
    authority.publish(folder)
    stamper.publish(folder)
    anchors = {x509.load_der_x509_certificate(each.read_bytes()) for each in (folder / "anchors").iterdir()}
    assert anchors == {authority.certificate, stamper.root}
    made, theirs = (sample(scenarios.LIGHTING, authority=by, at=SEALED_AT) for by in (authority, Authority(NAME, NOW)))
    files = _sealed(made) | _stamped(made, stamper)
    files |= {f"foreign-{name}": content for name, content in (_sealed(theirs) | _stamped(theirs, stamper)).items()}
    files |= {f"foreign-time-{name}": content for name, content in _stamped(made, Stamper(stamper.now)).items()}
    files["altered.json"] = files["stamped-contract.json"].replace(b'"payload":"ey', b'"payload":"eW', 1)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return judge(folder, [folder / name for name in files])


def _sealed(made: Sample) -> dict[str, bytes]:
    """Return what is sealed of a contract, by name."""
    texts = {"contract.json": made.contract, "conclusion.json": made.conclusion}
    return {name: text.encode() for name, text in texts.items()} | {"convention.pdf": convention_of(made)}


def _stamped(made: Sample, stamper: Stamper) -> dict[str, bytes]:
    """Return a contract and its conclusion with time-stamps, by name."""
    texts = {"stamped-contract.json": made.contract, "stamped-conclusion.json": made.conclusion}
    return {name: stamped(text, stamper).encode() for name, text in texts.items()}


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("contract.json", "JAdES-BASELINE-B"),
        ("conclusion.json", "JAdES-BASELINE-B"),
        ("convention.pdf", "PAdES-BASELINE-B"),
        ("stamped-contract.json", "JAdES-BASELINE-T"),
        ("stamped-conclusion.json", "JAdES-BASELINE-T"),
    ],
)
def test_each_seal_passes_by_the_authority_alone(verdicts: dict[str, Verdict], name: str, level: str) -> None:
    seals = (SEALS | STAMPED)[name]
    assert verdicts[name].of_all("indication") == ["TOTAL_PASSED"] * seals
    assert verdicts[name].of_all("level") == [level] * seals


@pytest.mark.parametrize("name", SEALS | STAMPED)
def test_the_judge_remarks_nothing_on_the_form(verdicts: dict[str, Verdict], name: str) -> None:
    for signature in verdicts[name].signatures:
        assert signature["errors"] == []
        assert set(signature["warnings"]) <= NO_ADDRESSES


@pytest.mark.parametrize("name", STAMPED)
def test_each_time_stamp_passes_and_tells_its_time(verdicts: dict[str, Verdict], name: str) -> None:
    passed = {"by": "Horodatage d’essai", "indication": "PASSED", "why": "null", "at": f"{STAMPED_AT:%FT%TZ}"}
    assert verdicts[name].of_all("timestamps") == [[passed]] * STAMPED[name]


@pytest.mark.parametrize("name", SEALS | STAMPED)
def test_no_seal_passes_by_a_foreign_authority(verdicts: dict[str, Verdict], name: str) -> None:
    seals = (SEALS | STAMPED)[name]
    assert verdicts[f"foreign-{name}"].of_all("indication") == ["INDETERMINATE"] * seals
    assert verdicts[f"foreign-{name}"].of_all("why") == ["NO_CERTIFICATE_CHAIN_FOUND"] * seals


@pytest.mark.parametrize("name", STAMPED)
def test_no_time_stamp_passes_by_a_foreign_authority(verdicts: dict[str, Verdict], name: str) -> None:
    told = [[each["why"] for each in of_seal] for of_seal in verdicts[f"foreign-time-{name}"].of_all("timestamps")]
    assert told == [["NO_CERTIFICATE_CHAIN_FOUND"]] * STAMPED[name]


def test_an_altered_contract_fails_in_spite_of_its_time_stamps(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["altered.json"].of_all("indication") == ["TOTAL_FAILED"] * 2
    assert verdicts["altered.json"].of_all("why") == ["HASH_FAILURE"] * 2
