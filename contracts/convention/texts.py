"""Every fixed sentence of a convention, in French and in English side by side, for lawyers to read in one place.

Braces are filled in by articles.py and annexes.py. What a node cannot prove is not promised here, and the words that
European law keeps for listed providers are not used of what a node does. French spaces are set when texts are drawn.
"""

from policies.errors import Text

TITLE: Text = {"fr": "Convention de mise à disposition de données", "en": "Data sharing agreement"}
BETWEEN: Text = {"fr": "Entre", "en": "Between"}
CALLED: dict[str, Text] = {
    "provider": {"fr": "ci-après « le fournisseur »", "en": "hereinafter “the provider”"},
    "consumer": {"fr": "ci-après « le destinataire »", "en": "hereinafter “the recipient”"},
}
ROLES: dict[str, Text] = {
    "provider": {"fr": "Le fournisseur", "en": "The provider"},
    "consumer": {"fr": "Le destinataire", "en": "The recipient"},
}
REPRESENTED: Text = {"fr": "représentant : {function}", "en": "representative: “{function}”"}
MANDATE: Text = {"fr": "habilitation : {mandate}", "en": "mandate: “{mandate}”"}
FOOTER: Text = {"fr": "Empreinte SHA-256 du contrat", "en": "SHA-256 digest of the contract"}
PAGE: Text = {"fr": "Page {page} sur", "en": "Page {page} of"}
ARTICLE: Text = {"fr": "Article {number}", "en": "Article {number}"}
ANNEX: Text = {"fr": "Annexe {number}", "en": "Annex {number}"}
NONE_GIVEN: Text = {"fr": "non précisé", "en": "not stated"}

STATUS: dict[str, Text] = {
    "one": {
        "fr": "Scellée par le fournisseur seul : elle n’engage pas encore le destinataire.",
        "en": "Sealed by the provider alone: it does not bind the recipient yet.",
    },
    "two": {
        "fr": "Scellée par les deux parties ; la conclusion n’est pas attestée.",
        "en": "Sealed by both parties; its conclusion is not attested.",
    },
    "concluded": {
        "fr": "Scellée par les deux parties, conclue le {at}.",
        "en": "Sealed by both parties, concluded on {at}.",
    },
    "terminated": {
        "fr": "Scellée par les deux parties, conclue le {at}, résiliée le {end}.",
        "en": "Sealed by both parties, concluded on {at}, terminated on {end}.",
    },
}
FACTS: dict[str, Text] = {
    "reference": {"fr": "Référence", "en": "Reference"},
    "drawn-up": {"fr": "Établie le", "en": "Drawn up on"},
    "status": {"fr": "État", "en": "Status"},
    "level": {"fr": "Niveau de preuve", "en": "Level of proof"},
}

# --- preamble ---

PREAMBLE: Text = {"fr": "Préambule", "en": "Preamble"}
FRAMEWORK: Text = {
    "fr": "La présente convention s’inscrit dans un accord-cadre : {reference}.",
    "en": "This agreement stands under a framework agreement: “{reference}”.",
}
FRAMEWORK_DIGEST: Text = {
    "fr": "Empreinte SHA-256 de l’accord-cadre : {sha256}",
    "en": "SHA-256 digest of the framework agreement: {sha256}",
}
NO_FRAMEWORK: Text = {
    "fr": "La présente convention n’est rattachée à aucun accord-cadre.",
    "en": "This agreement refers to no framework agreement.",
}
WHAT_BINDS: Text = {
    "fr": (
        "Le texte qui engage les parties est le document JSON scellé dont l’empreinte figure au pied de chaque page"
        " (contract.jws.json, joint à la version PDF). Ces pages en sont la mise en forme pour la lecture ; en cas"
        " d’écart, le document JSON fait foi."
    ),
    "en": (
        "The text that binds the parties is the sealed JSON document whose digest stands at the foot of each page"
        " (contract.jws.json, attached to the PDF version). These pages set it out for reading; where they differ, the"
        " JSON document prevails."
    ),
}

OWN_WORDS: Text = {
    "fr": "Ce que les parties ont écrit (noms, fonctions, descriptions, clauses) est repris dans leur langue.",
    "en": "What the parties wrote (names, functions, descriptions, clauses) stands here in their own language.",
}

# --- articles ---

