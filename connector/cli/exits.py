"""Exit codes: what a script may rely on."""

from collections.abc import Mapping

OK = 0
PROBLEM = 1
USAGE = 2
UNREACHABLE = 3
REFUSED = 4
STILL_WAITING = 5
INVALID = 6
INDETERMINATE = 7
INTERRUPTED = 130

MEANINGS: Mapping[str, Mapping[int, str]] = {
    "fr": {
        OK: "fait",
        PROBLEM: "le nœud refuse ou n’a pas pu : le problème est sur la sortie d’erreur",
        USAGE: "commande mal écrite",
        UNREACHABLE: "le nœud ne répond pas, ou sa configuration est introuvable",
        REFUSED: "le partenaire a refusé, ou le dossier est résilié",
        STILL_WAITING: "l’attente demandée est écoulée, ou quelqu’un doit décider",
        INVALID: "ce qui a été contrôlé n’est pas valide ou pas intact : ce qui est faux est nommé",
        INDETERMINATE: "rien de ce qui a été contrôlé n’est faux, mais quelque chose manque pour conclure",
        INTERRUPTED: "interrompu par Ctrl-C ; le nœud continue seul, la même commande aussi",
    },
    "en": {
        OK: "done",
        PROBLEM: "the node refuses, or could not: the problem is on standard error",
        USAGE: "the command is not well written",
        UNREACHABLE: "the node does not answer, or its configuration is not found",
        REFUSED: "the partner refused, or the process is terminated",
        STILL_WAITING: "the wait that was asked for is over, or somebody has to decide",
        INVALID: "what was checked is not valid or not intact: what is wrong is named",
        INDETERMINATE: "nothing that was checked is wrong, but something is missing for a verdict",
        INTERRUPTED: "interrupted by Ctrl-C; the node goes on by itself, and so does the same command",
    },
}
