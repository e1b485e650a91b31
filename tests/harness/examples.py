"""Plays the examples of the API description on two real nodes, in an order in which each of them works.

`connector/http/private/examples.json` holds, for each operation, a request and the answer to it. A person writes the
requests; `python -m tests.harness.examples` plays them and writes the answers anew. In the examples things have names
that can be read: what they stand for on the nodes of a run is in `Play.names`.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from connector.app import ROOT
from connector.http.private import examples
from connector.protocol import negotiation as n
from connector.sdk import Client
from connector.services import checkpoints
from connector.services.decide import OfferModes
from connector.services.exchange import Answer
from connector.store import inbox, peers, tables
from connector.store.db import Tx
from connector.store.inbox import Newcomer
from connector.store.jobs import Job
from tests.harness.receiver import Receiver, receiving
from tests.harness.seals import SealAuthority
from tests.harness.threaded import Running, in_thread
from tests.tools import reference

FILE = Path(examples.__file__).with_suffix(".json")
OURS, THEIRS = "donnees.pays-de-demo.example", "donnees.sde-demo.example"
SDE = f"did:web:{THEIRS}"
BRUME, VAL = f"{SDE}:o:brume", f"{SDE}:o:val-demo"
HOOK = "https://si.pays-de-demo.example/pupitre"
OPEN = {"permission": [{"action": "use"}]}
CARD = {"legal_name": "Syndicat d’énergie du Pays de Démo", "representative_function": "Le président"}
WITHIN_S = 60


def thing(number: int) -> str:
    """Return the name in the examples of a thing whose identifier the node chooses."""
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


KEY, DRAFT, OFFER, AGREED, ASKED, COUNTERED, REFUSED = (thing(number) for number in range(1, 8))
TO_VERIFY, TO_END, AGREEMENT, PULLED, SUSPENDED, SERVED, WEBHOOK, ATTESTED = (thing(number) for number in range(8, 16))
CONTRACT = thing(16)
SEAL = "seal-20261126-3"
ISSUED = json.dumps("-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n", ensure_ascii=False)[1:-1]
FINGERPRINT = json.loads(FILE.read_text("utf-8"))["accept_key"]["body"]["fingerprint"]
DIGEST = json.loads(FILE.read_text("utf-8"))["accept_card"]["body"]["digest"]


class OneByHand(OfferModes):
    """Decides as a node does, but leaves one dataset's agreement to a person."""

    def negotiation_moved(self, tx: Tx, negotiation: Any, by: Any, kind: str) -> Answer | None:
        if kind == n.AGREEMENT and negotiation.dataset == "urn:exemple:a-confirmer":
            return None
        return super().negotiation_moved(tx, negotiation, by, kind)


@dataclass
class Play:
    """Two nodes, what the names in the examples stand for on them, and what was answered so far."""

    ours: Running
    theirs: Running
    receiver: Receiver
    api: Client
    partner: Client
    http: httpx.Client
    names: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)

    def real(self, said: Any) -> Any:
        """Return the same, with what the names stand for in their place."""
        return _replaced(said, sorted(self.names.items(), key=lambda pair: -len(pair[0])))

    def named(self, told: Any) -> Any:
        """Return the same, with the names in the place of what they stand for."""
        pairs = ((real, name) for name, real in self.names.items())
        return _replaced(told, sorted(pairs, key=lambda pair: -len(pair[0])))

    def ask(self, name: str, example: Any) -> httpx.Response:
        """Send the request of an example."""
        method, path = ADDRESSES[name]
        parts = {part: quote(self.real(value), safe="") for part, value in example.get("path", {}).items()}
        url = self.ours.url + re.sub(r"{(\w+)}", lambda found: parts[found[1]], path)
        body = {"json": self.real(example["body"])} if "body" in example else {}
        query = {key: str(value) for key, value in self.real(example.get("query", {})).items()}
        if name == "stream_events":
            return self._head_of(url, query)
        answer = self.http.request(method, url, params=query, **body)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        self.answers[name] = answer.json() if answer.content and answer.is_success and is_json else None
        return answer

    def learn(self, name: str, member: str, of: str) -> None:
        """Note what a name stands for: a member of the answer to an operation."""
        self.names[name] = self.answers[of][member]

    def _head_of(self, url: str, query: dict[str, str]) -> httpx.Response:
        with self.http.stream("GET", url, params=query) as answer:
            assert next(answer.iter_lines())
            return answer


