"""What was sealed once is read for ever, and is written to the byte by whoever has the same keys."""

from datetime import timedelta

import pytest

from contracts.checks import check_contract, check_countersigned, check_seal
from contracts.conclusion import check_conclusion
from contracts.jws import read_sealed
from contracts.notice import check_notice
from contracts.timestamps import tokens
from tests.contracts import golden
from tests.harness.contracts import NOW, negotiated

LATER = NOW + timedelta(days=365)


WORDS = {"1": golden.FOLDER, "2": golden.FOLDER / "2", "3": golden.FOLDER / "3"}
"""Where the files of each generator are, by its number."""


def kept(name: str, words: str = golden.NEWEST.name) -> str:
    return (WORDS[words] / name).read_text("utf-8")


@pytest.mark.parametrize("name", sorted(golden.made()))
def test_it_is_written_to_the_byte(name):
    assert golden.made()[name] == kept(name), "the words changed: see tests/contracts/golden.py"


@pytest.mark.parametrize(
    ("words", "sha256"),
    [
        ("1", "c963f23ee08dc4c9221ef1a2d4d254285d7d0f35391a8b0d1e571877d1caac89"),
        ("2", "be646216470304bb319d20476eb6622a4e956de8134c2f95aab36e64b787f475"),
        ("3", "9733518a849fee8ba754acb3c2ff328cf01730c7390db22df723205ada20fbc2"),
    ],
)
def test_a_golden_contract_is_good_in_whatever_words(words, sha256):
    provider, consumer = golden.sealer("provider"), golden.sealer("consumer")
    check_contract(kept("provider.jws.json", words), negotiated(provider, consumer), now=NOW)
    contract = check_countersigned(kept("contract.jws.json", words), kept("provider.jws.json", words), now=NOW)
    check_conclusion(kept("conclusion.jws.json", words), contract, now=LATER)
    check_notice(kept("termination.jws.json", words), contract, now=LATER)
    assert contract.payload.decode() == kept("contract.json", words)
    assert contract.sha256 == sha256
    assert contract.document["terms"]["generator"] == f"pupitre-policies/{words}"


def test_time_stamps_leave_the_seals_as_they_were():
    stamped, plain = check_seal(kept("stamped.jws.json"), now=LATER), read_sealed(kept("contract.jws.json"))
    assert [tokens(stamped, place) for place in (0, 1)] == [(golden.TOKEN,)] * 2
    assert [each.sha256 for each in stamped.signatures] == [each.sha256 for each in plain.signatures]
