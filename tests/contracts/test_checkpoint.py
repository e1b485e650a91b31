"""Checkpoints of the journal: what they fix, and what is no checkpoint of this participant."""

import asyncio
import hashlib
from datetime import timedelta

import pytest

from contracts import refused
from contracts.canonical import canonical
from contracts.checkpoint import check_checkpoint, check_follows, draw_up_checkpoint, head_digest
from contracts.jws import CHECKPOINT, NOTICE, Sealed, written
from contracts.seals import LEEWAY, countersign, seal
from tests.harness.contracts import COMMUNE, METROPOLE, NOW
from tests.harness.sealers import sealer

OURS, NEXT, STRANGER = sealer(METROPOLE), sealer(METROPOLE, name="seal-2027"), sealer("did:web:autre.example")
KEYS = {OURS.kid: OURS.sha256, NEXT.kid: NEXT.sha256}
HEADS = [head_digest("urn:uuid:1", 3, "a" * 64), head_digest("did:web:commune.example", 12, "b" * 64)]
LATER = NOW + timedelta(days=1)


def drawn_up(number: int = 1, previous: Sealed | None = None, **given) -> dict:
    stood = {"by": METROPOLE, "at": NOW, "heads": HEADS} | given
    return draw_up_checkpoint(stood.pop("heads"), number=number, previous=previous, **stood)


def sealed(document: dict, by=OURS, at=NOW, media_type: str = CHECKPOINT, **given) -> Sealed:
    return asyncio.run(seal(canonical(document), by, media_type=media_type, at=at, **given))


FIRST, BEFORE = sealed(drawn_up()), drawn_up(at=NOW - LEEWAY)
EARLIER = written(canonical(BEFORE), BEFORE, *FIRST.signatures)
"""Another document, under the seal of the first."""
SECOND = sealed(drawn_up(2, FIRST, at=LATER), by=NEXT, at=LATER)


def test_a_chain_of_checkpoints_passes_whichever_key_of_the_participant_sealed():
    first, second = (check_checkpoint(one.text, by=METROPOLE, keys=KEYS, now=LATER) for one in (FIRST, SECOND))
    check_follows(first, None)
    check_follows(second, first)


def test_an_entry_stands_in_it_as_a_digest_that_a_shell_can_compute():
    told = '{"hash":"' + "a" * 64 + '","n":3,"process":"urn:uuid:1"}'
    assert HEADS[0] == hashlib.sha256(told.encode()).hexdigest()
    assert FIRST.document["heads"] == sorted(HEADS)
    assert "commune.example" not in FIRST.payload.decode()


def test_a_restoration_is_told():
    document = drawn_up(restorations=[(NOW - timedelta(days=2), NOW)])
    assert document["restorations"] == [{"backupAt": "2026-05-30T12:00:00Z", "restoredAt": "2026-06-01T12:00:00Z"}]
    check_checkpoint(sealed(document).text, by=METROPOLE, keys=KEYS)
    assert "restorations" not in FIRST.document


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (sealed(drawn_up(), by=STRANGER).text, refused.WrongSealKey),
        (sealed(drawn_up(by=COMMUNE)).text, refused.OtherCheckpoint),
        (sealed({**drawn_up(), "heads": sorted(HEADS, reverse=True)}).text, refused.OtherCheckpoint),
        (sealed({**drawn_up(), "heads": [HEADS[0], HEADS[0]]}).text, refused.OtherCheckpoint),
        (sealed({**drawn_up(), "heads": []}).text, refused.BadDocument),
        (sealed({**drawn_up(), "number": 0}).text, refused.BadDocument),
        (sealed({**drawn_up(), "more": "x"}).text, refused.BadDocument),
        (sealed({**drawn_up(), "at": "2026-02-30T00:00:00Z"}).text, refused.BadDocument),
        (sealed(drawn_up(at=LATER)).text, refused.BadSealTime),
        (sealed(drawn_up(), at=LATER + LEEWAY + timedelta(seconds=1)).text, refused.BadSealTime),
        (sealed(drawn_up(), media_type=NOTICE).text, refused.HeaderRefused),
        (sealed(drawn_up(), commitments=()).text, refused.WrongCommitment),
        (asyncio.run(countersign(FIRST, STRANGER, at=NOW)).text, refused.WrongSealCount),
        (EARLIER.text, refused.BadSeal),
        ("{}", refused.NotASeal),
    ],
)
def test_any_other_checkpoint_is_refused(text, error):
    with pytest.raises(error) as caught:
        check_checkpoint(text, by=METROPOLE, keys=KEYS, now=LATER)
    assert type(caught.value) is error


def test_another_certificate_under_the_name_of_a_key_is_refused():
    with pytest.raises(refused.WrongCertificate):
        check_checkpoint(FIRST.text, by=METROPOLE, keys={OURS.kid: NEXT.sha256})


SEALED_AGAIN = sealed(drawn_up(), by=NEXT)
OTHER = sealed(drawn_up(heads=HEADS[:1]))


@pytest.mark.parametrize(
    ("one", "previous"),
    [
        (SECOND, None),
        (FIRST, FIRST),
        (SECOND, OTHER),
        (SECOND, SEALED_AGAIN),
        (sealed(drawn_up(3, FIRST)), FIRST),
        (sealed({**drawn_up(), "number": 2}), FIRST),
    ],
)
def test_a_checkpoint_that_does_not_follow_is_refused(one, previous):
    with pytest.raises(refused.OtherCheckpoint):
        check_follows(one, previous)
