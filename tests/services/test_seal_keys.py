"""Seal keys of a node that lives for years, on a virtual clock: made, replaced, certified, revoked; and a partner's."""

import asyncio
import errno
import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from connector.app import ROOT, Node, build_app
from connector.clock import VirtualClock
from connector.identity import certificates, seal_history
from connector.identity.certificates import Subject
from connector.identity.errors import CertificateRefused, NoSealKey, SealKeyLocked, SealsRefused
from connector.peer.documents import read_document
from connector.problems import Conflict, Invalid, NotFound, Unavailable
from connector.services import meet
from connector.settings import BadSettings, load
from connector.store import journal, peers
from contracts import seals
from contracts.canonical import canonical
from tests.harness import nodes
from tests.harness.nodes import BY
from tests.harness.seals import SealAuthority

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
DAY = timedelta(days=1)
END = "-----END CERTIFICATE-----\n"


def play(folder: Path, scene: Callable[[Node, VirtualClock], Awaitable[None]]) -> None:
    """Play a scene on a node that was just made."""

    async def run() -> None:
        clock = VirtualClock(NOW)
        node = await build_app(load(environ={}, data_dir=folder), clock=clock)
        try:
            await node.hosts.add(ROOT, "Ville de Brume")
            await scene(node, clock)
        finally:
            await node.close()

    asyncio.run(run())


def shown(node: Node) -> list[str]:
    return [one.name for one in node.seals.shown(ROOT)]


def standings(node: Node, clock: VirtualClock) -> dict[str, str]:
    return {one.name: one.standing(clock.now()) for one in node.seals.all(ROOT)}


async def told(node: Node) -> list[str]:
    did = node.addresses.did(ROOT)
    await node.store.read(lambda tx: journal.verify(tx, ROOT, did))
    return [one.kind for one in await node.store.read(lambda tx: journal.page(tx, ROOT, did))]


