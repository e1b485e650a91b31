"""Keys at rest: private, made once, and never shown."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.identity.errors import MissingKey
from connector.identity.keys import Keys, thumbprint


def test_a_key_and_its_folders_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    Keys(tmp_path).create_auth("ville")
    modes = {path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"keys": 0o700, "keys/ville": 0o700, "keys/ville/auth.pem": 0o600}


def test_a_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    first = Keys(tmp_path).create_auth("ville").thumbprint
    assert Keys(tmp_path).create_auth("ville").thumbprint == first
    assert Keys(tmp_path).auth("ville").thumbprint == first


def test_processes_that_make_a_key_at_once_end_with_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Keys(tmp_path).create_auth("ville").thumbprint, range(16)))
    assert set(made) == {Keys(tmp_path).auth("ville").thumbprint}
    assert [path.name for path in (tmp_path / "keys/ville").iterdir()] == ["auth.pem"]


def test_each_participant_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    assert keys.create_auth("ville").thumbprint != keys.create_auth("regie-eau").thumbprint


def test_a_lost_key_is_named_and_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(MissingKey, match=r"ville/auth\.pem"):
        Keys(tmp_path).auth("ville")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_key_file_is_named_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ville" / "auth.pem"
    path.parent.mkdir(parents=True)
    path.write_text("broken")
    with pytest.raises(MissingKey):
        Keys(tmp_path).create_auth("ville")
    assert path.read_text() == "broken"


@pytest.mark.parametrize("owner", ["..", "a/b", "", ".", "A", "é", "a\n", "x" * 64])
def test_an_owner_cannot_lead_out_of_the_folder(tmp_path: Path, owner: str) -> None:
    with pytest.raises(ValueError, match="short name"):
        Keys(tmp_path).create_auth(owner)


def test_the_text_form_of_a_key_shows_its_thumbprint_only(tmp_path: Path) -> None:
    key = Keys(tmp_path).create_auth("ville")
    assert repr(key) == f"SigningKey({key.thumbprint})"


def test_a_thumbprint_is_the_one_of_the_standard() -> None:
    """RFC 9449 §6.1: the example key and its RFC 7638 thumbprint."""
    jwk = {
        "kty": "EC",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        "crv": "P-256",
    }
    assert thumbprint(jwk) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
