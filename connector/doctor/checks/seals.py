"""What contracts are sealed with: keys that the settings open, certificates that are valid, and a party card."""

from collections.abc import Iterator
from datetime import timedelta

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.identity import certificates
from connector.identity.errors import MissingSealKey, SealKeyLocked
from connector.identity.seal_keys import Lock, SealKeys
from connector.services.aftermath import read_trusted
from connector.services.seal_keys import read_roots
from connector.settings import BadSettings
from connector.store.seal_keys import SealKey

TITLE = {"fr": "Cachets", "en": "Seals"}
SOON = timedelta(days=30)

GOOD = ok("seals-ok", "Chaque organisme hébergé peut sceller.", "Every hosted participant can seal.")
UNKNOWN = Diagnosis(
    "seals-not-checked",
    Verdict.NOT_CHECKED,
    {
        "fr": "La base ne dit pas encore quelles clés de cachet existent.",
        "en": "The database does not say yet which seal keys there are.",
    },
    {"fr": "Corrigez d’abord ce qui est dit de la base.", "en": "Correct what is said of the database first."},
)
NONE = Diagnosis(
    "seal-key-none",
    Verdict.WARNING,
    {
        "fr": "L’organisme « {owner} » n’a pas de clé de cachet : ses conventions ne sont pas scellées.",
        "en": "The participant “{owner}” has no seal key: its contracts are not sealed.",
    },
    {
        "fr": "Créez-la : pupitre --owner {owner} keys create-seal.",
        "en": "Make one: pupitre --owner {owner} keys create-seal.",
    },
)
CARD = Diagnosis(
    "party-card-none",
    Verdict.WARNING,
    {
        "fr": "L’organisme « {owner} » n’a pas de fiche d’identité : aucune convention n’est scellée par les deux "
        "parties, chaque accord reste une preuve unilatérale.",
        "en": "The participant “{owner}” has no party card: no contract is sealed by both parties, each agreement "
        "stays one-sided evidence.",
    },
    {
        "fr": "Écrivez-la : pupitre --owner {owner} participant card set --legal-name … --siren … --representative … "
        "--contact ….",
        "en": "Write it: pupitre --owner {owner} participant card set --legal-name … --siren … --representative … "
        "--contact ….",
    },
)
MISSING = Diagnosis(
    "seal-key-missing",
    Verdict.FAILURE,
    {
        "fr": "La clé de cachet de « {owner} » n’est pas dans {subject}, ou ce fichier est abîmé.",
        "en": "The seal key of “{owner}” is not in {subject}, or that file is damaged.",
    },
    {
        "fr": "Restaurez ce fichier depuis une sauvegarde ; à défaut : pupitre --owner {owner} keys rotate-seal.",
        "en": "Restore this file from a backup; failing that: pupitre --owner {owner} keys rotate-seal.",
    },
)
LOCKED = Diagnosis(
    "seal-key-locked",
    Verdict.FAILURE,
    {
        "fr": "{subject} ne s’ouvre pas : seal_passphrase, ou le contenu de {key_file}, n’est pas ce qui l’a chiffré.",
        "en": "{subject} does not open: seal_passphrase, or the content of {key_file}, is not what encrypted it.",
    },
    {
        "fr": "Remettez la phrase ou le fichier d’avant et relancez le nœud ; perdus, ou changés exprès : "
        "pupitre --owner {owner} keys rotate-seal --abandon-old-key.",
        "en": "Put back the old passphrase or the old file, and start the node again; lost, or changed on purpose: "
        "pupitre --owner {owner} keys rotate-seal --abandon-old-key.",
    },
)
EXPIRED = Diagnosis(
    "seal-certificate-expired",
    Verdict.FAILURE,
    {
        "fr": "Le certificat de cachet de « {owner} » a expiré le {ends_at} : plus rien n’est scellé.",
        "en": "The seal certificate of “{owner}” expired on {ends_at}: nothing is sealed any more.",
    },
    {
        "fr": "Remplacez-le : pupitre --owner {owner} keys rotate-seal, ou importez celui d’une autorité.",
        "en": "Replace it: pupitre --owner {owner} keys rotate-seal, or import an authority's.",
    },
)
EXPIRING = Diagnosis(
    "seal-certificate-expiring",
    Verdict.WARNING,
    {
        "fr": "Le certificat de cachet de « {owner} » expire le {ends_at}.",
        "en": "The seal certificate of “{owner}” expires on {ends_at}.",
    },
    {
        "fr": "Remplacez-le avant : pupitre --owner {owner} keys rotate-seal, ou importez celui d’une autorité.",
        "en": "Replace it before: pupitre --owner {owner} keys rotate-seal, or import an authority's.",
    },
)
ROOTS = Diagnosis(
    "seal-roots-unusable",
    Verdict.FAILURE,
    {
        "fr": "{subject} (seal_roots) n’est pas lisible, ou ne contient pas de certificats en PEM.",
        "en": "{subject} (seal_roots) cannot be read, or holds no certificates in PEM.",
    },
    {
        "fr": "Donnez le fichier des autorités reconnues, lisible par le compte du nœud, ou videz ce réglage ; sinon "
        "il ne démarre pas.",
        "en": "Give the file of trusted authorities, readable by the node's account, or empty this setting; without "
        "that no node starts.",
    },
)