ADDRESSES = {operation["operationId"]: (method, path) for method, path, operation in reference.operations()}
Step = str | Callable[[Play], None]


def _settled(look: Callable[[str], Any], pid: str, *states: str) -> Any:
    """Return a process once it stands in a state with nothing under way."""
    ends_at = time.monotonic() + WITHIN_S
    while (seen := look(pid))["state"] not in states or seen["pending"] is not None:
        assert time.monotonic() < ends_at, seen
        time.sleep(0.02)
    return seen


def _asked_by_partner(name: str) -> Callable[[Play], None]:
    def step(play: Play) -> None:
        pid = play.partner.request_access(play.ours.did, "urn:exemple:points-lumineux")["pid"]
        play.names[name] = _settled(play.partner.show_negotiation, pid, "REQUESTED")["peer_pid"]

    return step


def _partner_changes_its_card(play: Play) -> None:
    play.partner.put_card(contact_role="Service du numérique", **CARD)
    play.api.ping_peer(play.theirs.did)
    offered = play.api.show_peer(play.theirs.did)["offered_card"]
    assert offered is not None
    play.names[DIGEST] = offered["digest"]


def _partner_shows_another_key(play: Play) -> None:
    key = play.theirs.node.keys.auth(ROOT).thumbprint
    play.names[FINGERPRINT] = key

    def unit(tx: Tx) -> None:
        peer = peers.claim(tx, ROOT, play.theirs.did)
        peer.pinned, peer.status, peer.seen_keys, peer.quarantined_at = ["A" * 43], "quarantined", [key], tx.now
        peers.put(tx, peer)

    play.ours.do(play.ours.node.store.write(unit))


def _strangers_knock(play: Play) -> None:
    for owner, name in (("brume", BRUME), ("val-demo", VAL)):
        play.theirs.do(play.theirs.node.hosts.add(owner, owner))
        did = play.names[name] = play.theirs.node.addresses.did(owner)
        key = play.theirs.node.keys.auth(owner).thumbprint
        row = Newcomer(
            owner=ROOT, did=did, thumbprint=key, message="ContractRequestMessage", about="urn:exemple:bornes"
        )
        play.ours.do(play.ours.node.store.write(lambda tx, row=row: inbox.put(tx, row)))


def _agreed(play: Play) -> None:
    play.learn(AGREED, "pid", "request_access")
    play.names[AGREEMENT] = _settled(play.api.show_negotiation, play.names[AGREED], "FINALIZED")["agreement"]


def _sealed(play: Play) -> None:
    play.names[CONTRACT] = play.answers["list_contracts"]["items"][0]["id"]


def _asked_for(name: str, dataset: str, state: str) -> Callable[[Play], None]:
    def step(play: Play) -> None:
        play.names[name] = play.api.request_access(play.theirs.did, dataset)["pid"]
        _settled(play.api.show_negotiation, play.names[name], state)

    return step


def _open(play: Play) -> None:
    play.learn(PULLED, "pid", "request_transfer")
    _settled(play.api.show_transfer, play.names[PULLED], "STARTED")


def _received(play: Play) -> None:
    ends_at = time.monotonic() + WITHIN_S
    while play.api.show_fetch(play.names[PULLED])["status"] != "done":
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def _open_another(play: Play) -> None:
    play.names[SUSPENDED] = play.api.request_transfer(play.names[AGREEMENT])["pid"]
    _settled(play.api.show_transfer, play.names[SUSPENDED], "STARTED")


def _stands(state: str) -> Callable[[Play], None]:
    def step(play: Play) -> None:
        _settled(play.api.show_transfer, play.names[SUSPENDED], state)

    return step


def _partner_fetches(play: Play) -> None:
    theirs = play.api.show_negotiation(play.names[ASKED])["peer_pid"]
    agreement = _settled(play.partner.show_negotiation, theirs or "", "FINALIZED")["agreement"]
    pid = play.partner.request_transfer(agreement)["pid"]
    play.names[SERVED] = _settled(play.partner.show_transfer, pid, "STARTED")["peer_pid"]


def _a_checkpoint(play: Play) -> None:
    play.ours.do(play.ours.node.checkpoints(Job(checkpoints.JOB, ROOT, checkpoints.KEY)))


