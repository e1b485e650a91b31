"""`pupitre keys`, the part about seals: shown, rotated, certified by an authority, brought as PKCS #12, revoked."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from connector.cli import exits
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


def test_a_file_that_is_not_there_is_named(office: Any) -> None:
    assert "nulle-part.pem" in office.run("keys", "import-certificate", "nulle-part.pem", code=exits.PROBLEM).stderr