TRUST = Diagnosis(
    "timestamp-trust-unusable",
    Verdict.FAILURE,
    {
        "fr": "{subject} (timestamp_trust) n’est pas lisible, ou ne contient pas de certificats en PEM.",
        "en": "{subject} (timestamp_trust) cannot be read, or holds no certificates in PEM.",
    },
    {
        "fr": "Donnez le fichier des autorités d’horodatage, lisible par le compte du nœud ; sinon il ne démarre pas.",
        "en": "Give the file of time-stamping authorities, readable by the node's account; without it no node starts.",
    },
)
UNSTAMPED = Diagnosis(
    "timestamps-late",
    Verdict.WARNING,
    {
        "fr": "Des conventions attendent leur horodatage depuis plus d’un quart d’heure : {number}. 24 heures après "
        "leur conclusion, elles resteront sans.",
        "en": "Contracts have been waiting for their time-stamps for more than a quarter of an hour: {number}. 24 "
        "hours after their conclusion they stay without.",
    },
    {
        "fr": "Lisez pourquoi dans le journal du système, aux lignes « no time-stamp » (cause), et vérifiez "
        "timestamp_url et timestamp_trust.",
        "en": "Read why in the system's log, in the lines “no time-stamp” (cause), and check timestamp_url and "
        "timestamp_trust.",
    },
)


async def check(case: Case) -> list[Finding]:
    """Return what keeps the participants from sealing, now or soon."""
    if case.holdings is None or case.holdings.seals is None:
        return [UNKNOWN.found()]
    found = [*_authorities(case)]
    if case.holdings.unstamped:
        found.append(UNSTAMPED.found(number=case.holdings.unstamped))
    found += [CARD.found(owner=one.owner) for one in case.holdings.hosted if one.card is None]
    for owner in case.owners:
        found.extend(_faults(case, owner, [one for one in case.holdings.seals if one.owner == owner]))
    return found or [GOOD.found()]


def _authorities(case: Case) -> Iterator[Finding]:
    settings = case.settings
    try:
        read_roots(settings.seal_roots)
    except BadSettings:
        yield ROOTS.found(str(settings.seal_roots))
    try:
        read_trusted(settings.timestamp_trust)
    except BadSettings:
        yield TRUST.found(str(settings.timestamp_trust))


def _faults(case: Case, owner: str, keys: list[SealKey]) -> Iterator[Finding]:
    now = case.question.clock.now()
    present = next((one for one in keys if one.standing(now) == "present"), None)
    if present is None:
        yield NONE.found(owner=owner)
        return
    yield from _file(case, present)
    _, ends_at = certificates.validity(certificates.read_pem(present.chain)[0])
    if ends_at - SOON <= now:
        diagnosis = EXPIRED if ends_at <= now else EXPIRING
        yield diagnosis.found(present.name, owner=owner, ends_at=ends_at.date().isoformat())


def _file(case: Case, key: SealKey) -> Iterator[Finding]:
    settings = case.settings
    keys = SealKeys(settings.data_dir, Lock(settings.seal_key_place, settings.seal_passphrase))
    path = str(keys.path(key.owner, key.name))
    try:
        keys.private(key.owner, key.name)
    except MissingSealKey:
        yield MISSING.found(path, owner=key.owner)
    except SealKeyLocked:
        yield LOCKED.found(path, owner=key.owner, key_file=settings.seal_key_place)
