"""The two listeners: does the node run, may it take its ports, and who else has them."""

import errno
import json
import os
import socket
from typing import Any

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.peer.documents import is_loopback_host
from connector.peer.probe import Sight

TITLE = {"fr": "Portes du nœud", "en": "The node's ports"}

RUNNING = ok("node-running", "Le nœud tourne et répond sur {subject}.", "The node runs and answers at {subject}.")
FREE = ok("port-free", "{subject} est libre pour le nœud.", "{subject} is free for the node.")
STOPPED = Diagnosis(
    "node-stopped",
    Verdict.WARNING,
    {"fr": "Le nœud ne tourne pas.", "en": "The node does not run."},
    {
        "fr": "Démarrez-le : « pupitre serve », ou « systemctl start pupitre » s’il est installé comme service.",
        "en": "Start it: “pupitre serve”, or “systemctl start pupitre” where it is installed as a service.",
    },
)
TAKEN = Diagnosis(
    "port-taken",
    Verdict.FAILURE,
    {
        "fr": "{subject} ({setting}) est pris par un autre programme.",
        "en": "{subject} ({setting}) is taken by another program.",
    },
    {
        "fr": "Arrêtez cet autre programme, ou changez {setting}.",
        "en": "Stop that other program, or change {setting}.",
    },
)
FORBIDDEN = Diagnosis(
    "port-forbidden",
    Verdict.FAILURE,
    {
        "fr": "Ce compte n’a pas le droit d’ouvrir {subject} ({setting}).",
        "en": "This account may not open {subject} ({setting}).",
    },
    {
        "fr": "Choisissez un port au-dessus de 1023, et placez un mandataire devant.",
        "en": "Choose a port above 1023, and put a reverse proxy in front of it.",
    },
)
NO_INTERFACE = Diagnosis(
    "interface-absent",
    Verdict.FAILURE,
    {
        "fr": "Cette machine n’a pas l’adresse de {subject} ({setting}).",
        "en": "This machine does not have the address of {subject} ({setting}).",
    },
    {
        "fr": "Donnez à {setting} une adresse de cette machine, par exemple 127.0.0.1.",
        "en": "Give {setting} an address of this machine, such as 127.0.0.1.",
    },
)
UNREADY = Diagnosis(
    "node-unready",
    Verdict.FAILURE,
    {
        "fr": "Le nœud tourne, mais ne peut pas prendre de messages ({code}).",
        "en": "The node runs, but cannot take messages ({code}).",
    },
    {
        "fr": "Réglez ce que disent les contrôles de la base et du disque ; le nœud reprend seul.",
        "en": "Settle what the checks of the database and the disk say; the node goes on by itself.",
    },
)
OLD_PROGRAM = Diagnosis(
    "node-outdated",
    Verdict.WARNING,
    {
        "fr": "Le nœud qui tourne est la version {running} ; la version {installed} est installée.",
        "en": "The node that runs is version {running}; version {installed} is installed.",
    },
    {"fr": "Redémarrez le nœud.", "en": "Restart the node."},
)
EXPOSED = Diagnosis(
    "private-exposed",
    Verdict.WARNING,
    {
        "fr": "La porte privée écoute sur {subject}, que d’autres machines peuvent atteindre.",
        "en": "The private listener waits at {subject}, which other machines can reach.",
    },
    {
        "fr": "Mettez private_host à 127.0.0.1, ou fermez ce port par un pare-feu.",
        "en": "Set private_host to 127.0.0.1, or close this port with a firewall.",
    },
)
_BY_ERROR = {errno.EADDRINUSE: TAKEN, errno.EACCES: FORBIDDEN, errno.EADDRNOTAVAIL: NO_INTERFACE}


async def check(case: Case) -> list[Finding]:
    """Say whether the node runs and, for each port, whether it has it or could have it."""
    settings = case.settings
    public = await _look(case, settings.public_host, settings.public_port, "/.well-known/did.json")
    private = await _look(case, settings.private_host, settings.private_port, "/health/ready")
    is_ours = {
        "public_port": public.status == 200
        and _said(public).get("id") in {case.addresses.did(one) for one in case.owners},
        "private_port": _said(private).get("status") in ("ready", "unavailable"),
    }
    case.is_running = any(is_ours.values())
    findings = _of_running(private) if is_ours["private_port"] else []
    for name, host, port in (
        ("public_port", settings.public_host, settings.public_port),
        ("private_port", settings.private_host, settings.private_port),
    ):
        if not is_ours[name] and port:
            findings.append(_of_port(name, host, port))
    if not case.is_running:
        findings.append(STOPPED.found())
    if not is_loopback_host(settings.private_host):
        findings.append(EXPOSED.found(_place(settings.private_host, settings.private_port)))
    return findings


async def _look(case: Case, host: str, port: int, path: str) -> Sight:
    """Look at one of our own listeners; `port` 0, any free one, cannot be looked at."""
    url = f"http://{_place(_reached_at(host), port)}{path}"
    return await case.local.look(url) if port else Sight(url, "refused")


def _of_running(private: Sight) -> list[Finding]:
    from importlib import metadata

    said, place = _said(private), private.url.split("/")[2]
    if said["status"] != "ready":
        return [UNREADY.found(place, code=said.get("code", private.status))]
    installed = metadata.version("pupitre")
    if said.get("version") != installed:
        return [OLD_PROGRAM.found(place, running=said.get("version"), installed=installed)]
    return [RUNNING.found(place)]


def _of_port(name: str, host: str, port: int) -> Finding:
    """Try to take the port, for an instant, as the node would."""
    place = _place(host, port)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind((host, port))
            trying.listen(1)
        except OSError as error:
            diagnosis = _BY_ERROR.get(error.errno or 0, NO_INTERFACE)
            setting = name.replace("port", "host") if diagnosis is NO_INTERFACE else name
            return diagnosis.found(place, setting=setting, detail=os.strerror(error.errno or 0))
    return FREE.found(place)


def _said(sight: Sight) -> dict[str, Any]:
    try:
        found = json.loads(sight.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reached_at(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
