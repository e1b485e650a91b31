"""What people do with the command line, on two real nodes."""

import dataclasses
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import exits, show
from connector.cli.root import cli
from connector.sdk import Client
from connector.store import tables
from connector.store.jobs import Job
from tests.cli.conftest import Office
from tests.harness.threaded import Running, in_thread

Wait = Callable[..., Any]


def asked(office: Any, provider_office: Any, waiting_for: Wait) -> tuple[str, str]:
    """Ask for a dataset that a person decides about; return our identifier and the provider's."""
    pid = office.json("negotiate", "SDE", "urn:test:reserve")["pid"]
    seen = waiting_for(lambda: office.json("negotiations", "show", pid), lambda one: one["state"] == "REQUESTED")
    return pid, seen["peer_pid"]


# --- publishing


def test_a_file_is_published_in_one_command(provider_office: Any, tmp_path: Path) -> None:
    (tmp_path / "arbres.csv").write_text("id\n1\n")
    words = ["dataset", "add", str(tmp_path / "arbres.csv"), "--id", "urn:test:arbres", "--keyword", "nature", "--open"]
    outside = provider_office.run(*words, code=exits.PROBLEM)
    assert "Outside the allowed folders." in outside.stderr
    assert "data_dir/published" in outside.stderr
    published = provider_office.running.node.settings.data_dir / "published"
    (published / "arbres.csv").write_text("id\n1\n")
    words[2] = "arbres.csv"
    made = provider_office.json(*words)
    assert (made["status"], made["title"], made["metadata"]) == ("published", "arbres", {"keywords": ["nature"]})
    assert [one["mode"] for one in made["offers"]] == ["automatic"]
    assert "urn:test:arbres" in provider_office.run("dataset", "list", "--status", "published").stdout
    provider_office.run("dataset", "withdraw", "urn:test:arbres")
    assert provider_office.json("dataset", "show", "urn:test:arbres")["status"] == "withdrawn"


def test_personal_data_are_marked_and_shown(provider_office: Any) -> None:
    published = provider_office.running.node.settings.data_dir / "published"
    (published / "menages.csv").write_text("id\n1\n")
    words = ("dataset", "add", "menages.csv", "--id", "urn:test:menages", "--personal")
    assert provider_office.json(*words)["metadata"] == {"personal": True}
    assert re.search("Personal data +yes", provider_office.run("dataset", "show", "urn:test:menages").stdout)
    provider_office.run("dataset", "withdraw", "urn:test:menages")


@pytest.mark.parametrize(
    ("flags", "constraints"),
    [
        (["--open"], []),
        (["--until", "2099-06-30"], ["odrl:dateTime"]),
        (["--only", "did:web:a.example", "--only", "did:web:b.example"], ["odrl:recipient"]),
        (["--purpose", "https://demo.example/sobriete", "--until", "2099-06-30"], ["odrl:dateTime", "odrl:purpose"]),
    ],
)
def test_terms_are_stated_by_flags(provider_office: Any, flags: list[str], constraints: list[str]) -> None:
    offer = provider_office.json("offer", "add", "urn:test:reserve", *flags)
    rule = offer["policy"]["permission"][0]
    assert [one["leftOperand"] for one in rule.get("constraint", [])] == constraints
    assert offer["mode"] == "manual"
    assert "withdrawn" in provider_office.run("offer", "withdraw", offer["id"], "--json").stdout


def test_terms_come_from_a_file(provider_office: Any, tmp_path: Path) -> None:
    path = tmp_path / "regles.json"
    path.write_text(json.dumps({"permission": [{"action": "use"}], "prohibition": [{"action": "odrl:distribute"}]}))
    words = ("--policy", str(path), "--automatic", "--id", "urn:test:offre")
    offer = provider_office.json("offer", "add", "urn:test:reserve", *words)
    assert (offer["id"], offer["mode"]) == ("urn:test:offre", "automatic")
    assert "odrl:distribute" in provider_office.run("offer", "show", "urn:test:offre").stdout
    assert "urn:test:offre" in provider_office.run("offer", "list", "--dataset", "urn:test:reserve").stdout
    provider_office.run("offer", "withdraw", "urn:test:offre")


