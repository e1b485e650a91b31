"""What level a certificate reaches, with an authority of the tests' own."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from connector.identity import certificates
from connector.identity.certificates import Subject
from contracts.levels import WORDS, is_in_qualified_device, is_qualified_for_seals, level
from tests.harness.seals import QC_STATEMENTS, SealAuthority

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
VILLE = Subject("did:web:donnees.ville.fr", "Ville de Brume")


@pytest.fixture(scope="module")
def authority() -> SealAuthority:
    return SealAuthority(NOW)


def chain(authority: SealAuthority, *, is_qualified: bool) -> certificates.Chain:
    request = certificates.request(ec.generate_private_key(ec.SECP256R1()), VILLE)
    return certificates.read_pem(authority.answer(request, NOW, is_qualified=is_qualified))


@pytest.mark.parametrize(("is_qualified", "expected"), [(False, "L1"), (True, "L2")])
def test_a_chain_to_a_trusted_root_is_of_an_authority_or_says_qualified(
    authority: SealAuthority, is_qualified: bool, expected: str
) -> None:
    made = chain(authority, is_qualified=is_qualified)
    assert level(made, [authority.root], NOW) == expected
    assert is_qualified_for_seals(x509.load_der_x509_certificate(made[0])) is is_qualified
    assert not is_in_qualified_device(x509.load_der_x509_certificate(made[0]))


def test_what_nobody_trusts_is_self_made_whatever_it_says_of_itself(authority: SealAuthority) -> None:
    other = SealAuthority(NOW)
    for roots in ([], [other.root]):
        assert level(chain(authority, is_qualified=True), roots, NOW) == "L0"
    own = certificates.self_made(certificates.new_key(), VILLE, NOW, 30)
    assert level(own, [authority.root], NOW) == "L0"


def test_an_authority_of_the_same_name_with_another_key_is_another(authority: SealAuthority) -> None:
    assert level(chain(authority, is_qualified=False), [SealAuthority(NOW, authority.name).root], NOW) == "L0"


def test_a_level_is_that_of_an_instant(authority: SealAuthority) -> None:
    made = chain(authority, is_qualified=True)
    for days in (-2, 366):
        assert level(made, [authority.root], NOW + timedelta(days=days)) == "L0"


def test_a_seal_certificate_is_no_authority_for_another(authority: SealAuthority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    middle = authority._sealed(authority.root.subject, key.public_key(), False)
    leaf = certificates.read_pem(SealAuthority(NOW, authority.name, key).answer(certificates.request(key, VILLE), NOW))
    assert level((leaf[0], middle.public_bytes(Encoding.DER)), [authority.root], NOW) == "L0"


def test_every_level_has_words_in_both_languages() -> None:
    assert {name: set(said) for name, said in WORDS.items()} == {name: {"fr", "en"} for name in ("L0", "L1", "L2")}


@pytest.mark.parametrize(
    "value", [b"", b"\x30", b"\x30\x05\x30", b"\x30\x00", b"\x30\x02\x30\x00", b"\x04\x80\xff", b"x"]
)
def test_statements_that_cannot_be_read_state_nothing(authority: SealAuthority, value: bytes) -> None:
    statements = x509.UnrecognizedExtension(QC_STATEMENTS, value)
    made = authority._begun(authority.root.subject, authority.key.public_key(), timedelta(1), is_authority=False)
    certificate = made.add_extension(statements, critical=False).sign(authority.key, hashes.SHA256())
    assert not is_qualified_for_seals(certificate)
    assert not is_in_qualified_device(certificate)
