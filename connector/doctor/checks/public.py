"""Our own public address, as far as it can be seen from this machine: name, certificate, paths, identity.

What only others can see is in mirror.py.
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.identity.did import authentication_thumbprints
from connector.identity.errors import MissingKey
from connector.peer.documents import read_document
from connector.peer.errors import DidUnresolved
from connector.peer.probe import SEEN, Sight
from connector.services.mirror import PATH as MIRROR_PATH
from connector.settings import Settings

TITLE = {"fr": "Adresse publique", "en": "Public address"}
SOON = timedelta(days=21)

GOOD = ok(
    "public-ok",
    "{subject} mène à ce nœud, par les bons chemins et avec la bonne clé.",
    "{subject} leads to this node, by the right paths and with the right key.",
)
NOT_RUNNING = Diagnosis(
    "public-not-checked",
    Verdict.NOT_CHECKED,
    {
        "fr": "Le nœud ne tourne pas : ce que montre {subject} n’est pas examiné.",
        "en": "The node does not run: what {subject} shows is not examined.",
    },
    {"fr": "Démarrez le nœud, puis recommencez.", "en": "Start the node, then try again."},
)
DNS = Diagnosis(
    "public-dns",
    Verdict.FAILURE,
    {"fr": "Le nom de {subject} est introuvable (DNS).", "en": "The name in {subject} is not found (DNS)."},
    {
        "fr": "Faites publier ce nom dans le DNS, ou corrigez public_url avant d’échanger avec quiconque.",
        "en": "Have this name published in the DNS, or correct public_url before you exchange with anybody.",
    },
)
UNREACHED = Diagnosis(
    "public-unreached",
    Verdict.WARNING,
    {
        "fr": "{subject} ne répond pas depuis cette machine ({seen}).",
        "en": "{subject} does not answer from this machine ({seen}).",
    },
    {
        "fr": "Vérifiez le mandataire et le pare-feu ; si seul l’intérieur est coupé, le contrôle « miroir » le dira.",
        "en": "Check the reverse proxy and the firewall; if only the inside is cut off, the check “mirror” says so.",
    },
)
EXPIRED = Diagnosis(
    "certificate-expired",
    Verdict.FAILURE,
    {"fr": "Le certificat de {subject} a expiré.", "en": "The certificate of {subject} has expired."},
    {
        "fr": "Renouvelez-le, puis rechargez le mandataire ; vérifiez aussi l’horloge de cette machine.",
        "en": "Renew it, then reload the reverse proxy; check this machine's clock too.",
    },
)
NOT_YET = Diagnosis(
    "certificate-not-yet-valid",
    Verdict.FAILURE,
    {
        "fr": "Le certificat de {subject} n’est pas encore valable.",
        "en": "The certificate of {subject} is not valid yet.",
    },
    {
        "fr": "Vérifiez l’horloge de cette machine, puis la date du certificat.",
        "en": "Check this machine's clock, then the date of the certificate.",
    },
)
SOON_EXPIRED = Diagnosis(
    "certificate-expires-soon",
    Verdict.WARNING,
    {
        "fr": "Le certificat de {subject} expire le {at}.",
        "en": "The certificate of {subject} expires on {at}.",
    },
    {
        "fr": "Renouvelez-le, et vérifiez pourquoi le renouvellement ne se fait pas seul.",
        "en": "Renew it, and find out why it is not renewed by itself.",
    },
)
SELF_SIGNED = Diagnosis(
    "certificate-self-signed",
    Verdict.FAILURE,
    {
        "fr": "Le certificat de {subject} est signé par lui-même : aucun partenaire ne peut le vérifier.",
        "en": "The certificate of {subject} is signed by itself: no partner can verify it.",
    },
    {
        "fr": "Installez un certificat délivré par une autorité que vos partenaires connaissent.",
        "en": "Install a certificate from an authority that your partners know.",
    },
)
CHAIN = Diagnosis(
    "certificate-chain",
    Verdict.FAILURE,
    {
        "fr": "La chaîne du certificat de {subject} est incomplète, ou son autorité est inconnue d’ici.",
        "en": "The chain of the certificate of {subject} is incomplete, or its authority is not known here.",
    },
    {
        "fr": "Faites envoyer par le mandataire la chaîne complète (fullchain) ; pour une autorité privée, ca_file.",
        "en": "Have the reverse proxy send the whole chain (fullchain); for a private authority, set ca_file.",
    },
)
NAME = Diagnosis(
    "certificate-name",
    Verdict.FAILURE,
    {
        "fr": "Le certificat de {subject} est au nom d’un autre hôte.",
        "en": "The certificate of {subject} is for another host.",
    },
    {
        "fr": "Faites délivrer un certificat au nom de public_url, ou corrigez le serveur virtuel du mandataire.",
        "en": "Get a certificate for the host of public_url, or correct the reverse proxy's virtual host.",
    },
)
TLS = Diagnosis(
    "public-tls",
    Verdict.FAILURE,
    {
        "fr": "{subject} ne parle pas TLS comme il faut : {detail}.",
        "en": "{subject} does not speak TLS as it should: {detail}.",
    },
    {
        "fr": "Vérifiez que le mandataire fait le TLS (1.2 ou 1.3) sur ce port.",
        "en": "Check that the reverse proxy speaks TLS (1.2 or 1.3) on this port.",
    },
)
PATHS = Diagnosis(
    "public-path",
    Verdict.FAILURE,
    {
        "fr": "{subject} répond {status} au lieu de mener au nœud : le mandataire change ou retient ce chemin.",
        "en": "{subject} answers {status} instead of leading to the node: the proxy changes or keeps this path.",
    },
    {
        "fr": "Transmettez tous les chemins inchangés, sans préfixe ajouté ni ôté (nginx : proxy_pass sans chemin).",
        "en": "Pass every path on unchanged, no prefix added or removed (nginx: proxy_pass without a path).",
    },
)
OTHER_DID = Diagnosis(
    "did-wrong",
    Verdict.FAILURE,
    {
        "fr": "{subject} montre l’identité « {shown} » au lieu de « {ours} ».",
        "en": "{subject} shows the identity “{shown}” instead of “{ours}”.",
    },
    {
        "fr": "Faites mener cette adresse à ce nœud, ou redonnez à public_url sa valeur.",
        "en": "Have this address lead to this node, or give public_url back its value.",
    },
)
OTHER_KEY = Diagnosis(
    "did-other-key",
    Verdict.FAILURE,
    {
        "fr": "{subject} montre une autre clé que celle de ce nœud.",
        "en": "{subject} shows another key than this node's.",
    },
    {
        "fr": "Cherchez quel autre nœud, ou quelle copie, répond à cette adresse, et arrêtez-le.",
        "en": "Find which other node, or copy, answers at this address, and stop it.",
    },
)
CHANGED = Diagnosis(
    "did-changed",
    Verdict.FAILURE,
    {
        "fr": "« {owner} » s’appelle {recorded} dans la base, mais {subject} d’après public_url.",
        "en": "“{owner}” is {recorded} in the database, but {subject} by public_url.",
    },
    {
        "fr": "Redonnez à public_url la valeur de l’installation : vos partenaires ont noté l’ancien identifiant.",
        "en": "Give public_url back the value it had at installation: your partners wrote down the old identifier.",
    },
)
_BY_WORD = {
    "dns": DNS, "tls": TLS, "tls-expired": EXPIRED, "tls-not-yet": NOT_YET, "tls-self-signed": SELF_SIGNED,
    "tls-authority": CHAIN, "tls-name": NAME,
}  # fmt: skip

# What an unknown caller reads at each kind of path when the path leads to a node of this kind.
_SIGNS = (
    ("GET", "/.well-known/dspace-version", 200, b"protocolVersions"),
    ("GET", "/dsp/2025-1/negotiations/doctor", 401, b"ContractNegotiationError"),
    ("GET", "/data/doctor", 401, b"data-token-refused"),
    ("POST", MIRROR_PATH, 401, b"unauthorized"),
)


async def check(case: Case) -> list[Finding]:
    """Follow our own public address from the name to the identity."""
    changed = [
        CHANGED.found(case.addresses.did(one.owner), owner=one.owner, recorded=one.did)
        for one in (case.holdings.hosted if case.holdings else [])
        if one.did != case.addresses.did(one.owner)
    ]
    first = await case.own.look(case.addresses.did_document(case.owners[0]))
    if first.word != SEEN:
        return [*changed, _unseen(case, first)]
    findings = changed + _about_certificate(case.settings, first)
    if not case.is_running:
        return [*findings, NOT_RUNNING.found(case.settings.base_url)]
    for owner in case.owners:
        findings += await _about_owner(case, owner)
    findings += await _about_paths(case)
    return findings or [GOOD.found(case.settings.base_url)]


def _unseen(case: Case, sight: Sight) -> Finding:
    url = case.settings.base_url
    diagnosis = _BY_WORD.get(sight.word, UNREACHED)
    if diagnosis is UNREACHED and not case.is_running:
        return NOT_RUNNING.found(url)
    return diagnosis.found(url, detail=sight.detail, seen=sight.word)


def _about_certificate(settings: Settings, sight: Sight) -> list[Finding]:
    ends_at, seen_at = sight.certificate_ends_at, sight.looked_at
    if ends_at is None or seen_at is None or ends_at - seen_at > SOON:
        return []
    return [SOON_EXPIRED.found(settings.base_url, at=ends_at.strftime("%Y-%m-%d %H:%M UTC"))]


async def _about_owner(case: Case, owner: str) -> list[Finding]:
    """Compare the DID document that the public address serves with what this node is."""
    ours, sight = case.addresses.did(owner), await case.own.look(case.addresses.did_document(owner))
    if sight.word != SEEN or sight.status != 200:
        return [PATHS.found(sight.url, status=sight.status or sight.word)]
    case.own_digests[owner] = hashlib.sha256(sight.body).hexdigest()
    try:
        document = read_document(ours, sight.body)
    except DidUnresolved:
        return [OTHER_DID.found(sight.url, shown=_id_in(sight.body), ours=ours)]
    try:
        is_ours = case.keys.auth(owner).thumbprint in authentication_thumbprints(document)
    except MissingKey:  # the check of the keys says so
        return []
    return [] if is_ours else [OTHER_KEY.found(sight.url)]


async def _about_paths(case: Case) -> list[Finding]:
    findings = []
    for method, path, status, sign in _SIGNS:
        sight = await case.own.look(case.settings.base_url + path, method=method)
        if sight.status != status or sign not in sight.body:
            findings.append(PATHS.found(sight.url, status=sight.status or sight.word))
    return findings


def _id_in(body: bytes) -> str:
    try:
        found: Any = json.loads(body)
        return str(found["id"])[:200]
    except (ValueError, KeyError, TypeError):
        return "?"
