"""Seal keys at rest, their certificates, and the signer: what openssl and a second library read of them."""

import asyncio
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pydantic import SecretStr

from connector.identity import certificates
from connector.identity.certificates import LONGEST_NAME_BYTES, Subject
from connector.identity.errors import CertificateRefused, MissingSealKey, SealKeyLocked
from connector.identity.seal_keys import Lock, SealKeys
from connector.identity.signing import signer
from tests.harness.certificates import Authority

DID = "did:web:donnees.ville.fr"
NOW = datetime(2026, 11, 26, 8, 0, 0, 5, tzinfo=UTC)
VILLE = Subject(DID, "Ville de Brume", "243500139")
PASSPHRASE = SecretStr("une phrase de passe assez longue")


@pytest.fixture
def keys(tmp_path: Path) -> SealKeys:
    """Seal keys behind a key file."""
    return SealKeys(tmp_path, Lock(tmp_path / "seal.key"))


def made(keys: SealKeys, subject: Subject = VILLE, days: int = 1096) -> x509.Certificate:
    (octets,) = keys.create("ville", "seal-20261126", subject, NOW, days)
    return x509.load_der_x509_certificate(octets)


def test_a_seal_key_and_what_opens_it_are_readable_by_their_owner_alone(tmp_path: Path, keys: SealKeys) -> None:
    made(keys)
    modes = {path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"seal.key": 0o600, "keys": 0o700, "keys/ville": 0o700, "keys/ville/seal-20261126.pem": 0o600}


def test_the_file_is_encrypted_and_openssl_opens_it_with_the_key_file(tmp_path: Path, keys: SealKeys) -> None:
    certificate = made(keys)
    path = keys.path("ville", "seal-20261126")
    assert path.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    command = ["openssl", "pkey", "-in", str(path), "-passin", f"file:{tmp_path / 'seal.key'}", "-pubout"]
    public = subprocess.run(command, check=True, capture_output=True).stdout
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public == certificate.public_key().public_bytes(*form)


def test_the_certificate_names_the_organisation_its_siren_and_its_did(keys: SealKeys) -> None:
    certificate = made(keys)
    subject = {one.rfc4514_attribute_name: one.value for one in certificate.subject}
    expected = {"C": "FR", "O": VILLE.legal_name, "CN": VILLE.legal_name, "2.5.4.97": "NTRFR-243500139"}
    assert subject.items() >= expected.items()
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert named.get_values_for_type(x509.UniformResourceIdentifier) == [DID]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    certificate.verify_directly_issued_by(certificate)


def test_an_organisation_without_a_siren_is_named_without_one(keys: SealKeys) -> None:
    named = {one.rfc4514_attribute_name for one in made(keys, Subject(DID, "Ville")).subject}
    assert named == {"C", "O", "CN"}


def test_a_name_longer_than_a_certificate_allows_is_shortened(keys: SealKeys) -> None:
    subject = made(keys, Subject(DID, "Syndicat d’électricité " * 9)).subject
    (name,) = subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    assert LONGEST_NAME_BYTES - 2 < len(str(name.value).encode()) <= LONGEST_NAME_BYTES
    assert str(name.value).endswith("…")


def test_a_certificate_begins_now_and_ends_when_told(keys: SealKeys) -> None:
    certificate = made(keys, days=10)
    assert certificate.not_valid_before_utc == NOW.replace(microsecond=0)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=10)


def test_openssl_accepts_the_certificate_as_its_own_root(tmp_path: Path, keys: SealKeys) -> None:
    made(keys)
    path = str(keys.path("ville", "seal-20261126"))
    at = str(int(NOW.timestamp()) + 60)
    command = ["openssl", "verify", "-x509_strict", "-check_ss_sig", "-attime", at, "-CAfile", path, path]
    assert subprocess.run(command, capture_output=True, text=True).stdout.strip() == f"{path}: OK"


def test_another_secret_opens_nothing_and_is_named(tmp_path: Path, keys: SealKeys) -> None:
    made(keys)
    (tmp_path / "seal.key").write_text("another secret")
    with pytest.raises(SealKeyLocked, match=r"seal-20261126\.pem"):
        SealKeys(tmp_path, keys.lock).private("ville", "seal-20261126")


def test_a_lost_key_file_is_named_and_not_replaced(tmp_path: Path, keys: SealKeys) -> None:
    made(keys)
    (tmp_path / "seal.key").unlink()
    with pytest.raises(SealKeyLocked, match=r"seal\.key"):
        SealKeys(tmp_path, keys.lock).private("ville", "seal-20261126")
    assert not (tmp_path / "seal.key").exists()


def test_an_empty_key_file_protects_nothing_and_is_refused(tmp_path: Path, keys: SealKeys) -> None:
    (tmp_path / "seal.key").write_text("\n")
    with pytest.raises(SealKeyLocked):
        made(keys)
    assert not (tmp_path / "keys/ville/seal-20261126.pem").exists()


def test_a_passphrase_takes_the_place_of_the_key_file(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "seal.key", PASSPHRASE)
    made(SealKeys(tmp_path, lock))
    assert isinstance(SealKeys(tmp_path, lock).private("ville", "seal-20261126"), ec.EllipticCurvePrivateKey)
    assert not (tmp_path / "seal.key").exists()
    assert PASSPHRASE.get_secret_value() not in repr(lock)


