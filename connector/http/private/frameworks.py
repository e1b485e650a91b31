"""The framework agreement with a partner, as the API says it; its addresses are among those of partners."""

from typing import Annotated

from pydantic import Field

from connector.http.private.asking import Shape, Wish
from connector.services import frameworks
from contracts.document import Framework as Told


class Framework(Shape):
    """The framework agreement that people signed with a partner; contracts with it name it."""

    reference: str
    proof_clause: Annotated[str, Field(description="What it says on proof, word for word.")]
    sha256: Annotated[str | None, Field(description="Of the signed document.")]


class NewFramework(Wish):
    """The framework agreement with a partner, in the same words as the partner records it."""

    reference: Annotated[str, Field(max_length=500, examples=["Accord-cadre n° 2026-07 du 3 février 2026"])]
    proof_clause: Annotated[str, Field(max_length=10_000, description="What it says on proof, word for word.")]
    sha256: Annotated[str | None, Field(max_length=64, description="Of the signed document (`sha256sum`).")] = None

    def framework(self) -> Told:
        """Return what is to be recorded."""
        return Told(reference=self.reference, proof_clause=self.proof_clause, sha256=self.sha256)


def shown_framework(text: str | None) -> Framework | None:
    """Return what the API says of the agreement that is stored."""
    found = frameworks.read(text)
    if found is None:
        return None
    return Framework(reference=found.reference, proof_clause=found.proof_clause, sha256=found.sha256)
