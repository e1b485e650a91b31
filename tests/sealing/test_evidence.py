"""What a node hands out of its contracts: bundles for a verifier that has none of our code, checks, conventions."""

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from pupitre_verify.examine import examine
from pypdfium2 import PdfDocument

from connector.app import ROOT, Node
from connector.identity import seal_history
from connector.identity.errors import SealsRefused
from connector.identity.keys import Keys
from connector.identity.seal_history import SealHistory
from connector.peer.documents import DidDocument, read_document
from connector.problems import NotFound
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services.contract import Contracts, NotSealedYet
from connector.services.contract_bundle import Bundle, ContractBundles
from connector.services.contract_checks import ContractChecks, Examined
from connector.services.deciders import Person
from connector.store import contracts, participants, peers, seal_lists
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from contracts.canonical import canonical, sha256
from contracts.convention import Revocation
from contracts.convention.page import as_html
from contracts.convention.structure import Facts, Paragraph, Table
from contracts.jws import UNILATERAL, read_sealed
from contracts.seals import seal, sealed_at
from contracts.timestamps import add_token
from tests.contracts.verifier.written import zipped
from tests.harness import nodes
from tests.sealing.pair import Pair

T = TypeVar("T")
BOTH = (Role.PROVIDER, Role.CONSUMER)
ONE_SIDED = "unilateral.jws.json"


def shown(node: Node) -> Contracts:
    return Contracts(node.store, node.hosts)


async def bundle(node: Node, name: str) -> Bundle:
    """Return a bundle; without a PDF, which is drawn in a thread, and virtual time waits for none."""
    return await ContractBundles(node.store, node.hosts, node.peer_seals, shown(node)).of(ROOT, name, with_pdf=False)


async def examined(node: Node, name: str) -> Examined:
    return await ContractChecks(node.store, node.hosts, node.peer_seals).examine(ROOT, name)


async def change(node: Node, pid: str, **values: Any) -> None:
    """Write other values into the row of a contract, as somebody with access to the database might."""

    def unit(tx: Tx) -> None:
        found = contracts.find(tx, ROOT, pid)
        assert found is not None
        contracts.save(tx, replace(found, **values))

    await node.store.write(unit)


