"""Time-stamps: what they keep valid, and every token that must not count."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pupitre_verify.examine import examine
from pupitre_verify.report import Fault
from pupitre_verify.timestamps import read_token

from contracts.bundle import pack
from tests.contracts.verifier.ours import concluded_lately
from tests.contracts.verifier.stamps import authorities, item, stamp, stamp_all, token
from tests.contracts.verifier.test_bundle import follow
from tests.contracts.verifier.written import (
    DAY,
    FOR_STAMPS,
    NOW,
    SEALED_AT,
    Case,
    authority,
    case,
    certificate,
    der,
    key_list,
    stamping_authority,
)

MUCH_LATER = SEALED_AT + 3650 * DAY
CONTRACT = "contract.jws.json"
STRIDE = 1 if os.environ.get("CI") == "true" else 11


def by_elliptic_curve(root):
    key = ec.generate_private_key(ec.SECP256R1())
    return certificate("TSA", key, issuer=root, extensions=FOR_STAMPS), key


def by_named_key(root):
    key = ec.generate_private_key(ec.SECP256R1())
    named = (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    return certificate("TSA", key, issuer=root, extensions=(*FOR_STAMPS, named)), key


TOKENS = [
    ("RSA", stamping_authority, {}),
    ("RSASSA-PSS", stamping_authority, {"pss": True}),
    ("elliptic curve", by_elliptic_curve, {}),
    ("the key is named", by_named_key, {"by_key": True}),
]


def first(whole: Case, at: datetime, by, **said) -> Case:
    """Time-stamp the provider's seal alone."""
    stamp(whole.seals[0], at, by, **said)
    return whole


def test_ten_years_later_a_time_stamped_bundle_is_valid_and_one_without_is_not_decided() -> None:
    root, stamping = authorities()
    whole = case()
    report = examine(whole.pack(), at=MUCH_LATER, roots=[root[0]])
    assert report.exit_status == 2
    assert "no trusted time-stamp shows that the seal is older" in report.as_text("en")
    report = examine(stamp_all(whole, stamping).pack(), at=MUCH_LATER, roots=[root[0]])
    assert report.exit_status == 0, report.as_text("en")


@pytest.mark.parametrize("left_out", ["provider", "consumer", "conclusion"])
def test_each_seal_needs_a_time_stamp_of_its_own(left_out) -> None:
    root, stamping = authorities()
    whole = stamp_all(case(), stamping)
    if left_out == "conclusion":
        whole.stamp = None
    else:
        del whole.seals[("provider", "consumer").index(left_out)]["header"]
    assert examine(whole.pack(), at=MUCH_LATER, roots=[root[0]]).exit_status == 2


def test_without_an_authority_to_believe_a_time_stamp_shows_nothing() -> None:
    _, stamping = authorities()
    whole = stamp_all(case(), stamping)
    assert examine(whole.pack(), at=NOW).exit_status == 0
    assert examine(whole.pack(), at=MUCH_LATER).exit_status == 2


def test_a_time_stamp_of_another_authority_is_not_believed() -> None:
    whole = first(case(), SEALED_AT, stamping_authority(authority("Une autre")))
    report = examine(whole.pack(), at=NOW, roots=[authority()[0]])
    assert (report.exit_status, report.doubts[0].place) == (2, "/signatures/0/header/etsiU/0")


def test_a_late_time_stamp_is_not_believed() -> None:
    root, stamping = authorities()
    whole = first(case(), SEALED_AT + 2 * DAY, stamping)
    report = examine(whole.pack(), at=NOW, roots=[root[0]])
    assert (report.exit_status, report.doubts[0].place) == (2, "/signatures/0/header/etsiU/0")


def test_a_time_stamp_by_an_authority_whose_certificate_had_ended_is_not_believed() -> None:
    root = authority()
    key = ec.generate_private_key(ec.SECP256R1())
    ended = certificate("TSA", key, issuer=root, end=SEALED_AT - timedelta(hours=1), extensions=FOR_STAMPS)
    whole = first(case(), SEALED_AT, (ended, key))
    assert examine(whole.pack(), at=NOW, roots=[root[0]]).exit_status == 2


@pytest.mark.parametrize(("what", "by", "form"), TOKENS, ids=[one[0] for one in TOKENS])
def test_the_usual_ways_to_sign_are_read(what, by, form) -> None:
    root = authority()
    assert examine(first(case(), SEALED_AT, by(root), **form).pack(), at=NOW, roots=[root[0]]).exit_status == 0