@pytest.mark.parametrize(
    "content", [None, b"broken", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_is_missing_or_no_key_is_a_problem_and_not_replaced(
    tmp_path: Path, keys: SealKeys, content: bytes | None
) -> None:
    made(keys)
    path = keys.path("ville", "seal-20261126")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((MissingSealKey, SealKeyLocked)):
        keys.private("ville", "seal-20261126")
    assert path.exists() == (content is not None)


def test_a_key_is_never_written_over(keys: SealKeys) -> None:
    made(keys)
    with pytest.raises(FileExistsError):
        made(keys)


def test_the_signer_gives_a_jose_signature_that_the_certificate_verifies(keys: SealKeys) -> None:
    certificate = made(keys)
    ours = signer(keys, "ville", DID, "seal-20261126", (certificate.public_bytes(serialization.Encoding.DER),))
    assert (ours.kid, ours.algorithm) == (f"{DID}#seal-20261126", "ES256")
    for _ in range(2):  # the first time the file is opened, in a thread
        octets = asyncio.run(ours.sign(b"text"))
        assert len(octets) == 64
        r, s = (int.from_bytes(half, "big") for half in (octets[:32], octets[32:]))
        public = certificate.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(encode_dss_signature(r, s), b"text", ec.ECDSA(hashes.SHA256()))
    assert "PrivateKey" not in repr(ours)


def test_a_signer_with_an_rsa_key_signs_as_rs256(keys: SealKeys) -> None:
    key = rsa.generate_private_key(65537, 3072)
    chain = certificates.self_made(key, VILLE, NOW, 30)
    keys.keep("ville", "seal-2", key, chain)
    ours = signer(keys, "ville", DID, "seal-2", chain)
    assert ours.algorithm == "RS256"
    key.public_key().verify(asyncio.run(ours.sign(b"text")), b"text", padding.PKCS1v15(), hashes.SHA256())


def test_a_signer_whose_key_is_gone_says_so_when_it_signs(keys: SealKeys) -> None:
    certificate = made(keys)
    chain = (certificate.public_bytes(serialization.Encoding.DER),)
    keys.forget("ville", "seal-20261126")
    with pytest.raises(MissingSealKey):
        asyncio.run(signer(keys, "ville", DID, "seal-20261126", chain).sign(b"text"))


def test_a_request_is_for_the_key_and_names_the_same_subject(keys: SealKeys) -> None:
    certificate = made(keys)
    asked = x509.load_pem_x509_csr(certificates.request(keys.private("ville", "seal-20261126"), VILLE).encode())
    assert asked.is_signature_valid
    assert asked.subject == certificate.subject
    assert asked.public_key() == certificate.public_key()


def test_a_chain_is_put_in_order_and_its_root_left_out(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    leaf, _ = authority.server_files("ville.example")
    root = authority.file.read_text()
    for text in (root + leaf.read_text(), leaf.read_text() + root):
        (only,) = certificates.read_pem(text)
        assert only == x509.load_pem_x509_certificate(leaf.read_bytes()).public_bytes(serialization.Encoding.DER)


def test_a_certificate_of_an_unknown_version_is_refused(tmp_path: Path) -> None:
    made = Authority(tmp_path).server_files("ville.example")[0].read_bytes()
    der = x509.load_pem_x509_certificate(made).public_bytes(serialization.Encoding.DER)
    version = der.index(bytes.fromhex("a003020102")) + 4
    with pytest.raises(CertificateRefused) as refused:
        certificates.read_pem(ssl.DER_cert_to_PEM_cert(der[:version] + b"B" + der[version + 1 :]))
    assert refused.value.reason == "form"


def test_certificates_that_are_no_chain_are_refused(tmp_path: Path, keys: SealKeys) -> None:
    one, other = (Authority(tmp_path / name, name).server_files("ville.example")[0] for name in ("one", "other"))
    for text, reason in ((one.read_text() + other.read_text(), "chain"), ("nothing", "form"), ("", "form")):
        with pytest.raises(CertificateRefused) as refused:
            certificates.read_pem(text)
        assert refused.value.reason == reason


def test_what_cannot_seal_is_refused_with_its_reason(tmp_path: Path, keys: SealKeys) -> None:
    now = datetime.now(UTC)
    weak = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP384R1())
    authority = Authority(tmp_path / "ca")
    expired = authority.server_files("old.example", ends=timedelta(hours=-1))[0]
    cases = {
        "key-type": [certificates.self_made(one, VILLE, now, 30)[0] for one in (weak, curve)],
        "validity": [certificates.read_pem(expired.read_text())[0]],
        "authority": [certificates.read_pem(authority.file.read_text())[0]],
    }
    for reason, octets in cases.items():
        for one in octets:
            with pytest.raises(CertificateRefused) as refused:
                certificates.check_for_seals(one, now)
            assert refused.value.reason == reason


def test_a_key_is_near_once_it_is_open_and_only_under_its_own_certificate(keys: SealKeys) -> None:
    own, other = (keys.create("ville", name, VILLE, NOW, 10) for name in ("seal-1", "seal-2"))
    ours, mistaken = (signer(keys, "ville", DID, "seal-1", chain) for chain in (own, other))
    assert not ours.is_near
    asyncio.run(ours.sign(b"text"))
    assert ours.is_near
    assert not mistaken.is_near
