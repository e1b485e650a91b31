"""`pupitre policy`: no node runs, and none is needed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import policies
from connector.cli import exits
from connector.cli.root import cli
from policies.scenarios import FUEL_POVERTY, LIGHTING, METROPOLE
from policies.vocabulary import TERRI

DPO, CELLS = TERRI + "accordDPO", TERRI + "minCellCount"
AUTHORITY = "terri:participantCategory=terri:Collectivite"
AT = "2026-06-01T12:00:00+00:00"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s1.json").write_text(json.dumps(dict(LIGHTING.offer)), "utf-8")
    (tmp_path / "s5.json").write_text(json.dumps(dict(FUEL_POVERTY.offer)), "utf-8")
    (tmp_path / "broken.json").write_text("{", "utf-8")

    def invoke(*words: str, code: int = 0, lang: str = "fr", **options: Any) -> Result:
        result = CliRunner().invoke(cli, ["--lang", lang, "policy", *words], **options)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return invoke


def asked(run: Run, *words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


# --- check


def test_a_sound_offer_has_nothing_to_correct(run: Run) -> None:
    assert "Rien à corriger." in run("check", "s1.json").stdout
    assert asked(run, "check", "s1.json") == []
    assert "Nothing to correct." in run("check", "s1.json", lang="en").stdout


def test_errors_are_told_with_their_place_and_end_with_1(run: Run) -> None:
    words = ("check", "-")
    text = json.dumps({**LIGHTING.offer, "@type": "Set"})
    told = run(*words, input=text, code=exits.PROBLEM)
    assert told.stdout.startswith("ERREUR /@type : ")
    assert "(wrong-type)\n  → Écrivez « Offer ».\n" in told.stdout
    found = json.loads(run(*words, "--json", input=text, code=exits.PROBLEM).stdout)
    assert [(one["code"], one["severity"], one["pointer"]) for one in found] == [("wrong-type", "error", "/@type")]
    assert (found[0]["fix"]["operation"], found[0]["fix"]["member"]) == ("replace", "Offer")
    run(*words, "--target", "odrl", input=text)


def test_a_warning_counts_when_one_is_strict(run: Run) -> None:
    text = json.dumps({name: value for name, value in LIGHTING.offer.items() if name != "odrl:conflict"})
    assert "attention" in run("check", "-", input=text).stdout
    run("check", "-", "--strict", input=text, code=exits.PROBLEM)


def test_rules_that_restrict_an_open_licence_are_doubtful(run: Run) -> None:
    run("check", "s1.json", "--strict")
    told = run("check", "s1.json", "--strict", "--licence", "etalab-2.0", code=exits.PROBLEM)
    assert "attention" in told.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("check", "broken.json"),
        ("show", "broken.json"),
        ("diff", "s1.json", "broken.json"),
        ("explain", "broken.json", "--as", "did:web:a.example"),
        ("simulate", "broken.json", "--as", "did:web:a.example"),
    ],
)
def test_what_is_no_policy_ends_with_2_and_a_sentence(run: Run, words: tuple[str, ...]) -> None:
    told = run(*words, code=exits.USAGE)
    assert told.stdout == ""
    assert "broken.json : Ce texte n’est pas du JSON." in told.stderr
    assert json.loads(run(*words, "--json", code=exits.USAGE).stderr)["code"] == "not-json"


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    assert "absent.json" in run("check", "absent.json", code=exits.USAGE).stderr


# --- show, diff


def test_rules_are_told_in_sentences_with_their_template(run: Run) -> None:
    told = run("show", "s1.json").stdout
    assert all(sentence in told for sentence in policies.sentences(policies.load(LIGHTING.offer), "fr"))
    assert "Entre collectivités, mission de service public (public-service)" in told
    assert "trame noire" in told
    assert "  [engagement seul]" in told
    assert "  [vérifié par le nœud" in told
    found = asked(run, "show", "s1.json")
    assert found["template"]["name"] == "public-service"
    assert found["template"]["parameters"]["until"] == "2028-12-31T23:59:59Z"
    assert found["sentences"]["en"] == policies.sentences(policies.load(LIGHTING.offer), "en")
    assert found["hash"] == policies.hash(policies.load(LIGHTING.offer))


def test_the_same_terms_are_told_apart_from_others(run: Run) -> None:
    again = json.dumps({**LIGHTING.offer, "@id": "urn:other"})
    assert "Les mêmes règles." in run("diff", "s1.json", "-", input=again).stdout
    less = json.dumps({name: value for name, value in LIGHTING.offer.items() if name != "prohibition"})
    changes = policies.compare(policies.load(LIGHTING.offer), policies.load(less))
    told = run("diff", "s1.json", "-", input=less, code=exits.PROBLEM).stdout
    assert told == "\n".join(changes.lines("fr")) + "\n"
    found = json.loads(run("diff", "s1.json", "-", "--json", input=less, code=exits.PROBLEM).stdout)
    assert (found["same"], found["direction"]) == (False, "looser")
    assert [one["text"]["en"] for one in found["changes"]] == changes.lines("en")


# --- explain, simulate


def test_who_is_permitted_ends_with_0_and_learns_until_when(run: Run) -> None:
    words = ("explain", "s1.json", "--as", METROPOLE, "--purpose", "TrameNoire", "--at", AT, "--fact", AUTHORITY)
    told = run(*words).stdout
    assert told.startswith("PERMIS\n")
    assert told.splitlines()[-1].endswith("REFUSÉ")
    found = asked(run, *words)
    assert (found["effect"], found["valid_until"]) == ("permit", "2028-12-31T23:59:59.000001Z")
    assert [one["effect"] for one in found["timeline"]] == ["permit", "deny"]


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--fact", "terri:participantCategory=terri:Entreprise"),
        ("--fact", AUTHORITY, "--purpose", "Experimentation"),
        ("--fact", AUTHORITY, "--unaccepted"),
        ("--fact", AUTHORITY, "--action", "odrl:distribute"),
        ("--fact", AUTHORITY, "--at", "2029-06-01"),
    ],
)
def test_who_is_not_permitted_ends_with_1_and_reasons(run: Run, more: tuple[str, ...]) -> None:
    words = ("explain", "s1.json", "--as", METROPOLE, "--at", AT, *more)
    assert "REFUSÉ" in run(*words, code=exits.PROBLEM).stdout
    assert asked(run, *words, code=exits.PROBLEM)["reasons"]


@pytest.mark.parametrize("level", ["clause", "category", "nothing"])
def test_what_the_participant_would_read_is_no_more_than_its_level_lets_it(run: Run, level: str) -> None:
    words = ("explain", "s1.json", "--as", METROPOLE, "--at", AT, "--told-to", level)
    found = asked(run, *words, code=exits.PROBLEM)
    assert set(found) == {"effect", "explanation"}
    told = run(*words, code=exits.PROBLEM).stdout
    assert all(line in told for line in found["explanation"]["fr"])
    assert ("recherche publique" in told) is (level == "clause")


def test_a_fact_may_be_stated_twice(run: Run) -> None:
    two = ("--fact", "terri:participantCategory=terri:Entreprise", "--fact", AUTHORITY)
    assert asked(run, "explain", "s1.json", "--as", METROPOLE, "--at", AT, *two)["effect"] == "permit"


def test_a_fact_without_a_value_is_no_fact(run: Run) -> None:
    told = run("explain", "s1.json", "--as", METROPOLE, "--fact", "odrl:count", code=exits.USAGE)
    assert "--fact OPÉRANDE=VALEUR" in told.stderr


def test_a_simulation_says_who_gets_what_and_when_that_changes(run: Run, tmp_path: Path) -> None:
    somebody = {"did": METROPOLE, "facts": {"terri:accordDPO": True, "terri:minCellCount": 11}}
    others = [{"did": "did:web:autre.example", "facts": {DPO: True, CELLS: 11}}, {"did": METROPOLE}]
    (tmp_path / "who.json").write_text(json.dumps([somebody, *others]), "utf-8")
    words = ("simulate", "s5.json", "--participants", "who.json", "--at", AT, "--at", "2027-01-01")
    found = asked(run, *words)
    assert [one["effect"] for one in found["squares"]] == ["permit", "permit", "deny", "deny", "deny", "deny"]
    assert [one["participant"] for one in found["timelines"]] == [METROPOLE, "did:web:autre.example", METROPOLE]
    told = run(*words).stdout
    assert told.count("PERMIS") == 3  # two squares and a timeline
    assert told.count(METROPOLE) >= 4


def test_a_simulation_tries_purposes(run: Run) -> None:
    purposes = ("--purpose", "TrameNoire", "--purpose", "terri:Experimentation")
    found = asked(run, "simulate", "s1.json", "--as", METROPOLE, "--fact", AUTHORITY, "--at", AT, *purposes)
    assert {one["purpose"].rpartition("/")[2]: one["effect"] for one in found["squares"]} == {
        "TrameNoire": "permit",
        "Experimentation": "deny",
    }
    assert [[one["effect"] for one in line["changes"]] for line in found["timelines"]] == [["permit", "deny"], ["deny"]]


@pytest.mark.parametrize("text", ["{", '{"did": "a"}', '[{"facts": {}}]', "[3]", '[{"did": "a", "facts": 3}]'])
def test_a_list_of_participants_that_is_none_is_refused_with_an_example(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "who.json").write_text(text, "utf-8")
    told = run("simulate", "s1.json", "--participants", "who.json", code=exits.USAGE)
    assert "who.json" in told.stderr
    assert '"did"' in told.stderr


def test_a_simulation_of_nobody_asks_for_somebody(run: Run) -> None:
    assert "--participants" in run("simulate", "s1.json", code=exits.USAGE).stderr


def test_a_simulation_that_is_too_large_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "who.json").write_text(json.dumps([{"did": f"did:web:{n}"} for n in range(10_001)]), "utf-8")
    told = run("simulate", "s1.json", "--participants", "who.json", code=exits.USAGE)
    assert "Simulation trop grande." in told.stderr


# --- templates, the profile


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_template_is_listed_and_shown(run: Run, lang: str) -> None:
    listed = run("template", "list", lang=lang).stdout
    for template in policies.templates():
        assert template.name in listed
        told = run("template", "show", template.name, lang=lang).stdout
        assert template.help[lang] in told
        assert all(f"  {parameter.name} : " in told for parameter in template.parameters)
    found = asked(run, "template", "list")
    assert [one["name"] for one in found] == [one.name for one in policies.templates()]
    assert asked(run, "template", "show", "trial")["parameters"][0]["default"] == 90


def test_what_a_template_makes_is_an_offer_that_check_finds_sound(run: Run) -> None:
    made = run("template", "make", "real-time", "--set", "purposes=ModelisationQualiteAir", "--set", "calls=5").stdout
    run("check", "-", "--strict", input=made)
    found = policies.recognise(policies.load(made))
    assert found is not None
    assert (found.template.name, found.parameters["calls"]) == ("real-time", 5)
    assert json.loads(made)["@id"].startswith("urn:uuid:")
    named = run("template", "make", "open-data", "--id", "urn:exemple:ouvert").stdout
    assert json.loads(named)["@id"] == "urn:exemple:ouvert"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("make", "recherche"), "« recherche »"),
        (("show", "recherche"), "Aucun modèle ne porte ce nom."),
        (("make", "trial", "--set", "days=400"), "400 n’est pas entre 1 et 366."),
        (("make", "trial", "--set", "jours=90"), "Les siens : days."),
        (("make", "public-research"), "Il faut une valeur."),
        (("make", "trial", "--set", "90"), "--set NOM=VALEUR"),
        (("make", "trial", "--set", "days=1", "--set", "days=2"), "--set NOM=VALEUR"),
    ],
)
def test_a_template_that_cannot_be_made_says_what_to_do(run: Run, words: tuple[str, ...], said: str) -> None:
    told = run("template", *words, code=exits.USAGE)
    assert told.stdout == ""
    assert said in told.stderr


def test_the_profile_is_told_and_exported(run: Run) -> None:
    told = run("profile").stdout
    assert "terri:TrameNoire" in told
    assert "engagement seul" in told
    found = asked(run, "profile")
    assert {"@id": TERRI, "@type": ["skos:ConceptScheme", "owl:Ontology"]}.items() <= found["@graph"][0].items()


def test_no_settings_and_no_node_are_looked_for(run: Run, tmp_path: Path) -> None:
    run("check", "s1.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.json", "s1.json", "s5.json"]
