"""The demonstration: two nodes of a fictional territory on this machine, and a whole exchange told step by step.

Everything goes through the command line and the management API, as it would for people. Run by `make demo`;
DEMO_LANG=en tells it in English. At the end both nodes are stopped, and the evidence of a contract is checked
without them; with a terminal they then run again until Ctrl-C. The exit status is 0 only when every step succeeded, the
checksums are equal and the evidence is valid.
"""

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from connector.lab import demo_data, demo_evidence
from connector.lab.demo_words import TOLD
from connector.sdk.client import Client
from connector.sdk.problems import ApiProblem, NodeUnreachable

T = TypeVar("T")
PATIENCE_S = 60.0
PURPOSE = "https://w3id.org/pupitre/terri/SobrieteEclairage"
OPEN: dict[str, Any] = {"permission": [{"action": "use"}]}
FOR_A_PURPOSE: dict[str, Any] = {
    "permission": [
        {
            "action": "use",
            "constraint": [{"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": PURPOSE}],
        }
    ]
}


class Failed(Exception):
    """A step did not end as it must."""


@dataclass
class Node:
    """One of the two nodes: its folder, where it is, and the client that speaks to it."""

    name: str
    folder: Path
    public_port: int
    private_port: int

    @property
    def config(self) -> Path:
        return self.folder / "node.toml"

    @property
    def log(self) -> Path:
        return self.folder / "node.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.public_port}"

    def client(self, language: str, key: str = "", owner: str | None = None) -> Client:
        key = key or (self.folder / "admin.key").read_text("utf-8").strip()
        return Client(f"http://127.0.0.1:{self.private_port}", key, owner=owner, language=language)

    def steward(self, language: str) -> Client:
        """Return the client of a person with a key of their own, which decides and does not run the node."""
        with self.client(language, owner="root") as office:
            secret = office.issue_key(demo_evidence.STEWARD, "steward", function=demo_evidence.FUNCTION)["secret"]
        return self.client(language, key=secret)


@dataclass(frozen=True)
class Shown:
    """What is left to look at: the received files, an access request, its contract to be read and its evidence."""

    received: Path
    pid: str
    convention: Path
    bundle: Path


