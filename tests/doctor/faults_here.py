"""Faults of the machine itself, each made for real: settings, files, disk, database, keys, ports, waiting work."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable
from datetime import timedelta

from aiohttp import web
from sqlalchemy import delete, insert, update

from connector.app import ROOT
from connector.clock import SystemClock
from connector.identity import certificates
from connector.identity.certificates import Subject
from connector.problems import Problem
from connector.services.webhook_errors import WebhookGone, WebhookUnreachable
from connector.store import webhooks
from connector.store.contract_tables import contracts
from connector.store.db import Tx
from connector.store.jobs import Job
from connector.store.tables import jobs, negotiations, participants, peer_health, seal_keys
from connector.store.webhooks import Webhook
from tests.doctor.scene import Scene, as_another_account
from tests.tools.ports import free_port

Fault = Callable[[Scene], Awaitable[None]]
FAULTS: dict[str, Fault] = {}


def fault(code: str) -> Callable[[Fault], Fault]:
    """Name the diagnosis that the fault must lead to."""

    def named(make: Fault) -> Fault:
        FAULTS[code] = make
        return make

    return named


# --- settings


@fault("settings-missing")
async def _(scene: Scene) -> None:
    pass


@fault("settings-bad")
async def _(scene: Scene) -> None:
    await scene.prepare()
    with scene.config.open("a") as file:
        file.write('pubic_url = "https://donnees.brume.example"\n')


@fault("settings-exposed")
async def _(scene: Scene) -> None:
    await scene.prepare(outgoing_proxy=f"http://sortie:motdepasse@127.0.0.1:{free_port()}")
    scene.config.chmod(0o644)


@fault("settings-unreadable")
async def _(scene: Scene) -> None:
    await scene.prepare()
    scene.config.chmod(0)
    scene.stack.enter_context(as_another_account())


# --- files and disk


@fault("folder-missing")
async def _(scene: Scene) -> None:
    await scene.prepare(receive_dirs=[str(scene.folder / "nulle-part")])


@fault("folder-unwritable")
async def _(scene: Scene) -> None:
    place = scene.mount("lecture-seule")
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    await scene.prepare(receive_dirs=[str(place)])


@fault("folder-unreadable")
async def _(scene: Scene) -> None:
    closed = scene.folder / "fermé"
    await scene.prepare(source_dirs=[str(closed)])
    closed.mkdir(mode=0o000 if os.geteuid() else 0o700)
    scene.stack.enter_context(as_another_account(scene.data, scene.config))


@fault("ca-file-unusable")
async def _(scene: Scene) -> None:
    file = scene.folder / "autorités.pem"
    file.write_text("pas un certificat")
    await scene.prepare()
    scene.write(ca_file=str(file))


@fault("disk-full")
async def _(scene: Scene) -> None:
    place = scene.mount("plein", "1m")
    await scene.prepare(receive_dirs=[str(place)])
    subprocess.run(["dd", "if=/dev/zero", f"of={place / 'ballast'}", "bs=64k"], capture_output=True, check=False)


@fault("disk-low")
async def _(scene: Scene) -> None:
    await scene.prepare(receive_dirs=[str(scene.mount("étroit", "8m"))])


# --- database


@fault("database-newer")
async def _(scene: Scene) -> None:
    await scene.prepare()
    with sqlite3.connect(scene.data / "pupitre.db") as connection:
        connection.execute("INSERT INTO schema_version VALUES (9999, 'later', '2030-01-01T00:00:00.000000Z')")
    connection.close()


@fault("database-older")
async def _(scene: Scene) -> None:
    await scene.prepare()
    with sqlite3.connect(scene.data / "pupitre.db") as connection:
        connection.execute("DELETE FROM schema_version WHERE version = (SELECT max(version) FROM schema_version)")
    connection.close()


@fault("database-corrupt")
async def _(scene: Scene) -> None:
    await scene.prepare()
    (scene.data / "pupitre.db").write_bytes(b"not a database at all " * 500)


@fault("database-absent")
async def _(scene: Scene) -> None:
    await scene.prepare()
    (scene.data / "pupitre.db").unlink()


@fault("database-empty")
async def _(scene: Scene) -> None:
    await scene.prepare()
    (scene.data / "pupitre.db").unlink()
    (scene.data / "pupitre.db").touch()


@fault("database-unreadable")
async def _(scene: Scene) -> None:
    await scene.prepare()
    with as_another_account(scene.data, scene.config):
        pass
    (scene.data / "pupitre.db").chmod(0)
    scene.stack.enter_context(as_another_account())


@fault("database-unreachable")
async def _(scene: Scene) -> None:
    await scene.prepare()
    scene.write(database_url=f"postgresql://pupitre:motdepasse@127.0.0.1:{free_port()}/pupitre")


@fault("database-host-unknown")
async def _(scene: Scene) -> None:
    await scene.prepare()
    scene.write(database_url="postgresql://pupitre:motdepasse@nulle-part.invalid/pupitre")


@fault("database-url-bad")
async def _(scene: Scene) -> None:
    await scene.prepare()
    scene.write(database_url="la base de la mairie")


# --- keys


@fault("key-missing")
async def _(scene: Scene) -> None:
    await scene.prepare()
    (scene.data / "keys" / ROOT / "auth.pem").unlink()


@fault("key-unusable")
async def _(scene: Scene) -> None:
    await scene.prepare()
    (scene.data / "keys" / ROOT / "auth.pem").write_text(
        "-----BEGIN PRIVATE KEY-----\nabcd\n-----END PRIVATE KEY-----\n"
    )


@fault("key-exposed")
async def _(scene: Scene) -> None:
    await scene.prepare()
    (scene.data / "keys" / ROOT / "auth.pem").chmod(0o644)


# --- seals


@fault("seal-key-none")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.change(lambda tx: tx.connection.execute(delete(seal_keys)))


@fault("party-card-none")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.change(lambda tx: tx.connection.execute(update(participants).values(card=None)))


@fault("seal-key-missing")
async def _(scene: Scene) -> None:
    await scene.prepare()
    for path in (scene.data / "keys" / ROOT).glob("seal-*.pem"):
        path.unlink()


@fault("seal-key-locked")
async def _(scene: Scene) -> None:
    await scene.prepare()
    scene.write(seal_passphrase="une tout autre phrase de passe, assez longue")


@fault("seal-certificate-expired")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await _certified_until(scene, timedelta(days=-1))


@fault("seal-certificate-expiring")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await _certified_until(scene, timedelta(days=29))


async def _certified_until(scene: Scene, end: timedelta) -> None:
    begins_at = SystemClock().now() + end - timedelta(days=90)
    chain = certificates.self_made(certificates.new_key(), Subject("did:web:brume.example", "Brume"), begins_at, 90)
    await scene.change(lambda tx: tx.connection.execute(update(seal_keys).values(chain=certificates.pem(chain))))


@fault("seal-roots-unusable")
async def _(scene: Scene) -> None:
    await scene.prepare()
    (scene.folder / "autorites.pem").write_text("rien")
    scene.write(seal_roots=str(scene.folder / "autorites.pem"))


@fault("timestamp-trust-unusable")
async def _(scene: Scene) -> None:
    await scene.prepare()
    scene.write(timestamp_trust=str(scene.folder / "nulle-part.pem"))


@fault("timestamps-late")
async def _(scene: Scene) -> None:
    await scene.prepare()

    def unit(tx: Tx) -> None:
        at = tx.now - timedelta(minutes=16)
        both = {"owner": ROOT, "role": "provider", "peer": "did:web:b", "dataset": "d", "agreement": "urn:uuid:2"}
        both |= {"version": 1, "created_at": at, "updated_at": at}
        talk = {"pid": "urn:uuid:1", "peer_pid": "urn:uuid:3", "peer_url": "https://b.example", "state": "FINALIZED"}
        talk |= {"offer_id": "o", "offer": "{}", "offer_by": "consumer", "attempts": 0}
        tx.connection.execute(insert(negotiations), {**both, **talk})
        waiting = {"negotiation": "urn:uuid:1", "status": "concluded", "timestamps": "pending"}
        tx.connection.execute(insert(contracts), {**both, **waiting})

    await scene.change(unit)


# --- ports


@fault("port-taken")
async def _(scene: Scene) -> None:
    await scene.prepare()
    taking = scene.stack.enter_context(socket.socket())
    taking.bind(("127.0.0.1", scene.settings["private_port"]))
    taking.listen()


@fault("interface-absent")
async def _(scene: Scene) -> None:
    await scene.prepare(public_host="192.0.2.1", call_timeout_s=0.5)


@fault("private-exposed")
async def _(scene: Scene) -> None:
    await scene.prepare(private_host="0.0.0.0")


@fault("node-stopped")
async def _(scene: Scene) -> None:
    await scene.prepare()


@fault("node-unready")
async def _(scene: Scene) -> None:
    await scene.prepare()
    node = await scene.serve(fronted=True)
    await node.store.close()


@fault("node-outdated")
async def _(scene: Scene) -> None:
    await scene.prepare()

    async def older(request: web.Request) -> web.Response:
        return web.json_response({"status": "ready", "version": "0.0.1"})

    await scene.server(older, port=scene.settings["private_port"])


# --- waiting work


@fault("jobs-dead")
async def _(scene: Scene) -> None:
    await scene.prepare()
    await scene.change(lambda tx: tx.enqueue(Job("negotiation", ROOT, "urn:uuid:1")))
    await scene.change(lambda tx: tx.connection.execute(update(jobs).values(status="dead", problem="HTTP 500")))


@fault("jobs-late")
async def _(scene: Scene) -> None:
    await scene.prepare()
    node = await scene.serve(fronted=True)
    late = {"kind": "of-a-later-version", "owner": ROOT, "key": "k", "attempts": 0, "begun": 0, "status": "waiting"}
    await node.store.write(
        lambda tx: tx.connection.execute(
            insert(jobs), {**late, "run_at": tx.now - timedelta(hours=1), "created_at": tx.now - timedelta(hours=1)}
        )
    )


async def have_webhook(scene: Scene, problem: Problem, retry_after: timedelta | None) -> None:
    """Leave a webhook as it stands after an attempt that failed."""
    await scene.prepare()

    def unit(tx: Tx) -> None:
        made = Webhook(owner=ROOT, id="urn:uuid:1", url="https://si.example/", after_n=0, key_id="")
        webhooks.put(tx, made)
        retry_at = None if retry_after is None else tx.now + retry_after
        assert webhooks.failed(tx, made, problem, tx.now - timedelta(hours=1), retry_at)

    await scene.change(unit)


@fault("webhook-failing")
async def _(scene: Scene) -> None:
    await have_webhook(scene, WebhookUnreachable("si.example"), timedelta(minutes=5))


@fault("webhook-stopped")
async def _(scene: Scene) -> None:
    await have_webhook(scene, WebhookGone(), None)


@fault("partner-silent")
async def _(scene: Scene) -> None:
    await scene.prepare()
    known = {"owner": ROOT, "peer": "did:web:loin.example", "failures": 9, "problem": "loin.example:443 : timeout"}
    await scene.change(
        lambda tx: tx.connection.execute(
            insert(peer_health), {**known, "since": tx.now - timedelta(days=1), "retry_at": tx.now}
        )
    )