def test_a_revocation_after_the_time_stamp_leaves_the_seal_valid() -> None:
    root, stamping = authorities()
    whole = stamp_all(case(), stamping)
    whole.files["status/provider.json"] = key_list(whole.provider, SEALED_AT + 30 * DAY)
    assert examine(whole.pack(), at=NOW, roots=[root[0]]).exit_status == 0
    assert examine(whole.pack(), at=NOW).exit_status == 2


def test_a_time_stamp_older_than_the_revocation_counts_also_where_the_seal_says_that_it_is_younger() -> None:
    """The clock of the seal may be ahead of the authority's: that takes nothing."""
    root, stamping = authorities()
    minute = timedelta(minutes=1)
    whole = first(case(), SEALED_AT - 3 * minute, stamping)
    whole.files["status/provider.json"] = key_list(whole.provider, SEALED_AT - minute)
    report = examine(whole.pack(), at=NOW, roots=[root[0]])
    assert {one.part for one in report.doubts} == {"conclusion.jws.json"}


def test_a_time_stamp_younger_than_a_revocation_dated_back_does_not_tell_when_it_was_announced() -> None:
    root, stamping = authorities()
    whole = stamp_all(case(), stamping)
    whole.files["status/provider.json"] = key_list(whole.provider, SEALED_AT - timedelta(hours=1))
    report = examine(whole.pack(), at=NOW, roots=[root[0]])
    assert (report.exit_status, report.doubts[0].place) == (2, "/signatures/0/protected/kid")
    assert "dated back" in report.doubts[0].en


def not_for_stamps(root):
    key = ec.generate_private_key(ec.SECP256R1())
    return certificate("Serveur", key, issuer=root), key


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("about another seal", {"over": "autre"}),
        ("before the seal", {"at": SEALED_AT - DAY}),
        ("another digest", {"message_imprint": {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)}}),
        ("names another certificate", {"named": True}),
        ("by a server", {"by": not_for_stamps}),
    ],
)
def test_a_false_time_stamp_is_refused(what, said) -> None:
    root, stamping = authorities()
    said = dict(said)
    if said.pop("named", False):
        said["named"] = root[0]
    by = said.pop("by", lambda _: stamping)(root)
    whole = first(case(), said.pop("at", SEALED_AT), by, **said)
    report = examine(whole.pack(), at=NOW, roots=[root[0]])
    assert report.exit_status == 1, what
    assert (report.faults[0].part, report.faults[0].place) == (CONTRACT, "/signatures/0/header/etsiU/0")


def test_no_altered_byte_of_a_token_passes() -> None:
    root, stamping = authorities()
    whole = case()
    genuine = bytearray(token(whole.seals[0]["signature"].encode(), SEALED_AT, stamping))
    for at in range(0, len(genuine), STRIDE):
        genuine[at] ^= 1 << at % 8
        whole.seals[0]["header"] = {"etsiU": [item(bytes(genuine))]}
        genuine[at] ^= 1 << at % 8
        report = examine(whole.pack(), at=NOW, roots=[root[0]])
        assert report.exit_status != 0, at
        assert (report.faults or report.doubts)[0].place == "/signatures/0/header/etsiU/0", at
    whole.seals[0]["header"] = {"etsiU": [item(bytes(genuine))]}
    assert examine(whole.pack(), at=NOW, roots=[root[0]]).exit_status == 0


@pytest.mark.parametrize(("what", "by", "form"), TOKENS, ids=[one[0] for one in TOKENS])
def test_no_altered_bit_and_no_other_length_of_a_token_is_read(what, by, form) -> None:
    stamped, root = b"a signature", authority()
    genuine = token(stamped, SEALED_AT, by(root), **form)
    assert read_token(CONTRACT, "", genuine, stamped).at == SEALED_AT
    every = [(at, 1 << bit) for at in range(0, len(genuine), STRIDE) for bit in range(8)]
    changed = [genuine[:at] + bytes([genuine[at] ^ bits]) + genuine[at + 1 :] for at, bits in every]
    changed += [genuine[:at] for at in range(0, len(genuine), STRIDE)] + [genuine + b"\0"]
    for one in changed:
        with pytest.raises(Fault):
            read_token(CONTRACT, "", one, stamped)


def changed_token(change) -> bytes:
    """Return a genuine token after a change of what no signature covers."""
    made = cms.ContentInfo.load(token(b"x", SEALED_AT, authorities()[1]))
    change(made["content"])
    return made.dump(force=True)


def drop_certificates(signed) -> None:
    signed["certificates"] = []


def sign_twice(signed) -> None:
    signed["signer_infos"] = [signed["signer_infos"][0], signed["signer_infos"][0].copy()]


def add_unsigned(signed) -> None:
    signed["signer_infos"][0]["unsigned_attrs"] = [{"type": "content_type", "values": ["tst_info"]}]


def other_digests(signed) -> None:
    signed["digest_algorithms"] = [{"algorithm": "sha512"}]


