"""Words on screen: the protocol's states and messages as a French or English office would say them.

Screens, the command line and explanations take them from here, so that one thing has one name. The protocol's own word
stays the identifier everywhere a program reads.
"""

from collections.abc import Mapping

from connector.protocol import negotiation as n
from connector.protocol import transfer as t

Texts = Mapping[str, str]


def _said(fr: str, en: str) -> Texts:
    return {"fr": fr, "en": en}


NEGOTIATION_STATES: Mapping[str, Texts] = {
    n.INITIAL: _said("en préparation", "being prepared"),
    n.REQUESTED: _said("accès demandé", "access requested"),
    n.OFFERED: _said("conditions proposées", "terms offered"),
    n.ACCEPTED: _said("conditions acceptées", "terms accepted"),
    n.AGREED: _said("convention établie", "agreement drawn up"),
    n.VERIFIED: _said("convention confirmée", "agreement confirmed"),
    n.FINALIZED: _said("convention conclue", "agreement concluded"),
    n.TERMINATED: _said("résiliée", "terminated"),
}
TRANSFER_STATES: Mapping[str, Texts] = {
    t.INITIAL: _said("en préparation", "being prepared"),
    t.REQUESTED: _said("livraison demandée", "delivery requested"),
    t.STARTED: _said("livraison ouverte", "delivery open"),
    t.SUSPENDED: _said("suspendue", "suspended"),
    t.COMPLETED: _said("achevée", "completed"),
    t.TERMINATED: _said("résiliée", "terminated"),
}
MESSAGES: Mapping[str, Texts] = {
    n.REQUEST: _said("demande d’accès", "access request"),
    n.OFFER: _said("conditions proposées", "offer"),
    n.ACCEPT: _said("acceptation des conditions", "acceptance of the terms"),
    n.AGREEMENT: _said("convention", "agreement"),
    n.VERIFICATION: _said("confirmation de la convention", "confirmation of the agreement"),
    n.FINALIZE: _said("conclusion", "conclusion"),
    n.TERMINATION: _said("résiliation", "termination"),
    t.REQUEST: _said("demande de livraison", "delivery request"),
    t.START: _said("ouverture de la livraison", "start of the delivery"),
    t.SUSPENSION: _said("suspension", "suspension"),
    t.COMPLETION: _said("fin de livraison", "end of the delivery"),
    t.TERMINATION: _said("résiliation", "termination"),
}
ROLES: Mapping[str, Texts] = {
    "provider": _said("fournisseur", "provider"),
    "consumer": _said("destinataire", "consumer"),
}
CONTRACTS: Mapping[str, Texts] = {
    "sealing": _said("en cours d’établissement, sans cachet", "being drawn up, no seal yet"),
    "sealed-by-one": _said("scellée par le fournisseur seul", "sealed by the provider alone"),
    "sealed-by-both": _said("scellée par les deux, pas encore conclue", "sealed by both, not concluded yet"),
    "concluded": _said("conclue", "concluded"),
    "unilateral": _said("preuve unilatérale : le partenaire n’a rien scellé", "one-sided: the partner sealed nothing"),
    "unused": _said("restée sans suite", "led to nothing"),
}
PARTY_SOURCES: Mapping[str, Texts] = {
    "document": _said("selon le document scellé", "as the sealed document says"),
    "card": _said("selon sa fiche d’identité, non scellée ici", "as its party card says, not sealed here"),
    "node": _said("nommé ainsi à ce nœud, sans fiche d’identité", "so named at this node, no party card"),
    "none": _said("identifiant seul : nom et fiche inconnus", "identifier alone: name and card unknown"),
}
"""Where what is told of a party comes from."""
CONTRACT_PIECES: Mapping[str, Texts] = {
    "agreement": _said("texte de l’accord, mot pour mot", "text of the agreement, word for word"),
    "messages": _said(
        "empreintes des messages échangés : {of}, dont {kept} texte(s) conservé(s)",
        "digests of the messages exchanged: {of}, of which {kept} text(s) kept",
    ),
    "token": _said(
        "jeton du partenaire : {of} empreinte, {kept} jeton conservé",
        "token of the partner: {of} digest, {kept} token kept",
    ),
    "names": _said("noms et numéros des parties", "names and numbers of the parties"),
    "title": _said("intitulé du jeu de données", "title of the dataset"),
    "seal": _said(
        "cachet du partenaire, sur l’accord ou sur ses messages",
        "seal of the partner, on the agreement or its messages",
    ),
    "time-stamp": _said("horodatage d’une autorité", "time-stamp of an authority"),
    "clauses": _said(
        "clause de preuve, fiche sur les données personnelles, droit applicable",
        "clause on evidence, sheet on personal data, applicable law",
    ),
}
"""What one-sided evidence is made of, or lacks."""
PIECE_STATES: Mapping[str, Texts] = {
    "sealed": _said("scellé", "sealed"),
    "unsealed": _said("non scellé : ce que ce nœud en sait", "not sealed: what this node knows"),
    "missing": _said("manque", "missing"),
}
CONTRACT_DECISIONS: Mapping[str, Texts] = {
    "contract-terminated": _said("fin de la convention", "end of the contract"),
}
NOTICES: Mapping[str, Texts] = {
    "termination": _said("résiliation", "termination"),
    "suspension": _said("suspension", "suspension"),
    "resumption": _said("reprise", "resumption"),
    "receipt": _said("accusé de réception", "receipt"),
}
TIMESTAMPS: Mapping[str, Texts] = {
    "none": _said("sans horodatage", "no time-stamp"),
    "pending": _said("horodatage en attente", "time-stamp pending"),
    "partial": _said("horodatage incomplet", "time-stamps incomplete"),
    "complete": _said("horodatée", "time-stamped"),
}
CONTRACT_VERDICTS: Mapping[str, Texts] = {
    "valid": _said("valide", "valid"),
    "invalid": _said("NON VALIDE", "INVALID"),
    "indeterminate": _said("indéterminé", "indeterminate"),
}
KEY_ROLES: Mapping[str, Texts] = {
    "operator": _said("exploitant", "operator"),
    "steward": _said("gestionnaire", "steward"),
    "developer": _said("développeur", "developer"),
    "auditor": _said("auditeur", "auditor"),
    "administration": _said("administration du nœud", "administration of the node"),
    "unrestricted": _said("sans rôle, à remplacer", "no role, to be replaced"),
}
_ENTRIES_FR = {
    "received": "message reçu",
    "sent": "message envoyé",
    "acknowledged": "message pris par le partenaire",
    "observed": "constaté chez le partenaire",
    "refused": "message refusé par nous",
    "refused-by-peer": "message refusé par le partenaire",
    "not-delivered": "message non remis",
    "postponed": "remis à plus tard",
    "decided": "décision en attente d’envoi",
    "unused": "décision sans suite",
    "sealed": "cachet",
    "conclusion-sealed": "conclusion scellée",
    "seal-unused": "cachet sans suite",
    "not-sealed-alone": "preuve unilatérale impossible",
    "contract-terminated": "fin de convention décidée",
    "contract-unused": "convention sans suite",
    "time-stamped": "horodatage",
    "timestamp-missed": "horodatage manqué",
    "contract-expiring": "fin de convention proche",
    "notice-given": "avis scellé",
    "notice-delivered": "avis remis",
    "notice-refused": "avis refusé par le partenaire",
    "notice-received": "avis reçu",
    "evidence-refused": "pièce du partenaire refusée",
    "divergence": "écart avec le partenaire",
    "restored": "sauvegarde restaurée",
    "reconciled": "comparé avec le partenaire",
    "used": "utilisation comptée",
    "data-refused": "lecture refusée",
    "bytes-received": "fichier reçu",
    "bytes-sent": "fichier envoyé",
    "push-failed": "envoi échoué",
    "dataset-put": "jeu de données décrit",
    "dataset-published": "jeu de données publié",
    "dataset-unpublished": "jeu de données dépublié",
    "dataset-withdrawn": "jeu de données retiré",
    "offer-put": "conditions offertes",
    "offer-withdrawn": "conditions retirées",
    "key-issued": "clé d’accès créée",
    "key-replaced": "clé d’accès remplacée",
    "key-revoked": "clé d’accès révoquée",
    "webhook-added": "webhook ajouté",
    "webhook-changed": "webhook modifié",
    "webhook-secret-rotated": "secret de webhook changé",
    "webhook-stopped": "webhook arrêté",
    "webhook-retried": "webhook relancé",
    "webhook-deleted": "webhook supprimé",
    "card-set": "fiche d’identité écrite",
    "seal-key-created": "clé de cachet créée",
    "seal-key-rotated": "clé de cachet remplacée",
    "seal-certificate-imported": "certificat de cachet importé",
    "seal-certificate-completed": "certificat de cachet complété de ses intermédiaires",
    "seal-key-revoked": "clé de cachet révoquée",
    "peer-seals-pinned": "clés de cachet du partenaire enregistrées",
    "peer-added": "partenaire enregistré",
    "peer-removed": "partenaire oublié",
    "attestation-given": "attestation donnée",
    "attestation-withdrawn": "attestation retirée",
    "request-closed": "offre fermée au partenaire",
    "card-offered": "nouvelle fiche du partenaire",
    "card-accepted": "fiche du partenaire acceptée",
    "framework-set": "accord-cadre enregistré",
    "key-changed": "clé du partenaire changée",
    "key-accepted": "clé du partenaire acceptée",
    "peer-blocked": "partenaire bloqué",
    "peer-unblocked": "partenaire débloqué",
    "knocked": "premier contact",
    "peer-admitted": "partenaire admis",
    "peer-refused": "partenaire refusé",
}
ENTRIES: Mapping[str, Texts] = {kind: _said(fr, kind) for kind, fr in _ENTRIES_FR.items()}
"""Kinds of entries of the journal; in English by their own words."""


def say(words: Mapping[str, Texts], name: str, language: str) -> str:
    """Return the word for a name in one language; a name without one is returned as it is."""
    return words[name][language] if name in words else name