def _a_job_is_dead(play: Play) -> None:
    def unit(tx: Tx) -> None:
        tx.enqueue(Job("negotiation", ROOT, play.names[AGREED], run_at=datetime(2099, 1, 1, tzinfo=UTC)))
        this = tables.jobs.c.key == play.names[AGREED]
        tx.connection.execute(tables.jobs.update().where(this).values(status="dead", problem="ten failures"))

    play.ours.do(play.ours.node.store.write(unit))


def _an_authority_answers(play: Play) -> None:
    now = datetime.now(UTC)
    answer = SealAuthority(now).answer(play.answers["request_certificate"]["pem"], now)
    play.names[ISSUED] = json.dumps(answer)[1:-1]


STEPS: tuple[Step, ...] = (
    "show_status", "list_participants", "add_participant",
    "issue_key", lambda play: play.learn(KEY, "id", "issue_key"), "list_keys", "rotate_key", "revoke_key",
    "show_invitation", "put_card", "show_card",
    "rotate_seal_key", "request_certificate", _an_authority_answers, "import_certificate",
    lambda play: play.learn(SEAL, "name", "import_certificate"), "revoke_seal_key", "create_seal_key", "show_seal_keys",
    "create_dataset", lambda play: play.learn(DRAFT, "id", "create_dataset"), "put_dataset",
    "create_offer", lambda play: play.learn(OFFER, "id", "create_offer"), "put_offer",
    "list_offers", "show_offer", "list_datasets", "show_dataset", "withdraw_offer", "withdraw_dataset",
    "add_peer", "list_peers", "show_peer", "list_audience",
    "attest_peer", lambda play: play.learn(ATTESTED, "id", "attest_peer"), "list_attestations", "preview_audience",
    "withdraw_attestation", "set_framework", "remove_framework", "ping_peer", "browse_catalogue",
    "show_catalogue_dataset",
    _partner_changes_its_card, "accept_card", _partner_shows_another_key, "accept_key", "block_peer", "unblock_peer",
    _strangers_knock, "list_inbox", "show_newcomer", "admit_newcomer", "refuse_newcomer",
    "request_access", _agreed, "show_negotiation", "list_negotiations", "list_agreements", "show_agreement",
    "list_contracts", _sealed, "show_contract", "export_contract", "show_convention", "verify_contract",
    _asked_by_partner(ASKED), "accept_negotiation", _asked_by_partner(COUNTERED), "counter_negotiation",
    _asked_by_partner(REFUSED), "refuse_negotiation", "propose_offer",
    _asked_for(TO_VERIFY, "urn:exemple:a-confirmer", "AGREED"), "verify_negotiation",
    _asked_for(TO_END, "urn:exemple:reserve", "REQUESTED"), "terminate_negotiation",
    "request_transfer", _open, "fetch_transfer", _received, "show_fetch", "show_transfer", "list_transfers",
    "complete_transfer", _open_another, "suspend_transfer", _stands("SUSPENDED"), "resume_transfer", _stands("STARTED"),
    "terminate_transfer", _partner_fetches, "start_transfer", "terminate_contract",
    "show_journal", "verify_journal", _a_checkpoint, "verify_journals", "list_checkpoints",
    _a_job_is_dead, "list_jobs", "retry_job", "list_reconciliations",
    "read_events", "stream_events",
    "create_webhook", lambda play: play.learn(WEBHOOK, "id", "create_webhook"), "list_webhooks", "show_webhook",
    "test_webhook", "change_webhook", "rotate_webhook", "retry_webhook", "delete_webhook",
    "remove_peer",
)  # fmt: skip
"""The operations, and what must have happened before some of them."""


