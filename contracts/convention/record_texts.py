"""Every fixed sentence of a record of an agreement that one party alone has sealed, in French and in English.

What it shares with a convention stands in texts.py. It is never called a convention, nor signed: it tells what one side
kept, and says plainly what that does not prove. Braces are filled in by record.py and record_articles.py.
"""

from policies.errors import Text

TITLE: Text = {
    "fr": "Constat d’accord — preuve unilatérale",
    "en": "Record of an agreement — one-sided evidence",
}
FOOTER: Text = {"fr": "Empreinte SHA-256 du constat", "en": "SHA-256 digest of the record"}
STATUS: dict[str, Text] = {
    "provider": {
        "fr": "Scellé par le fournisseur seul : le destinataire n’a rien scellé.",
        "en": "Sealed by the provider alone: the recipient sealed nothing.",
    },
    "consumer": {
        "fr": "Scellé par le destinataire seul : le fournisseur n’a rien scellé.",
        "en": "Sealed by the recipient alone: the provider sealed nothing.",
    },
}
FACTS: dict[str, Text] = {
    "reference": {"fr": "Référence du constat", "en": "Reference of the record"},
    "agreement": {"fr": "Accord constaté", "en": "Agreement recorded"},
    "drawn-up": {"fr": "Établi le", "en": "Drawn up on"},
    "status": {"fr": "État", "en": "Status"},
    "level": {"fr": "Niveau du cachet", "en": "Level of the seal"},
    "made": {"fr": "Pages éditées le", "en": "Pages made on"},
}

# --- who ---

PARTIES: Text = {"fr": "Les parties, telles que ce nœud les connaît", "en": "The parties, as this node knows them"}
HAS_SEALED: dict[bool, Text] = {
    True: {
        "fr": "A scellé ce constat. Nom et numéros : sa fiche d’identité, au jour de l’édition.",
        "en": "Sealed this record. Name and numbers: its identity card, on the day these pages were made.",
    },
    False: {
        "fr": "A scellé ce constat. Sans fiche d’identité : le nom est celui qui est enregistré dans ce nœud.",
        "en": "Sealed this record. No identity card: the name is the one registered at this node.",
    },
}
HAS_NOT_SEALED: dict[str, Text] = {
    "card": {
        "fr": "N’a rien scellé. Nom et numéros : la fiche que ce partenaire a remise à ce nœud.",
        "en": "Sealed nothing. Name and numbers: the card that this partner gave to this node.",
    },
    "name": {
        "fr": "N’a rien scellé. Aucune fiche connue : le nom est celui que lui donnent les utilisateurs de ce nœud.",
        "en": "Sealed nothing. No card is known: the name is the one that the users of this node gave it.",
    },
    "did": {
        "fr": "N’a rien scellé. Ce nœud ne connaît de ce partenaire que son identifiant.",
        "en": "Sealed nothing. This node knows nothing of this partner but its identifier.",
    },
}

# --- what it is ---

NATURE: Text = {"fr": "Nature de ce document", "en": "What this document is"}
NATURE_IS: Text = {
    "fr": (
        "Ce constat est dressé et scellé par une seule partie, {ours}, avec la clé de cachet de son nœud. Il porte sur"
        " l’accord que ce nœud a échangé avec {theirs} (ci-après « le partenaire ») et sur l’empreinte de chaque"
        " message. Le partenaire n’y a apposé ni cachet ni signature : ce constat ne remplace pas une convention que"
        " les deux parties scellent."
    ),
    "en": (
        "This record was drawn up and sealed by one party alone, {ours}, with the seal key of its node. It is about the"
        " agreement that this node exchanged with {theirs} (hereinafter “the partner”), and the digest of each message."
        " The partner put neither seal nor signature to it: this record does not take the place of an agreement that"
        " both parties seal."
    ),
}
WHAT_IS_SEALED: Text = {
    "fr": (
        "Ce qui est scellé est le document JSON dont l’empreinte figure au pied de chaque page (unilateral.jws.json,"
        " joint à la version PDF) : l’accord, mot pour mot, et les empreintes. Ces pages en sont la mise en forme pour"
        " la lecture ; en cas d’écart, le document JSON l’emporte."
    ),
    "en": (
        "What is sealed is the JSON document whose digest stands at the foot of each page (unilateral.jws.json,"
        " attached to the PDF version): the agreement, word for word, and the digests. These pages set it out for"
        " reading; where they differ, the JSON document prevails."
    ),
}
WHAT_STANDS_BESIDE: Text = {
    "fr": (
        "Les noms et numéros des parties et l’intitulé du jeu de données ne sont pas dans le document scellé : ils"
        " viennent de ce que ce nœud a enregistré, au jour de l’édition. Les règles sont mises en phrases à partir du"
        " texte scellé de l’accord."
    ),
    "en": (
        "The names and numbers of the parties and the title of the dataset are not in the sealed document: they come"
        " from what this node had registered on the day these pages were made. The terms are put into sentences from"
        " the sealed text of the agreement."
    ),
}