OBJECT: Text = {"fr": "Objet", "en": "Object"}
OBJECT_IS: Text = {
    "fr": (
        "Le fournisseur met à la disposition du destinataire le jeu de données désigné ci-dessous, dans les"
        " conditions que fixe la présente convention."
    ),
    "en": "The provider makes the dataset described below available to the recipient, on the terms of this agreement.",
}
DATASET: dict[str, Text] = {
    "title": {"fr": "Jeu de données", "en": "Dataset"},
    "description": {"fr": "Description", "en": "Description"},
    "licence": {"fr": "Licence", "en": "Licence"},
    "personal": {"fr": "Données personnelles", "en": "Personal data"},
    "id": {"fr": "Identifiant", "en": "Identifier"},
}
IS_PERSONAL: dict[bool, Text] = {
    True: {"fr": "oui : voir l’article relatif aux données à caractère personnel", "en": "yes: see their article"},
    False: {"fr": "non, selon le fournisseur", "en": "none, according to the provider"},
}

RULES: Text = {"fr": "Règles d’usage", "en": "Terms of use"}
RULES_ARE: Text = {
    "fr": "Le destinataire utilise les données selon les règles suivantes, où « vous » désigne le destinataire.",
    "en": "The recipient uses the data under the following rules, in which “you” means the recipient.",
}
RULES_CAPTION: Text = {"fr": "Règles d’usage", "en": "Terms of use"}
RULES_HEADER: dict[str, tuple[str, ...]] = {
    "fr": ("N°", "Règle", "Vérification"),
    "en": ("No.", "Rule", "Verification"),
}
RULES_LEGEND: Text = {
    "fr": (
        "Vérifié par le nœud : le logiciel du fournisseur contrôle la règle avant que les données ne sortent ; ce qui"
        " tient au destinataire ou au contenu des données, d’après ce que le fournisseur en a attesté ou déclaré."
        " Constaté après coup : le respect de la règle se voit plus tard, par un compte rendu, une attestation"
        " ou un reçu. Engagement seul : la règle est acceptée et due, mais aucun logiciel ne montre si elle est"
        " respectée."
    ),
    "en": (
        "Checked by the node: the provider’s software checks the rule before any data leave; what depends on the"
        " recipient or on the content of the data, by what the provider attested or declared of it."
        " Checked afterwards: whether the rule is kept shows later, by a report, an attestation or a receipt."
        " A promise only: the rule is accepted and owed, but no software shows whether it is kept."
    ),
}

COMMITMENTS: Text = {"fr": "Engagements et échéances", "en": "Commitments and dates"}
COMMITMENTS_ARE: Text = {
    "fr": "Du document scellé découlent les engagements et les échéances suivants.",
    "en": "The sealed document entails the following commitments and dates.",
}
COMMITMENTS_CAPTION: Text = {"fr": "Engagements et échéances", "en": "Commitments and dates"}
COMMITMENTS_HEADER: dict[str, tuple[str, ...]] = {
    "fr": ("Échéance", "Qui", "Engagement"),
    "en": ("When", "Who", "Commitment"),
}
COUNTERSIGN: Text = {
    "fr": "Contre-sceller la présente convention ; à défaut, elle n’est pas conclue.",
    "en": "Countersign this agreement; failing that, it is not concluded.",
}
ACCESS: Text = {"fr": "Ouvrir l’accès aux données.", "en": "Open access to the data."}
ACCESS_ENDS: Text = {"fr": "Fermer l’accès aux données.", "en": "Close access to the data."}
NO_DATE: Text = {"fr": "sans échéance fixée", "en": "no date set"}
BY: dict[str, Text] = {
    "no-later": {"fr": "au plus tard le {date}", "en": "no later than {date}"},
    "before": {"fr": "avant le {date}", "en": "before {date}"},
    "on": {"fr": "le {date}", "en": "on {date}"},
}
AFTER_AGREEMENT: Text = {
    "fr": "{by}, soit {length} après l’accord",
    "en": "{by}, that is {length} after the agreement",
}