def test_a_participant_is_made_with_a_seal_key(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        assert shown(node) == ["seal-20261126"]
        ours = node.seals.signer(ROOT)
        assert ours.kid == f"{node.addresses.did(ROOT)}#seal-20261126"
        assert len(await ours.sign(b"text")) == 64
        with pytest.raises(Conflict):
            await node.seals.create(ROOT, by=BY)

    play(tmp_path, scene)


def test_a_key_that_is_rotated_finishes_what_names_it_and_is_retired_after(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        old = node.seals.signer(ROOT)
        made = await node.seals.rotate(ROOT, overlap=2 * DAY, by=BY)
        assert made.name == "seal-20261126-2"
        assert node.seals.signer(ROOT).kid.endswith("#seal-20261126-2")
        assert node.seals.signer(ROOT, old.kid).kid == old.kid
        assert shown(node) == ["seal-20261126", "seal-20261126-2"]
        clock.advance(2 * DAY)
        assert shown(node) == ["seal-20261126-2"]
        with pytest.raises(NoSealKey):
            node.seals.signer(ROOT, old.kid)
        history = node.seals.history(ROOT)
        assert history is not None
        assert [one.retired_at for one in history.keys] == [NOW + 2 * DAY, None]
        assert await told(node) == ["seal-key-rotated"]

    play(tmp_path, scene)


def test_only_so_many_keys_overlap_that_the_did_document_can_be_read(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        for _ in range(4):
            clock.advance(timedelta(seconds=1))
            await node.seals.rotate(ROOT, by=BY)
        assert list(standings(node, clock).values()) == ["present", "overlapping", "overlapping", "retired", "retired"]

    play(tmp_path, scene)


def test_a_revoked_key_is_shown_nowhere_but_in_the_list_with_its_date_and_reason(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        clock.advance(10 * DAY)
        since = clock.now() - 3 * DAY
        await node.seals.revoke(ROOT, "seal-20261126", " Poste volé ", since=since, by=BY)
        assert shown(node) == []
        with pytest.raises(NoSealKey):
            node.seals.signer(ROOT)
        with pytest.raises(NoSealKey):
            await node.seals.rotate(ROOT, by=BY)
        history = node.seals.history(ROOT)
        assert history is not None
        (status,) = history.keys
        assert (status.revoked_at, status.reason, status.chain) == (since, "Poste volé", ())
        await node.seals.create(ROOT, by=BY)
        assert shown(node) == ["seal-20261206"]
        assert await told(node) == ["seal-key-revoked", "seal-key-created"]

    play(tmp_path, scene)


def test_with_a_key_go_the_other_names_of_the_same_private_key(tmp_path: Path) -> None:
    """A certificate of an authority is one name more of the same key: who holds it could still seal by the other."""

    async def scene(node: Node, clock: VirtualClock) -> None:
        other = await node.seals.rotate(ROOT, by=BY)
        answer = SealAuthority(NOW).answer(await node.seals.request(ROOT), NOW)
        taken = await node.seals.import_certificate(ROOT, answer, by=BY)
        revoked = await node.seals.revoke(ROOT, taken.name, "volée", by=BY)
        assert (revoked.name, revoked.revoked_at) == (taken.name, NOW)
        assert standings(node, clock) == {taken.name: "revoked", other.name: "revoked", "seal-20261126": "overlapping"}
        assert (await told(node))[-2:] == ["seal-key-revoked"] * 2

    play(tmp_path, scene)


def test_a_revocation_that_cannot_be_says_in_both_languages_why(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        with pytest.raises(NotFound) as unknown:
            await node.seals.revoke(ROOT, "seal-1", "volée", by=BY)
        await node.seals.revoke(ROOT, "seal-20261126", "volée", by=BY)
        with pytest.raises(Conflict) as twice:
            await node.seals.revoke(ROOT, "seal-20261126", "volée", by=BY)
        assert "pupitre keys show" in unknown.value.say("fr")
        assert "pupitre keys show" in unknown.value.say("en")
        assert "déjà révoquée depuis le 2026-11-26" in twice.value.say("fr")
        assert "is revoked since 2026-11-26" in twice.value.say("en")

    play(tmp_path, scene)


def test_a_key_that_is_replaced_without_overlap_ends_no_other(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        for overlap in (30 * DAY, 30 * DAY, timedelta()):
            clock.advance(timedelta(seconds=1))
            await node.seals.rotate(ROOT, overlap=overlap, by=BY)
        assert list(standings(node, clock).values()) == ["present", "retired", "overlapping", "overlapping"]

    play(tmp_path, scene)


def test_a_certificate_that_came_alone_takes_the_intermediate_ones_later(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        leaf, between = _chained(await node.seals.request(ROOT))
        alone = await node.seals.import_certificate(ROOT, leaf, by=BY)
        whole = await node.seals.import_certificate(ROOT, leaf + between, by=BY)
        assert whole.name == alone.name
        assert len(node.seals.signer(ROOT).chain) == len(node.seals.shown(ROOT)[-1].chain) == 2
        assert len(await node.seals.signer(ROOT).sign(b"text")) == 64
        for again in (leaf, leaf + between):
            with pytest.raises(CertificateRefused):
                await node.seals.import_certificate(ROOT, again, by=BY)
        assert await told(node) == ["seal-certificate-imported", "seal-certificate-completed"]
        await node.seals.rotate(ROOT, overlap=timedelta(), accept_l0=True, by=BY)
        with pytest.raises(CertificateRefused) as retired:
            await node.seals.import_certificate(ROOT, leaf, by=BY)
        assert "d’une de nos clés" in retired.value.say("fr")

    play(tmp_path, scene)


def _chained(request: str) -> tuple[str, str]:
    """Return the certificate for a request, and that of the authority between it and a root, as PEM."""
    root, below = SealAuthority(NOW, "Racine"), SealAuthority(NOW, "Intermédiaire")
    return below.answer(request, NOW).partition(END)[0] + END, root.certify(below)


def test_a_file_of_authorities_that_cannot_be_read_refuses_to_start(tmp_path: Path) -> None:
    roots = tmp_path / "autorites.pem"
    for content in (None, "rien"):
        if content is not None:
            roots.write_text(content)
        with pytest.raises(BadSettings) as refused:
            asyncio.run(build_app(load(environ={}, data_dir=tmp_path / "data", seal_roots=roots)))
        assert "seal_roots : " in refused.value.say("fr")


def test_a_revocation_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        cases: list[tuple[type[Exception], str, dict[str, Any]]] = [
            (NotFound, "seal-1", {"reason": "volée"}),
            (Invalid, "seal-20261126", {"reason": " "}),
            (Invalid, "seal-20261126", {"reason": "a\nb"}),
            (Invalid, "seal-20261126", {"reason": "x" * 501}),
            (Invalid, "seal-20261126", {"reason": "volée", "since": NOW + DAY}),
        ]
        for problem, name, said in cases:
            with pytest.raises(problem):
                await node.seals.revoke(ROOT, name, said.pop("reason"), **said, by=BY)
        assert shown(node) == ["seal-20261126"]
        await node.seals.revoke(ROOT, "seal-20261126", "volée", by=BY)
        with pytest.raises(Conflict):
            await node.seals.revoke(ROOT, "seal-20261126", "volée", by=BY)

    play(tmp_path, scene)


def test_an_expired_certificate_seals_nothing_until_a_person_rotates_the_key(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        clock.advance(1097 * DAY)
        assert shown(node) == []
        with pytest.raises(NoSealKey):
            node.seals.signer(ROOT)
        await node.seals.rotate(ROOT, by=BY)
        assert shown(node) == ["seal-20291127"]

    play(tmp_path, scene)


def test_an_authority_certifies_the_present_key(tmp_path: Path) -> None:
    """The request and the answer; the certificate has a name of its own, the key stays."""

    async def scene(node: Node, clock: VirtualClock) -> None:
        authority, key = SealAuthority(NOW), node.seals.shown(ROOT)[0].chain[0]
        answer = authority.answer(await node.seals.request(ROOT), NOW)
        clock.advance(DAY)
        taken = await node.seals.import_certificate(ROOT, answer, by=BY)
        assert taken.name == "seal-20261127"
        ours = node.seals.signer(ROOT)
        assert certificates.public_key(ours.chain[0]) == certificates.public_key(key)
        assert ours.chain[0] != key
        assert len(await ours.sign(b"text")) == 64
        for again in (answer, SealAuthority(NOW).answer(_other_request(), NOW)):
            with pytest.raises(CertificateRefused):
                await node.seals.import_certificate(ROOT, again, by=BY)
        assert await told(node) == ["seal-certificate-imported"]

    play(tmp_path, scene)


def _other_request() -> str:
    return certificates.request(certificates.new_key(), Subject("did:web:ailleurs.fr", "Ailleurs"))


def test_a_key_that_an_authority_made_is_brought_in(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        key, leaf, authority = SealAuthority(NOW).rsa_seal("Ville de Brume", NOW)
        content = pkcs12.serialize_key_and_certificates(
            b"cachet", key, leaf, [authority], BestAvailableEncryption(b"secret")
        )
        with pytest.raises(CertificateRefused):
            await node.seals.import_pkcs12(ROOT, content, "wrong", by=BY)
        await node.seals.import_pkcs12(ROOT, content, "secret", by=BY)
        ours = node.seals.signer(ROOT)
        assert (ours.algorithm, ours.chain) == ("RS256", (leaf.public_bytes(Encoding.DER),))
        assert len(await ours.sign(b"text")) == 384

    play(tmp_path, scene)


def test_a_certificate_names_what_the_party_card_says(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        card = {
            "legal_name": "Commune de Brume", "siret": "243 500 139 00189",
            "representative_function": "Le maire", "contact_role": "Service des données",
        }  # fmt: skip
        await node.hosts.set_card(ROOT, card, by=BY)
        await node.seals.rotate(ROOT, by=BY)
        subject, issuer = certificates.names(node.seals.signer(ROOT).chain[0])
        assert "O=Commune de Brume" in subject
        assert "organizationIdentifier=NTRFR-243500139" in subject
        assert subject == issuer

    play(tmp_path, scene)


def test_a_key_that_cannot_be_recorded_leaves_no_file(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        before = list((tmp_path / "keys" / ROOT).iterdir())
        await node.seals.revoke(ROOT, "seal-20261126", "volée", by=BY)
        results = await asyncio.gather(*(node.seals.create(ROOT, by=BY) for _ in range(3)), return_exceptions=True)
        assert sum(isinstance(one, Exception) for one in results) == 2
        assert list(standings(node, clock).values()).count("present") == 1
        assert len(list((tmp_path / "keys" / ROOT).iterdir())) == len(before) + 1

    play(tmp_path, scene)


# Partners


def test_a_partners_seal_keys_are_pinned_when_it_is_met_and_follow_its_signed_list(tmp_path: Path) -> None:
    async def run() -> None:
        async with nodes.running(tmp_path / "a") as ours, nodes.running(tmp_path / "b") as theirs:
            did = await nodes.acquaint(ours, theirs)
            first = await ours.peer_seals.of(ROOT, did)
            assert first is not None
            assert first.usable[0].chain == theirs.seals.signer(ROOT).chain
            assert await ours.peer_seals.endpoint(did) == theirs.settings.base_url + "/evidence"
            await theirs.seals.rotate(ROOT, by=BY)
            found = await ours.peer_seals.anew(ROOT, did)
            assert found is not None
            assert [one.kid for one in found.usable] == [one.kid for one in first.usable] + [
                theirs.seals.signer(ROOT).kid
            ]
            pinned = await ours.peer_seals.of(ROOT, did)
            assert pinned is not None
            assert pinned.keys == found.keys

    asyncio.run(run())


def test_the_revocation_of_a_key_that_was_retired_reaches_a_partner_that_looks(tmp_path: Path) -> None:
    """The DID document names it no more, and so tells of no change."""

    async def run() -> None:
        async with nodes.running(tmp_path / "a") as ours, nodes.running(tmp_path / "b") as theirs:
            did = await nodes.acquaint(ours, theirs)
            (first,) = theirs.seals.all(ROOT)
            await theirs.seals.rotate(ROOT, overlap=timedelta(), by=BY)
            await ours.peer_seals.anew(ROOT, did)
            await theirs.seals.revoke(ROOT, first.name, "volée", by=BY)

            async def reasons() -> list[str | None]:
                peer = await ours.store.read(lambda tx: peers.load(tx, ROOT, did))
                return [one.reason for one in seal_history.stored(peer.seals or "").keys]

            assert await reasons() == [None, None]
            await ours.introduce.ping(ROOT, did)
            assert await reasons() == ["volée", None]
            assert (await ours.introduce.ping(ROOT, did)).seals_problem is None

    asyncio.run(run())


def test_a_partner_that_restored_a_backup_of_before_a_key_is_told_of_by_a_ping(tmp_path: Path) -> None:
    async def run() -> None:
        async with nodes.running(tmp_path / "a") as ours, nodes.running(tmp_path / "b") as theirs:
            did = await nodes.acquaint(ours, theirs)
            made = await theirs.seals.rotate(ROOT, by=BY)
            assert (await ours.introduce.ping(ROOT, did)).seals_problem is None
            del theirs.seals._rows[ROOT][-1]
            theirs.seals._signed.clear()
            found = await ours.introduce.ping(ROOT, did)
            assert (found.keys_match, type(found.seals_problem)) == (True, SealsRefused)
            pinned = await ours.peer_seals.of(ROOT, did)
            assert pinned is not None
            assert pinned.named(f"{did}#{made.name}") is not None

    asyncio.run(run())


def test_a_list_of_the_future_is_not_taken_and_the_log_names_the_partner(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with nodes.running(tmp_path / "a") as ours, nodes.running(tmp_path / "b") as theirs:
            did = await nodes.acquaint(ours, theirs)
            first = await ours.peer_seals.of(ROOT, did)
            assert first is not None
            theirs.store.clock = VirtualClock(theirs.store.clock.now() + DAY)
            await theirs.seals.rotate(ROOT, by=BY)
            ours.introduce._discovery._entries.clear()  # its DID document is five minutes old
            found = await ours.peer_seals.of(ROOT, did)
            assert found is not None
            assert found.keys == first.keys
            with pytest.raises(SealsRefused):
                await ours.peer_seals.anew(ROOT, did)
            said = [vars(one) for one in caplog.records if vars(one).get("problem") == "seals-refused"]
            assert [(one["levelname"], one["peer"], one["reason"]) for one in said] == [("WARNING", did, "future")]

    asyncio.run(run())


def test_a_partner_that_sealed_is_expected_to_whatever_its_document_says_later(tmp_path: Path) -> None:
    async def run() -> None:
        async with nodes.running(tmp_path / "a") as ours, nodes.running(tmp_path / "b") as theirs:
            did = await nodes.acquaint(ours, theirs)
            await theirs.seals.revoke(ROOT, theirs.seals.all(ROOT)[0].name, "essai", by=BY)
            assert shown(theirs) == []
            found = await ours.peer_seals.of(ROOT, did)
            assert found is not None
            document = read_document(did, b'{"id": "%s"}' % did.encode())
            with pytest.raises(SealsRefused):
                await meet.fetch_seals(ours.introduce._discovery, document, frozenset(), found)

    asyncio.run(run())


def test_a_stranger_that_does_not_seal_is_none(tmp_path: Path) -> None:
    async def run() -> None:
        async with nodes.running(tmp_path / "a") as ours, nodes.running(tmp_path / "b") as theirs:
            await theirs.seals.revoke(ROOT, theirs.seals.all(ROOT)[0].name, "essai", by=BY)
            did = await nodes.acquaint(ours, theirs)
            assert await ours.peer_seals.of(ROOT, did) is None
            peer = await ours.store.read(lambda tx: peers.load(tx, ROOT, did))
            assert peer.seals is None
            await theirs.seals.create(ROOT, by=BY)

    asyncio.run(run())


def test_contracts_take_the_node_as_a_signer(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        sealed = await seals.seal(canonical({"a": "b"}), node.seals.signer(ROOT), media_type="text/plain", at=NOW)
        await node.seals.rotate(ROOT, by=BY)
        twice = await seals.countersign(sealed, node.seals.signer(ROOT), at=NOW)
        assert len(json.loads(twice.text)["signatures"]) == 2

    play(tmp_path, scene)


# --- what opens the keys


def with_passphrase(folder: Path, passphrase: str, scene: Callable[[Node], Awaitable[None]]) -> None:
    """Play a scene on a node of a folder, started with a passphrase (empty: with its key file)."""

    async def run() -> None:
        loaded = load(environ={}, data_dir=folder, seal_passphrase=passphrase)
        node = await build_app(loaded, clock=VirtualClock(NOW + DAY))
        try:
            await scene(node)
        finally:
            await node.close()

    asyncio.run(run())


async def nothing(node: Node, clock: VirtualClock) -> None:
    pass


def bought() -> tuple[bytes, str]:
    """Return the file of a key that an authority made, and its passphrase."""
    key, leaf, root = SealAuthority(NOW).rsa_seal("Ville de Brume", NOW)
    lock = BestAvailableEncryption(b"secret")
    return pkcs12.serialize_key_and_certificates(b"cachet", key, leaf, [root], lock), "secret"


OTHER = "une tout autre phrase de passe, assez longue"


def test_no_key_is_made_under_another_secret_than_that_of_the_present_one(tmp_path: Path) -> None:
    async def scene(node: Node) -> None:
        (closed,) = await node.seals.closed()
        assert (closed.key.name, closed.problem.code) == ("seal-20261126", "seal-key-locked")
        for making in (
            node.seals.rotate(ROOT, by=BY),
            node.hosts.add("syndicat", "Syndicat"),
            node.seals.import_pkcs12(ROOT, *bought(), by=BY),
        ):
            with pytest.raises(SealKeyLocked, match=r"seal-20261126\.pem"):
                await making
        assert list(standings(node, VirtualClock(NOW + DAY)).values()) == ["present"]
        assert {path.name for path in (tmp_path / "keys" / ROOT).iterdir()} == {"auth.pem", "seal-20261126.pem"}

    play(tmp_path, nothing)
    with_passphrase(tmp_path, OTHER, scene)
    (tmp_path / "seal.key").unlink()
    with_passphrase(tmp_path, "", refused_without_key_file(tmp_path))


def refused_without_key_file(folder: Path) -> Callable[[Node], Awaitable[None]]:
    async def scene(node: Node) -> None:
        with pytest.raises(SealKeyLocked, match=r"seal\.key"):
            await node.seals.rotate(ROOT, by=BY)
        assert not (folder / "seal.key").exists()

    return scene


def test_who_has_lost_the_passphrase_abandons_the_old_key_and_says_so(tmp_path: Path) -> None:
    async def scene(node: Node) -> None:
        await node.seals.rotate(ROOT, abandon_old_key=True, by=BY)
        assert list(standings(node, VirtualClock(NOW + DAY)).values()) == ["present", "retired"]
        assert await node.seals.closed() == []
        await node.seals.rotate(ROOT, abandon_old_key=True, by=BY)  # the present one opens: nothing is abandoned
        assert list(standings(node, VirtualClock(NOW + DAY)).values()) == ["present", "overlapping", "retired"]

    play(tmp_path, nothing)
    with_passphrase(tmp_path, OTHER, scene)


def test_a_key_whose_file_is_gone_is_replaced_under_the_secret_that_opens_another_owners(tmp_path: Path) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        await node.hosts.add("syndicat", "Syndicat")
        (tmp_path / "keys/syndicat/seal-20261126.pem").unlink()
        assert [one.problem.code for one in await node.seals.closed("syndicat")] == ["missing-seal-key"]
        await node.seals.rotate("syndicat", by=BY)
        assert await node.seals.closed(ROOT) == []

    play(tmp_path, scene)


def test_a_key_that_cannot_be_written_leaves_the_present_one_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(node: Node, clock: VirtualClock) -> None:
        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fdopen", full)
            with pytest.raises(Unavailable) as refused:
                await node.seals.rotate(ROOT, by=BY)
        assert "le disque est plein" in refused.value.say("fr")
        assert list(standings(node, clock).values()) == ["present"]
        assert shown(node) == ["seal-20261126"]

    play(tmp_path, scene)
