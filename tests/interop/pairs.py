"""Who is on stage, and what a pair of them has agreed: an EDC and a node of ours, each in either role."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.interop.data import DataServer
from tests.interop.edc_peer import USE, Edc
from tests.interop.ours import Ours
from tests.interop.wire import Journal

SIZE_BYTES = 3 << 20
FILLERS = 60
"""Datasets on each side, so that a catalogue has more than one page."""
PURPOSE = "https://w3id.org/dpv#EnergyEfficiency"
OPEN, CONDITIONAL, ASKED = "urn:data:open", "urn:data:conditional", "urn:data:asked"
"""Our datasets: open, under a condition, and one whose requests wait for a person."""
FOR_A_PURPOSE: dict[str, Any] = {
    "permission": [
        {
            "action": "use",
            "constraint": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": PURPOSE}],
        }
    ]
}


@dataclass(frozen=True)
class Concluded:
    """A negotiation that both sides say is FINALIZED, and the agreement, by the identifiers of each side."""

    ours: str
    edc: str
    agreement: str
    """As the message carried it: ours, in either role."""
    edc_agreement: str


@dataclass(eq=False)
class Stage:
    """Everybody, started when first wanted."""

    folder: Path
    kept: Path
    journal: Journal
    data: DataServer
    content: bytes
    edcs: dict[str, Edc] = field(default_factory=dict)
    nodes: dict[str, Ours] = field(default_factory=dict)
    agreed: dict[tuple[str, str, str, str], Concluded] = field(default_factory=dict)
    create_database: Callable[[str], str] = str

    def edc(self, name: str) -> Edc:
        """Return a running EDC; a new one gets its datasets."""
        edc = self.edcs[name]
        if edc.process is None:
            edc.start()
            self._fill_edc(edc)
        return edc

    def ours(self, store: str) -> Ours:
        """Return a running node of ours; a new one gets its datasets."""
        if store not in self.nodes:
            database = self.create_database("pupitre") if store == "postgres" else None
            folder = self.folder / f"ours-{store}"
            folder.mkdir()
            known = [edc.did for edc in self.edcs.values()]
            node = Ours(f"ours-{store}", folder, self.kept / f"ours-{store}.log", self.journal, known, database)
            self.nodes[store] = node
            node.start()
            self._fill_ours(node)
        return self.nodes[store]

    def close(self) -> None:
        """End every process."""
        for one in (*self.nodes.values(), *self.edcs.values()):
            one.close()

    def _fill_edc(self, edc: Edc) -> None:
        edc.offer("content", self.data.url("content"))
        edc.offer("slow", self.data.url("slow"))
        constraint = {"leftOperand": "purpose", "operator": {"@id": "odrl:eq"}, "rightOperand": PURPOSE}
        edc.offer("conditional", self.data.url("content"), [{"action": "use", "constraint": [constraint]}])
        edc.policy("policy-filler", USE)
        for number in range(FILLERS):
            edc.asset(f"filler-{number:02}", self.data.url("content"))
        edc.define("definition-filler", "policy-filler", "like", "filler-%")

    def _fill_ours(self, node: Ours) -> None:
        node.publish(OPEN, self.content)
        node.publish(CONDITIONAL, self.content, FOR_A_PURPOSE)
        node.publish(ASKED, self.content, mode="manual")
        for number in range(FILLERS):
            node.publish(f"urn:data:filler-{number:02}", b"filler")


@dataclass(eq=False)
class Pair:
    """An EDC and a node of ours."""

    edc: Edc
    ours: Ours
    stage: Stage

    def edc_asks(self, dataset: str = OPEN) -> Concluded:
        """Have the EDC negotiate one of our datasets to the end."""
        edc = self.edc.request_contract(self.ours, dataset)
        ended = self.edc.until_negotiation(edc, "FINALIZED")
        ours = self.ours.until_negotiation(ended["correlationId"], "FINALIZED")
        return self._concluded(ours, ended)

    def we_ask(self, dataset: str = "content", **declared: str) -> Concluded:
        """Have our node negotiate one of the EDC's datasets to the end."""
        pid = self.ours.api.request_access(self.edc.did, dataset, **declared)["pid"]
        ours = self.ours.until_negotiation(pid, "FINALIZED")
        (theirs,) = self.edc.negotiations_with(pid)
        ended = self.edc.until_negotiation(theirs["@id"], "FINALIZED")
        return self._concluded(ours, ended)

    def agreement_of_edc(self, dataset: str = OPEN) -> str:
        """Return an agreement in which we are the provider, as EDC calls it, negotiated once for all."""
        return self._once("edc", dataset, self.edc_asks).edc_agreement

    def agreement_of_ours(self, dataset: str = "content") -> str:
        """Return an agreement in which the EDC is the provider, as we call it, negotiated once for all."""
        return self._once("ours", dataset, self.we_ask).agreement

    def _concluded(self, ours: Any, theirs: dict[str, Any]) -> Concluded:
        """Return what was concluded; both sides must hold the same agreement."""
        edc_agreement = theirs["contractAgreementId"]
        assert self.edc.agreement(edc_agreement)["agreementId"] == ours["agreement"]
        return Concluded(ours["pid"], theirs["@id"], ours["agreement"], edc_agreement)

    def _once(self, who: str, dataset: str, negotiate: Callable[[str], Concluded]) -> Concluded:
        key = (self.edc.name, self.ours.name, who, dataset)
        if key not in self.stage.agreed:
            self.stage.agreed[key] = negotiate(dataset)
        return self.stage.agreed[key]


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()
