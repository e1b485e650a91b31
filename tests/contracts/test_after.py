"""What comes after the seals: the conclusion, notices, time-stamps."""

import asyncio
import base64
import json
from datetime import timedelta

import pytest

from contracts import refused
from contracts.canonical import canonical
from contracts.checks import check_seal
from contracts.conclusion import check_conclusion, conclude
from contracts.jws import CONCLUSION, CONTRACT, NOTICE, encoded, read_sealed
from contracts.notice import check_notice, notice
from contracts.seals import COMMITMENTS, LEEWAY, seal
from contracts.timestamps import MAX_TOKENS, add_token, imprint, merge, stamped_bytes, tokens
from tests.harness.contracts import COMMUNE, LAST, METROPOLE, NOW, countersigned, drawn_up, negotiated, sealed
from tests.harness.sealers import sealer

PROVIDER, CONSUMER, STRANGER = sealer(METROPOLE), sealer(COMMUNE), sealer("did:web:autre.example")
NEXT = sealer(METROPOLE, name="seal-2027")
AGREED = negotiated(PROVIDER, CONSUMER)
ONE = sealed(drawn_up(AGREED), PROVIDER)
BOTH = check_seal(countersigned(ONE, CONSUMER))
SAME_AGAIN = check_seal(countersigned(ONE, CONSUMER, NOW + timedelta(seconds=3)))
OTHER = check_seal(countersigned(sealed(drawn_up(AGREED, countersign_before=LAST + LEEWAY), PROVIDER), CONSUMER))
AT = NOW + timedelta(seconds=5)


def sealed_as(document: dict, by, media_type: str, at=AT, **given) -> str:
    return asyncio.run(seal(canonical(document), by, media_type=media_type, at=at, **given)).text


def conclusion(document: dict | None = None, by=PROVIDER, **given) -> str:
    return sealed_as(document or conclude(BOTH, at=AT), by, **{"media_type": CONCLUSION} | given)


# --- the conclusion ---


def test_the_conclusion_of_a_contract_passes():
    found = check_conclusion(conclusion(), BOTH, now=AT)
    assert found.document == {
        "schema": "https://w3id.org/pupitre/conclusion/1",
        "contract": BOTH.document["id"],
        "contractSha256": BOTH.sha256,
        "agreement": BOTH.document["agreement"]["id"],
        "signatures": {"provider": BOTH.signatures[0].sha256, "consumer": BOTH.signatures[1].sha256},
        "concludedAt": "2026-06-01T12:00:05Z",
    }


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (conclusion(conclude(OTHER, at=AT)), refused.OtherConclusion),
        (conclusion(conclude(SAME_AGAIN, at=AT)), refused.OtherConclusion),
        (conclusion({**conclude(BOTH, at=AT), "agreement": "urn:other"}), refused.OtherConclusion),
        (conclusion({**conclude(BOTH, at=AT), "more": "x"}), refused.BadDocument),
        (conclusion({**conclude(BOTH, at=AT), "concludedAt": "2026-02-30T00:00:00Z"}), refused.BadDocument),
        (conclusion(conclude(BOTH, at=NOW - LEEWAY)), refused.BadSealTime),
        (conclusion(conclude(BOTH, at=AT + LEEWAY + timedelta(seconds=1))), refused.BadSealTime),
        (conclusion(conclude(BOTH, at=AT.replace(year=2036))), refused.BadSealTime),
        (conclusion(by=CONSUMER), refused.WrongSealKey),
        (conclusion(by=STRANGER), refused.WrongSealKey),
        (conclusion(by=NEXT), refused.WrongSealKey),
        (conclusion(media_type=CONTRACT), refused.HeaderRefused),
        (conclusion(commitments=COMMITMENTS["consumer"]), refused.WrongCommitment),
        (conclusion(at=AT + LEEWAY + timedelta(seconds=1)), refused.BadSealTime),
        (countersigned(conclusion(), CONSUMER), refused.WrongSealCount),
        (ONE, refused.BadDocument),
    ],
)
def test_any_other_conclusion_is_refused(text, error):
    with pytest.raises(error) as caught:
        check_conclusion(text, BOTH, now=AT)
    assert type(caught.value) is error


def test_a_key_that_replaced_the_one_of_the_contract_may_conclude():
    check_conclusion(conclusion(by=NEXT), BOTH, now=AT, keys={NEXT.kid: NEXT.sha256})
    with pytest.raises(refused.WrongCertificate):
        check_conclusion(conclusion(by=NEXT), BOTH, now=AT, keys={NEXT.kid: PROVIDER.sha256})
    with pytest.raises(refused.WrongSealKey):
        check_conclusion(conclusion(by=STRANGER), BOTH, now=AT, keys={STRANGER.kid: STRANGER.sha256})


# --- notices ---


def told(kind: str = "termination", by: str = "consumer", **given) -> dict:
    return notice(BOTH, kind, by=by, **{"at": AT, "reason": "Étude terminée."} | given)


@pytest.mark.parametrize("kind", ["termination", "suspension", "resumption", "receipt"])
@pytest.mark.parametrize(("role", "by"), [("provider", PROVIDER), ("consumer", CONSUMER)])
def test_either_side_gives_notice(kind, role, by):
    text = sealed_as(told(kind, role), by, NOTICE)
    assert check_notice(text, BOTH, now=AT).document["kind"] == kind


