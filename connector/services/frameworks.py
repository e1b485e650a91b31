"""The framework agreement that people signed with a partner: its contracts name it, and repeat its clause on proof.

Both sides record it in the same words. A contract that names another one, or one where none is recorded, is refused by
the side that gets it: nobody seals a clause that nobody here knows.
"""

import json
import re

from connector.problems import Invalid
from contracts.document import Framework, told_framework

REFERENCE_LENGTH, CLAUSE_LENGTH = 500, 10_000
_SHA256 = re.compile("[0-9a-f]{64}")


def written(framework: Framework) -> str:
    """Return what is stored, in the words that a contract has for it. Raises Invalid naming the member at fault."""
    told = told_framework(framework)
    for member, name, limit in (
        ("reference", "reference", REFERENCE_LENGTH),
        ("proofClause", "proof_clause", CLAUSE_LENGTH),
    ):
        if not told[member]:
            raise Invalid({"fr": "Valeur absente.", "en": "A value is missing."}, pointer=f"/{name}")
        if len(told[member]) > limit:
            said = {"fr": f"Au plus {limit} caractères.", "en": f"At most {limit} characters."}
            raise Invalid(said, pointer=f"/{name}")
    if framework.sha256 is not None and _SHA256.fullmatch(framework.sha256) is None:
        fr, en = "64 chiffres hexadécimaux attendus (sha256sum).", "64 hexadecimal digits are expected (sha256sum)."
        raise Invalid({"fr": fr, "en": en}, pointer="/sha256")
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def read(text: str | None) -> Framework | None:
    """Return what was stored."""
    if text is None:
        return None
    told = json.loads(text)
    return Framework(reference=told["reference"], proof_clause=told["proofClause"], sha256=told.get("sha256"))
