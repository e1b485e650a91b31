"""An Eclipse EDC as a partner: its process, and its Management API (v3), which says what it believes.

Both planes and the mock identity share one process, with a small heap. Keys are properties, where EDC looks when its
vault has none; nothing else is needed. Each step of EDC waits up to a second by default: `loop_ms` shortens that.
In memory it forgets everything when it ends; with `database` it keeps its state in PostgreSQL (0.15.1).
"""

import contextlib
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.interop.identity import Identity
from tests.interop.wire import Direct, Journal, Proxy, until
from tests.tools.ports import free_port

READY_WITHIN_S = 120
HERE = Path(__file__).resolve().parent
RELEASES = ("0.14.1", "0.15.1")
NAMES = "https://w3id.org/edc/v0.0.1/ns/"
PROTOCOL = "dataspace-protocol-http:2025-1"
USE: list[dict[str, Any]] = [{"action": "use"}]
MAIN = "org.eclipse.edc.boot.system.runtime.BaseRuntime"
ENDS = ("COMPLETED", "TERMINATED")
AFTERWARDS = ("DEPROVISIONING", "DEPROVISIONED")
"""States in which EDC tidies up after a transfer that has ended."""
LISTENERS = ("api", "control", "management", "protocol", "version", "public")
LOOPS = (
    "edc.negotiation.consumer.state-machine.iteration-wait-millis",
    "edc.negotiation.provider.state-machine.iteration-wait-millis",
    "edc.transfer.state-machine.iteration-wait-millis",
    "edc.dataplane.state-machine.iteration-wait-millis",
)