class Story:
    """Tells each step and how long it took."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._step = 0
        self._began = time.perf_counter()

    def begin(self) -> None:
        self._began = time.perf_counter()

    def tell(self, name: str, **values: object) -> None:
        """Say a step that is done, with its duration since the last one."""
        self._step += 1
        seconds = time.perf_counter() - self._began
        lines = TOLD[name][self.language].format(**values).splitlines()
        took = f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
        print(f"\n{self._step:2}. {lines[0]}  [{took}]", flush=True)
        for line in lines[1:]:
            self.add(line)
        self.begin()

    def add(self, line: str) -> None:
        print(f"    {line}", flush=True)

    def size(self, size_bytes: float) -> str:
        """Return a size as a person reads it."""
        return f"{size_bytes / 1e6:.1f} {'Mo' if self.language == 'fr' else 'MB'}"

    def say(self, name: str, **values: object) -> None:
        print("\n" + TOLD[name][self.language].format(**values), flush=True)


def main() -> int:
    """Play the demonstration; return the exit status."""
    story = Story("en" if os.environ.get("DEMO_LANG", "fr").lower().startswith("en") else "fr")
    home = Path(os.environ.get("DEMO_DIR", ".demo")).resolve()
    shutil.rmtree(home, ignore_errors=True)
    provider, consumer = _node("Ville de Brume", home / "brume"), _node("Syndicat d’énergie de Démo", home / "syndicat")
    story.say("title")
    try:
        with _both(story, provider, consumer):
            shown = _play(story, provider, consumer, home)
        _examine(story, shown.bundle)
        story.say(
            "next",
            command=".venv/bin/pupitre",
            config=_short(consumer.config),
            received=shown.received,
            pid=shown.pid,
            convention=_short(shown.convention),
            bundle=_short(shown.bundle),
        )
        if sys.stdout.isatty() and sys.stdin.isatty():
            _look_around(story, provider, consumer)
    except (Failed, ApiProblem, NodeUnreachable, subprocess.CalledProcessError, OSError) as error:
        logs = ", ".join(str(node.log) for node in (provider, consumer))
        story.say("failed", reason=error, logs=logs)
        return 1
    except KeyboardInterrupt:
        return 130
    story.say("stopped")
    return 0


@contextlib.contextmanager
def _both(story: Story, provider: Node, consumer: Node) -> Iterator[None]:
    """Make both nodes, start them, and stop them at the end."""
    story.begin()
    for node in (provider, consumer):
        _initialise(node)
    story.tell("init")
    with _running(provider, consumer):
        story.tell(
            "serve",
            provider=provider.name,
            provider_url=provider.url,
            consumer=consumer.name,
            consumer_url=consumer.url,
        )
        yield


@contextlib.contextmanager
def _running(*nodes: Node) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for node in nodes:
            stack.enter_context(_serving(node))
        for node in nodes:
            _until(partial(_is_ready, node), "ready")
        yield


def _look_around(story: Story, provider: Node, consumer: Node) -> None:
    """Start both nodes again, until Ctrl-C."""
    with _running(provider, consumer):
        story.say("running")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


def _play(story: Story, provider: Node, consumer: Node, home: Path) -> Shown:
    """Play the exchange, from the files of one to the files of the other, and keep its evidence."""
    with provider.client(story.language) as seller, consumer.client(story.language) as buyer:
        files = _publish(story, provider, seller)
        did = seller.show_status()["participant"]["did"]
        _meet(story, provider, consumer, seller, buyer, did)
        first = _negotiate_by_itself(story, buyer, did, "urn:demo:points-lumineux:geojson")
        second = _negotiate_with_a_person(story, provider, seller, buyer, did, "urn:demo:points-lumineux:csv")
        received = [
            _receive(story, buyer, first[1], files[0]),
            _receive(story, buyer, second[1], files[1]),
        ]
        transfers = [pid for pid, _ in received]
        _suspend(story, provider, consumer, seller, buyer, transfers[0])
        _complete(story, buyer, [first[0], second[0], *transfers])
        _compare(story, files, [path for _, path in received])
        names = {provider.name: seller, consumer.name: buyer}
        convention, bundle = _keep(story, names, buyer, second[1], home)
        return Shown(received=received[0][1].parent, pid=second[0], convention=convention, bundle=bundle)


def _keep(story: Story, parties: dict[str, Client], buyer: Client, agreement: str, home: Path) -> tuple[Path, Path]:
    """Tell of the sealed contract; return it as people read it, and its evidence."""
    found = _until(partial(_concluded, buyer, agreement), "concluded")
    convention = demo_evidence.write_convention(buyer, agreement, home)
    bundle = demo_evidence.export(buyer, agreement, home / "auditeur")
    story.tell("contract", level=found["level_text"], convention=_short(convention))
    for name, client in parties.items():
        for at, what, by in demo_evidence.approvals(client.show_contract(agreement)):
            story.add(f"• {at} UTC, {name}, {what}, {by}")
    return convention, bundle


def _concluded(client: Client, agreement: str) -> Any:
    found = client.show_contract(agreement)
    return found if found["status"] == "concluded" else None


def _examine(story: Story, bundle: Path) -> None:
    """Have the evidence examined now that both nodes are stopped."""
    is_valid, told = demo_evidence.verify(bundle, story.language)
    if not is_valid:
        raise Failed(told)
    story.tell("examined", bundle=_short(bundle), told=told)


def _publish(story: Story, provider: Node, seller: Client) -> list[Path]:
    files = list(demo_data.write(provider.folder / "published"))
    geojson, csv = (story.size(file.stat().st_size) for file in files)
    story.tell(
        "data", provider=provider.name, points=f"{demo_data.POINTS:_}".replace("_", " "), geojson=geojson, csv=csv
    )
    offers = {".geojson": (OPEN, "automatic"), ".csv": (FOR_A_PURPOSE, "manual")}
    for file in files:
        kind = file.suffix.removeprefix(".")
        title = f"Points lumineux du Pays de Démo ({kind.upper()})"
        metadata = {"licence": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/", "publisher": provider.name}
        source = {"kind": "file", "path": file.name}
        dataset = seller.put_dataset(f"urn:demo:points-lumineux:{kind}", title, source, metadata)
        policy, mode = offers[file.suffix]
        seller.create_offer(dataset["id"], policy, mode)
    story.tell("publish", provider=provider.name)
    return files


def _meet(story: Story, provider: Node, consumer: Node, seller: Client, buyer: Client, did: str) -> None:
    """Have each record the other by its invitation, and the consumer read the provider's catalogue."""
    seller.put_card(provider.name, "La maire", "Service des données", siren="732829320")
    buyer.put_card(consumer.name, "Le président", "Service de l’éclairage public", siren="100000009")
    peer = buyer.add_peer(invitation=seller.show_invitation()["line"], name=provider.name)
    seller.add_peer(invitation=buyer.show_invitation()["line"], name=consumer.name)
    names = {"consumer": consumer.name, "provider": provider.name}
    story.tell("peer", did=did, key=peer["pinned_keys"][0], **names)
    page = buyer.browse_catalogue(did)
    story.tell("catalogue", **names)
    for dataset in page["items"]:
        story.add(f"• {dataset['title']}")


def _negotiate_by_itself(story: Story, buyer: Client, did: str, dataset: str) -> tuple[str, str]:
    pid = buyer.request_access(did, dataset)["pid"]
    agreement = _until_finalised(buyer, pid)
    story.tell("automatic", agreement=agreement)
    return pid, agreement


def _negotiate_with_a_person(
    story: Story, provider: Node, seller: Client, buyer: Client, did: str, dataset: str
) -> tuple[str, str]:
    pid = buyer.request_access(did, dataset)["pid"]
    waiting = _until(lambda: _asked(seller, dataset), "REQUESTED")
    why = seller.show_negotiation(waiting)["why"]
    story.tell("asked", provider=provider.name, why=why["text"])
    with provider.steward(story.language) as person:
        person.accept_negotiation(waiting)
    agreement = _until_finalised(buyer, pid)
    story.tell("decided", person=demo_evidence.STEWARD, agreement=agreement)
    return pid, agreement