# --- articles ---

OBJECT_IS: Text = {
    "fr": (
        "L’accord porte sur la mise à disposition, par le fournisseur au destinataire, du jeu de données désigné"
        " ci-dessous."
    ),
    "en": "The agreement is about making the dataset described below available, by the provider to the recipient.",
}
DATASET_BESIDE: Text = {
    "fr": "L’identifiant est dans l’accord scellé ; le reste vient du catalogue de ce nœud, au jour de l’édition.",
    "en": "The identifier is in the sealed agreement; the rest is from this node’s catalogue as these pages were made.",
}
DATASET_ALONE: Text = {
    "fr": "L’accord scellé ne contient que cet identifiant.",
    "en": "The sealed agreement holds nothing but this identifier.",
}
IS_PERSONAL: dict[bool, Text] = {
    True: {"fr": "oui, selon le fournisseur", "en": "yes, according to the provider"},
    False: {"fr": "non, selon le fournisseur", "en": "none, according to the provider"},
}
RULES_ARE: Text = {
    "fr": "L’accord échangé contient les règles suivantes, où « vous » désigne le destinataire.",
    "en": "The agreement exchanged holds the following rules, in which “you” means the recipient.",
}
RULES_LEGEND: Text = {
    "fr": (
        "Vérifié par le nœud : un nœud comme celui du destinataire contrôlerait la règle avant que les données ne"
        " sortent ; ce que contrôle le logiciel du fournisseur n’est pas connu. Constaté après coup : le respect de la"
        " règle se voit plus tard, par un compte rendu, une attestation ou un reçu. Engagement seul : la règle est"
        " acceptée et due, mais aucun logiciel ne montre si elle est respectée."
    ),
    "en": (
        "Checked by the node: a node such as the recipient’s would check the rule before any data leave; what the"
        " provider’s software checks is not known. Checked afterwards: whether the rule is kept shows later, by a"
        " report, an attestation or a receipt. A promise only: the rule is accepted and owed, but no software shows"
        " whether it is kept."
    ),
}
"""Of the recipient’s record; that of the provider has the legend of a convention."""
DATES: Text = {"fr": "Dates et engagements", "en": "Dates and commitments"}
DATES_ARE: Text = {
    "fr": "Les dates sont celles du texte de l’accord et de l’horloge de ce nœud.",
    "en": "The dates are those of the text of the agreement and of the clock of this node.",
}
DATES_FACTS: dict[str, Text] = {
    "agreed": {"fr": "Accord daté du", "en": "Agreement dated"},
    "until": {"fr": "Utilisation permise jusqu’au", "en": "Use permitted until"},
    "sealed": {"fr": "Constat scellé le", "en": "Record sealed on"},
    "ended": {"fr": "Fin de l’accord", "en": "End of the agreement"},
}
NO_END: Text = {"fr": "aucune échéance commune à toutes les permissions", "en": "no date common to all permissions"}
ENDED: Text = {"fr": "oui, selon ce nœud", "en": "yes, according to this node"}
ENDED_ON: Text = {"fr": "{at}, selon le journal de ce nœud", "en": "{at}, according to the journal of this node"}
NO_PURPOSE: Text = {
    "fr": "Les messages que ce nœud a conservés ne disent ni finalité ni base juridique.",
    "en": "The messages that this node kept state neither purpose nor legal basis.",
}

