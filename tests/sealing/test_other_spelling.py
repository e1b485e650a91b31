"""A partner that does not seal writes accents in another way (NFD): what it agreed is evidence, word for word."""

import io
import json
import time
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pupitre_verify.examine import examine

from connector.sdk import Client
from connector.sdk.testing import Dataset, FakePeer
from contracts.jws import read_sealed
from tests.harness.threaded import in_thread

T = TypeVar("T")
TITLE = "Qualité de l’eau 💧"
DECOMPOSED = unicodedata.normalize("NFD", TITLE)


def agreed(client: Client, policy: Mapping[str, Any], known_as: str | None = None) -> Mapping[str, Any]:
    """Return a negotiation that is finalised with a partner that offers under this policy, and names the agreement."""
    rules = {"permission": [{"action": "use"}], **policy}
    dataset = Dataset("urn:fake:eau", "Eau", b"1", rules)
    with FakePeer(datasets=[dataset]) as peer:
        client.add_peer(peer.did, "Régie")
        if known_as is not None:
            parties = {"assigner": peer.did, "assignee": client.show_status()["participant"]["did"]}
            about = {"@id": known_as, "@type": "Agreement", "target": dataset.id, **parties}
            at = datetime.now(UTC).isoformat(timespec="seconds")
            peer.sending("ContractAgreementMessage").alter(agreement={**about, "timestamp": at, **rules})
        seen: Mapping[str, Any] = client.request_access(peer.did, dataset.id)
        for _ in range(40):
            if seen["state"] == "FINALIZED":
                return seen
            seen = client.show_negotiation(seen["pid"], wait=1, version=seen["version"])
    pytest.fail(str(seen))


def until(look: Callable[[], T | None]) -> T:
    """Return what is seen once there is something to see."""
    for _ in range(100):
        if (seen := look()) is not None:
            return seen
        time.sleep(0.1)
    pytest.fail("nothing came of it in ten seconds")


def sealed_alone(client: Client) -> Any:
    return next((one for one in client.list_contracts()["items"] if one["status"] == "unilateral"), None)


def without_evidence(client: Client, pid: str) -> str | None:
    said: str = client.show_negotiation(pid)["why"]["text"]
    return said if "Sans preuve" in said else None


@pytest.mark.parametrize("title", [TITLE, DECOMPOSED])
def test_the_agreement_is_sealed_and_verified_however_its_accents_are_written(tmp_path: Path, title: str) -> None:
    with in_thread(tmp_path / "node") as running, Client(running.url, running.key, language="fr") as client:
        seen = agreed(client, {"dct:title": title})
        found = until(lambda: sealed_alone(client))
        assert found["agreement"] == seen["agreement"]
        steps = client.verify_contract(found["id"])["steps"]
        assert "fails" not in {one["outcome"] for one in steps}, steps
        bundle = client.export_contract(found["id"])
    report = examine(bundle, at=datetime.now(UTC))
    assert report.verdict == "indeterminate"
    with zipfile.ZipFile(io.BytesIO(bundle)) as files:
        told = read_sealed(files.read("unilateral.jws.json").decode()).document["agreement"]["text"]
        carried = next(files.read(name).decode() for name in files.namelist() if "ContractAgreementMessage" in name)
    assert json.loads(told)["dct:title"] == title
    assert json.loads(told) == json.loads(carried)["agreement"]
    assert told.isascii() is (title == DECOMPOSED)
    assert (told in carried) is (title == TITLE)


def test_what_cannot_even_be_sealed_alone_is_told_where_a_person_looks(tmp_path: Path) -> None:
    with in_thread(tmp_path / "node") as running, Client(running.url, running.key, language="fr") as client:
        pid = agreed(client, {}, "urn:accord:e\u0301te\u0301")["pid"]
        said = until(lambda: without_evidence(client, pid))
        assert "n’a rien pu sceller de cet accord" in said
        assert "NFC" in said
        kinds = [one["kind"] for one in client.show_journal(pid)["items"]]
        assert kinds.count("not-sealed-alone") == 1
        assert client.list_contracts()["items"] == []