class Refused(Exception):
    """EDC's Management API answered with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


class Edc:
    """One EDC; `did` is its participant id. Without a journal no proxies stand before it that show who it is."""

    def __init__(
        self,
        release: str,
        folder: Path,
        journal: Journal | None,
        *,
        name: str | None = None,
        database: Callable[[], str] | None = None,
        loop_ms: int | None = 100,
        heap: str = "256m",
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.release = release
        self.name = name or f"edc-{release}"
        self.protocol, self.data = _address(self.name, journal), _address(f"{self.name} data", journal)
        self.identity = Identity(self.protocol, self.dsp) if isinstance(self.protocol, Proxy) else None
        self.did = self.identity.did if self.identity else f"did:web:{self.name}.example"
        self.log = folder / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._config = folder / f"{self.name}.properties"
        self._java = [f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        self._ports: dict[str, int] = {}
        self._fixed = _properties(self, loop_ms) | _key_pair() | dict(more or {})
        self._database = database

    @property
    def dsp(self) -> str:
        """Its DSP base, with the version path."""
        return f"{self.protocol.url}/protocol/2025-1"

    # --- the process

    def start(self) -> None:
        """Start it and wait until it is healthy and its data plane has registered; ports are new each time."""
        classes = _class_path(self.release, with_stores=self._database is not None)
        if self._database is not None and self.process is None and not self._ports:
            self._fixed |= _stored_in(self._database())
        self._ports = {name: free_port() for name in LISTENERS} | self._direct()
        listeners = {f"web.http.{name}.port": str(port) for name, port in self._ports.items() if name != "api"}
        listeners |= {f"web.http.{name}.path": f"/{name}" for name in LISTENERS if name != "api"}
        listeners |= {"web.http.port": str(self._ports["api"]), "web.http.path": "/api"}
        listeners["edc.control.endpoint"] = f"http://localhost:{self._ports['control']}/control"
        self._config.write_text("".join(f"{key}={value}\n" for key, value in (self._fixed | listeners).items()))
        self._begin(["java", *self._java, f"-Dedc.fs.config={self._config}", "-cp", classes, MAIN])
        # Not before: what it answers while it starts is shown by a conversation, and lasts as long as it likes.
        self.protocol.behind, self.data.behind = self._ports["protocol"], self._ports["public"]

    def _begin(self, command: list[str]) -> None:
        """Run it until it is ready, again if its data plane does not register.

        An EDC that died may have left its data plane's row leased, for a minute: the next one cannot register and does
        not try a second time.
        """
        for is_last in (False, False, True):
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                until(self._is_ready, f"{self.name} is ready, see {self.log}", READY_WITHIN_S)
            except AssertionError:
                if is_last or self.process.poll() is not None:
                    raise
                self.kill()
            else:
                return

    def _direct(self) -> dict[str, int]:
        """Return the ports that are also addresses, where no proxy stands before them."""
        addresses = {"protocol": self.protocol, "public": self.data}
        return {name: one.port for name, one in addresses.items() if isinstance(one, Direct)}

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text("utf-8")[-4000:]
        with contextlib.suppress(OSError, ValueError, Refused):
            health = self._http("GET", f"http://localhost:{self._ports['api']}/api/check/startup")
            if not json.loads(health)["isSystemHealthy"]:
                return False
            planes = json.loads(self._http("GET", f"http://localhost:{self._ports['control']}/control/v1/dataplanes"))
            return bool(planes)
        return False

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None, f"{self.name} is dead"
        return self.process.pid

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        """End the process and its proxies."""
        self.kill()
        self.protocol.close()
        self.data.close()

    # --- as provider

    def asset(self, dataset: str, url: str) -> None:
        """Store where the bytes of a dataset are."""
        address = {"@type": "DataAddress", "type": "HttpData", "baseUrl": url}
        properties = {"name": dataset, "contenttype": "application/octet-stream"}
        self._call("POST", "/assets", {"@id": dataset, "properties": properties, "dataAddress": address})

    def offer(self, dataset: str, url: str, permission: list[dict[str, Any]] | None = None) -> None:
        """Show a dataset in the catalogue under a policy of its own."""
        self.asset(dataset, url)
        self.policy(f"policy-{dataset}", permission or USE)
        self.define(f"definition-{dataset}", f"policy-{dataset}", "=", dataset)

    def policy(self, name: str, permission: list[dict[str, Any]]) -> None:
        """Store a policy."""
        policy = {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "permission": permission}
        self._call("POST", "/policydefinitions", {"@id": name, "@type": "PolicyDefinition", "policy": policy})

    def define(self, name: str, policy: str, operator: str, assets: str) -> None:
        """Offer under a policy the assets whose id fits."""
        selector = [{"@type": "Criterion", "operandLeft": f"{NAMES}id", "operator": operator, "operandRight": assets}]
        definition = {"@id": name, "accessPolicyId": policy, "contractPolicyId": policy, "assetsSelector": selector}
        self._call("POST", "/contractdefinitions", definition)

    # --- as consumer

    def catalog(self, peer: Any, **query: Any) -> dict[str, Any]:
        """Return the peer's catalogue as EDC's user sees it; `query` is a QuerySpec."""
        wish = {"@type": "CatalogRequest", **_towards(peer), **({"querySpec": query} if query else {})}
        return self._call("POST", "/catalog/request", wish)

    def dataset(self, peer: Any, dataset: str) -> dict[str, Any]:
        """Return one dataset of the peer."""
        return self._call(
            "POST", "/catalog/dataset/request", {"@type": "DatasetRequest", "@id": dataset, **_towards(peer)}
        )

    def request_contract(self, peer: Any, dataset: str, **instead: Any) -> str:
        """Ask for a dataset's first offer; return EDC's process id."""
        return self.request_offer(peer, dataset, self.dataset(peer, dataset)["hasPolicy"][0] | instead)

    def request_offer(self, peer: Any, dataset: str, offer: dict[str, Any]) -> str:
        """Ask for an offer that was listed at some time; return EDC's process id."""
        policy = {**offer, "@context": "http://www.w3.org/ns/odrl.jsonld", "assigner": peer.did, "target": dataset}
        wish = {"@type": "ContractRequest", "counterPartyAddress": peer.dsp, "protocol": PROTOCOL, "policy": policy}
        return str(self._call("POST", "/contractnegotiations", wish)["@id"])

    def request_transfer(self, peer: Any, agreement: str, kind: str = "HttpData-PULL", sink: str | None = None) -> str:
        """Ask for the data of an agreement; return EDC's process id."""
        wish = {"@type": "TransferRequest", "counterPartyAddress": peer.dsp, "contractId": agreement}
        wish |= {"protocol": PROTOCOL, "transferType": kind}
        if sink is not None:
            wish["dataDestination"] = {"@type": "DataAddress", "type": "HttpData", "baseUrl": sink}
        return str(self._call("POST", "/transferprocesses", wish)["@id"])

    def data_address(self, transfer: str) -> dict[str, str]:
        """Return the endpoint and token that EDC's user has for a pull; 0.15.1 names the members by whole IRIs."""
        found = self._call("GET", f"/edrs/{transfer}/dataaddress")
        return {name.rsplit("/", 1)[-1]: value for name, value in found.items()}

    def until_data_address(self, transfer: str, *, unlike: str = "") -> dict[str, str]:
        """Return it once there is one, with another token than this one."""

        def look() -> dict[str, str] | None:
            with contextlib.suppress(Refused):
                found = self.data_address(transfer)
                return found if found["authorization"] != unlike else None
            return None

        found: dict[str, str] = until(look, f"{self.name} has a data address for {transfer}")
        return found

    # --- what it believes

    def negotiation(self, pid: str) -> dict[str, Any]:
        return self._call("GET", f"/contractnegotiations/{quote(pid, safe='')}")

    def transfer(self, pid: str) -> dict[str, Any]:
        return self._call("GET", f"/transferprocesses/{quote(pid, safe='')}")

    def agreement(self, agreement: str) -> dict[str, Any]:
        """Return an agreement by EDC's own identifier; its `agreementId` is that of the message."""
        found = self._call("GET", f"/contractagreements/{quote(agreement, safe='')}")
        return {"agreementId": found["@id"], **found}  # 0.14.1 has only one

    def negotiations_with(self, pid: str) -> list[dict[str, Any]]:
        """Return every negotiation that EDC has under this identifier of ours."""
        return self._query("/contractnegotiations/request", pid)

    def transfers_with(self, pid: str) -> list[dict[str, Any]]:
        """Return every transfer that EDC has under this identifier of ours."""
        return self._query("/transferprocesses/request", pid)

    def until_negotiation(self, pid: str, state: str) -> dict[str, Any]:
        """Return the negotiation once EDC says that it stands in the state."""
        return self._until(lambda: self.negotiation(pid), state)

    def until_transfer(self, pid: str, state: str) -> dict[str, Any]:
        """Return the transfer once EDC says that it stands in the state, or for an end, that it has tidied up."""
        return self._until(lambda: self.transfer(pid), state, *(AFTERWARDS if state in ENDS else ()))

    # --- what its people do

    def terminate_negotiation(self, pid: str, reason: str) -> None:
        body = {"@type": "TerminateNegotiation", "@id": pid, "reason": reason}
        self._call("POST", f"/contractnegotiations/{quote(pid, safe='')}/terminate", body)

    def suspend(self, transfer: str, reason: str) -> None:
        self._call("POST", f"/transferprocesses/{transfer}/suspend", {"@type": "SuspendTransfer", "reason": reason})

    def resume(self, transfer: str) -> None:
        self._call("POST", f"/transferprocesses/{transfer}/resume", {})

    def terminate(self, transfer: str, reason: str) -> None:
        self._call("POST", f"/transferprocesses/{transfer}/terminate", {"@type": "TerminateTransfer", "reason": reason})

    # --- HTTP

    def _until(self, look: Any, state: str, *or_states: str) -> dict[str, Any]:
        last: dict[str, Any] = {}

        def seen() -> bool:
            last.clear()
            last.update(look())
            return last["state"] in (state, *or_states)

        until(seen, lambda: f"{self.name} stands in {state}: {last}")
        return last

    def _query(self, path: str, pid: str) -> list[dict[str, Any]]:
        criterion = {"operandLeft": "correlationId", "operator": "=", "operandRight": pid}
        found: Any = self._call("POST", path, {"@type": "QuerySpec", "filterExpression": [criterion]})
        return list(found)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        content = None if body is None else json.dumps({"@context": {"@vocab": NAMES}, **body}).encode()
        answer = self._http(method, f"http://localhost:{self._ports['management']}/management/v3{path}", content)
        return json.loads(answer) if answer else None

    def _http(self, method: str, url: str, content: bytes | None = None) -> bytes:
        request = urllib.request.Request(url, content, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.read().decode("utf-8", "replace")) from None


