"""Settings: a bad or unknown key refuses to start and is named; nothing dangerous is a default."""

import re
from pathlib import Path

import pytest

from connector.settings import PREFIX, BadSettings, Settings, load
from connector.settings_told import SECRET, allowed


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


# --- what is told of a setting that is refused

ENGLISH = re.compile(
    r"\b(value|error|input|should|must|valid|expected|extra|the|is|a (number|text|list))\b", re.IGNORECASE
)
NO_VALUES: tuple[object, ...] = (["à", "côté"], {"à": 1}, -1, 10**30, float("inf"), float("nan"), "à côté", 1.5, True)
"""Each setting refuses some of these."""


def refusals(name: str) -> list[tuple[object, BadSettings]]:
    """Return the values that the setting refuses, with what is told."""
    return [(value, problem) for value in NO_VALUES if (problem := refusal(name, value)) is not None]


def refusal(name: str, value: object) -> BadSettings | None:
    """Return what is told of a value; None when it is taken."""
    try:
        load(environ={}, **{name: value})
    except BadSettings as problem:
        return problem
    return None


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_that_is_refused_is_told_in_one_language_with_what_is_allowed(name: str) -> None:
    found = refusals(name)
    assert found
    for _, problem in found:
        assert set(problem.detail) == {"fr", "en"}
        french, english = problem.say("fr"), problem.say("en")
        assert f"{name}" in french
        assert "(donné à la commande)" in french
        assert "il faut" in french
        assert not ENGLISH.search(french.replace(name, "").replace("inbox", "").replace("error", "")), french
        assert "must be" in english
        assert not re.search("[àéèêç]", english.replace('à côté"', "").replace("côté", "").replace("à", "")), english


@pytest.mark.parametrize("name", Settings.model_fields)
def test_what_a_setting_may_be_is_told_in_both_languages(name: str) -> None:
    said = allowed(Settings.model_fields[name])
    assert said["fr"]
    assert said["en"]
    assert said["fr"] != said["en"] or "«" in said["fr"]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_name_with_a_slip_in_it_is_told_with_the_one_that_is_meant(tmp_path: Path, name: str) -> None:
    file, slip = tmp_path / "node.toml", name[:2] + name[3:]
    file.write_text(f'{slip} = "secret"\n')
    with pytest.raises(BadSettings) as refused:
        load(file, environ={})
    assert f"{slip} (dans {file}) : ce réglage n’existe pas. Vouliez-vous dire {name} ?" in refused.value.say("fr")
    assert "secret" not in refused.value.say("en")


def test_a_slip_in_the_environment_is_refused_and_what_others_put_there_is_not() -> None:
    with pytest.raises(BadSettings, match="PUPITRE_SEAL_PASPHRASE"):
        load(environ={"PUPITRE_SEAL_PASPHRASE": "x"})
    others = ("CONFIG", "URL", "KEY", "OWNER", "PASSPHRASE", "SERVICE_HOST", "SERVICE_PORT", "PORT_8281_TCP", "HOME")
    load(environ={PREFIX + name: "tcp://10.0.0.1:8281" for name in others})


@pytest.mark.parametrize("name", sorted(SECRET | {"public_url", "outgoing_proxy", "timestamp_url"}))
def test_a_password_is_not_told(name: str) -> None:
    for value in ("ftp://u:sésame@h/x?y", ["sésame"], {"sésame": 1}):
        problem = refusal(name, value)
        assert "sésame" not in ("" if problem is None else str(problem.detail))


def test_all_mistakes_are_told_at_once_each_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('page_size = 5000\nallowed_networks = ["10.1.2.3/8"]\n[seal]\nkey = 1\n')
    with pytest.raises(BadSettings) as refused:
        load(file, environ={"PUPITRE_LOG_LEVEL": "fort"})
    said = refused.value.say("fr")
    assert f"page_size = 5000 (dans {file}) : il faut un nombre entier, de 1 à 500." in said
    assert said.count('allowed_networks = "10.1.2.3/8"') == 1
    assert 'log_level = "fort" (variable PUPITRE_LOG_LEVEL) : il faut « debug » ou' in said
    assert "enlevez la ligne [seal]" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"page_size = \n", "ligne 1, colonne 13"),
        (b"page_size = 1\npage_size = 2\n", "deux fois"),
        ("participant_name = 'été'".encode("latin-1"), "UTF-8"),
        (None, "introuvable"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_french(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "node.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadSettings) as refused:
        load(file, environ={})
    assert words in refused.value.say("fr")
    assert not ENGLISH.search(refused.value.say("fr").replace(str(file), ""))


def test_a_file_may_begin_as_windows_lets_it_and_an_empty_path_is_none(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text("\ufeffpage_size = 7\n")
    assert load(file, environ={"PUPITRE_SEAL_ROOTS": "", "PUPITRE_SEAL_KEY_FILE": ""}).seal_roots is None
    assert load(file, environ={"PUPITRE_SEAL_KEY_FILE": ""}).seal_key_place.name == "seal.key"
