"""Tables and sheets for people: the words of an office, and whole identifiers, since they get copied.

On a terminal a table fits its width; elsewhere lines are as long as their columns need: nothing is cut.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from connector import words
from connector.cli.frame import Session

UNBOUNDED = sys.maxsize
"""A width that no line reaches: off a terminal a table is as wide as what stands in it."""

LABELS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "actions": "Possible maintenant",
        "agreed_at_once": "Conclu d’office",
        "approved_by": "Approuvé par",
        "concluded_at": "Conclue le",
        "document_sha256": "Empreinte du document",
        "ends_on": "Jusqu’au",
        "party_consumer": "Destinataire",
        "party_provider": "Fournisseur",
        "piece": "Pièce",
        "proof": "Preuve",
        "rule": "Règle d’usage",
        "seal_of": "Cachet du",
        "decided": "Décision",
        "verified": "Vérification",
        "ahead": "En attente",
        "agreement": "Convention",
        "agreement_alone": "Accord",
        "agreement_exchanged": "Accord échangé",
        "agreement_status": "Situation",
        "at": "Date",
        "attested": "Attesté",
        "attempts": "Essais",
        "changed_offer": "Au regard de notre offre",
        "changed_request": "Au regard de la demande",
        "created_at": "Créé le",
        "dataset": "Jeu de données",
        "decided_by": "Décidé par",
        "delivered_at": "Dernier envoi accepté",
        "description": "Description",
        "did": "Identifiant (DID)",
        "due": "Quand",
        "ended_at": "A pris fin",
        "entry": "Contenu",
        "explanation": "Motifs du refus",
        "failing_since": "Échecs depuis",
        "file": "Fichier",
        "formats": "Formats",
        "gap": "Trou",
        "id": "Identifiant",
        "key": "Sujet",
        "keywords": "Mots-clés",
        "personal": "Données personnelles",
        "key_role": "Rôle",
        "function": "Fonction",
        "journal": "Journal",
        "kind": "Nature",
        "kinds": "Sortes",
        "label": "Usage",
        "laid_by": "Posées par",
        "declared_purpose": "Finalité déclarée",
        "declared_until": "Durée déclarée",
        "declared_legal_basis": "Fondement déclaré",
        "declared_use_case": "Cas d’usage déclaré",
        "last_n": "Après le n°",
        "last_received": "Dernier message reçu",
        "last_sent": "Notre dernier message",
        "licence": "Licence",
        "mode": "Décision",
        "n": "N°",
        "name": "Nom",
        "negotiation": "Demande d’accès",
        "next_attempt_at": "Prochain essai",
        "offer": "Conditions",
        "offers": "Conditions proposées",
        "owner": "Organisme",
        "parameters": "Paramètres",
        "peer": "Partenaire",
        "pid": "Dossier",
        "problem": "Problème",
        "protocol_url": "Adresse du protocole",
        "public_url": "Adresse publique",
        "received": "Reçu",
        "reason": "Motif",
        "said_by": "Par",
        "said_on": "En date du",
        "role": "Notre rôle",
        "sees": "Le voit",
        "sent": "Envoyé",
        "sha256": "SHA-256",
        "size": "Taille",
        "state": "État",
        "status": "Statut",
        "terms": "Conditions sur la table",
        "title": "Titre",
        "turn": "À qui de jouer",
        "updated_at": "Modifié le",
        "url": "Adresse",
        "used": "Utilisée (fois)",
        "version": "Version",
        "warnings": "Points douteux",
        "why": "Où en est-on ?",
        "why_seen": "Pourquoi",
        "transfers": "Livraisons",
        "negotiations": "Demandes d’accès",
        "agreements": "Accords",
        "datasets": "Jeux de données",
        "jobs": "Tâches",
        "about": "Objet",
        "assurance": "Vérification",
        "meaning": "Sens",
        "term": "Terme",
        "contact_email": "Courriel",
        "contact_role": "Contact",
        "contact_telephone": "Téléphone",
        "differs": "",
        "fingerprint": "Empreinte de la clé",
        "first_at": "Première fois",
        "first_contact_at": "Premier contact",
        "issued_at": "Fiche établie le",
        "knocks": "Fois",
        "last_at": "Dernière fois",
        "legal_name": "Nom légal",
        "message": "Message",
        "offered": "Proposé",
        "offered_card": "Nouvelle fiche",
        "pinned_keys": "Clé enregistrée",
        "quarantined_at": "En quarantaine depuis",
        "recorded": "Enregistré",
        "representative_function": "Représenté par",
        "mandate": "Mandat",
        "framework": "Accord-cadre",
        "framework_sha256": "Son empreinte",
        "proof_clause": "Clause de preuve",
        "seen_keys": "CLÉ NOUVELLE",
        "siren": "SIREN",
        "siret": "SIRET",
        "what": "Mention",
        "certificate_ends_at": "Certificat valable jusqu’au",
        "ends_at": "Peut signer jusqu’au",
        "fingerprint_sha256": "Empreinte du certificat",
        "issuer": "Délivré par",
        "revoked_at": "Révoquée depuis le",
        "seal_key": "Clé",
        "seal_level": "Niveau",
        "subject": "Titulaire",
    },
    "en": {
        "actions": "Possible now",
        "agreed_at_once": "Agreed at once",
        "approved_by": "Approved by",
        "concluded_at": "Concluded",
        "document_sha256": "Hash of the document",
        "ends_on": "Until",
        "party_consumer": "Consumer",
        "party_provider": "Provider",
        "piece": "Piece",
        "proof": "Evidence",
        "rule": "Rule of use",
        "seal_of": "Seal of the",
        "decided": "Decision",
        "verified": "Verified",
        "ahead": "Waiting",
        "agreement": "Agreement",
        "agreement_alone": "Agreement",
        "agreement_exchanged": "Agreement exchanged",
        "agreement_status": "Status",
        "at": "Date",
        "attested": "Attested",
        "attempts": "Attempts",
        "changed_offer": "Compared to our offer",
        "changed_request": "Compared to the request",
        "created_at": "Created",
        "dataset": "Dataset",
        "decided_by": "Decided by",
        "delivered_at": "Last taken",
        "description": "Description",
        "did": "Identifier (DID)",
        "due": "When",
        "ended_at": "Ended",
        "entry": "Content",
        "explanation": "Why it was refused",
        "failing_since": "Failing since",
        "file": "File",
        "formats": "Formats",
        "gap": "Gap",
        "id": "Identifier",
        "key": "About",
        "keywords": "Keywords",
        "personal": "Personal data",
        "key_role": "Role",
        "function": "Function",
        "journal": "Journal",
        "kind": "Kind",
        "kinds": "Kinds",
        "label": "Used for",
        "laid_by": "Laid by",
        "declared_purpose": "Declared purpose",
        "declared_until": "Declared until",
        "declared_legal_basis": "Declared legal basis",
        "declared_use_case": "Declared use case",
        "last_n": "After no.",
        "last_received": "Last message received",
        "last_sent": "Our last message",
        "licence": "Licence",
        "mode": "Decision",
        "n": "No.",
        "name": "Name",
        "negotiation": "Access request",
        "next_attempt_at": "Next attempt",
        "offer": "Terms",
        "offers": "Offers",
        "owner": "Participant",
        "parameters": "Parameters",
        "peer": "Partner",
        "pid": "File number",
        "problem": "Problem",
        "protocol_url": "Protocol address",
        "public_url": "Public address",
        "received": "Received",
        "reason": "Reason",
        "said_by": "By",
        "said_on": "As of",
        "role": "Our role",
        "sees": "Sees it",
        "sent": "Sent",
        "sha256": "SHA-256",
        "size": "Size",
        "state": "State",
        "status": "Status",
        "terms": "Terms on the table",
        "title": "Title",
        "turn": "Whose turn",
        "updated_at": "Changed",
        "url": "Address",
        "used": "Used (times)",
        "version": "Version",
        "warnings": "Doubtful",
        "why": "How does it stand?",
        "why_seen": "Why",
        "transfers": "Transfers",
        "negotiations": "Access requests",
        "agreements": "Agreements",
        "datasets": "Datasets",
        "jobs": "Jobs",
        "about": "About",
        "assurance": "Assurance",
        "meaning": "Meaning",
        "term": "Term",
        "contact_email": "E-mail",
        "contact_role": "Contact",
        "contact_telephone": "Telephone",
        "differs": "",
        "fingerprint": "Key fingerprint",
        "first_at": "First time",
        "first_contact_at": "First contact",
        "issued_at": "Card issued",
        "knocks": "Times",
        "last_at": "Last time",
        "legal_name": "Legal name",
        "message": "Message",
        "offered": "Offered",
        "offered_card": "New card",
        "pinned_keys": "Recorded key",
        "quarantined_at": "In quarantine since",
        "recorded": "Recorded",
        "representative_function": "Represented by",
        "mandate": "Mandate",
        "framework": "Framework agreement",
        "framework_sha256": "Its digest",
        "proof_clause": "Clause on proof",
        "seen_keys": "NEW KEY",
        "siren": "SIREN",
        "siret": "SIRET",
        "what": "Item",
        "certificate_ends_at": "Certificate valid until",
        "ends_at": "May sign until",
        "fingerprint_sha256": "Certificate fingerprint",
        "issuer": "Issued by",
        "revoked_at": "Revoked since",
        "seal_key": "Key",
        "seal_level": "Level",
        "subject": "Holder",
    },
}

VALUES: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "us": "à nous",
        "peer": "au partenaire",
        "both": "à l’un ou l’autre",
        "nobody": "terminé",
        "draft": "brouillon",
        "published": "publié",
        "withdrawn": "retiré",
        "active": "en vigueur",
        "drafted": "en projet",
        "ended": "terminée",
        "automatic": "automatique",
        "manual": "par une personne",
        "known": "connu",
        "quarantined": "EN QUARANTAINE : sa clé a changé",
        "blocked": "bloqué",
        "inbox-waiting": "à décider",
        "inbox-admitted": "admis",
        "inbox-refused": "refusé",
        "card-none": "Pas de fiche d’identité.",
        "card-same": "Fiche d’identité inchangée.",
        "card-changed": "NOUVELLE FICHE D’IDENTITÉ : relisez-la (« pupitre peer card show »).",
        "card-refused": "Fiche d’identité refusée.",
        "card-unreachable": "Fiche d’identité inaccessible.",
        "seal-present": "présente : elle scelle",
        "seal-overlapping": "remplacée : elle finit ce qui la nomme",
        "seal-retired": "retirée",
        "seal-revoked": "RÉVOQUÉE",
        "verified-node": "vérifié par le nœud",
        "verified-afterwards": "constaté après coup",
        "verified-commitment": "engagement seul",
        "L0": "certificat fait par l’organisme lui-même, ou d’une autorité non reconnue ici",
        "L1": "certificat d’une autorité reconnue ici",
        "L2": "certificat qui se dit qualifié, d’une autorité reconnue ici",
        "webhook-active": "en service",
        "webhook-failing": "EN ÉCHEC : le nœud réessaie",
        "webhook-stopped": "ARRÊTÉ : « pupitre webhooks retry »",
        "dead": "abandonnée",
        "waiting": "en attente",
        "running": "en cours",
        "done": "terminé",
        "failed": "échoué",
        "pending": "en chemin",
        "acknowledged": "reçu par le partenaire",
        "refused": "refusé",
        "gave-way": "a cédé",
        "processed": "traité",
        "catalogue": "catalogue",
        "negotiation": "demande d’accès",
        "transfer": "livraison",
        "request": "chaque lecture",
        "permit": "permis",
        "deny": "refusé",
        "not-applicable": "rien de prévu",
        "indeterminate": "on ne sait pas encore",
        "due": "à faire",
        "delayed": "à venir",
        "agrees": "d’accord",
        "moved": "suivi",
        "differs": "écart",
        "unknown": "inconnu du partenaire",
        "untold": "non dit",
    },
    "en": {
        "us": "ours",
        "peer": "the partner's",
        "both": "either",
        "nobody": "ended",
        "automatic": "automatic",
        "manual": "by a person",
        "gave-way": "gave way",
        "negotiation": "access request",
        "request": "each reading",
        "permit": "permitted",
        "deny": "refused",
        "not-applicable": "nothing foreseen",
        "indeterminate": "not known yet",
        "quarantined": "IN QUARANTINE: its key has changed",
        "inbox-waiting": "to be decided",
        "inbox-admitted": "admitted",
        "inbox-refused": "refused",
        "card-none": "No party card.",
        "card-same": "Party card unchanged.",
        "card-changed": "NEW PARTY CARD: read it (“pupitre peer card show”).",
        "card-refused": "Party card refused.",
        "card-unreachable": "Party card not to be had.",
        "seal-present": "present: it seals",
        "seal-overlapping": "replaced: it finishes what names it",
        "seal-retired": "retired",
        "seal-revoked": "REVOKED",
        "verified-node": "by the node",
        "verified-afterwards": "found out later",
        "verified-commitment": "a commitment alone",
        "L0": "certificate made by the organisation itself, or of an authority that is not trusted here",
        "L1": "certificate of an authority that is trusted here",
        "L2": "certificate that says it is qualified, of an authority that is trusted here",
        "webhook-active": "in service",
        "webhook-failing": "FAILING: the node tries again",
        "webhook-stopped": "STOPPED: “pupitre webhooks retry”",
        "pending": "on its way",
        "acknowledged": "received by the partner",
    },
}


def value(session: Session, word: str) -> str:
    """Return a word of the API as people say it."""
    return VALUES[session.language].get(word, word)


def label(session: Session, name: str) -> str:
    """Return the label of a member."""
    return LABELS[session.language].get(name, name)


def message(session: Session, name: str) -> str:
    """Return a message of the protocol as people call it."""
    return words.say(words.MESSAGES, name, session.language)


def entry_kind(session: Session, kind: str) -> str:
    """Return a kind of entry of the journal as people call it."""
    return words.say(words.ENTRIES, kind, session.language)


def role(session: Session, name: str) -> str:
    """Return a role as people call it."""
    return words.say(words.ROLES, name, session.language)


def instant(text: str | None) -> str:
    """Return an instant of the API to the second, in local time, with its distance from UTC: `… 18:05:00 UTC+1`."""
    if not text:
        return ""
    local = datetime.fromisoformat(text).astimezone()
    zone = f"{local:%z}"
    hours, minutes = int(zone[:3]), zone[3:5]
    distance = f"{hours:+d}{f':{minutes}' if minutes != '00' else ''}" if zone.strip("+-0") else ""
    return f"{local:%F %T} UTC{distance}"


def size(session: Session, count_bytes: int | None) -> str:
    """Return a number of bytes for people."""
    if count_bytes is None:
        return ""
    unit = session.say("o", "B")
    amount, prefix = float(count_bytes), ""
    for prefix in ("", "k", "M", "G", "T"):
        if amount < 1000 or prefix == "T":
            break
        amount /= 1000
    number = f"{amount:.0f}" if prefix == "" else f"{amount:.1f}"
    return f"{number.replace('.', session.say(',', '.'))} {prefix}{unit}"


def table(session: Session, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, or a word when it is empty."""
    from rich.table import Table

    listed = [list(row) for row in rows]
    if not listed:
        _print(session.say("Rien.", "Nothing."))
        return
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(label(session, column), overflow="fold", no_wrap=not sys.stdout.isatty())
    for row in listed:
        made.add_row(*map(_plain, row))
    _print(made)


def sheet(session: Session, rows: Iterable[tuple[str, str | None]]) -> None:
    """Print what is known of one thing, a line for each member that says something."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold", no_wrap=not sys.stdout.isatty())
    for name, text in rows:
        if text:
            made.add_row(label(session, name), _plain(text))
    _print(made)


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)  # what partners write is never read as markup


def _print(thing: Any) -> None:
    from rich.console import Console

    width = None if sys.stdout.isatty() else UNBOUNDED
    console = Console(width=width, highlight=False)
    with console.capture() as printed:
        console.print(thing)
    click.echo("\n".join(line.rstrip() for line in printed.get().rstrip("\n").split("\n")))