def other_version(signed) -> None:
    signed["version"] = "v1"


def other_signer_version(signed) -> None:
    signed["signer_infos"][0]["version"] = "v3"


@pytest.mark.parametrize(
    "change",
    [
        drop_certificates,
        sign_twice,
        add_unsigned,
        other_digests,
        other_version,
        other_signer_version,
    ],
)
def test_a_change_of_what_no_signature_covers_is_refused(change) -> None:
    assert read_token(CONTRACT, "", changed_token(lambda signed: None), b"x").at == SEALED_AT
    with pytest.raises(Fault, match=r"unreadable or altered time-stamp"):
        read_token(CONTRACT, "", changed_token(change), b"x")


def test_a_digest_has_no_parameters_but_null() -> None:
    named = bytes.fromhex("300d06096086480165030402010500")
    made = changed_token(lambda signed: None)
    before, _, after = made.rpartition(named)  # the signer's: the one before it is signed
    with pytest.raises(Fault):
        read_token(CONTRACT, "", before + named[:-2] + b"\x04\x00" + after, b"x")


def test_certificates_in_any_order_are_read() -> None:  # many authorities send their own first, whatever it sorts to
    root, stamping = authorities()
    made = cms.ContentInfo.load(token(b"x", SEALED_AT, stamping))
    chain = [der(stamping[0]), der(root[0])]
    for listed in (chain, chain[::-1]):
        made["content"]["certificates"] = cms.CertificateSet(contents=b"".join(listed))
        stamp_read = read_token(CONTRACT, "", made.dump(), b"x")
        assert stamp_read.chain == (stamping[0], root[0])


def test_two_time_stamps_of_which_one_is_false_are_refused() -> None:
    root, stamping = authorities()
    whole = first(case(), SEALED_AT, stamping)
    whole.seals[0]["header"]["etsiU"].append(item(b"0"))
    assert examine(whole.pack(), at=NOW, roots=[root[0]]).exit_status == 1


# --- a token that openssl made, checked by openssl as the page in the bundle says

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/tsa.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def by_openssl(stamped: bytes, stamping, folder: Path) -> bytes:
    """Return a token that openssl makes now."""
    chosen, key = stamping
    (folder / "tsa.pem").write_bytes(chosen.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (folder / "tsa.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    (folder / "serial").write_text("01")
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "stamped").write_bytes(stamped)
    query, out = folder / "query.tsq", folder / "token"
    for words in (
        ["-query", "-data", folder / "stamped", "-sha256", "-cert", "-out", query],
        ["-reply", "-config", folder / "tsa.cnf", "-section", "one", "-queryfile", query, "-token_out", "-out", out],
    ):
        subprocess.run(["openssl", "ts", *words], check=True, capture_output=True, timeout=60)
    return out.read_bytes()


@pytest.mark.by_hand
def test_a_token_of_openssl_is_read_and_the_page_shows_how_to_check_it(tmp_path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    begin, end = now - DAY, now + 365 * DAY
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = certificate("Autorité d’essai", root_key, ca=True, begin=begin, end=end), root_key
    stamping = stamping_authority(root, begin=begin, end=end)

    def stamped(whole: Case) -> None:
        seal = whole.seals[0]
        seal["header"] = {"etsiU": [item(by_openssl(seal["signature"].encode(), stamping, tmp_path))]}

    made = concluded_lately(now, stamped)
    report = examine(pack(made), at=now + timedelta(minutes=1), roots=[root[0]])
    assert report.exit_status == 0, report.as_text("en")
    assert any("time-stamped" in one.en for one in report.findings)
    known = root[0].public_bytes(serialization.Encoding.PEM)
    done = follow(pack(made), tmp_path / "empty", **{"AUTORITES.pem": known})
    assert "Verification: OK" in done.stdout.splitlines()
    assert "Time stamp:" in done.stdout


@pytest.mark.by_hand
def test_the_page_judges_a_stamping_authority_as_of_the_stamp_even_once_its_certificate_has_ended(tmp_path) -> None:
    then = datetime.now(UTC).replace(microsecond=0) - 3 * 365 * DAY
    root = authority(begin=then - DAY)
    stamping = stamping_authority(root, begin=then - DAY, end=then + 30 * DAY)

    def stamped(whole: Case) -> None:
        seal = whole.seals[0]
        seal["header"] = {"etsiU": [item(token(seal["signature"].encode(), then, stamping))]}

    known = root[0].public_bytes(serialization.Encoding.PEM)
    done = follow(pack(concluded_lately(then, stamped)), tmp_path / "empty", **{"AUTORITES.pem": known})
    assert "Verification: OK" in done.stdout.splitlines()