DURATION: Text = {"fr": "Durée", "en": "Duration"}
LASTS: dict[str, Text] = {
    "until": {
        "fr": "La présente convention prend effet le {start} et prend fin le {end}.",
        "en": "This agreement takes effect on {start} and ends on {end}.",
    },
    "rules": {
        "fr": (
            "La présente convention prend effet le {start}. Elle ne porte pas de date de fin : ce sont les règles"
            " d’usage qui limitent l’utilisation dans le temps."
        ),
        "en": (
            "This agreement takes effect on {start}. It bears no end date: the terms of use are what limits the use in"
            " time."
        ),
    },
    "open": {
        "fr": "La présente convention prend effet le {start}, pour une durée indéterminée.",
        "en": "This agreement takes effect on {start}, for an indefinite period.",
    },
}
DURATION_OF_RULES: Text = {
    "fr": "Une règle d’usage qui fixe elle-même un terme s’applique jusqu’à ce terme, s’il vient plus tôt.",
    "en": "A term of use that sets an end of its own applies until that end, where it comes earlier.",
}
DAYS: Text = {
    "fr": "Une date sans heure désigne le jour entier, en temps universel (UTC), sauf mention d’un autre fuseau.",
    "en": "A date without a time means the whole day, in universal time (UTC) unless another zone is named.",
}

PURPOSE: Text = {"fr": "Finalité et base juridique", "en": "Purpose and legal basis"}
PURPOSE_IS: Text = {
    "fr": "Le destinataire a déclaré, dans sa demande :",
    "en": "The recipient declared, in its request:",
}
NO_PURPOSE: Text = {
    "fr": (
        "Le destinataire n’a joint à sa demande ni finalité ni base juridique ; seules les règles d’usage de la"
        " présente convention délimitent l’utilisation des données."
    ),
    "en": (
        "The recipient’s request stated neither purpose nor legal basis; the terms of use of this agreement alone"
        " delimit how the data are used."
    ),
}
REQUEST: dict[str, Text] = {
    "purpose": {"fr": "Finalité", "en": "Purpose"},
    "legalBasis": {"fr": "Base juridique", "en": "Legal basis"},
    "useCase": {"fr": "Cas d’usage", "en": "Use case"},
    "until": {"fr": "Utilisation prévue jusqu’au", "en": "Intended use until"},
}

PERSONAL: Text = {"fr": "Données à caractère personnel", "en": "Personal data"}
PERSONAL_IS: Text = {
    "fr": "Les données comprennent des données à caractère personnel. Leur traitement est encadré comme suit.",
    "en": "The data include personal data. Their processing is governed as follows.",
}
NO_PERSONAL: Text = {
    "fr": (
        "Le fournisseur déclare que les données ne comprennent pas de données à caractère personnel. La présente"
        " convention n’en encadre donc aucun traitement."
    ),
    "en": (
        "The provider states that the data include no personal data. This agreement therefore governs no processing of"
        " any."
    ),
}
PERSONAL_UNSAID: Text = {
    "fr": "Le document ne contient pas de fiche relative aux données à caractère personnel.",
    "en": "The document holds no sheet on personal data.",
}
PERSONAL_FACTS: dict[str, Text] = {
    "legalBasis": {"fr": "Base juridique", "en": "Legal basis"},
    "purpose": {"fr": "Finalité", "en": "Purpose"},
    "categories": {"fr": "Catégories de données", "en": "Categories of data"},
    "subjects": {"fr": "Personnes concernées", "en": "Data subjects"},
    "recipients": {"fr": "Destinataires", "en": "Recipients"},
    "retention": {"fr": "Durée de conservation", "en": "Retention"},
    "security": {"fr": "Mesures de sécurité", "en": "Security measures"},
    "controller": {"fr": "Responsable du traitement", "en": "Controller"},
    "contact": {"fr": "Contact", "en": "Contact"},
}

PROOF: Text = {"fr": "Preuve", "en": "Proof"}
PROOF_CLAUSE: Text = {
    "fr": "L’accord-cadre stipule, au sujet de la preuve :",
    "en": "The framework agreement stipulates, as to proof:",
}
NO_PROOF_CLAUSE: Text = {
    "fr": (
        "La présente convention ne renvoie à aucun accord des parties sur la preuve ; en droit français, la valeur"
        " probante du document scellé s’apprécie alors selon le droit commun (articles 1366 et 1367 du code civil)."
    ),
    "en": (
        "This agreement refers to no agreement of the parties on evidence; under French law the evidential value of the"
        " sealed document is then assessed under ordinary rules (articles 1366 and 1367 of the Civil Code)."
    ),
}
PROOF_IS: Text = {
    "fr": (
        "Chaque partie scelle le document par son nœud, avec la clé de cachet que le document désigne. Un cachet"
        " montre de quel organisme émane le document, avec la force du niveau que dit l’annexe 1, et qu’il n’a pas été"
        " modifié ; il ne tient pas lieu de signature d’une personne physique. L’accord de chaque partie est donné par"
        " la fonction ou par la règle inscrite dans son cachet."
    ),
    "en": (
        "Each party seals the document by its node, with the seal key that the document names. A seal shows which"
        " organisation the document comes from, as strongly as the level that Annex 1 tells, and that it has not been"
        " altered; it does not take the place of a person’s signature. Each party’s approval is given by the function"
        " or the rule recorded in its seal."
    ),
}