def test_a_notice_shows_nothing_hidden():
    document = told(code="a\nb", reason="fin\x00 de l\u202e’e\u0301tude ")
    assert (document["code"], document["reason"]) == ("a b", "fin de l’étude")
    assert "code" not in told(code=" ")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (sealed_as(told(), PROVIDER, NOTICE), refused.WrongSealKey),
        (sealed_as(told(), STRANGER, NOTICE), refused.WrongSealKey),
        (sealed_as({**told(), "by": STRANGER.did}, STRANGER, NOTICE), refused.OtherNotice),
        (sealed_as({**told(), "contractSha256": OTHER.sha256}, CONSUMER, NOTICE), refused.OtherNotice),
        (sealed_as({**told(), "agreement": "urn:other"}, CONSUMER, NOTICE), refused.OtherNotice),
        (sealed_as({**told(), "kind": "amendment"}, CONSUMER, NOTICE), refused.BadDocument),
        (sealed_as(told(), CONSUMER, CONCLUSION), refused.HeaderRefused),
        (sealed_as(told(at=AT + LEEWAY + timedelta(seconds=1)), CONSUMER, NOTICE), refused.BadSealTime),
        (sealed_as(told(), CONSUMER, NOTICE, AT + LEEWAY + timedelta(seconds=1)), refused.BadSealTime),
        (sealed_as(told(at=NOW - LEEWAY - timedelta(seconds=1)), CONSUMER, NOTICE), refused.BadSealTime),
        (sealed_as(told(at=AT.replace(year=2016)), CONSUMER, NOTICE), refused.BadSealTime),
    ],
)
def test_any_other_notice_is_refused(text, error):
    with pytest.raises(error) as caught:
        check_notice(text, BOTH, now=AT)
    assert type(caught.value) is error


def test_a_later_key_of_its_author_may_seal_a_notice():
    text = sealed_as(told("suspension", "provider"), NEXT, NOTICE)
    check_notice(text, BOTH, now=AT, keys={NEXT.kid: NEXT.sha256})


# --- time-stamps ---


def test_a_time_stamp_is_about_the_signature_as_it_stands():
    value = json.loads(BOTH.text)["signatures"][1]["signature"]
    assert stamped_bytes(BOTH, 1) == value.encode()
    assert len(imprint(BOTH, 1)) == 32


def test_time_stamps_stand_where_the_standard_wants_them():  # ETSI TS 119 182-1 V1.2.1 §5.3.1, §5.3.4
    text = add_token(BOTH.text, 1, b"token")
    first, second = json.loads(text)["signatures"]
    assert "header" not in first
    (item,) = second["header"]["etsiU"]
    assert json.loads(base64.urlsafe_b64decode(item + "==")) == {
        "sigTst": {"tstTokens": [{"val": base64.b64encode(b"token").decode()}]}
    }


def test_the_same_time_stamp_is_added_once_and_another_beside_it():
    once = add_token(BOTH.text, 0, b"one")
    assert add_token(once, 0, b"one") == once
    both = add_token(once, 0, b"two")
    assert tokens(read_sealed(both), 0) == (b"one", b"two")
    check_seal(both, now=AT)


def test_there_is_an_end_to_time_stamps():
    text = BOTH.text
    for number in range(MAX_TOKENS):
        text = add_token(text, 0, bytes([number, 1]))
    with pytest.raises(refused.BadTimeStampToken):
        add_token(text, 0, b"more")


def test_each_side_takes_the_time_stamps_of_the_other():
    ours, theirs = add_token(BOTH.text, 0, b"one"), add_token(BOTH.text, 1, b"two")
    merged = merge(ours, theirs)
    assert [tokens(read_sealed(merged), place) for place in (0, 1)] == [(b"one",), (b"two",)]
    assert merge(merged, theirs) == merged


@pytest.mark.parametrize("other", [OTHER.text, SAME_AGAIN.text, ONE])
def test_time_stamps_of_another_contract_are_not_taken(other):
    with pytest.raises(refused.OtherContract):
        merge(BOTH.text, other)


@pytest.mark.parametrize(
    "item",
    [
        encoded(b"{}"),
        encoded(b"[]"),
        encoded(b"\xff"),
        encoded(canonical({"sigTst": {}})),
        encoded(canonical({"sigTst": {"tstTokens": []}})),
        encoded(canonical({"sigTst": {"tstTokens": [{"val": ""}]}})),
        encoded(canonical({"sigTst": {"tstTokens": [{"val": "A"}]}})),
        encoded(canonical({"sigTst": {"tstTokens": [{"val": "AB=="}]}})),
        encoded(canonical({"sigTst": {"tstTokens": [{"val": "AAAA", "type": "x"}]}})),
        encoded(canonical({"xVals": []})),
        encoded(b'{"sigTst": {"tstTokens":[{"val":"AAAA"}]}}'),
    ],
)
def test_what_is_no_time_stamp_is_refused(item):
    jws = json.loads(BOTH.text)
    jws["signatures"][0]["header"] = {"etsiU": [item]}
    with pytest.raises(refused.BadTimeStampToken):
        tokens(read_sealed(canonical(jws).decode()), 0)
