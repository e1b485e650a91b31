"""The European Commission's validator reads what our own code seals: a contract, its conclusion, a notice."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from contracts.canonical import canonical
from contracts.conclusion import conclude
from contracts.jws import CONCLUSION, NOTICE, read_sealed
from contracts.notice import notice
from contracts.seals import seal
from tests.harness import contracts as harness
from tests.harness.sealers import Sealer, sealer
from tests.harness.stamper import Stamper
from tests.interop.dss.judges import Verdict, judge
from tests.interop.dss.shown import stamped

pytestmark = [pytest.mark.judge, pytest.mark.slow]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Show what two nodes with self-made certificates seal to a judge that trusts both."""
    folder = tmp_path_factory.mktemp("ours")
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    life = {"begins": at - timedelta(days=1), "ends": at + timedelta(days=365)}
    parties = [sealer(did, **life) for did in (harness.METROPOLE, harness.COMMUNE)]
    for name in ("anchors", "crls"):
        (folder / name).mkdir()
    for one in parties:
        (folder / "anchors" / f"{one.sha256}.crt").write_bytes(one.chain[0])
    stamper = Stamper(lambda: at + timedelta(seconds=20))
    (folder / "anchors" / "stamper.crt").write_bytes(stamper.certificate)
    files = _sealed(*parties, at)
    files |= {f"stamped-{name}": stamped(files[name], stamper) for name in ("contract.json", "conclusion.json")}
    files["half-stamped.json"] = stamped(files["contract.json"], stamper, places=1)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return judge(folder, [folder / name for name in files])


def _sealed(provider: Sealer, consumer: Sealer, at: datetime) -> dict[str, str]:
    agreement = harness.agreement(provider.did, consumer.did, at=at)
    what = harness.negotiated(provider, consumer, agreement=agreement)
    document = harness.drawn_up(what, at=at, countersign_before=at + timedelta(days=1))
    both = harness.countersigned(harness.sealed(document, provider, at), consumer, at)
    contract = read_sealed(both)
    concluded = canonical(conclude(contract, at=at))
    ended = canonical(notice(contract, "termination", by="consumer", at=at, reason="Étude terminée."))
    return {
        "contract.json": both,
        "conclusion.json": asyncio.run(seal(concluded, provider, media_type=CONCLUSION, at=at)).text,
        "termination.json": asyncio.run(seal(ended, consumer, media_type=NOTICE, at=at)).text,
        "altered.json": both.replace('"payload":"ey', '"payload":"eW', 1),
    }


@pytest.mark.parametrize(("name", "seals"), [("contract.json", 2), ("conclusion.json", 1), ("termination.json", 1)])
def test_each_seal_passes_as_jades_baseline_b(verdicts: dict[str, Verdict], name: str, seals: int) -> None:
    verdict = verdicts[name]
    assert verdict.of_all("indication") == ["TOTAL_PASSED"] * seals
    assert verdict.of_all("level") == ["JAdES-BASELINE-B"] * seals
    assert verdict.of_all("errors") == [[]] * seals


@pytest.mark.parametrize(("name", "seals"), [("stamped-contract.json", 2), ("stamped-conclusion.json", 1)])
def test_each_time_stamped_seal_passes_as_jades_baseline_t(verdicts: dict[str, Verdict], name: str, seals: int) -> None:
    verdict = verdicts[name]
    assert verdict.of_all("indication") == ["TOTAL_PASSED"] * seals
    assert verdict.of_all("level") == ["JAdES-BASELINE-T"] * seals
    assert verdict.of_all("errors") == [[]] * seals


def test_a_seal_without_a_time_stamp_beside_one_with_stays_at_baseline_b(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["half-stamped.json"].of_all("level") == ["JAdES-BASELINE-T", "JAdES-BASELINE-B"]


def test_what_is_claimed_of_the_approval_is_read(verdicts: dict[str, Verdict]) -> None:
    provider, consumer = verdicts["contract.json"].of_all("roles")
    assert provider[:2] == ["Le directeur général des services", "urn:pupitre:approved-by:9f31"]
    assert consumer == ["urn:pupitre:approval-rule:premier-contact"]


def test_each_side_commits_to_what_its_role_demands(verdicts: dict[str, Verdict]) -> None:
    words = [[each.rsplit("#", 1)[1] for each in said] for said in verdicts["contract.json"].of_all("commitments")]
    assert words == [["ProofOfOrigin", "ProofOfApproval"], ["ProofOfApproval"]]


def test_an_altered_contract_does_not_pass(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["altered.json"].of_all("why") == ["HASH_FAILURE", "HASH_FAILURE"]