TERMINATION: Text = {"fr": "Résiliation", "en": "Termination"}
TERMINATION_NOTICE: Text = {
    "fr": (
        "Tout avis scellé, de résiliation, de suspension ou de reprise, désigne la présente convention par son"
        " empreinte."
    ),
    "en": "Every sealed notice, of termination, suspension or resumption, names this agreement by its digest.",
}
JURISDICTION: Text = {"fr": "Droit applicable et juridiction", "en": "Applicable law and jurisdiction"}

# --- signatures and annexes ---

FOR: dict[str, Text] = {
    "provider": {"fr": "Pour le fournisseur", "en": "For the provider"},
    "consumer": {"fr": "Pour le destinataire", "en": "For the recipient"},
}
SEALED_ON: Text = {"fr": "Scellé le {at}", "en": "Sealed on {at}"}
NOT_SEALED: Text = {"fr": "Pas encore scellé", "en": "Not sealed yet"}
APPROVED_BY: Text = {"fr": "Approuvé par : {function}", "en": "Approved by: “{function}”"}
APPROVED_BY_RULE: Text = {"fr": "Approuvé par {rule}", "en": "Approved by {rule}"}
RULE: Text = {"fr": "la règle {rule}", "en": "the rule {rule}"}
APPROVING_RULES: dict[str, Text] = {
    "offer-mode automatic": {"fr": "« mode automatique de l’offre »", "en": "“automatic mode of the offer”"},
    "as-requested": {"fr": "« réponse conforme à la demande »", "en": "“the answer is what was asked for”"},
    "carried-through": {"fr": "« suite de ce qui était décidé »", "en": "“it follows from what was decided”"},
}
"""The rules by which a node approves, by how their code begins; the whole code stands in Annex 1."""