def test_what_is_doubtful_in_terms_is_said_beside_the_answer(provider_office: Any, tmp_path: Path) -> None:
    path = tmp_path / "regles.json"
    ends = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": "2099-01-01T00:00:00"}
    path.write_text(json.dumps({"permission": [{"action": "use", "constraint": [ends]}]}))
    words = ("offer", "add", "urn:test:reserve", "--policy", str(path), "--id", "urn:test:douteuse")
    made = dataclasses.replace(provider_office, language="fr").run(*words)
    assert "Proposé : urn:test:douteuse" in made.stdout
    assert "Attention : « 2099-01-01T00:00:00 » n’a pas de fuseau horaire" in made.stderr
    assert "no time zone" in provider_office.run("offer", "show", "urn:test:douteuse").stdout
    provider_office.run("offer", "withdraw", "urn:test:douteuse")


def test_who_would_see_a_dataset(office: Any, provider_office: Any, consumer: Running) -> None:
    provider_office.run("peer", "add", consumer.did, "--name", "Ville")
    only = ("offer", "add", "urn:test:reserve", "--only", "did:web:autre.example", "--id", "urn:test:pour-un-autre")
    provider_office.run(*only)
    seen = provider_office.run("dataset", "audience", "urn:test:reserve", "--full").stdout
    assert "The catalogue shows it:" in seen
    assert "urn:test:pour-un-autre" in seen
    assert "catalogue: refused" in seen
    assert any("did:web:autre.example" in reason for reason in seen.splitlines() if reason.startswith("  - "))
    assert [one["sees"] for one in provider_office.json("dataset", "audience", "urn:test:reserve")] == [True]
    provider_office.run("offer", "withdraw", "urn:test:pour-un-autre")
    provider_office.run("peer", "remove", "Ville")


def test_who_would_see_it_is_asked_before_it_is_offered(provider_office: Any, consumer: Running) -> None:
    provider_office.run("peer", "add", consumer.did, "--name", "Ville")
    seen = provider_office.run("offer", "preview", "urn:test:reserve", "--open", "--automatic")
    assert "urn:pupitre:preview" in seen.stdout
    told = provider_office.json("offer", "preview", "urn:test:reserve", "--only", "did:web:autre.example", "--full")
    assert [one["sees"] for one in told["items"]] == [False]
    assert told["warnings"] == []
    provider_office.run("peer", "remove", "Ville")


def test_what_is_attested_of_a_partner(provider_office: Any, consumer: Running) -> None:
    provider_office.run("peer", "add", consumer.did, "--name", "Ville")
    who = ("--said-by", "Le maire", "--on", "2024-03-12")
    given = provider_office.run("peer", "attest", "Ville", "--category", "Collectivite", *who).stdout
    assert "Category of organisation: local authority or grouping" in given
    provider_office.run("peer", "attest", "Ville", "--charter", "-", *who)
    provider_office.run("peer", "attest", "Ville", "--dpo", *who)
    provider_office.run("peer", "attest", "Ville", "--dpo-for", "urn:test:reserve", *who)
    provider_office.run("peer", "attest", "Ville", "--dpo", "--charter", "urn:a", *who, code=exits.USAGE)
    provider_office.run("peer", "attest", "Ville", *who, code=exits.USAGE)
    provider_office.run("peer", "attest", "Ville", "--category", "Commune", *who, code=exits.PROBLEM)
    found = provider_office.json("peer", "attestations", "Ville")
    assert [(one["kind"], one["said_on"]) for one in found] == [
        (kind, "2024-03-12") for kind in ("dpo", "dpo", "charter", "category")
    ]
    words = ("peer", "withdraw-attestation", "Ville", found[0]["id"], "--said-by", "Le maire", "--reason", "Erreur")
    assert "Erreur" in provider_office.run(*words).stdout
    assert found[0]["id"] not in provider_office.run("peer", "attestations", "Ville").stdout
    assert found[0]["id"] in provider_office.run("peer", "attestations", "Ville", "--all").stdout
    provider_office.run("peer", "remove", "Ville")


@pytest.mark.parametrize("flags", [[], ["--open", "--until", "2099-01-01"], ["--until", "soon"]])
def test_terms_are_stated_once_and_well(provider_office: Any, flags: list[str]) -> None:
    provider_office.run("offer", "add", "urn:test:reserve", *flags, code=exits.USAGE)


# --- partners


