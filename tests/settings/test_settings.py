"""Settings: a bad or unknown key refuses to start and is named; nothing dangerous is a default."""

from pathlib import Path

import pytest

from connector.settings import BadSettings, load


def test_an_empty_database_url_means_sqlite() -> None:
    assert load(environ={"PUPITRE_DATABASE_URL": ""}).database_url is None


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('participant_name = "A"\npage_size = 10\n')
    loaded = load(file, environ={"PUPITRE_PAGE_SIZE": "20", "PUPITRE_ALLOWED_NETWORKS": "10.0.0.0/8, fd00::/8"})
    assert (loaded.participant_name, loaded.page_size, len(loaded.allowed_networks)) == ("A", 20, 2)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("pubic_url = 'http://127.0.0.1'", "pubic_url"),
        ("page_size = 0", "page_size"),
        ("token_lifetime_s = 301", "token_lifetime_s"),
        ("log_level = 'loud'", "log_level"),
    ],
)
def test_a_bad_or_unknown_key_is_named(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "node.toml"
    file.write_text(text)
    with pytest.raises(BadSettings, match=key):
        load(file, environ={})


@pytest.mark.parametrize(
    "values",
    [
        {"public_url": "http://node.example"},
        {"public_url": "https://node.example/path"},
        {"public_url": "ftp://127.0.0.1"},
        {"replicas": True},
    ],
)
def test_settings_that_contradict_each_other_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(BadSettings):
        load(environ={}, **values)


def test_a_password_is_never_shown() -> None:
    assert "secret" not in repr(load(environ={"PUPITRE_DATABASE_URL": "postgresql://u:secret@h/d"}))