def _address(name: str, journal: Journal | None) -> Proxy | Direct:
    return Direct(free_port()) if journal is None else Proxy(name, journal)


def _towards(peer: Any) -> dict[str, str]:
    return {"counterPartyAddress": peer.dsp, "counterPartyId": peer.did, "protocol": PROTOCOL}


def _properties(edc: Edc, loop_ms: int | None) -> dict[str, str]:
    values = {
        "edc.participant.id": edc.did,
        "edc.hostname": "localhost",
        "edc.dsp.callback.address": f"{edc.protocol.url}/protocol",
        "edc.dataplane.api.public.baseurl": f"{edc.data.url}/public",
        "edc.transfer.proxy.token.signer.privatekey.alias": "private-key",
        "edc.transfer.proxy.token.verifier.publickey.alias": "public-key",
        # Else it refuses to store a constraint for which it has no function of its own.
        "edc.policy.validation.enabled": "false",
    }
    if loop_ms is not None:
        values |= dict.fromkeys(LOOPS, str(loop_ms))
    return values


def _stored_in(database: str) -> dict[str, str]:
    parts = urlsplit(database)
    return {
        "edc.datasource.default.url": f"jdbc:postgresql://{parts.hostname}:{parts.port}{parts.path}",
        "edc.datasource.default.user": parts.username or "",
        "edc.datasource.default.password": parts.password or "",
        "edc.sql.schema.autocreate": "true",
    }


def _key_pair() -> dict[str, str]:
    """Return properties with a fresh key pair, with which the data plane signs and checks its tokens."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "private-key": private.decode().replace("\n", "\\n"),
        "edc.iam.publickeys.access.id": "public-key",
        "edc.iam.publickeys.access.value": public.decode().replace("\n", "\\n"),
    }


def _class_path(release: str, *, with_stores: bool) -> str:
    """Return the jars of a release, fetched and checked; those of the PostgreSQL stores only when they are wanted."""
    done = subprocess.run([str(HERE / "edc" / "fetch"), release], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    jars = sorted(Path(done.stdout.strip()).glob("*.jar"))
    return ":".join(str(jar) for jar in jars if with_stores or not _is_of_stores(jar.name))


def _is_of_stores(jar: str) -> bool:
    return "sql" in jar or jar.startswith("transaction-local-")