SEALS: Text = {"fr": "Cachets et conclusion", "en": "Seals and conclusion"}
SEAL_CAPTION: dict[str, Text] = {
    "provider": {"fr": "Cachet du fournisseur", "en": "The provider’s seal"},
    "consumer": {"fr": "Cachet du destinataire", "en": "The recipient’s seal"},
}
SEAL: dict[str, Text] = {
    "at": {"fr": "Apposé le", "en": "Made on"},
    "approved": {"fr": "Approuvé par", "en": "Approved by"},
    "opaque": {"fr": "Identifiant de l’approbation", "en": "Identifier of the approval"},
    "subject": {"fr": "Certificat au nom de", "en": "Certificate of"},
    "issuer": {"fr": "Délivré par", "en": "Issued by"},
    "validity": {"fr": "Valable", "en": "Valid"},
    "digest": {"fr": "Empreinte du certificat", "en": "Certificate digest"},
    "kid": {"fr": "Clé", "en": "Key"},
    "revoked": {"fr": "Clé révoquée le", "en": "Key revoked on"},
    "level": {"fr": "Niveau", "en": "Level"},
    "timestamp": {"fr": "Horodatage", "en": "Time-stamp"},
}
REVOKED_FOR: Text = {"fr": "{at} ({reason})", "en": "{at} (“{reason}”)"}
REVOKED: dict[str, Text] = {
    "before": {
        "fr": (
            "{seal} : sa clé est révoquée depuis le {at}, ce qui était annoncé avant la date du cachet. La vérification"
            " le dit non valide."
        ),
        "en": (
            "{seal}: its key has been revoked since {at}, which was announced before the date of the seal. Verification"
            " finds it invalid."
        ),
    },
    "dated-back": {
        "fr": (
            "{seal} : sa clé est dite révoquée depuis le {at}, avant la date du cachet, mais l’annonce est venue après."
            " Rien ne montre si la révocation a été antidatée : la vérification le dit indéterminé."
        ),
        "en": (
            "{seal}: its key is said to have been revoked since {at}, before the date of the seal, but that was"
            " announced later. Nothing shows whether the revocation was dated back: verification finds it"
            " indeterminate."
        ),
    },
    "since": {
        "fr": (
            "{seal} : sa clé a été révoquée le {at}. Sans horodatage, rien ne montre qu’il a été apposé avant : la"
            " vérification le dit indéterminé."
        ),
        "en": (
            "{seal}: its key was revoked on {at}. Without a time-stamp nothing shows that it was made before:"
            " verification finds it indeterminate."
        ),
    },
    "stamped": {
        "fr": "{seal} : sa clé a été révoquée le {at} ; son horodatage montre s’il a été apposé avant.",
        "en": "{seal}: its key was revoked on {at}; its time-stamp shows whether it was made before.",
    },
}
"""What the revocation of a key means for a seal: before its date, as announced then or later, or after it."""
VALIDITY: Text = {"fr": "du {start} au {end}", "en": "from {start} to {end}"}
BY_ITSELF: Text = {"fr": "l’organisme lui-même", "en": "the organisation itself"}
LEVELS: dict[str, Text] = {
    "L0": {"fr": "L0 : la parole de l’organisme seul", "en": "L0: the organisation’s own word"},
    "L1": {"fr": "L1 : certificat d’une autorité reconnue", "en": "L1: certificate of a trusted authority"},
    "L2": {
        "fr": "L2 : certificat d’une autorité reconnue, déclaré pour cachets (règlement (UE) n° 910/2014, annexe III)",
        "en": "L2: certificate of a trusted authority, declared for seals (Regulation (EU) 910/2014, Annex III)",
    },
}
LEVELS_NOTE: Text = {
    "fr": (
        "Le niveau se lit dans les certificats, selon les autorités que reconnaît le nœud qui a édité ces pages ;"
        " celui de la convention est le plus faible des deux. À L0, le certificat est fait par l’organisme lui-même ou"
        " par une autorité que ce nœud ne reconnaît pas : le cachet vaut {worth}. À L1, il vaut aussi par la confiance"
        " accordée à l’autorité. À L2, le certificat se déclare en outre établi pour les cachets d’organismes ; le"
        " statut de son émetteur se vérifie sur la liste de confiance de son État."
    ),
    "en": (
        "The level is read from the certificates, given the authorities that the node which made these pages trusts;"
        " that of the agreement is the lower of the two. At L0 the certificate is made by the organisation itself or by"
        " an authority that this node does not trust: the seal is worth {worth}. At L1 it is also worth the trust"
        " placed in the authority. At L2 the certificate moreover declares that it is for organisations’ seals; the"
        " status of its issuer is to be checked on the trusted list of its State."
    ),
}
WORTH: dict[bool, Text] = {
    True: {
        "fr": "par ce dont les parties sont convenues sur la preuve",
        "en": "what the parties agreed on as to evidence",
    },
    False: {"fr": "la parole de l’organisme qui l’a apposé", "en": "the word of the organisation that made it"},
}
"""What a seal of level L0 is worth, with a framework agreement and without."""
TIMESTAMP: dict[str, Text] = {
    "stamped": {"fr": "horodaté", "en": "time-stamped"},
    "awaited": {"fr": "horodatage en attente", "en": "time-stamp pending"},
    "none": {"fr": "sans horodatage", "en": "no time-stamp"},
}
TIMESTAMP_NOTE: dict[str, Text] = {
    "awaited": {
        "fr": (
            "Horodatage en attente : il est demandé à une autorité tierce dès la conclusion, et pendant 24 heures au"
            " plus. La convention est valable sans lui ; il montrera plus tard que les cachets ont été apposés avant la"
            " fin de leur certificat."
        ),
        "en": (
            "Time-stamp pending: a third party is asked for it from the conclusion on, for at most 24 hours. The"
            " agreement is valid without it; later it will show that the seals were made before their certificates"
            " ended."
        ),
    },
    "none": {
        "fr": (
            "Sans horodatage : la date d’un cachet est celle de l’horloge de qui l’a apposé. Tant que son certificat"
            " est valable, il se vérifie pleinement. Le certificat échu, ou la clé révoquée, plus rien ne montre que le"
            " cachet a été apposé avant : dans dix ans, un vérificateur ne pourra ni le confirmer ni l’infirmer."
        ),
        "en": (
            "No time-stamp: the date of a seal is that of the clock of whoever made it. While its certificate is valid"
            " the seal can be verified in full. Once the certificate has ended, or the key is revoked, nothing shows"
            " any more that the seal was made before: in ten years a verifier can neither confirm nor deny it."
        ),
    },
}
CONCLUDED: Text = {
    "fr": (
        "Le fournisseur a attesté, par un document scellé, avoir vérifié les deux cachets et conclu la convention"
        " le {at}."
    ),
    "en": "The provider has attested, in a sealed document, that it verified both seals and concluded on {at}.",
}
NOT_CONCLUDED: Text = {
    "fr": (
        "Aucune attestation de conclusion n’accompagne les cachets : ils montrent ce que chacun a scellé, non que"
        " l’échange est allé à son terme."
    ),
    "en": (
        "No attestation of conclusion accompanies the seals: they show what each sealed, not that the exchange was"
        " completed."
    ),
}
NOTICES_CAPTION: Text = {"fr": "Avis intervenus depuis", "en": "Notices given since"}
NOTICES_HEADER: dict[str, tuple[str, ...]] = {
    "fr": ("Date", "Avis", "Par", "Motif"),
    "en": ("Date", "Notice", "By", "Reason"),
}
NOTICES: dict[str, Text] = {
    "termination": {"fr": "résiliation", "en": "termination"},
    "suspension": {"fr": "suspension", "en": "suspension"},
    "resumption": {"fr": "reprise", "en": "resumption"},
    "receipt": {"fr": "accusé de réception", "en": "receipt"},
}