def test_a_partner_is_called_by_its_name(office: Any, provider: Running) -> None:
    assert office.json("peer", "show", "SDE")["did"] == provider.did
    assert "its keys are those recorded" in office.run("peer", "ping", "SDE").stdout
    assert "No partner" in office.run("peer", "ping", "Nobody", code=exits.PROBLEM).stderr
    assert provider.did in office.run("peer", "list").stdout


def test_a_partner_is_added_and_forgotten(provider_office: Any, consumer: Running) -> None:
    assert provider_office.json("peer", "add", consumer.did, "--name", "Métropole")["name"] == "Métropole"
    provider_office.run("peer", "remove", "Métropole")
    assert provider_office.run("peer", "list").stdout == "Nothing.\n"


def test_the_catalogue_is_read_page_by_page_or_whole(office: Any) -> None:
    first = office.run("catalogue", "SDE", "--limit", "1")
    assert first.stdout.count("urn:test:") == 1
    assert "--all" in first.stderr
    whole = office.run("catalogue", "SDE", "--limit", "1", "--all").stdout
    assert "urn:test:lampadaires" in whole
    assert "urn:test:reserve" in whole
    assert "HttpData-PULL" in office.run("catalogue", "SDE", "urn:test:reserve").stdout


# --- asking and deciding


def test_waiting_ends_with_the_agreement(office: Any, agreement: str) -> None:
    shown = office.run("agreements", "show", agreement).stdout
    assert "urn:test:lampadaires" in shown
    assert agreement in office.run("agreements", "list", "--role", "consumer", "--peer", "SDE").stdout


def test_waiting_for_a_person_ends_with_its_own_code(office: Any) -> None:
    result = office.run("negotiate", "SDE", "urn:test:reserve", "--wait", "--timeout", "0.5", code=exits.STILL_WAITING)
    assert "a person may be deciding there" in result.stderr


def test_show_says_why_and_what_to_do(office: Any, provider_office: Any, waiting_for: Wait) -> None:
    pid, theirs = asked(office, provider_office, waiting_for)
    assert "We wait for the answer of did:web:" in office.run("negotiations", "show", pid).stdout
    shown = provider_office.run("negotiations", "show", theirs).stdout
    assert "It is up to you: accept, refuse, or make a counter-offer." in shown
    assert "counter, accept, refuse, terminate" in shown
    listed = provider_office.run("negotiations", "list", "--state", "REQUESTED", "--role", "provider").stdout
    assert theirs in listed
    assert "ours" in listed


def test_accepting_concludes(office: Any, provider_office: Any, waiting_for: Wait) -> None:
    pid, theirs = asked(office, provider_office, waiting_for)
    provider_office.run("negotiations", "accept", theirs)
    waiting_for(lambda: office.json("negotiations", "show", pid), lambda one: one["state"] == "FINALIZED")


def test_a_refusal_reaches_the_one_who_waits(office: Any, provider_office: Any, waiting_for: Wait) -> None:
    pid, theirs = asked(office, provider_office, waiting_for)
    provider_office.run("negotiations", "refuse", theirs, "--reason", "Pas cette année.")
    waiting_for(lambda: office.json("negotiations", "show", pid), lambda one: one["state"] == "TERMINATED")
    assert "Pas cette année." in office.run("negotiations", "show", pid).stdout


def test_a_counter_offer_waits_for_the_other_side(office: Any, provider_office: Any, waiting_for: Wait) -> None:
    pid, theirs = asked(office, provider_office, waiting_for)
    provider_office.run("negotiations", "counter", theirs, "--until", "2099-01-01")
    seen = waiting_for(lambda: office.json("negotiations", "show", pid), lambda one: one["state"] == "OFFERED")
    assert seen["offer_by"] == "provider"
    shown = " ".join(office.run("negotiations", "show", pid).stdout.split())
    assert "Terms on the table You may use this dataset until" in shown
    assert "Compared to the request + You may use this dataset until" in shown
    assert "− You may use this dataset." in shown
    french = dataclasses.replace(office, language="fr").run("negotiations", "show", pid).stdout
    assert "Au regard de la demande" in french
    assert "Vous pouvez utiliser ce jeu de données." in french
    office.run("negotiations", "terminate", pid, "--reason", "Trop court.")