SHOWN: Text = {"fr": "Ce que le partenaire a montré", "en": "What the partner showed"}
SHOWN_IS: Text = {
    "fr": (
        "Les messages que les deux nœuds ont échangés, dans l’ordre. L’empreinte de chacun est scellée (annexe 3) ; le"
        " texte est dit conservé quand ce nœud le détient encore et qu’il a cette empreinte."
    ),
    "en": (
        "The messages that the two nodes exchanged, in order. The digest of each is sealed (Annex 3); the text is said"
        " to be kept where this node still holds it, and it has that digest."
    ),
}
SHOWN_CAPTION: Text = {"fr": "Messages échangés", "en": "Messages exchanged"}
SHOWN_HEADER: dict[str, tuple[str, ...]] = {
    "fr": ("N°", "Message", "De", "Texte"),
    "en": ("No.", "Message", "From", "Text"),
}
KEPT: dict[bool, Text] = {
    True: {"fr": "conservé", "en": "kept"},
    False: {"fr": "non retrouvé", "en": "not found"},
}
TOKEN: dict[str, Text] = {
    "kept": {
        "fr": (
            "Avec son dernier message, le partenaire a présenté un jeton d’authentification, dont l’empreinte est"
            " scellée. Le jeton est conservé dans le journal de ce nœud."
        ),
        "en": (
            "With its last message the partner presented an authentication token, whose digest is sealed. The token is"
            " kept in the journal of this node."
        ),
    },
    "missing": {
        "fr": (
            "Avec son dernier message, le partenaire a présenté un jeton d’authentification, dont l’empreinte est"
            " scellée. Le jeton lui-même n’a pas été retrouvé dans le journal de ce nœud."
        ),
        "en": (
            "With its last message the partner presented an authentication token, whose digest is sealed. The token"
            " itself was not found in the journal of this node."
        ),
    },
    "none": {
        "fr": "Aucun jeton d’authentification du partenaire n’a été scellé.",
        "en": "No authentication token of the partner was sealed.",
    },
}
TOKEN_DIGEST: Text = {"fr": "Empreinte du jeton", "en": "Digest of the token"}

PROVES: Text = {"fr": "Ce que ce constat prouve", "en": "What this record proves"}
PROVES_HEADER: dict[str, tuple[str, ...]] = {
    "fr": ("Ce qui est prouvé", "Par quoi"),
    "en": ("What is proved", "By what"),
}
PROVED: dict[str, tuple[Text, Text]] = {
    "whole": (
        {
            "fr": "Le texte de l’accord et les empreintes des messages n’ont pas changé depuis le cachet.",
            "en": "The text of the agreement and the digests of the messages have not changed since the seal.",
        },
        {
            "fr": "Le cachet porte sur tout le document : un caractère changé se verrait.",
            "en": "The seal covers the whole document: one changed character would show.",
        },
    ),
    "origin": (
        {
            "fr": "Le constat vient de l’organisme que nomme le certificat.",
            "en": "The record comes from the organisation that the certificate names.",
        },
        {
            "fr": "La clé du cachet, avec la force du niveau que dit l’annexe 1.",
            "en": "The key of the seal, as strong as the level that Annex 1 tells.",
        },
    ),
    "sequence": (
        {
            "fr": "Ce que cet organisme dit avoir envoyé et reçu, et dans quel ordre.",
            "en": "What this organisation says that it sent and received, and in which order.",
        },
        {
            "fr": "Les messages conservés, dans le dossier de preuves, se comparent aux empreintes scellées.",
            "en": "The messages that were kept are in the evidence bundle, to be compared with the sealed digests.",
        },
    ),
    "token": (
        {
            "fr": "Le partenaire s’est adressé à ce nœud, si son jeton est produit.",
            "en": "The partner addressed this node, where its token is produced.",
        },
        {
            "fr": "Le jeton est signé par lui. Il dit qui s’adresse à qui et quand, non ce que dit le message.",
            "en": "The partner signed the token. It tells who addresses whom and when, not what the message says.",
        },
    ),
}