NOTICE_REASONS: dict[str, Text] = {
    "transfer": {"fr": "Livraison {id}", "en": "Delivery {id}"},
    "receipt": {"fr": "Empreinte de l’avis reçu : {sha256}", "en": "Digest of the notice received: {sha256}"},
}
"""What nodes give as the reason, in words: the delivery that a notice is about, the notice that a receipt is for."""

AGREEMENT: Text = {"fr": "Texte de l’accord échangé", "en": "Text of the agreement exchanged"}
AGREEMENT_IS: Text = {
    "fr": (
        "L’accord tel que les nœuds l’ont échangé (politique ODRL), mis en lignes pour la lecture. L’empreinte porte"
        " sur le texte exact que contient le document JSON."
    ),
    "en": (
        "The agreement as the nodes exchanged it (ODRL policy), set out in lines for reading. The digest is that of"
        " the exact text in the JSON document."
    ),
}
DIGESTS: Text = {"fr": "Empreintes", "en": "Digests"}
DIGESTS_ARE: Text = {
    "fr": "Toutes les empreintes sont calculées selon SHA-256 et écrites en hexadécimal.",
    "en": "All digests are SHA-256, written in hexadecimal.",
}
DIGESTS_OF: dict[str, Text] = {
    "contract": {"fr": "Contrat", "en": "Contract"},
    "agreement": {"fr": "Accord échangé", "en": "Agreement exchanged"},
    "terms": {"fr": "Règles en phrases", "en": "Rules in sentences"},
    "provider": {"fr": "Fiche du fournisseur", "en": "The provider’s card"},
    "consumer": {"fr": "Fiche du destinataire", "en": "The recipient’s card"},
    "framework": {"fr": "Accord-cadre", "en": "Framework agreement"},
}
GENERATOR: Text = {"fr": "Phrases composées par {generator}.", "en": "Sentences composed by {generator}."}
MESSAGES_CAPTION: Text = {
    "fr": "Messages de la négociation, avant celui qui porte le cachet",
    "en": "Messages of the negotiation, before the one that carries the seal",
}
MESSAGES_HEADER: dict[str, tuple[str, ...]] = {
    "fr": ("N°", "Message", "De", "Empreinte"),
    "en": ("No.", "Message", "From", "Digest"),
}
KINDS: dict[str, Text] = {
    "ContractRequestMessage": {"fr": "demande d’accès", "en": "access request"},
    "ContractOfferMessage": {"fr": "conditions proposées", "en": "offer"},
    "ContractNegotiationEventMessage:ACCEPTED": {"fr": "acceptation des conditions", "en": "acceptance of the terms"},
    "ContractAgreementMessage": {"fr": "accord", "en": "agreement"},
    "ContractAgreementVerificationMessage": {"fr": "confirmation de l’accord", "en": "confirmation of the agreement"},
    "ContractNegotiationEventMessage:FINALIZED": {"fr": "conclusion de l’échange", "en": "conclusion of the exchange"},
    "ContractNegotiationTerminationMessage": {"fr": "fin de la négociation", "en": "end of the negotiation"},
}