def test_other_terms_than_our_offer_are_told_apart(office: Any, provider_office: Any, waiting_for: Wait) -> None:
    pid, theirs = asked(office, provider_office, waiting_for)
    same = provider_office.json("negotiations", "show", theirs)
    assert (same["compared_to"], same["terms_added"], same["terms_dropped"]) == ("offer", [], [])
    assert "Compared to" not in provider_office.run("negotiations", "show", theirs).stdout
    provider_office.run("negotiations", "counter", theirs, "--until", "2099-01-01")
    waiting_for(lambda: office.json("negotiations", "show", pid), lambda one: one["state"] == "OFFERED")
    office.run("negotiations", "counter", pid, "--until", "2100-01-01")
    look = waiting_for(
        lambda: provider_office.json("negotiations", "show", theirs),
        lambda one: one["state"] == "REQUESTED" and one["offer_by"] == "consumer",
    )
    assert look["compared_to"] == "offer"
    assert "2100" in look["terms_added"][0]
    assert look["terms_dropped"] == ["You may use this dataset."]
    assert "Compared to our offer" in provider_office.run("negotiations", "show", theirs).stdout
    office.run("negotiations", "terminate", pid)


def test_what_the_state_forbids_says_what_to_do(office: Any, provider_office: Any, waiting_for: Wait) -> None:
    pid, _ = asked(office, provider_office, waiting_for)
    refused = office.run("negotiations", "verify", pid, code=exits.PROBLEM)
    assert "This message is not allowed in the present state." in refused.stderr
    assert "Read the state" in refused.stderr
    document = json.loads(office.run("negotiations", "verify", pid, "--json", code=exits.PROBLEM).stderr)
    assert (document["status"], document["code"]) == (409, "illegal-transition")


def test_a_policy_that_refuses_ends_the_wait_with_its_own_code(office: Any, provider_office: Any) -> None:
    offer = provider_office.json("offer", "add", "urn:test:reserve", "--open", "--automatic")["id"]
    found = office.json("negotiate", "SDE", "urn:test:reserve", "--offer", offer, "--wait")
    assert found["state"] == "FINALIZED"
    provider_office.run("offer", "withdraw", offer)
    office.run("negotiate", "SDE", "urn:test:reserve", "--offer", offer, code=exits.PROBLEM)


def test_a_provider_proposes_first(office: Any, provider_office: Any, consumer: Running, waiting_for: Wait) -> None:
    provider_office.run("peer", "add", consumer.did, "--name", "Métropole")
    offer = provider_office.json("offer", "list", "--dataset", "urn:test:lampadaires")[0]["id"]
    theirs = provider_office.json("negotiations", "offer", "Métropole", offer)["pid"]
    seen = waiting_for(
        lambda: provider_office.json("negotiations", "show", theirs), lambda one: one["state"] == "OFFERED"
    )
    office.run("negotiations", "refuse", seen["peer_pid"], "--reason", "Non merci.")
    ended = waiting_for(
        lambda: provider_office.json("negotiations", "show", theirs), lambda one: one["state"] == "TERMINATED"
    )
    assert ended["last_received"]["reason"] == "Non merci."
    provider_office.run("peer", "remove", "Métropole")


def test_a_wait_that_ends_in_a_refusal_says_so_by_its_code(
    office: Any, provider_office: Any, consumer: Running, waiting_for: Wait
) -> None:
    provider_office.run("peer", "add", consumer.did, "--name", "Métropole")
    offer = provider_office.json("offer", "list", "--dataset", "urn:test:lampadaires")[0]["id"]
    known = {one["pid"] for one in office.json("negotiations", "list")["items"]}

    def refuse() -> None:
        with Client(consumer.url, consumer.key) as client:

            def newcomers() -> list[str]:
                found = client.list_negotiations(state="OFFERED")["items"]
                return [one["pid"] for one in found if one["pid"] not in known]

            client.refuse_negotiation(waiting_for(newcomers, bool)[0])

    decider = threading.Thread(target=refuse)
    decider.start()
    provider_office.run("negotiations", "offer", "Métropole", offer, "--wait", code=exits.REFUSED)
    decider.join(30)
    provider_office.run("peer", "remove", "Métropole")


# --- transfers