@contextmanager
def playing(folder: Path) -> Iterator[Play]:
    """Yield the stage: our node, which the examples are about, and a partner's that publishes."""
    with (
        receiving() as receiver,
        in_thread(folder / "sde") as theirs,
        in_thread(folder / "pays-de-demo", decisions=OneByHand()) as ours,
        Client(ours.url, ours.key) as api,
        Client(theirs.url, theirs.key) as partner,
        httpx.Client(headers={"authorization": f"Bearer {ours.key}", "accept-language": "fr"}, timeout=60) as http,
    ):
        _publish(theirs, partner)
        _lay_down(ours, "points-lumineux.csv", "arbres.csv")
        play = Play(ours, theirs, receiver, api, partner, http)
        for running, host in ((ours, OURS), (theirs, THEIRS)):
            port = running.node.settings.public_port
            play.names |= {
                f"did:web:{host}": f"did:web:127.0.0.1%3A{port}",
                f"https://{host}": f"http://127.0.0.1:{port}",
            }
            play.names[f"/var/lib/{host.split('.')[1]}"] = str(running.node.settings.data_dir)
        play.names[HOOK] = receiver.url
        partner.add_peer(ours.did)
        yield play


def _publish(theirs: Running, partner: Client) -> None:
    partner.put_card(contact_role="Service des données", **CARD)
    _lay_down(theirs, "bornes.csv")
    for name, mode in (("bornes", "automatic"), ("a-confirmer", "automatic"), ("reserve", "manual")):
        partner.put_dataset(f"urn:exemple:{name}", name.capitalize(), {"kind": "file", "path": "bornes.csv"})
        partner.put_offer(f"urn:exemple:{name}:conditions", f"urn:exemple:{name}", OPEN, mode)


def _lay_down(running: Running, *names: str) -> None:
    folder = running.node.settings.data_dir / "published"
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"id,x,y\n1,2,3\n")


def _replaced(said: Any, pairs: list[tuple[str, str]]) -> Any:
    text = json.dumps(said, ensure_ascii=False)
    for before, after in pairs:
        text = text.replace(before, after)
    return json.loads(text)


# --- writing the answers anew


class Polished:
    """Answers as they read well: one day, short lists, no real secret."""

    def __init__(self) -> None:
        self._begun: datetime | None = None
        self._things: dict[str, str] = {}

    def __call__(self, told: Any, key: str = "") -> Any:
        match told:
            case dict():
                return {name: self(value, name) for name, value in told.items()}
            case list():
                return [self(value, key) for value in told[:2]]
            case str():
                return self._text(told, key)
            case float():
                return 12.5
            case _:
                return told

    def _text(self, text: str, key: str) -> str:
        if key.endswith("cursor"):
            return "WyIyMDI2LTExLTI2VDA5OjMwOjAwKzAwOjAwIl0"
        text = re.sub(r"urn:uuid:(?!00000000)[0-9a-f-]{36}", self._thing, text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)", self._instant, text)
        text = re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "eyJhbGciOiJFUzI1NiJ9.eyJ2ZXJzaW9uIjoxfQ.c2lnbmF0dXJl", text)
        text = re.sub(r"(-----BEGIN [A-Z ]+-----\n)[^-]+(-----END [A-Z ]+-----\n)", r"\1MIIB…\n\2", text)
        text = re.sub(r"pk_[\w-]+", "pk_dHJvaXMtcGV0aXRzLWNoYXRz", text)
        return re.sub(r"whsec_[\w+/=]+", "whsec_dHJvaXMgcGV0aXRzIGNoYXRzIG9udCBwZXJkdQ==", text)

    def _thing(self, found: "re.Match[str]") -> str:
        return self._things.setdefault(found[0], thing(100 + len(self._things)))

    def _instant(self, found: "re.Match[str]") -> str:
        at = datetime.fromisoformat(found[0])
        if at.year > 2030:
            return found[0]
        self._begun = self._begun or at
        day = datetime(2026, 11, 26, 9, 30, tzinfo=UTC) + (at - self._begun)
        return day.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def main() -> None:
    """Play the examples and write their answers anew."""
    known = json.loads(FILE.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder, playing(Path(folder)) as play:
        for step in STEPS:
            if not isinstance(step, str):
                step(play)
                continue
            answer = play.ask(step, known[step])
            assert answer.is_success, (step, answer.text)
            known[step] |= {"status": answer.status_code, "answer": play.answers.get(step)}
        _write(known, play)


def _write(known: dict[str, Any], play: Play) -> None:
    """Write the examples with the answers as they read well, every name known by now."""
    polish, written = Polished(), {}
    for name in [step for step in STEPS if isinstance(step, str)]:
        told = known[name].pop("answer")
        written[name] = known[name] | ({} if told is None else {"answer": polish(play.named(told))})
    FILE.write_text(json.dumps({name: written[name] for name in known}, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
