"""The function that a key of the API is issued with: what the seals on what it approves say of who approved.

It is said in words that whoever reads a contract knows (« Directrice de la transition écologique »), never a name:
nothing can check that, and a seal cannot be corrected later.
"""

import unicodedata

from connector.problems import Invalid
from contracts.approval import LONGEST, Approval

_NOT_A_FUNCTION = {
    "fr": f"Dites la fonction en une ligne de {LONGEST} caractères au plus, sans nom de personne : « Directrice de la "
    "transition écologique ».",
    "en": f"Say the function in one line of at most {LONGEST} characters, with no person’s name: “Head of the "
    "ecological transition”.",
}


def read(said: str) -> str:
    """Return a function as it is kept and sealed: one line, in one spelling (NFC). Raises Invalid."""
    line = unicodedata.normalize("NFC", " ".join(said.split()))
    try:
        Approval(function=line, by="-")
    except ValueError as error:
        raise Invalid(_NOT_A_FUNCTION, pointer="/function") from error
    if not line:
        raise Invalid(_NOT_A_FUNCTION, pointer="/function")
    return line
