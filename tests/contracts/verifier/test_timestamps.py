"""Time-stamps: what they keep valid, and every token that must not count."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pupitre_verify import examine

from contracts.bundle import pack
from tests.contracts.verifier.ours import concluded_lately
from tests.contracts.verifier.stamps import authorities, item, stamp, stamp_all, token
from tests.contracts.verifier.test_bundle import follow
from tests.contracts.verifier.test_examine import key_list
from tests.contracts.verifier.written import (
    DAY,
    FOR_STAMPS,
    NOW,
    SEALED_AT,
    Case,
    authority,
    case,
    certificate,
    stamping_authority,
)

MUCH_LATER = SEALED_AT + 3650 * DAY
CONTRACT = "contract.jws.json"


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


def test_an_elliptic_curve_authority_is_read() -> None:
    root, _ = authorities()
    key = ec.generate_private_key(ec.SECP256R1())
    whole = first(case(), SEALED_AT, (certificate("TSA", key, issuer=root, extensions=FOR_STAMPS), key))
    assert examine(whole.pack(), at=NOW, roots=[root[0]]).exit_status == 0


def test_a_revocation_after_the_time_stamp_leaves_the_seal_valid() -> None:
    root, stamping = authorities()
    whole = stamp_all(case(), stamping)
    whole.files["status/provider.json"] = key_list(whole.provider, SEALED_AT + 30 * DAY)
    assert examine(whole.pack(), at=NOW, roots=[root[0]]).exit_status == 0
    assert examine(whole.pack(), at=NOW).exit_status == 2


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
    for at in range(0, len(genuine), 7):
        genuine[at] ^= 1 << at % 8
        whole.seals[0]["header"] = {"etsiU": [item(bytes(genuine))]}
        genuine[at] ^= 1 << at % 8
        report = examine(whole.pack(), at=NOW, roots=[root[0]])
        assert report.exit_status != 0, at
        assert (report.faults or report.doubts)[0].place == "/signatures/0/header/etsiU/0", at
    whole.seals[0]["header"] = {"etsiU": [item(bytes(genuine))]}
    assert examine(whole.pack(), at=NOW, roots=[root[0]]).exit_status == 0


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
