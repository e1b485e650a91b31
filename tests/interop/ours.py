"""Our node as EDC's partner: a process of its own (serve.py) that can be killed, driven through its management API."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connector.sdk import Client
from tests.interop.wire import Journal, Proxy, until
from tests.tools.ports import free_port

HERE = Path(__file__).resolve().parent
READY_WITHIN_S = 120
CARD = ("Commune d’Exemple", "Le maire", "Service des données", "217500016")
"""Legal name, function of who represents it, who answers, SIREN."""
OPEN: dict[str, Any] = {"permission": [{"action": "use"}]}


class Ours:
    """One node and the proxy that is its public address."""

    def __init__(
        self, name: str, folder: Path, log: Path, journal: Journal, peers: Sequence[str], database: str | None
    ) -> None:
        self.name = name
        self.folder = folder
        self.proxy = Proxy(name, journal)
        self.did = ""
        self._log = log
        self._peers = [part for did in peers for part in ("--peer", did)]
        self._private_port, public_port = free_port(), free_port()
        self.proxy.behind = public_port
        self._process: subprocess.Popen[str] | None = None
        self._client: Client | None = None
        self._has_card = False
        self._settings: dict[str, Any] = {
            "data_dir": str(folder / "data"),
            "database_url": database,
            "public_url": self.proxy.url,
            "unknown_peers": "admit",
            "public_port": public_port,
            "private_port": self._private_port,
            "participant_name": name,
            "log_format": "json",
        }
        self._config = folder / "node.toml"

    @property
    def dsp(self) -> str:
        """Its DSP base, as its version document says."""
        return f"{self.proxy.url}/dsp/2025-1"

    @property
    def api(self) -> Client:
        assert self._client is not None, f"{self.name} is dead"
        return self._client

    # --- the process

    def start(self, *, later_s: float = 0.0, **settings: Any) -> None:
        """Start it and wait until it says that it is ready; its clock may be ahead, and settings others from now on."""
        self._settings |= settings
        lines = (f"{key} = {json.dumps(value)}\n" for key, value in self._settings.items() if value is not None)
        self._config.write_text("".join(lines), "utf-8")
        command = [sys.executable, str(HERE / "serve.py"), "--config", str(self._config), *self._peers]
        command += ["--later", str(later_s)]
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, cwd=HERE.parents[1], stdout=subprocess.PIPE, stderr=log, text=True)
        self._process = process
        limit = threading.Timer(READY_WITHIN_S, process.kill)
        limit.start()
        try:
            said = self._said(process)
        finally:
            limit.cancel()
        self.did = said["did"]
        self._client = Client(f"http://127.0.0.1:{self._private_port}", said["key"], language="en")
        if not self._has_card:
            self._client.put_card(*CARD[:3], siren=CARD[3])
            self._has_card = True

    def _said(self, process: "subprocess.Popen[str]") -> dict[str, str]:
        said: dict[str, str] = {}
        assert process.stdout is not None
        for line in process.stdout:
            word, _, rest = line.strip().partition(" ")
            said[word] = rest
            if word == "ready":
                return said
        raise AssertionError(f"{self.name} ended: {self._log.read_text('utf-8')[-4000:]}")

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def close(self) -> None:
        """End the process and its proxy."""
        self.kill()
        self.proxy.close()

    def complaints(self) -> list[str]:
        """Return what it logged as errors."""
        lines = self._log.read_text("utf-8").splitlines()
        return [line for line in lines if not line.startswith("{") or json.loads(line)["level"] == "error"]

    # --- what a person does

    def publish(
        self, dataset: str, content: bytes, policy: dict[str, Any] | None = None, mode: str = "automatic"
    ) -> None:
        """Publish a file under an offer."""
        folder = self.folder / "data" / "published"
        folder.mkdir(parents=True, exist_ok=True)
        file = dataset.rsplit(":", 1)[-1]
        (folder / file).write_bytes(content)
        self.api.put_dataset(dataset, dataset, {"kind": "file", "path": file})
        self.api.put_offer(f"urn:offer:{dataset}", dataset, policy or OPEN, mode)

    def until_negotiation(self, pid: str, state: str) -> Any:
        """Return the negotiation once it stands in the state with nothing on its way."""
        return self._until(lambda: self.api.show_negotiation(pid), state)

    def until_transfer(self, pid: str, state: str) -> Any:
        """Return the transfer once it stands in the state with nothing on its way."""
        return self._until(lambda: self.api.show_transfer(pid), state)

    def until_fetched(self, pid: str) -> Any:
        """Return the fetch of a transfer once all bytes are there."""
        last: dict[str, Any] = {}

        def done() -> bool:
            last.update(self.api.show_fetch(pid))
            assert last["status"] != "failed", last
            return bool(last["status"] == "done")

        until(done, lambda: f"{self.name} received {pid}: {last}")
        return last

    def reasons(self, pid: str) -> list[str]:
        """Return every reason that the messages of a process gave, from its journal."""
        bodies = [entry["entry"].get("body") or {} for entry in self.api.show_journal(pid)["items"]]
        return [reason for body in bodies for reason in body.get("reason", [])]

    def _until(self, look: Any, state: str) -> Any:
        last: list[Any] = []

        def seen() -> bool:
            last[:] = [look()]
            return bool(last[0]["state"] == state and last[0]["pending"] is None)

        until(seen, lambda: f"{self.name} stands in {state}: {last}")
        return last[0]