async def at_once(work: Awaitable[T]) -> T:
    """Await what goes to a thread, here: in virtual time nothing may wait for one."""

    async def here(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return function(*args, **named)

    with patch.object(asyncio, "to_thread", here):
        return await work


class Seen:
    """Shows one DID document in the place of the partner's own."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    async def document(self, did: str) -> DidDocument:
        return read_document(did, json.dumps(self._members).encode())

    async def refresh(self, owner: str, did: str) -> None:
        """Pin nothing."""


def repacked(files: dict[str, bytes]) -> bytes:
    """Return the bundle of these files with its list written anew, as whoever holds a bundle can."""
    manifest = json.loads(files["manifest.json"])
    for name, told in manifest["files"].items():
        told["sha256"] = sha256(files[name])
    return zipped({**files, "manifest.json": canonical(manifest)})


def files_of(made: Bundle) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def concluded(pair: Pair) -> dict[Role, str]:
    """Have a contract concluded; return what each side calls the negotiation."""
    pid = await pair.ask()
    await pair.settle()
    return {role: (await pair.row(role, pid)).pid for role in BOTH}


async def one_sided(pair: Pair) -> dict[Role, str]:
    """Have an agreement that nobody countersigns: the consumer has no card any more."""
    consumer = pair.node(Role.CONSUMER)
    await consumer.store.write(lambda tx: participants.set_card(tx, ROOT, None))  # type: ignore[arg-type]
    await consumer.hosts.load()
    await pair.unpin_card(Role.PROVIDER)
    return await concluded(pair)


def test_the_bundle_of_either_side_is_valid_for_a_verifier_without_our_code(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        for role, pid in pids.items():
            made = await bundle(pair.node(role), pid)
            report = examine(made.content, at=pair.clock.now())
            assert report.exit_status == 0, report.as_json()
            assert made.name.endswith(".contract.zip")
            files = files_of(made)
            for part in ("dids", "cards", "status", "certs"):
                assert {name for name in files if name.startswith(f"{part}/") and "conclusion" not in name} == {
                    f"{part}/{one.value}.{suffix}"
                    for one in BOTH
                    for suffix in [{"cards": "jws", "certs": "pem"}.get(part, "json")]
                }
            assert [name for name in files if name.startswith("messages/")] == [
                "messages/001-ContractRequestMessage.json",
                "messages/002-ContractAgreementMessage.json",
                "messages/003-ContractAgreementVerificationMessage.json",
                "messages/004-ContractNegotiationEventMessage.json",
            ]
            assert pid in files["journal.jsonl"].decode()

    perform(scene)


def test_the_list_of_keys_of_a_partner_that_nobody_added_is_the_one_that_it_shows(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid, node = (await concluded(pair))[Role.PROVIDER], pair.node(Role.PROVIDER)

        def unpin(tx: Tx) -> None:
            peer = peers.claim(tx, ROOT, pair.places[Role.CONSUMER].did)
            peer.seals = None
            peers.put(tx, peer)

        await node.store.write(unpin)
        made = await bundle(node, pid)
        assert "status/consumer.json" in files_of(made)
        assert examine(made.content, at=pair.clock.now()).exit_status == 0
        with patch.object(node.peer_seals, "of_known", side_effect=SealsRefused("missing")):
            report = examine((await bundle(node, pid)).content, at=pair.clock.now())
        assert (report.exit_status, [one.part for one in report.doubts]) == (2, ["status/consumer.json"])

    perform(scene)


def test_a_bundle_of_one_side_alone_is_indeterminate_and_says_so(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        for role, pid in (await one_sided(pair)).items():
            node = pair.node(role)
            report = examine((await bundle(node, pid)).content, at=pair.clock.now())
            assert report.exit_status == 2, report.as_json()
            assert [one.part for one in report.doubts] == ["unilateral.jws.json"]
            found = await examined(node, pid)
            assert found.verdict == "indeterminate"
            assert {step.code: step.outcome for step in found.steps} == {
                **dict.fromkeys(("journal", "document", "kept", "keys", "seals", "negotiated"), "holds"),
                "other-party": "unknown",
            }

    perform(scene)


def test_a_bundle_of_one_side_alone_shows_with_which_key_the_partner_spoke(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        for role, pid in (await one_sided(pair)).items():
            made, theirs = await bundle(pair.node(role), pid), f"dids/{role.other.value}.json"
            files, peer = files_of(made), pair.places[role.other].did
            assert json.loads(files[theirs])["id"] == peer
            report = examine(made.content, at=pair.clock.now())
            assert any(f"signed with the key {peer}#auth" in one.en for one in report.findings if one.part == theirs)
            assert theirs in report.unsealed
            assert theirs in files["README.txt"].decode()
            altered = json.loads(files[theirs])
            own = json.loads(files[f"dids/{role.value}.json"])
            altered["verificationMethod"][0]["publicKeyJwk"] = own["verificationMethod"][0]["publicKeyJwk"]
            refused = examine(repacked({**files, theirs: json.dumps(altered).encode()}), at=pair.clock.now())
            assert [(one.part, one.place) for one in refused.faults] == [(theirs, "/verificationMethod")]

    perform(scene)


def test_a_document_that_does_not_show_the_partners_key_of_then_is_left_out(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid, node = (await one_sided(pair))[Role.PROVIDER], pair.node(Role.PROVIDER)
        document = json.loads(files_of(await bundle(node, pid))["dids/consumer.json"])
        (method, *others), own = document["verificationMethod"], node.hosts.did_document(ROOT)
        another = {**method, "publicKeyJwk": own["verificationMethod"][0]["publicKeyJwk"]}
        deep: Any = "x"
        for _ in range(40):
            deep = [deep]
        for shows, changed in (
            (True, {"service": []}),
            (False, {"verificationMethod": [another, *others]}),
            (False, {"verificationMethod": others}),
            (False, {"more": deep}),
            (False, {"more": 0.5}),
        ):
            seen = Seen(document | changed)
            bundles = ContractBundles(node.store, node.hosts, seen, shown(node))  # type: ignore[arg-type]
            made = await bundles.of(ROOT, pid, with_pdf=False)
            report = examine(made.content, at=pair.clock.now())
            assert ("dids/consumer.json" in files_of(made)) is shows, changed
            assert report.exit_status == 2, report.as_json()
            assert [one.part for one in report.doubts] == [*([] if shows else ["dids/consumer.json"]), ONE_SIDED]

    perform(scene)


def test_the_bundle_of_one_side_alone_is_made_when_the_partner_is_away(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = (await one_sided(pair))[Role.PROVIDER]
        pair.places[Role.CONSUMER].crash()
        await pair.net.pause(600)
        made = await bundle(pair.node(Role.PROVIDER), pid)
        assert "dids/consumer.json" not in files_of(made)
        assert examine(made.content, at=pair.clock.now()).exit_status == 2

    perform(scene)


def test_a_bundle_of_one_side_alone_holds_its_record_as_a_pdf(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await one_sided(pair)
        for role, pid in pids.items():
            node, contract = pair.node(role), await pair.contract(role, pids[Role.CONSUMER])
            assert contract is not None
            bundles = ContractBundles(node.store, node.hosts, node.peer_seals, shown(node))
            made, bare = await at_once(bundles.of(ROOT, pid)), await bundle(node, pid)
            assert set(files_of(made)) - set(files_of(bare)) == {"unilateral.pdf"}
            whole, without = (examine(one.content, at=pair.clock.now()) for one in (made, bare))
            assert whole.exit_status == without.exit_status == 2, whole.as_json()
            assert whole.doubts == without.doubts
            assert "unilateral.pdf" in [one.part for one in whole.findings]
            document = PdfDocument(files_of(made)["unilateral.pdf"])
            pages = " ".join(page.get_textpage().get_text_bounded() for page in document)
            document.close()
            assert "Constat d’accord — preuve unilatérale" in pages
            assert str(contract.sha256) in pages
            assert "unilateral.pdf" in files_of(made)["README.txt"].decode()

    perform(scene)


def test_evidence_of_an_agreement_without_sentences_is_handed_out_without_pages(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = (await one_sided(pair))[Role.CONSUMER]
        node, contract = pair.node(Role.CONSUMER), await pair.contract(Role.CONSUMER, pid)
        assert contract is not None
        document = json.loads(contract.document or "")
        text = '{"@type":"Agreement","permission":[{"action":"use"}]}'
        document["agreement"] = {"id": "urn:uuid:x", "text": text, "sha256": sha256(text)}
        written = canonical(document)
        signer = node.hosts.seals.signer(ROOT)
        sealed = await seal(written, signer, media_type=UNILATERAL, at=pair.clock.now())
        await change(node, pid, document=written.decode(), jws=sealed.text, sha256=sealed.sha256)
        bundles = ContractBundles(node.store, node.hosts, node.peer_seals, shown(node))
        files = files_of(await at_once(bundles.of(ROOT, pid)))
        told = (await shown(node).show(ROOT, pid)).document or {}
        assert set(told) == {"parties", "dataset"}
        assert "unilateral.jws.json" in files
        assert "unilateral.pdf" not in files

    perform(scene)


def test_one_sided_evidence_is_read_as_a_record_with_what_this_node_knows(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await one_sided(pair)
        for role, pid in pids.items():
            known_as, record = await shown(pair.node(role)).convention(ROOT, pid, "fr")
            contract = await pair.contract(role, pids[Role.CONSUMER])
            assert contract is not None
            assert (known_as, record.sha256, record.name) == (contract.id, contract.sha256, "constat")
            assert record.attachment == "unilateral.jws.json"
            ours, theirs = (record.parties[BOTH.index(one)] for one in (role, role.other))
            assert (pair.places[role].did in ours.lines, pair.places[role.other].did in theirs.lines) == (True, True)
            assert ours.lines[-1].startswith("A scellé ce constat.")
            assert theirs.lines[-1].startswith("N’a rien scellé.")
            # the provider has its card still: it says who it is, and the consumer was given it
            assert record.parties[0].name == "Métropole d’Exemple"
            assert any("SIREN" in line for line in record.parties[0].lines)
            assert not any("SIREN" in line for line in record.parties[1].lines)
            (table,) = [one for one in record.articles[4].blocks if isinstance(one, Table)]
            assert table.rows[0][1] == "demande d’accès"
            assert {row[3] for row in table.rows} == {"conservé"}
            (token,) = [one.text for one in record.articles[4].blocks if isinstance(one, Paragraph)][1:]
            assert "Le jeton est conservé dans le journal de ce nœud." in token
            assert (record.object == contract.dataset) is (role is Role.CONSUMER)

    perform(scene)


def test_one_sided_evidence_is_shown_with_parties_rules_and_what_is_missing(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await one_sided(pair)
        for role, pid in pids.items():
            found = await shown(pair.node(role)).show(ROOT, pid)
            told = found.document or {}
            assert [told["parties"][one.value]["did"] for one in BOTH] == [pair.places[one].did for one in BOTH]
            assert told["parties"]["provider"]["source"] == "card"
            assert told["parties"]["consumer"]["source"] == "node"
            _, page = await shown(pair.node(role)).convention(ROOT, pid, "fr")
            (rules,) = [one for one in page.articles[1].blocks if isinstance(one, Table)]
            assert [row[1] for row in rules.rows] == told["terms"]["fr"]
            assert [one.role for one in found.seals] == [role.value]
            by_code = {one.code: one for one in found.pieces}
            assert (by_code["seal"].state, by_code["seal"].by) == ("missing", role.other.value)
            assert by_code["messages"].kept == by_code["messages"].of == 4
            assert by_code["token"].kept == 1

    perform(scene)


def test_the_record_of_an_agreement_that_people_ended_says_when(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = (await one_sided(pair))[Role.CONSUMER]
        node = pair.node(Role.CONSUMER)
        await node.evidence.terminate(ROOT, pid, "", "Le projet est achevé.", by=nodes.BY)
        _, record = await shown(node).convention(ROOT, pid, "en")
        (dates,) = [one for one in record.articles[2].blocks if isinstance(one, Facts)]
        at = f"{pair.clock.now():%H:%M} (UTC), according to the journal of this node"
        assert dict(dates.rows)["End of the agreement"].endswith(at)

    perform(scene)


def test_a_bundle_without_attested_conclusion_is_indeterminate(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        node, pid = pair.node(Role.PROVIDER), pids[Role.PROVIDER]
        await change(node, pid, status="sealed-by-both")
        made = await bundle(node, pid)
        report = examine(made.content, at=pair.clock.now())
        assert report.exit_status == 2, report.as_json()
        assert [one.part for one in report.doubts] == ["conclusion.jws.json"]
        assert (await examined(node, pid)).verdict == "indeterminate"

    perform(scene)


def test_what_was_sealed_stays_valid_after_both_keys_were_replaced(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        for role in BOTH:
            await at_once(pair.node(role).seals.rotate(ROOT, overlap=timedelta(0), by=nodes.BY))
        await pair.net.pause(600)  # DID documents are looked at again
        for role, pid in pids.items():
            node = pair.node(role)
            assert await node.peer_seals.of(ROOT, pair.places[role.other].did)
            report = examine((await bundle(node, pid)).content, at=pair.clock.now())
            assert report.exit_status == 0, report.as_json()
            assert (await examined(node, pid)).verdict == "valid"

    perform(scene)


@pytest.mark.parametrize("pause_s", [0, 600])
@pytest.mark.parametrize("role", BOTH, ids=str)
def test_a_partner_whose_key_was_replaced_is_agreed_with_at_once(
    perform: Callable[..., Any], role: Role, pause_s: int
) -> None:
    """Its list of keys, pinned when it was met, is followed."""

    async def scene(pair: Pair) -> None:
        node = pair.node(role)
        made = await at_once(node.seals.rotate(ROOT, by=nodes.BY))
        await pair.net.pause(pause_s)
        pids = await concluded(pair)
        contract = await pair.contract(Role.CONSUMER, pids[Role.CONSUMER])
        assert contract is not None
        assert contract.status == "concluded"
        if pause_s or role is Role.PROVIDER:  # else the provider could not know yet, and the old key overlaps
            assert made.name in json.loads(contract.document or "")["parties"][role.value]["seal"]["kid"]

    perform(scene)


def test_a_did_document_of_another_time_is_left_out_and_missed(perform: Callable[..., Any]) -> None:
    """An authentication key that was replaced did not sign the card which the contract names."""

    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        node, pid = pair.node(Role.PROVIDER), pids[Role.PROVIDER]
        contract = await pair.contract(Role.CONSUMER, pids[Role.CONSUMER])
        assert contract is not None
        cards = json.loads(contract.cards or "{}")
        header, payload, signature = cards["consumer"].split(".")
        forged = "A" if signature[5] != "A" else "B"
        cards["consumer"] = f"{header}.{payload}.{signature[:5]}{forged}{signature[6:]}"
        await change(node, pid, cards=json.dumps(cards))
        made = await bundle(node, pid)
        assert "dids/consumer.json" not in files_of(made)
        assert "dids/provider.json" in files_of(made)
        found = await examined(node, pid)
        assert found.verdict == "invalid"  # the card is not the one whose digest was sealed

    perform(scene)


def test_every_step_holds_of_a_concluded_contract(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        for role, pid in (await concluded(pair)).items():
            found = await examined(pair.node(role), pid)
            assert [step.code for step in found.steps] == [
                "journal", "document", "kept", "keys", "seals", "negotiated", "conclusion",
            ]  # fmt: skip
            assert {step.outcome for step in found.steps} == {"holds"}, found.steps
            assert found.verdict == "valid"

    perform(scene)


def test_what_was_changed_afterwards_fails_at_the_step_that_it_concerns(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        others = await concluded(pair)
        node, pid = pair.node(Role.CONSUMER), pids[Role.CONSUMER]
        ours, theirs = [await pair.contract(Role.CONSUMER, one[Role.CONSUMER]) for one in (pids, others)]
        assert ours is not None
        assert theirs is not None
        changed: dict[str, tuple[dict[str, Any], set[str]]] = {
            "another document": ({"document": theirs.document}, {"document"}),
            "another hash": ({"sha256": theirs.sha256}, {"document"}),
            "other seals": ({"jws": theirs.jws}, {"document", "kept", "conclusion"}),
            "another conclusion": ({"conclusion": theirs.conclusion}, {"conclusion"}),
            "other cards": (
                {"cards": json.dumps(dict.fromkeys(("provider", "consumer"), _card(ours)))},
                {"negotiated"},
            ),
        }
        for what, (values, failing) in changed.items():
            await change(node, pid, **values)
            found = await examined(node, pid)
            assert {step.code for step in found.steps if step.outcome == "fails"} == failing, what
            assert all(step.detail["fr"] and step.detail["en"] for step in found.steps if step.outcome == "fails")
            assert found.verdict == "invalid"
            await change(node, pid, **{name: getattr(ours, name) for name in values})
        assert (await examined(node, pid)).verdict == "valid"

    perform(scene)


def _card(contract: StoredContract) -> str:
    return str(json.loads(contract.cards or "{}")["provider"])


def test_a_key_that_was_revoked_since_leaves_doubt(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        node, pid = pair.node(Role.PROVIDER), pids[Role.PROVIDER]
        (key,) = node.seals.all(ROOT)
        await pair.net.pause(5)
        await node.seals.revoke(ROOT, key.name, "Perdue", by=nodes.BY)
        (step,) = [one for one in (await examined(node, pid)).steps if one.outcome != "holds"]
        assert (step.code, step.outcome) == ("keys", "unknown")

    perform(scene)


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


async def relist(pair: Pair, revoked_at: datetime, issued_at: datetime) -> None:
    """Have the consumer hold a list that the provider signed, and dated, as it liked."""
    did, folder = pair.places[Role.PROVIDER].did, pair.node(Role.PROVIDER).settings.data_dir
    kept = await pair.node(Role.CONSUMER).store.read(lambda tx: peers.find(tx, ROOT, did))
    assert kept is not None
    (key,) = seal_history.stored(kept.seals or "").keys
    listed = SealHistory(did, issued_at, (replace(key, revoked_at=revoked_at, reason="", chain=()),))
    text = seal_history.sign(listed, Keys(folder).auth(ROOT))

    def unit(tx: Tx) -> None:
        peer = peers.claim(tx, ROOT, did)
        peer.seals = text
        peers.put(tx, peer)

    await pair.node(Role.CONSUMER).store.write(unit)


@pytest.mark.parametrize(
    ("revoked", "issued", "verdict"),
    [
        (DAY, 2 * DAY, "indeterminate"),
        (-2 * MINUTE, MINUTE, "indeterminate"),
        (-2 * DAY, 30 * DAY, "indeterminate"),
        (-2 * MINUTE, -MINUTE, "indeterminate"),  # its list of the conclusion announces nothing of it
    ],
)
def test_what_a_partner_revokes_is_weighed_alike_by_the_node_and_by_the_verifier(
    perform: Callable[..., Any], revoked: timedelta, issued: timedelta, verdict: str
) -> None:
    async def scene(pair: Pair) -> None:
        node, pid = pair.node(Role.CONSUMER), (await concluded(pair))[Role.CONSUMER]
        contract = await pair.contract(Role.CONSUMER, pid)
        assert contract is not None
        at = sealed_at(read_sealed(contract.jws or "").signatures[0])
        await relist(pair, at + revoked, at + issued)
        found, report = await examined(node, pid), examine((await bundle(node, pid)).content, at=pair.clock.now())
        assert (found.verdict, report.verdict) == (verdict, verdict), report.as_text("en")
        assert [one.code for one in found.steps if one.outcome != "holds"] == ["keys"]

    perform(scene)


def test_a_key_that_was_announced_as_revoked_fails_also_behind_one_that_leaves_doubt(
    perform: Callable[..., Any],
) -> None:
    async def scene(pair: Pair) -> None:
        node, pid = pair.node(Role.CONSUMER), (await concluded(pair))[Role.CONSUMER]
        contract = await pair.contract(Role.CONSUMER, pid)
        assert contract is not None
        first, last = [sealed_at(one) for one in read_sealed(contract.jws or "").signatures]
        await relist(pair, first + DAY, first + DAY)
        assert (await examined(node, pid)).verdict == "indeterminate"
        (key,) = node.seals.all(ROOT)
        await node.seals.revoke(ROOT, key.name, "Perdue", by=nodes.BY, since=last - MINUTE)
        late, own = await examined(node, pid), node.seals.history(ROOT)
        assert (late.verdict, own is not None) == ("indeterminate", True)
        with patch.object(node.seals, "history", lambda owner: replace(own, issued_at=last - MINUTE / 2)):
            assert (await examined(node, pid)).verdict == "indeterminate"  # our list of the conclusion is silent of it
            with patch.object(seal_lists, "in_force", lambda *_: None):  # as of a contract from before lists were kept
                assert (await examined(node, pid)).verdict == "invalid"

    perform(scene)


def test_a_time_stamp_answers_for_a_seal_only_where_it_cannot_be_younger_than_the_revocation(
    perform: Callable[..., Any],
) -> None:
    async def scene(pair: Pair) -> None:
        node, pid = pair.node(Role.CONSUMER), (await concluded(pair))[Role.CONSUMER]
        contract = await pair.contract(Role.CONSUMER, pid)
        assert contract is not None
        at = sealed_at(read_sealed(contract.jws or "").signatures[0])
        token = b"checked when it was taken"
        await change(node, pid, jws=add_token(contract.jws or "", 0, token))
        await relist(pair, at + 2 * DAY, at + 2 * DAY)
        assert (await examined(node, pid)).verdict == "indeterminate"  # the conclusion has none
        await change(node, pid, conclusion=add_token(contract.conclusion or "", 0, token))
        for revoked, verdict in ((DAY, "indeterminate"), (DAY + MINUTE, "valid")):
            await relist(pair, at + revoked, at + 2 * DAY)
            assert (await examined(node, pid)).verdict == verdict

    perform(scene)


def test_a_key_that_its_owner_revoked_is_told_by_the_pages_of_both_sides(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        provider, consumer = (pair.node(role) for role in BOTH)
        (key,) = provider.seals.all(ROOT)
        since = pair.clock.now().replace(microsecond=0) - timedelta(days=2)
        await provider.seals.revoke(ROOT, key.name, "Poste volé", by=nodes.BY, since=since)
        await pair.net.pause(1800)
        await consumer.peer_seals.anew(ROOT, pair.places[Role.PROVIDER].did)
        for role, node in zip(BOTH, (provider, consumer), strict=True):
            assert (await examined(node, pids[role])).verdict == "indeterminate"
            _, convention = await shown(node).convention(ROOT, pids[role], "fr")
            assert "antidatée\u00a0: la vérification le dit indéterminé." in convention.facts.rows[2][1]
            page = as_html(convention)
            assert page.count("Clé révoquée le") == 1
            assert "(Poste volé)" in page
            ((kid, told),) = (await shown(node).show(ROOT, pids[role])).revoked.items()
            assert kid == f"{provider.hosts.owners[ROOT].did}#{key.name}"
            assert told == Revocation(since, "Poste volé", told.listed_at)
        bundles = ContractBundles(consumer.store, consumer.hosts, consumer.peer_seals, shown(consumer))
        made = await at_once(bundles.of(ROOT, pids[Role.CONSUMER]))
        (pdf,) = [content for name, content in files_of(made).items() if name.endswith(".pdf")]
        document = PdfDocument(pdf)
        words = " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())
        document.close()
        assert "antidatée : la vérification le dit indéterminé." in words
        report = examine(made.content, at=pair.clock.now())
        assert (report.exit_status, {one.place for one in report.doubts}) == (2, {"/signatures/0/protected/kid"})
        assert "antidatée" in report.doubts[0].fr

    perform(scene)


def test_a_partners_key_that_was_retired_and_then_revoked_leaves_doubt(perform: Callable[..., Any]) -> None:
    """Its DID document named that key no more: the list is looked at for each check and each bundle."""

    async def scene(pair: Pair) -> None:
        pid, provider, consumer = (await concluded(pair))[Role.CONSUMER], *(pair.node(role) for role in BOTH)
        (first,) = provider.seals.all(ROOT)
        await provider.seals.rotate(ROOT, overlap=timedelta(), by=nodes.BY)
        await pair.net.pause(1800)
        await consumer.peer_seals.of(ROOT, pair.places[Role.PROVIDER].did)
        assert (await examined(consumer, pid)).verdict == "valid"
        await provider.seals.revoke(ROOT, first.name, "Poste volé", by=nodes.BY)
        assert examine((await bundle(consumer, pid)).content, at=pair.clock.now()).exit_status == 2
        pair.places[Role.PROVIDER].crash()
        assert (await examined(consumer, pid)).verdict == "indeterminate"

    perform(scene)


def test_a_check_says_what_it_knows_while_the_partner_is_away(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = (await concluded(pair))[Role.CONSUMER]
        pair.places[Role.PROVIDER].crash()
        await pair.net.pause(600)
        assert (await examined(pair.node(Role.CONSUMER), pid)).verdict == "valid"

    perform(scene)


def test_a_one_sided_record_tells_that_its_own_key_was_revoked(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = (await one_sided(pair))[Role.CONSUMER]
        node = pair.node(Role.CONSUMER)
        (key,) = node.seals.all(ROOT)
        await pair.net.pause(5)
        await node.seals.revoke(ROOT, key.name, "Perdue", by=nodes.BY)
        _, record = await shown(node).convention(ROOT, pid, "fr")
        assert "la vérification le dit indéterminé." in as_html(record)
        assert "(Perdue)" in as_html(record)

    perform(scene)


def test_a_contract_goes_by_its_own_name_and_by_those_of_agreement_and_negotiation(
    perform: Callable[..., Any],
) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        node, pid = pair.node(Role.PROVIDER), pids[Role.PROVIDER]
        found = await shown(node).show(ROOT, pid)
        contract = found.contract
        assert (contract.status, found.level, [one.role for one in found.seals]) == (
            "concluded", "L0", ["provider", "consumer"],
        )  # fmt: skip
        assert found.concluded_at
        for name in (contract.id, contract.agreement):
            assert (await shown(node).show(ROOT, str(name))).contract == contract
        for name in (contract.id, contract.agreement, contract.negotiation, contract.sha256):
            page = await shown(node).page(ROOT, cursor=None, limit=5, search=name)
            assert [one.id for one in page.items] == [contract.id]
        with pytest.raises(NotFound):
            await shown(node).show("another", pid)

    perform(scene)


def test_who_decided_is_told_of_our_side_with_the_entry_of_the_journal(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        asked = (await shown(pair.node(Role.CONSUMER)).show(ROOT, pids[Role.CONSUMER])).decided
        assert nodes.BY in [one.by for one in asked]
        agreed = (await shown(pair.node(Role.PROVIDER)).show(ROOT, pids[Role.PROVIDER])).decided
        assert "offer-mode" in [one.by.name for one in agreed if not isinstance(one.by, Person)]
        entries = {one.n for one in agreed}
        assert len(entries) == len(agreed)

    perform(scene)


def test_what_is_not_sealed_yet_is_shown_and_no_more(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        node, pid = pair.node(Role.PROVIDER), pids[Role.PROVIDER]
        await change(node, pid, status="sealing", jws=None, conclusion=None)
        found = await shown(node).show(ROOT, pid)
        assert (found.seals, found.level, found.document is None) == ((), None, False)
        for ask in (bundle(node, pid), examined(node, pid), shown(node).convention(ROOT, pid, "fr")):
            with pytest.raises(NotSealedYet):
                await ask

    perform(scene)


def test_the_convention_is_the_page_of_the_sealed_contract(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = await concluded(pair)
        for language, title in (("fr", "Métropole d’Exemple"), ("en", "Métropole d’Exemple")):
            known_as, convention = await shown(pair.node(Role.CONSUMER)).convention(
                ROOT,
                pids[Role.CONSUMER],
                language,  # type: ignore[arg-type]
            )
            contract = await pair.contract(Role.PROVIDER, pids[Role.CONSUMER])
            assert contract is not None
            assert (known_as, convention.sha256, convention.language) == (contract.id, contract.sha256, language)
            assert convention.parties[0].name == title

    perform(scene)


async def holder(node: Node, label: str, function: str | None) -> Person:
    """Return who holds a new steward's key, as the API knows them by its secret."""
    _, secret = await node.hosts.issue_key(ROOT, label, "steward", function=function)
    return (await node.hosts.caller(secret)).person


def test_the_function_of_a_key_is_claimed_by_the_seal_and_read_in_the_convention(perform: Callable[..., Any]) -> None:
    function, name = "Directrice de la transition écologique", "Mme Petit, service des données"

    async def scene(pair: Pair) -> None:
        provider, consumer = (pair.node(role) for role in BOTH)
        pid = await pair.ask("manual", by=await holder(consumer, "M. Blanc, voirie", None))
        await pair.settle()
        by = await holder(provider, name, function)
        ours = (await pair.row(Role.PROVIDER, pid)).pid
        await provider.negotiate.accept(ROOT, ours, by=by)
        await pair.settle()
        contract = await pair.contract(Role.PROVIDER, pid)
        assert contract is not None
        assert contract.status == "concluded"
        seals = read_sealed(contract.jws or "").signatures
        claimed = [seal.header["srAts"]["claimed"][0]["qVals"] for seal in seals]  # type: ignore[index, call-overload]
        assert claimed[0][:2] == [function, f"urn:pupitre:approved-by:{by.key_id}"]
        assert claimed[1][0] == "gestionnaire"  # of a key without a function: its role
        _, convention = await shown(provider).convention(ROOT, ours, "fr")
        page, approved = as_html(convention), f"Approuvé par\N{NO-BREAK SPACE}: {function}"
        assert approved in [line for _, lines in convention.signatures.columns for line in lines]
        assert approved in page
        assert name not in page + (contract.document or "") + (contract.jws or "")
        (sent,) = [one for one in await pair.journal(Role.PROVIDER, pid, "sent") if one["message"] == n.AGREEMENT]
        told = {"key": by.key_id, "name": name, "role": "steward", "function": function}
        assert sent["decided_by"] == told
        report = examine((await bundle(provider, ours)).content, at=pair.clock.now())
        assert report.exit_status == 0, report.as_json()
        assert function in json.dumps(report.as_json(), ensure_ascii=False)

    perform(scene)


@pytest.mark.parametrize(
    ("asks", "status", "timestamps", "told"),
    [
        (True, "concluded", "pending", "horodatage en attente"),
        (True, "sealed-by-both", "none", "horodatage en attente"),
        (True, "concluded", "none", "sans horodatage"),
        (True, "concluded", "partial", "sans horodatage"),
        (False, "concluded", "none", "sans horodatage"),
        (False, "sealed-by-both", "none", "sans horodatage"),
    ],
)
def test_a_page_says_that_a_time_stamp_is_pending_only_while_one_is_asked_for(
    perform: Callable[..., Any], asks: bool, status: str, timestamps: str, told: str
) -> None:
    async def scene(pair: Pair) -> None:
        pid = (await concluded(pair))[Role.PROVIDER]
        node = pair.node(Role.PROVIDER)
        await change(node, pid, status=status, timestamps=timestamps)
        asked = Contracts(node.store, node.hosts, asks_timestamps=asks)
        _, convention = await asked.convention(ROOT, pid, "fr")
        assert {line for _, lines in convention.signatures.columns for line in lines if "horodat" in line} == {
            f"Niveau de preuve\N{NO-BREAK SPACE}: L0, {told}"
        }

    perform(scene)
