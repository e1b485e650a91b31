"""What a protected header must hold so that the European Commission's validator sees a JAdES baseline signature.

The files are written by hand, from the standards: whoever writes seals can compare.
"""

import json

import pytest

from tests.interop.dss import byhand
from tests.interop.dss.authority import Authority, SealKey, self_made
from tests.interop.dss.byhand import APPROVAL, ORIGIN
from tests.interop.dss.judges import Verdict, judge

pytestmark = [pytest.mark.judge, pytest.mark.slow]

MEDIA_TYPE = "application/vnd.pupitre.contract+json"
PAYLOAD = b'{"schema":"https://w3id.org/pupitre/contract/1"}'
CADES_ONLY = {"The authority info access is not present!", "The revocation info access is not present!"}
"""What the judge remarks on any certificate that names no address from which to fetch more."""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Show all files to the judge in one run."""
    folder = tmp_path_factory.mktemp("headers")
    authority = Authority("Autorité des essais")
    authority.publish(folder)
    alone, unknown = (self_made(name, "123456782") for name in ("Organisme isolé", "Organisme inconnu"))
    (folder / "anchors" / "alone.crt").write_bytes(alone.ders[0])
    files = _files(authority.issue("SDE22", "252200239"), authority.issue("Rennes Métropole", "243500139"))
    files |= {"self-made": sealed((alone, "provider")), "unknown": sealed((unknown, "provider"))}
    for name, text in files.items():
        (folder / f"{name}.json").write_text(text)
    return judge(folder, [folder / f"{name}.json" for name in files])


def _files(provider: SealKey, consumer: SealKey) -> dict[str, str]:
    both = sealed((provider, "provider"), (consumer, "consumer"))
    return {
        "both": both,
        "provider": sealed((provider, "provider")),
        "without-thumbprint": sealed((provider, "provider"), without="x5t#S256"),
        "without-time": sealed((provider, "provider"), without="iat"),
        "altered": json.dumps(json.loads(both) | {"payload": byhand.encoded(PAYLOAD.replace(b"/1", b"/2"))}),
    }


def sealed(*seals: tuple[SealKey, str], without: str = "") -> str:
    """Return the payload sealed in these roles."""
    members = {
        "provider": lambda at: byhand.headers("did:web:sde22.example#seal-2026", at, [ORIGIN, APPROVAL], "Chef", "u-1"),
        "consumer": lambda at: byhand.headers("did:web:rennes.example#seal-2026", at, [APPROVAL], "Cheffe", "u-2"),
    }
    made = [(key, members[role](key.made_at)) for key, role in seals]
    return byhand.sealed(PAYLOAD, MEDIA_TYPE, made, without=without)


def test_two_seals_pass_as_jades_baseline_b(verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts["both.json"]
    assert verdict.of_all("indication") == ["TOTAL_PASSED", "TOTAL_PASSED"]
    assert verdict.of_all("level") == ["JAdES-BASELINE-B", "JAdES-BASELINE-B"]
    assert verdict.of_all("by") == ["SDE22", "Rennes Métropole"]


def test_the_form_of_every_header_is_that_of_the_standard(verdicts: dict[str, Verdict]) -> None:
    for signature in verdicts["both.json"].signatures:
        assert signature["errors"] == []
        assert set(signature["warnings"]) <= CADES_ONLY


def test_what_each_side_approved_is_read(verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts["both.json"]
    assert verdict.of_all("roles") == [["Chef", "u-1"], ["Cheffe", "u-2"]]
    words = [[each.rsplit("#", 1)[1] for each in said] for said in verdict.of_all("commitments")]
    assert words == [["ProofOfOrigin", "ProofOfApproval"], ["ProofOfApproval"]]


def test_the_seal_of_the_provider_alone_passes(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["provider.json"].of_all("indication") == ["TOTAL_PASSED"]


def test_a_self_made_seal_passes_when_its_own_certificate_is_trusted(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["self-made.json"].of_all("indication") == ["TOTAL_PASSED"]
    assert verdicts["unknown.json"].of_all("indication") == ["INDETERMINATE"]


def test_an_altered_document_fails(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["altered.json"].of_all("why") == ["HASH_FAILURE", "HASH_FAILURE"]


@pytest.mark.parametrize("name", ["without-thumbprint", "without-time"])
def test_a_seal_that_lacks_a_header_is_no_baseline_signature(verdicts: dict[str, Verdict], name: str) -> None:
    assert verdicts[f"{name}.json"].of_all("level") != ["JAdES-BASELINE-B"]
