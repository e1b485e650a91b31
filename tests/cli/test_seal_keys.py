"""`pupitre keys`, the part about seals: shown, rotated, certified by an authority, brought as PKCS #12, revoked."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from connector.cli import exits
from connector.cli import seal_keys as cli_seal_keys
from tests.harness.seals import SealAuthority


def test_a_seal_key_from_its_first_day_to_its_revocation(office: Any, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    first = office.json("keys", "show")["keys"][0]
    assert "L0" in office.run("keys", "show").stdout
    assert first["name"] in office.run("keys", "create-seal", code=exits.PROBLEM).stderr

    rotated = office.json("keys", "rotate-seal", "--overlap-days", "2")
    assert [one["status"] for one in office.json("keys", "show")["keys"][:2]] == ["present", "overlapping"]

    request, answer = office.run("keys", "request-certificate").stdout, tmp_path / "certificat.pem"
    assert request.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    answer.write_text(SealAuthority(now).answer(request, now))
    issued = office.json("keys", "import-certificate", str(answer))
    assert (issued["status"], issued["certificate"]["issuer"]) == ("present", "CN=Autorité d’essai,C=FR")
    assert "already" not in office.run("keys", "import-certificate", str(answer), code=exits.PROBLEM).stdout

    key, leaf, root = SealAuthority(now).rsa_seal("Brume", now)
    bought, phrase = tmp_path / "cachet.p12", tmp_path / "phrase.txt"
    bought.write_bytes(pkcs12.serialize_key_and_certificates(b"x", key, leaf, [root], BestAvailableEncryption(b"mot")))
    phrase.write_text("mot\n")
    assert "PKCS #12" in office.run("keys", "import-certificate", str(bought), code=exits.PROBLEM).stderr
    brought = office.json("keys", "import-certificate", str(bought), "--passphrase-file", str(phrase))
    assert brought["algorithm"] == "RS256"

    revoked = office.json("keys", "revoke-seal", rotated["name"], "--reason", "essai", "--since", "2026-01-02")
    assert (revoked["status"], revoked["reason"]) == ("revoked", "essai")
    assert "REVOKED" in office.run("keys", "show").stdout
    office.run("keys", "revoke-seal", brought["name"], "--reason", "essai")
    assert "NO KEY CAN SEAL" in office.run("keys", "show").stdout
    assert office.json("keys", "create-seal")["status"] == "present"
    assert office.json("keys", "show")["can_seal"]


def test_a_key_that_an_authority_certified_is_not_replaced_before_somebody_says_so(
    office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, answer = datetime.now(UTC), tmp_path / "certificat.pem"
    answer.write_text(SealAuthority(now).answer(office.run("keys", "request-certificate").stdout, now))
    name = office.json("keys", "import-certificate", str(answer))["name"]

    said = office.run("keys", "rotate-seal", code=exits.PROBLEM).stderr
    assert all(word in said for word in ("L0", "Autorité d’essai", "request-certificate", "--accept-l0"))
    monkeypatch.setattr(cli_seal_keys, "has_terminal", lambda: True)
    assert "Nothing is changed" in office.run("keys", "rotate-seal", input="\n", code=exits.PROBLEM).stderr
    assert office.json("keys", "show")["keys"][0]["name"] == name
    office.run("keys", "rotate-seal", input="yes\n")
    assert office.json("keys", "show")["keys"][0]["certificate"]["level"] == "L0"

    answer.write_text(SealAuthority(now).answer(office.run("keys", "request-certificate").stdout, now))
    office.run("keys", "import-certificate", str(answer))
    assert office.json("keys", "rotate-seal", "--accept-l0")["certificate"]["level"] == "L0"


def test_a_certificate_of_an_authority_that_is_not_trusted_here_is_not_called_self_made(
    office: Any, tmp_path: Path
) -> None:
    now, answer = datetime.now(UTC), tmp_path / "certificat.der"
    issued = SealAuthority(now).answer(office.run("keys", "request-certificate").stdout, now)
    answer.write_bytes(load_pem_x509_certificate(issued.encode()).public_bytes(Encoding.DER))
    for shown in (office.run("keys", "import-certificate", str(answer)), office.run("keys", "show")):
        assert "or of an authority that is not trusted here" in shown.stdout
        assert shown.stdout.count("seal_roots") == 1


def test_what_is_no_certificate_asks_for_no_passphrase(office: Any, tmp_path: Path) -> None:
    request = tmp_path / "demande.csr"
    request.write_text(office.run("keys", "request-certificate").stdout)
    said = office.run("keys", "import-certificate", str(request), code=exits.PROBLEM).stderr
    assert "certificate request (CSR): send it to the authority" in said
    assert "PKCS" not in said
    request.write_text("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n")
    assert "This is a private key" in office.run("keys", "import-certificate", str(request), code=exits.PROBLEM).stderr


def test_a_file_that_holds_certificates_alone_says_that_the_key_lacks(office: Any, tmp_path: Path) -> None:
    _, leaf, _ = SealAuthority(datetime.now(UTC)).rsa_seal("Brume", datetime.now(UTC))
    bought, phrase = tmp_path / "cachet.p12", tmp_path / "phrase.txt"
    bought.write_bytes(pkcs12.serialize_key_and_certificates(b"x", None, None, [leaf], BestAvailableEncryption(b"m")))
    phrase.write_text("m")
    said = office.run("keys", "import-certificate", str(bought), "--passphrase-file", str(phrase), code=exits.PROBLEM)
    assert "no private key" in said.stderr


def test_a_passphrase_is_read_as_windows_wrote_it_and_refused_where_it_is_no_utf8(office: Any, tmp_path: Path) -> None:
    key, leaf, root = SealAuthority(datetime.now(UTC)).rsa_seal("Brume", datetime.now(UTC))
    bought, phrase = tmp_path / "cachet.p12", tmp_path / "phrase.txt"
    lock = BestAvailableEncryption("été".encode())
    bought.write_bytes(pkcs12.serialize_key_and_certificates(b"x", key, leaf, [root], lock))
    words = ["keys", "import-certificate", str(bought), "--passphrase-file", str(phrase)]
    phrase.write_bytes("été\r\n".encode("latin-1"))
    assert "UTF-8" in office.run(*words, code=exits.PROBLEM).stderr
    phrase.write_bytes("\ufeffété\r\n".encode())
    assert office.json(*words)["algorithm"] == "RS256"


def test_a_name_that_no_seal_key_has_says_where_they_are_shown(office: Any) -> None:
    said = office.run("keys", "revoke-seal", "seal-2026", "--reason", "essai", code=exits.PROBLEM).stderr
    assert "pupitre keys show" in said


def test_a_file_that_is_not_there_is_named(office: Any) -> None:
    assert "nulle-part.pem" in office.run("keys", "import-certificate", "nulle-part.pem", code=exits.PROBLEM).stderr
