"""One run of the judges for all tests: a JVM costs seconds to start.

The judges need no partner, so nothing of the exchanges with other connectors is started here.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from contracts.convention import as_pdf, draw_up_convention, draw_up_record
from policies import scenarios
from policies.errors import Language
from tests.contracts.convention.samples import OneSided, one_sided, personal, sample
from tests.interop.dss import byhand
from tests.interop.dss.judges import Verdict, judge
from tests.interop.dss.shown import convention_of, sealed_pdf
from tests.tools.authority import Authority, self_made


@pytest.fixture(autouse=True)
def in_the_journal() -> None:
    """Take the place of the fixture that writes the journal of exchanges."""


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Show all files to the judges; return what they say, by the name of the file."""
    folder = tmp_path_factory.mktemp("judges")
    authority = Authority("Autorité de certification du Pays de Démo")
    authority.publish(folder)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    files = _by_hand(folder, authority) | _ours(folder, authority, at)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return judge(folder, [folder / name for name in files])


def _by_hand(folder: Path, authority: Authority) -> dict[str, bytes]:
    """Return seals written from the standards alone."""
    provider, consumer = (authority.issue(name, "123456782") for name in ("SDE22", "Rennes Métropole"))
    alone, unknown = (self_made(name, "123456782") for name in ("Organisme isolé", "Organisme inconnu"))
    (folder / "anchors" / "alone.crt").write_bytes(alone.ders[0])
    both = byhand.contract((provider, "provider"), (consumer, "consumer"))
    altered = json.loads(both) | {"payload": byhand.encoded(byhand.PAYLOAD.replace(b"/1", b"/2"))}
    files = {
        "both": both,
        "provider": byhand.contract((provider, "provider")),
        "without-thumbprint": byhand.contract((provider, "provider"), without="x5t#S256"),
        "without-time": byhand.contract((provider, "provider"), without="iat"),
        "altered": json.dumps(altered),
        "self-made": byhand.contract((alone, "provider")),
        "unknown": byhand.contract((unknown, "provider")),
    }
    return {f"byhand-{name}.json": text.encode() for name, text in files.items()}


def _ours(folder: Path, authority: Authority, at: datetime) -> dict[str, bytes]:
    """Return contracts and conventions as a node makes them, one with an authority's certificates and one without.

    And one-sided evidence of either party, with the record of it.
    """
    issued = sample(scenarios.LIGHTING, authority=authority, at=at)
    alone = {role: one_sided(scenarios.AIR, role, authority=authority, at=at) for role in ("provider", "consumer")}
    own = sample(scenarios.FUEL_POVERTY, at=at, personalData=personal())
    for name, hand in (("provider", own.provider), ("consumer", own.consumer)):
        der = hand.key.chain[0].public_bytes(serialization.Encoding.DER)
        (folder / "anchors" / f"own-{name}.crt").write_bytes(der)
    files = {
        "issued.json": issued.contract.encode(),
        "issued-conclusion.json": issued.conclusion.encode(),
        "own.json": own.contract.encode(),
        "issued-fr.pdf": convention_of(issued),
        "issued-en.pdf": convention_of(issued, "en"),
        "own-fr.pdf": convention_of(own),
        "one-sided.json": alone["consumer"].sealed.encode(),
        "one-sided-fr.pdf": _record(alone["provider"], "fr"),
        "one-sided-en.pdf": _record(alone["consumer"], "en"),
        "not-sealed.pdf": as_pdf(draw_up_convention(own.contract), at=at),
    }
    altered = bytearray(files["issued-fr.pdf"])
    altered[altered.index(b"/CreationDate") + 20] ^= 1
    return files | {"altered.pdf": bytes(altered)}


def _record(made: OneSided, language: Language) -> bytes:
    return sealed_pdf(draw_up_record(made.sealed, made.beside, language=language), made.hand, made.at)