def test_data_are_asked_for_received_and_verified_in_one_command(office: Any, agreement: str) -> None:
    found = office.json("transfer", "start", agreement, "--fetch", "lampes.csv")
    assert (found["status"], Path(found["path"]).read_bytes()) == ("done", b"id,x,y\n1,2,3\n")
    refused = office.run("transfer", "fetch", found["transfer"], "--to", "../../x", code=exits.PROBLEM)
    assert "(/path)" in refused.stderr


def test_a_transfer_is_seen_and_moved(office: Any, provider_office: Any, agreement: str, waiting_for: Wait) -> None:
    found = office.json("transfer", "start", agreement, "--wait")
    pid, theirs = found["pid"], found["peer_pid"]
    assert "The data can be received." in office.run("transfer", "show", pid).stdout
    assert pid in office.run("transfer", "list", "--agreement", agreement, "--peer", "SDE").stdout
    provider_office.run("transfer", "suspend", theirs, "--reason", "Maintenance.")
    waiting_for(lambda: office.json("transfer", "show", pid), lambda one: one["state"] == "SUSPENDED")
    provider_office.run("transfer", "resume", theirs)
    waiting_for(lambda: office.json("transfer", "show", pid), lambda one: one["state"] == "STARTED")
    provider_office.run("transfer", "open", theirs)
    fetched = office.json("transfer", "fetch", pid, "--no-wait")
    assert fetched["transfer"] == pid
    assert "SHA-256" in office.run("transfer", "fetch", pid).stdout
    office.run("transfer", "complete", pid)
    waiting_for(lambda: provider_office.json("transfer", "show", theirs), lambda one: one["state"] == "COMPLETED")


def test_a_transfer_is_terminated(office: Any, agreement: str, waiting_for: Wait) -> None:
    pid = office.json("transfer", "start", agreement, "--wait")["pid"]
    office.run("transfer", "terminate", pid, "--reason", "Fini.")
    waiting_for(lambda: office.json("transfer", "show", pid), lambda one: one["state"] == "TERMINATED")


def test_a_reception_that_fails_says_why_by_its_code(office: Any, agreement: str) -> None:
    pid = office.json("transfer", "start", agreement, "--wait")["pid"]
    office.run("transfer", "fetch", pid, "--to", "taken.csv")
    path = Path(office.json("transfer", "fetch", pid, "--to", "taken.csv")["path"])
    path.write_text("something else")
    other = office.json("transfer", "start", agreement, "--wait")["pid"]
    failed = office.run("transfer", "fetch", other, "--to", "taken.csv", code=exits.PROBLEM)
    assert str(path) in failed.stdout
    assert "failed" in failed.stdout
    office.run("transfer", "fetch", other, "--to", "taken.csv", "--overwrite")
    assert path.read_bytes() == b"id,x,y\n1,2,3\n"


# --- records and keys


def test_the_journal_is_read_and_verified(office: Any, agreement: str) -> None:
    process = office.json("agreements", "show", agreement)["negotiation"]
    assert "access request" in office.run("journal", process).stdout
    assert "ContractRequestMessage" in office.run("journal", process, "--full").stdout
    assert office.run("journal", process, "--verify").stdout.startswith("Intact: ")


def test_who_decided_is_shown_in_both_languages(provider_office: Any, office: Any, agreement: str) -> None:
    process = office.json("agreements", "show", agreement)["negotiation"]
    theirs = office.json("negotiations", "show", process)["peer_pid"]
    offer = office.json("negotiations", "show", process)["offer_id"]
    french = dataclasses.replace(provider_office, language="fr")
    assert f"a rule: the automatic mode of offer {offer}" in provider_office.run("journal", theirs).stdout
    assert f"la règle : mode automatique de l’offre {offer}" in french.run("journal", theirs).stdout
    assert "Décidé par" in french.run("negotiations", "show", theirs).stdout
    assert "it follows from what was decided before" in provider_office.run("negotiations", "show", theirs).stdout
    assert "offer-put" in provider_office.run("journal", offer).stdout


def test_a_dead_job_is_listed_and_retried(office: Any, consumer: Running) -> None:
    def leave_dead(tx: Any) -> None:
        tx.enqueue(Job("negotiation", "root", "urn:uuid:dead", run_at=tx.now.replace(year=2099)))
        this = tables.jobs.c.key == "urn:uuid:dead"
        tx.connection.execute(tables.jobs.update().where(this).values(status="dead", problem="ten failures"))

    consumer.do(consumer.node.store.write(leave_dead))
    assert "ten failures" in office.run("jobs", "list", "--dead").stdout
    assert "urn:uuid:dead" in office.run("jobs", "list").stdout
    office.run("jobs", "retry", "negotiation", "urn:uuid:dead")