def _asked(seller: Client, dataset: str) -> str | None:
    found = seller.list_negotiations(role="provider", state="REQUESTED")["items"]
    return next((row["pid"] for row in found if row["dataset"] == dataset), None)


def _receive(story: Story, buyer: Client, agreement: str, file: Path) -> tuple[str, Path]:
    """Have the data of an agreement delivered; return the transfer and the received file."""
    began = time.perf_counter()
    pid = buyer.request_transfer(agreement)["pid"]
    buyer.fetch_transfer(pid, file.name)
    fetched = _until(lambda: _fetched(buyer, pid), "done")
    size, seconds = fetched["done_bytes"], time.perf_counter() - began
    story.tell("fetch", file=file.name, size=story.size(size), rate=story.size(size / seconds))
    return pid, Path(fetched["path"])


def _fetched(buyer: Client, pid: str) -> Any:
    found = buyer.show_fetch(pid)
    if found["status"] == "failed":
        raise Failed(str(found["problem"]))
    return found if found["status"] == "done" else None


def _suspend(story: Story, provider: Node, consumer: Node, seller: Client, buyer: Client, pid: str) -> None:
    """Show that no byte leaves once the provider has suspended, and that all goes on once it resumes."""
    ours = buyer.show_transfer(pid)["peer_pid"] or ""
    seller.suspend_transfer(ours, "Vérification des données")
    _until(partial(_stands_in, buyer, pid, "SUSPENDED"), "SUSPENDED")
    refused = buyer.fetch_transfer(pid, "points-lumineux-bis.geojson")
    time.sleep(1)
    refused = buyer.show_fetch(pid)
    if refused["done_bytes"] or refused["status"] == "done":
        raise Failed(f"{refused['done_bytes']} octets")
    names = {"consumer": consumer.name, "provider": provider.name}
    story.tell("suspended", **names)
    seller.resume_transfer(ours)
    fetched = _until(lambda: _fetched(buyer, pid), "done")
    story.tell("resumed", size=story.size(fetched["done_bytes"]), **names)


def _stands_in(client: Client, pid: str, state: str) -> bool:
    return client.show_transfer(pid)["state"] == state


def _complete(story: Story, buyer: Client, processes: list[str]) -> None:
    entries = 0
    for pid in processes[2:]:
        buyer.complete_transfer(pid)
        _until(partial(_stands_in, buyer, pid, "COMPLETED"), "COMPLETED")
    for pid in processes:
        checked = buyer.verify_journal(pid)
        if not checked["is_intact"]:
            raise Failed(str(checked))
        entries += checked["entries"]
    story.tell("completed", entries=entries)


def _compare(story: Story, sent: list[Path], received: list[Path]) -> None:
    sums = [(_sha256(one), _sha256(other), one.name) for one, other in zip(sent, received, strict=True)]
    different = [name for one, other, name in sums if one != other]
    if different:
        raise Failed(TOLD["different"][story.language].format(names=", ".join(different)))
    story.tell("same")
    for checksum, _, name in sums:
        story.add(f"{checksum}  {name}")


# --- nodes as processes


def _node(name: str, folder: Path) -> Node:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return Node(name, folder, one.getsockname()[1], other.getsockname()[1])


def _initialise(node: Node) -> None:
    node.folder.mkdir(parents=True)
    _pupitre(
        "--config", str(node.config), "init", "--yes",
        "--name", node.name,
        "--public-url", node.url,
        "--data-dir", str(node.folder),
        "--private-port", str(node.private_port),
    )  # fmt: skip


@contextlib.contextmanager
def _serving(node: Node) -> Iterator[None]:
    with node.log.open("w") as log:
        command = [sys.executable, "-m", "connector.cli", "--config", str(node.config), "serve"]
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _pupitre(*arguments: str) -> None:
    command = [sys.executable, "-m", "connector.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    if done.returncode:
        raise Failed(f"pupitre {' '.join(arguments)}\n{done.stderr or done.stdout}")


def _is_ready(node: Node) -> bool:
    try:
        with node.client("en") as client:
            return bool(client.show_status()["version"])
    except NodeUnreachable:
        return False


# --- waiting and saying


def _until(look: Callable[[], T | None], what: str) -> T:
    """Return what `look` shows once it shows something. Raises Failed after a minute."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.02)
    raise Failed(what)


def _until_finalised(client: Client, pid: str) -> str:
    ends = time.monotonic() + PATIENCE_S
    state, version = "", 0
    while state not in ("FINALIZED", "TERMINATED") and time.monotonic() < ends:
        found = client.show_negotiation(pid, wait=10, version=version) if version else client.show_negotiation(pid)
        state, version = found["state"], found["version"]
    if state != "FINALIZED" or found["agreement"] is None:
        raise Failed(f"{pid}: {state} {found['problem']}")
    return found["agreement"]


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


if __name__ == "__main__":
    sys.exit(main())
