"""`pupitre get` on two real nodes: the whole path, what stops it, and that the same command goes on."""

import dataclasses
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.cli import exits
from connector.cli import get as get_command
from connector.sdk import Client
from tests.harness.nodes import publish
from tests.harness.threaded import Running

Wait = Callable[..., Any]
CONTENT = b"id,x,y\n1,2,3\n"


@pytest.fixture
def offered(provider: Running, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Publish a dataset of the test's own; return its identifier."""

    def offer(**terms: Any) -> str:
        name = request.node.name.removeprefix("test_").translate({ord("["): "-", ord("]"): None})
        provider.do(publish(provider.node, name, **terms))
        return f"urn:test:{name}"

    return offer


def of(office: Any, group: str, dataset: str) -> list[Any]:
    """Return the negotiations, agreements or transfers about a dataset."""
    return list(office.json(group, "list", "--dataset", dataset)["items"])


def stopped(result: Any) -> Any:
    return json.loads(result.stderr)


def test_the_first_get_negotiates_and_the_second_uses_the_agreement_again(
    office: Any, provider_office: Any, offered: Any, waiting_for: Wait
) -> None:
    dataset = offered()
    first = office.json("get", "SDE", dataset, "--to", "get/first.csv", "--yes")
    second = office.json("get", "SDE", dataset, "--to", "get/second.csv")
    assert [one["is_new_agreement"] for one in (first, second)] == [True, False]
    assert first["agreement"] == second["agreement"]
    assert first["transfer"] != second["transfer"]
    assert Path(second["path"]).read_bytes() == Path(first["path"]).read_bytes() == CONTENT
    assert (second["size_bytes"], len(second["sha256"])) == (len(CONTENT), 64)
    assert len(of(office, "negotiations", dataset)) == 1
    waiting_for(
        lambda: of(provider_office, "transfer", dataset),
        lambda seen: [one["state"] for one in seen] == ["COMPLETED", "COMPLETED"],
    )
    shown = office.run("get", "SDE", dataset, "--to", "get/third.csv").stdout
    assert f"{first['agreement']} (in force)" in shown
    assert "third.csv" in shown


def test_an_offer_that_a_person_decides_is_waited_for_and_gone_on_with(
    office: Any, provider_office: Any, offered: Any, waiting_for: Wait
) -> None:
    dataset = offered(mode="manual")
    words = ("get", "SDE", dataset, "--to", "decided.csv", "--yes", "--timeout", "1")
    waiting = stopped(office.run(*words, "--json", code=exits.STILL_WAITING))
    assert waiting["code"] == "waiting"
    assert "give the same command again" in office.run(*words, code=exits.STILL_WAITING).stderr
    asked = of(office, "negotiations", dataset)
    assert [one["pid"] for one in asked] == [waiting["process"]["pid"]]
    provider_office.run("negotiations", "accept", asked[0]["peer_pid"])
    pid = asked[0]["pid"]
    waiting_for(lambda: office.json("negotiations", "show", pid), lambda one: one["state"] == "FINALIZED")
    found = office.json("get", "SDE", dataset, "--to", "decided.csv")
    assert Path(found["path"]).read_bytes() == CONTENT
    assert len(of(office, "negotiations", dataset)) == 1


def test_a_refusal_ends_with_its_reason(office: Any, provider: Running, offered: Any, waiting_for: Wait) -> None:
    dataset = offered(mode="manual")

    def refuse() -> None:
        with Client(provider.url, provider.key) as client:
            asked = waiting_for(lambda: client.list_negotiations(dataset=dataset)["items"], bool)
            client.refuse_negotiation(asked[0]["pid"], "Pas cette année.")

    decider = threading.Thread(target=refuse)
    decider.start()
    refused = office.run("get", "SDE", dataset, "--to", "refused.csv", "--yes", "--json", code=exits.REFUSED)
    decider.join(30)
    assert stopped(refused)["code"] == "refused"
    assert "Pas cette année." in stopped(refused)["detail"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_without_a_terminal_nothing_is_accepted_by_guessing(office: Any, offered: Any, language: str) -> None:
    dataset, spoken = offered(), dataclasses.replace(office, language=language)
    result = spoken.run("get", "SDE", dataset, "--to", "guess.csv", code=exits.STILL_WAITING)
    rule = {"fr": "Vous pouvez utiliser ce jeu de données.", "en": "You may use this dataset."}[language]
    assert rule in result.stderr
    assert "--yes" in result.stderr
    as_json = spoken.run("get", "SDE", dataset, "--to", "guess.csv", "--json", code=exits.STILL_WAITING)
    assert (stopped(as_json)["code"], stopped(as_json)["terms"]) == ("not-accepted", [rule])
    assert of(office, "negotiations", dataset) == []


def test_at_a_terminal_the_rules_are_shown_and_a_person_answers(
    office: Any, offered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = offered()
    monkeypatch.setattr(get_command, "has_terminal", lambda: True)
    words = ("get", "SDE", dataset, "--to", "asked.csv")
    no = office.run(*words, input="n\n", code=exits.PROBLEM)
    assert "You may use this dataset." in no.stderr
    assert "nothing was asked for" in no.stderr
    assert of(office, "negotiations", dataset) == []
    office.run(*words, input="\n", code=exits.PROBLEM)
    assert of(office, "negotiations", dataset) == []
    french = dataclasses.replace(office, language="fr")
    yes = french.run(*words, "--json", input="oui\n")
    assert "Les acceptez-vous ?" in yes.stderr
    assert Path(json.loads(yes.stdout)["path"]).read_bytes() == CONTENT


def test_yes_is_never_said_to_other_terms_than_those_of_the_catalogue(
    office: Any, provider_office: Any, offered: Any, waiting_for: Wait
) -> None:
    dataset = offered(mode="manual")
    words = ("get", "SDE", dataset, "--to", "countered.csv", "--yes")
    office.run(*words, "--timeout", "1", code=exits.STILL_WAITING)
    asked = of(office, "negotiations", dataset)[0]
    provider_office.run("negotiations", "counter", asked["peer_pid"], "--until", "2099-01-01")
    waiting_for(lambda: of(office, "negotiations", dataset), lambda seen: seen[0]["state"] == "OFFERED")
    told = stopped(office.run(*words, "--json", code=exits.STILL_WAITING))
    assert told["code"] == "counter-offer"
    assert "2099" in told["terms"][0]
    assert of(office, "negotiations", dataset)[0]["state"] == "OFFERED"
    office.run("negotiations", "accept", asked["pid"])
    assert Path(office.json(*words)["path"]).read_bytes() == CONTENT
    assert len(of(office, "negotiations", dataset)) == 1


def test_an_agreement_that_the_partner_no_longer_honours_is_made_anew(
    office: Any, provider: Running, offered: Any, waiting_for: Wait
) -> None:
    ends_at = datetime.now(UTC) + timedelta(seconds=4)
    value = {"@type": "xsd:dateTime", "@value": ends_at.isoformat()}
    limit = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": value}
    dataset = offered(policy={"permission": [{"action": "use", "constraint": [limit]}]})
    first = office.json("get", "SDE", dataset, "--to", "before.csv", "--yes")
    with Client(provider.url, provider.key) as client:
        client.withdraw_offer(client.list_offers(dataset=dataset)["items"][0]["id"])
        client.create_offer(dataset, {"permission": [{"action": "use"}]}, "automatic")
    waiting_for(lambda: datetime.now(UTC), lambda now: now > ends_at)
    second = office.json("get", "SDE", dataset, "--to", "after.csv", "--yes")
    assert second["is_new_agreement"]
    assert second["agreement"] != first["agreement"]
    assert Path(second["path"]).read_bytes() == CONTENT


def test_among_several_offers_nothing_is_chosen_by_guessing(office: Any, provider: Running, offered: Any) -> None:
    dataset = offered()
    with Client(provider.url, provider.key) as client:
        other = client.create_offer(dataset, {"permission": [{"action": "use"}]}, "automatic")["id"]
    words = ("get", "SDE", dataset, "--to", "chosen.csv", "--yes")
    told = office.run(*words, code=exits.PROBLEM).stderr
    assert f"{other}: You may use this dataset." in told
    assert "--offer" in told
    found = office.json(*words, "--offer", other)
    process = office.json("agreements", "show", found["agreement"])["negotiation"]
    assert office.json("negotiations", "show", process)["offer_id"] == other


def test_a_file_that_stands_there_is_replaced_only_on_demand(office: Any, offered: Any) -> None:
    dataset = offered()
    path = Path(office.json("get", "SDE", dataset, "--to", "there.csv", "--yes")["path"])
    path.write_text("ours")
    told = stopped(office.run("get", "SDE", dataset, "--to", "there.csv", "--json", code=exits.PROBLEM))
    assert told["code"] == "not-received"
    assert told["process"]["problem"]["code"] == "fetch-file-exists"
    assert path.read_text() == "ours"
    again = office.json("get", "SDE", dataset, "--to", "there.csv", "--overwrite")
    assert (again["transfer"], path.read_bytes()) == (told["process"]["transfer"], CONTENT)


def test_a_folder_that_is_not_allowed_is_named_and_the_agreement_kept(office: Any, offered: Any) -> None:
    dataset = offered()
    refused = office.run("get", "SDE", dataset, "--to", "/elsewhere/x.csv", "--yes", code=exits.PROBLEM)
    assert "receive_dirs" in refused.stderr
    assert not office.json("get", "SDE", dataset, "--to", "allowed.csv")["is_new_agreement"]


def test_a_suspended_transfer_is_gone_on_with_and_may_stay_open(office: Any, offered: Any, waiting_for: Wait) -> None:
    dataset = offered()
    first = office.json("get", "SDE", dataset, "--to", "open.csv", "--yes", "--keep-open")
    assert office.json("transfer", "show", first["transfer"])["state"] == "STARTED"
    office.run("transfer", "suspend", first["transfer"])
    waiting_for(
        lambda: office.json("transfer", "show", first["transfer"]),
        lambda one: one["state"] == "SUSPENDED" and one["pending"] is None,
    )
    again = office.json("get", "SDE", dataset, "--to", "open.csv", "--overwrite")
    assert again["transfer"] == first["transfer"]
    assert Path(again["path"]).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("Nobody", "urn:test:lampadaires"), ""),
        (("did:web:nobody.example", "urn:test:lampadaires"), "unknown-peer"),
        (("SDE", "urn:test:nothing"), "not-offered"),
        (("SDE", "urn:test:lampadaires", "--offer", "urn:test:no-offer"), "not-offered"),
    ],
)
def test_what_is_not_there_is_told_apart(office: Any, words: tuple[str, ...], code: str) -> None:
    refused = office.run("get", *words, "--to", "x.csv", "--yes", "--json", code=exits.PROBLEM)
    assert code == "" or stopped(refused)["code"] == code


def test_after_an_interruption_the_same_command_goes_on(
    office: Any, offered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = offered()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(get_command.Bar, "_advance", interrupt)
        told = office.run("get", "SDE", dataset, "--to", "cut.csv", "--yes", code=exits.INTERRUPTED)
    assert "same command" in told.stderr
    found = office.json("get", "SDE", dataset, "--to", "cut.csv")
    assert Path(found["path"]).read_bytes() == CONTENT
    assert len(of(office, "transfer", dataset)) == 1