def test_participants_are_hosted_and_get_keys_of_their_own(provider_office: Any) -> None:
    provider_office.run("participant", "add", "commune", "Commune de Démo")
    assert "Commune de Démo" in provider_office.run("participant", "list").stdout
    issued = provider_office.run("keys", "issue", "portail", "--role", "auditor", "--for", "commune")
    secret = issued.stdout.strip()
    assert secret.startswith("pk_")
    assert "auditor" in issued.stderr
    key = provider_office.json("keys", "list", "--for", "commune")[0]
    words = ["--url", provider_office.running.url, "--key", secret]
    assert json.loads(CliRunner().invoke(cli, [*words, "status", "--json"]).stdout)["participant"]["owner"] == "commune"
    provider_office.run("keys", "revoke", key["id"], "--for", "commune")
    assert CliRunner().invoke(cli, [*words, "status"]).exit_code == exits.PROBLEM
    assert "revoked" in provider_office.run("keys", "list", "--for", "commune").stdout


def test_a_key_is_replaced_while_the_old_one_still_opens(provider_office: Any) -> None:
    made = provider_office.json("keys", "issue", "import", "--role", "steward", "--days", "30")
    rotated = provider_office.json("keys", "rotate", made["id"], "--overlap", "48")
    assert (rotated["role"], rotated["label"]) == ("steward", "import")
    for secret in (made["secret"], rotated["secret"]):
        words = ["--url", provider_office.running.url, "--key", secret]
        assert CliRunner().invoke(cli, [*words, "dataset", "list"]).exit_code == exits.OK
    french = dataclasses.replace(provider_office, language="fr").run("keys", "list").stdout
    assert "remplacée, valable jusqu’au" in french
    assert "gestionnaire" in french
    provider_office.run("keys", "rotate", made["id"], "--overlap", "0", code=exits.PROBLEM)


def test_a_key_is_issued_with_a_function_that_the_list_shows(provider_office: Any) -> None:
    function = "Directrice de la transition écologique"
    made = provider_office.json("keys", "issue", "Mme Petit", "--role", "steward", "--function", function)
    assert made["function"] == function
    french = dataclasses.replace(provider_office, language="fr")
    listed = french.run("keys", "list").stdout
    assert "Fonction" in listed
    assert function in " ".join(listed.split())
    assert function in french.run("keys", "rotate", made["id"]).stderr
    other = provider_office.json("keys", "issue", "x", "--role", "steward", "--function", "Maire")
    assert provider_office.json("keys", "rotate", other["id"], "--function", "Adjoint")["function"] == "Adjoint"
    refused = french.run("keys", "issue", "x", "--role", "steward", "--function", " ", code=exits.PROBLEM)
    assert "Dites la fonction en une ligne" in " ".join(refused.stderr.split())


def test_a_key_is_never_made_without_saying_what_it_may_do(provider_office: Any) -> None:
    provider_office.run("keys", "issue", "portail", code=exits.USAGE)


def test_what_a_role_does_not_allow_names_the_roles_that_may(provider_office: Any) -> None:
    secret = provider_office.json("keys", "issue", "lecture", "--role", "auditor")["secret"]
    words = ["--url", provider_office.running.url, "--key", secret, "--lang", "fr"]
    refused = CliRunner().invoke(cli, [*words, "dataset", "withdraw", "urn:test:lampadaires"])
    assert refused.exit_code == exits.PROBLEM
    assert "Rôle de la clé : auditeur (auditor). Peuvent le faire : gestionnaire (steward)" in refused.stderr


def test_the_status_is_told_in_the_words_of_an_office(consumer: Running, agreement: str) -> None:
    words = ["--url", consumer.url, "--key", consumer.key, "--lang", "fr", "status"]
    shown = CliRunner().invoke(cli, words).stdout
    assert consumer.did in shown
    assert "Demandes d’accès" in shown


