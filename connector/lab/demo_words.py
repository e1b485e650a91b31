"""What the demonstration says, in French and English."""

TOLD: dict[str, dict[str, str]] = {
    "title": {
        "fr": "Pupitre : deux organismes du Pays de Démo s’échangent un jeu de données, de pair à pair.",
        "en": "Pupitre: two organisations of the Pays de Démo exchange a dataset, peer to peer.",
    },
    "init": {
        "fr": "Chaque organisme crée son nœud : un dossier, une clé d’identité, une base SQLite.",
        "en": "Each organisation makes its node: a folder, an identity key, an SQLite database.",
    },
    "serve": {
        "fr": "Les deux nœuds démarrent.\n{provider} : {provider_url}\n{consumer} : {consumer_url}",
        "en": "Both nodes start.\n{provider}: {provider_url}\n{consumer}: {consumer_url}",
    },
    "data": {
        "fr": "{provider} dispose de {points} points lumineux : {geojson} (GeoJSON) et {csv} (CSV).",
        "en": "{provider} has {points} street lights: {geojson} (GeoJSON) and {csv} (CSV).",
    },
    "publish": {
        "fr": "{provider} publie les deux fichiers avec leurs conditions.\n"
        "Le GeoJSON est ouvert : une demande aux conditions proposées est acceptée d’elle-même.\n"
        "Le CSV demande une finalité, et une personne décide.",
        "en": "{provider} publishes both files with their terms.\n"
        "The GeoJSON is open: a request on the offered terms is accepted by itself.\n"
        "The CSV asks for a purpose, and a person decides.",
    },
    "peer": {
        "fr": "{consumer} reçoit l’invitation de {provider}, l’enregistre par son identifiant\n{did}\n"
        "compare l’empreinte de sa clé : {key}\net lit sa fiche d’identité signée. {provider} fait de même.",
        "en": "{consumer} is given the invitation of {provider}, records it by its identifier\n{did}\n"
        "compares the fingerprint of its key: {key}\nand reads its signed party card. {provider} does the same.",
    },
    "catalogue": {
        "fr": "{consumer} lit le catalogue de {provider} :",
        "en": "{consumer} reads the catalogue of {provider}:",
    },
    "automatic": {
        "fr": "Demande d’accès au GeoJSON : quatre messages plus tard, la convention est conclue.\n"
        "Convention {agreement}",
        "en": "Access request for the GeoJSON: four messages later, the agreement is concluded.\nAgreement {agreement}",
    },
    "asked": {
        "fr": "Demande d’accès au CSV : le nœud de {provider} attend une décision. « {why} »",
        "en": "Access request for the CSV: the node of {provider} waits for a decision. “{why}”",
    },
    "decided": {
        "fr": "{person}, accepte avec sa propre clé, de gestionnaire ; le reste suit.\nConvention {agreement}",
        "en": "{person}, accepts with a steward’s key of her own; the rest follows.\nAgreement {agreement}",
    },
    "fetch": {
        "fr": "Livraison de {file} : {size} reçus ({rate}/s), taille et SHA-256 vérifiés par le nœud.",
        "en": "Delivery of {file}: {size} received ({rate}/s), size and SHA-256 verified by the node.",
    },
    "suspended": {
        "fr": "{provider} suspend la livraison : {consumer} redemande le fichier, et n’en reçoit pas un octet.",
        "en": "{provider} suspends the delivery: {consumer} asks for the file again, and gets not one byte.",
    },
    "resumed": {
        "fr": "{provider} reprend la livraison : {consumer} reçoit les {size} sans rien redemander.",
        "en": "{provider} resumes the delivery: {consumer} receives the {size} without asking again.",
    },
    "completed": {
        "fr": "Livraisons achevées. Le journal des preuves de chaque nœud tient : {entries} écritures chaînées.",
        "en": "Deliveries completed. The journal of each node holds: {entries} chained entries.",
    },
    "same": {
        "fr": "Sommes de contrôle, calculées ici sur les fichiers des deux côtés : identiques.",
        "en": "Checksums, computed here on the files of both sides: equal.",
    },
    "different": {
        "fr": "Sommes de contrôle : DIFFÉRENTES. {names}",
        "en": "Checksums: DIFFERENT. {names}",
    },
    "contract": {
        "fr": "La convention du CSV est scellée par les deux organismes, et conclue. La voici, telle qu’on la lit :\n"
        "{convention}\n"
        "Chaque nœud a gardé qui a décidé, quand, et par quelle règle ({level}) :",
        "en": "The contract on the CSV is sealed by both organisations, and concluded. Here it is, as people read it:\n"
        "{convention}\n"
        "Each node has kept who decided, when, and by which rule ({level}):",
    },
    "examined": {
        "fr": "Les deux nœuds s’arrêtent. Sans eux, pupitre-verify contrôle les preuves à partir de ce seul fichier :\n"
        "{bundle}\n{told}",
        "en": "Both nodes stop. Without them, pupitre-verify checks the evidence from this file alone:\n"
        "{bundle}\n{told}",
    },
    "next": {
        "fr": "Et maintenant :\n"
        "  fichiers reçus      {received}\n"
        "  pourquoi, comment   {command} --config {config} negotiations show {pid}\n"
        "  journal             {command} --config {config} journal {pid}\n"
        "  convention          {convention}\n"
        "  preuves             .venv/bin/pupitre-verify {bundle}\n"
        "  tutoriel            connector/docs/tutorial.md",
        "en": "And now:\n"
        "  received files      {received}\n"
        "  why and how         {command} --config {config} negotiations show {pid}\n"
        "  journal             {command} --config {config} journal {pid}\n"
        "  contract            {convention}\n"
        "  evidence            .venv/bin/pupitre-verify {bundle} --lang en\n"
        "  tutorial            connector/docs/tutorial.md",
    },
    "running": {
        "fr": "Les deux nœuds sont de nouveau en marche. Ctrl-C pour les arrêter.",
        "en": "Both nodes are running again. Ctrl-C stops them.",
    },
    "stopped": {"fr": "Les deux nœuds sont arrêtés.", "en": "Both nodes are stopped."},
    "failed": {
        "fr": "La démonstration a échoué : {reason}\nLes traces des nœuds : {logs}",
        "en": "The demonstration failed: {reason}\nThe nodes' logs: {logs}",
    },
    "purpose": {"fr": "finalité", "en": "purpose"},
}