UNPROVED: Text = {"fr": "Ce que ce constat ne prouve pas", "en": "What this record does not prove"}
UNPROVED_HEADER: dict[str, tuple[str, ...]] = {
    "fr": ("Ce qui n’est pas prouvé", "Pourquoi"),
    "en": ("What is not proved", "Why"),
}
NOT_PROVED: dict[str, tuple[Text, Text]] = {
    "consent": (
        {"fr": "Que le partenaire a accepté ces règles.", "en": "That the partner accepted these terms."},
        {
            "fr": (
                "Ses messages le disent, mais il n’a scellé ni ces messages ni l’accord. S’il le conteste, ce constat"
                " reste l’écrit d’une seule partie (article 1363 du code civil)."
            ),
            "en": (
                "Its messages say so, but it sealed neither these messages nor the agreement. If it denies it, this"
                " record remains the writing of one party (article 1363 of the French Civil Code)."
            ),
        },
    ),
    "same": (
        {"fr": "Que le partenaire a gardé le même texte.", "en": "That the partner kept the same text."},
        {"fr": "Rien ne montre ce que son nœud a enregistré.", "en": "Nothing shows what its node recorded."},
    ),
    "date": (
        {"fr": "La date.", "en": "The date."},
        {
            "fr": "C’est celle de l’horloge de ce nœud ; aucune autorité tierce ne l’a horodatée.",
            "en": "It is that of the clock of this node; no third party has time-stamped it.",
        },
    ),
    "kept": (
        {"fr": "Que les règles sont respectées.", "en": "That the terms are kept."},
        {
            "fr": "Un cachet ne le montre pas ; une règle en « engagement seul » n’est contrôlée par aucun logiciel.",
            "en": "No seal shows that; a rule that is “a promise only” is checked by no software.",
        },
    ),
    "unsaid": (
        {"fr": "Ce dont l’accord ne dit rien.", "en": "What the agreement does not say."},
        {
            "fr": (
                "Il ne contient ni clause de preuve, ni fiche sur les données à caractère personnel, ni droit"
                " applicable, ni mode de résiliation : un autre écrit entre les parties doit les fixer."
            ),
            "en": (
                "It holds no clause on evidence, no sheet on personal data, no applicable law and no way of"
                " termination: another writing between the parties has to settle them."
            ),
        },
    ),
}
VERIFIER: Text = {
    "fr": (
        "Le vérificateur indépendant (pupitre-verify) juge donc ce constat « indéterminé » et dit pourquoi : le"
        " partenaire n’a rien scellé."
    ),
    "en": (
        "The independent verifier (pupitre-verify) therefore finds this record “indeterminate”, and says why: the"
        " partner sealed nothing."
    ),
}

# --- the seal and the annexes ---

SEALED_NOTHING: Text = {"fr": "N’a rien scellé", "en": "Sealed nothing"}
SEAL: Text = {"fr": "Cachet", "en": "Seal"}
LEVELS_NOTE: Text = {
    "fr": (
        "Le niveau se lit dans le certificat, selon les autorités que reconnaît le nœud qui a édité ces pages. À L0, le"
        " certificat est fait par l’organisme lui-même ou par une autorité que ce nœud ne reconnaît pas : le cachet"
        " vaut la parole de cet organisme. À L1, il vaut aussi par la confiance accordée à l’autorité. À L2, le"
        " certificat se déclare en outre établi pour les cachets d’organismes ; le statut de son émetteur se vérifie"
        " sur la liste de confiance de son État."
    ),
    "en": (
        "The level is read from the certificate, given the authorities that the node which made these pages trusts. At"
        " L0 the certificate is made by the organisation itself or by an authority that this node does not trust: the"
        " seal is worth the word of that organisation. At L1 it is also worth the trust placed in the authority. At L2"
        " the certificate moreover declares that it is for organisations’ seals; the status of its issuer is to be"
        " checked on the trusted list of its State."
    ),
}
DIGESTS_OF: dict[str, Text] = {
    "record": {"fr": "Constat", "en": "Record"},
    "agreement": {"fr": "Accord échangé", "en": "Agreement exchanged"},
    "token": {"fr": "Jeton du partenaire", "en": "The partner’s token"},
}
MESSAGES_CAPTION: Text = {"fr": "Tous les messages de la négociation", "en": "All messages of the negotiation"}