def test_what_partners_write_is_never_read_as_markup(provider_office: Any, office: Any) -> None:
    published = provider_office.running.node.settings.data_dir / "published"
    (published / "m.csv").write_text("x")
    provider_office.run("dataset", "add", "m.csv", "--id", "urn:test:m", "--title", "[red]A[/red] [/x]", "--open")
    assert "[red]A[/red] [/x]" in office.run("catalogue", "SDE", "--all").stdout
    provider_office.run("dataset", "withdraw", "urn:test:m")


# --- what goes wrong


def test_a_node_that_does_not_answer_has_its_own_code() -> None:
    result = CliRunner().invoke(cli, ["--url", "http://127.0.0.1:9", "--key", "pk_x", "--lang", "fr", "status"])
    assert result.exit_code == exits.UNREACHABLE
    assert "est-il démarré" in result.stderr


def test_without_a_configuration_it_says_where_it_looked(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["--config", str(tmp_path / "none.toml"), "--lang", "en", "status"])
    assert result.exit_code == exits.UNREACHABLE
    assert "pupitre init" in result.stderr


def test_a_bad_configuration_names_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "node.toml"
    path.write_text("privat_port = 1\n")
    result = CliRunner().invoke(cli, ["--config", str(path), "--lang", "en", "status"])
    assert result.exit_code == exits.PROBLEM
    assert "privat_port" in result.stderr


def test_a_wrong_key_is_a_problem_of_the_node(consumer: Running) -> None:
    result = CliRunner().invoke(cli, ["--url", consumer.url, "--key", "pk_wrong", "status"])
    assert result.exit_code == exits.PROBLEM


@pytest.mark.parametrize("words", [["nothing"], ["peer", "add"], ["negotiate", "x"], ["offer", "add", "x", "--colour"]])
def test_a_command_that_is_not_well_written_has_its_own_code(words: list[str]) -> None:
    assert CliRunner().invoke(cli, words).exit_code == exits.USAGE


@pytest.mark.parametrize("words", [["peer", "show", "did:web:x"], ["negotiations", "show", "x"], ["journal", "x"]])
def test_what_is_not_there_is_a_problem(office: Any, words: list[str]) -> None:
    assert f"Not found. “{words[-1]}”. Check" in office.run(*words, code=exits.PROBLEM).stderr


def test_what_is_not_there_is_named_in_quotes_in_french(office: Any) -> None:
    refused = dataclasses.replace(office, language="fr").run("journal", "x", code=exits.PROBLEM)
    assert "Introuvable. « x ». Vérifiez l’identifiant" in refused.stderr


def test_a_partner_goes_by_its_name_however_a_keyboard_writes_it(tmp_path: Path, provider: Running) -> None:
    with in_thread(tmp_path / "node") as running:
        office, name = Office(running, language="fr"), "Syndicat d’énergie"
        office.run("peer", "add", provider.did, "--name", name)
        for written in (name, "Syndicat d'énergie", "SYNDICAT D'ÉNERGIE", "syndicat d’e\u0301nergie"):
            assert office.json("peer", "show", written)["did"] == provider.did
        unknown = office.run("contract", "list", "--peer", "Syndicat d'eau", code=exits.PROBLEM)
        assert "Aucun partenaire du nom de « Syndicat d'eau »." in unknown.stderr


def test_a_name_that_two_partners_have_is_told_with_what_they_are_called_by(
    tmp_path: Path, provider: Running, consumer: Running
) -> None:
    with in_thread(tmp_path / "node") as running:
        office = Office(running, language="fr")
        office.run("peer", "add", provider.did, "--name", "Ville")
        office.run("peer", "add", consumer.did, "--name", "ville")
        assert office.json("peer", "show", "ville")["did"] == consumer.did  # written alike, before others
        refused = office.run("peer", "show", "VILLE", code=exits.PROBLEM).stderr
        assert "Plusieurs partenaires du nom de « VILLE »" in refused
        assert f"« {provider.did} »" in refused
        assert f"« {consumer.did} »" in refused


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "2026-11-27 19:10:49 UTC"),
        ("Europe/Paris", "2026-11-27 20:10:49 UTC+1"),
        ("Asia/Kolkata", "2026-11-28 00:40:49 UTC+5:30"),
        ("America/St_Johns", "2026-11-27 15:40:49 UTC-3:30"),
    ],
)
def test_a_time_of_day_names_its_distance_from_utc(zone: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert show.instant("2026-11-27T19:10:49Z") == told
    finally:
        monkeypatch.undo()
        time.tzset()
