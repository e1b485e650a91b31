"""The European Commission's validator reads what two nodes concluded and had time-stamped, and trusts no node.

The provider had a certificate issued for its own key, the consumer brings in an RSA key that the authority made for it.
"""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from connector.app import ROOT
from connector.protocol.machine import Role
from contracts.convention import as_pdf, draw_up_convention, seal_pdf
from tests.harness import nodes
from tests.harness.seals import SealAuthority
from tests.interop.dss.judges import Verdict, judge
from tests.sealing.pair import Pair, play
from tests.sealing.test_timestamps import BOTH, Scene
from tests.simulator import places
from tests.tools.authority import publish

pytestmark = [pytest.mark.judge, pytest.mark.slow]

SEALS = {"contract.json": 2, "conclusion.json": 1}
CONVENTIONS = ["provider.pdf", "consumer.pdf"]


@pytest.fixture(scope="module")
def verdicts() -> Iterator[dict[str, Verdict]]:
    """Have two nodes conclude; show what they hold to a judge that trusts the two authorities, and nobody else."""
    with tempfile.TemporaryDirectory(prefix="judged") as name:
        folder = Path(name)
        places.make_template(folder / "template")
        files = play(folder / "pair", folder / "template", lambda pair: _concluded(pair, folder), has_own_signers=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        yield judge(folder, [folder / file for file in files])


async def _concluded(pair: Pair, folder: Path) -> dict[str, bytes]:
    """Return what two nodes hold of a contract, two days ago; have their authorities trusted by the judge."""
    now = datetime.now(UTC).replace(microsecond=0)
    pair.clock.advance_to(now - timedelta(days=2))
    scene, authority = Scene(pair), SealAuthority(pair.clock.now())
    await scene.begin()
    await _certify(pair, authority)
    publish(folder, authority.root, authority.key, now)
    scene.stamper.publish(folder)
    pid = await scene.concluded()

    async def are_stamped() -> bool:
        return all([(await scene.contract(role, pid)).timestamps == "complete" for role in BOTH])

    await pair.until(are_stamped)
    held = await scene.contract(Role.CONSUMER, pid)
    assert held.jws
    assert held.conclusion
    files = {"contract.json": held.jws.encode(), "conclusion.json": held.conclusion.encode()}
    for role in BOTH:
        signer, at = pair.node(role).seals.signer(ROOT), pair.clock.now()
        pdf = as_pdf(draw_up_convention(held.jws, conclusion=held.conclusion), at=at)
        files[f"{role}.pdf"] = await seal_pdf(pdf, signer, at=at)
    return files


async def _certify(pair: Pair, authority: SealAuthority) -> None:
    """Have both nodes seal with certificates of the authority."""
    provider, consumer = (pair.node(role).seals for role in (Role.PROVIDER, Role.CONSUMER))
    answer = authority.answer(await provider.request(ROOT), pair.clock.now())
    await provider.import_certificate(ROOT, answer, by=nodes.BY)
    key, leaf, root = authority.rsa_seal("Organisme consommateur", pair.clock.now())
    content = pkcs12.serialize_key_and_certificates(b"seal", key, leaf, [root], BestAvailableEncryption(b"secret"))
    await consumer.import_pkcs12(ROOT, content, "secret", by=nodes.BY)
    assert [each.signer(ROOT).algorithm for each in (provider, consumer)] == ["ES256", "RS256"]


@pytest.mark.parametrize("name", SEALS)
def test_each_seal_passes_as_jades_baseline_t(verdicts: dict[str, Verdict], name: str) -> None:
    assert verdicts[name].of_all("indication") == ["TOTAL_PASSED"] * SEALS[name]
    assert verdicts[name].of_all("level") == ["JAdES-BASELINE-T"] * SEALS[name]
    assert verdicts[name].of_all("errors") == [[]] * SEALS[name]


@pytest.mark.parametrize("name", SEALS)
def test_each_time_stamp_passes(verdicts: dict[str, Verdict], name: str) -> None:
    told = [[each["indication"] for each in of_seal] for of_seal in verdicts[name].of_all("timestamps")]
    assert told == [["PASSED"]] * SEALS[name]


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_convention_that_either_node_seals_passes_as_pades_baseline_b(
    verdicts: dict[str, Verdict], name: str
) -> None:
    assert verdicts[name].of_all("indication") == ["TOTAL_PASSED"]
    assert verdicts[name].of_all("level") == ["PAdES-BASELINE-B"]
    assert verdicts[name].pdfa == {"claims": "3b", "is": True, "broken": []}
