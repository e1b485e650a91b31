"""Why a convention cannot be drawn as a PDF."""

from typing import ClassVar

from contracts.errors import Refusal
from policies.errors import Text


class MissingPdfExtra(Refusal):
    """The node was installed without the extra `pdf`, which writes PDFs; the HTML page needs nothing."""

    code = "pdf-extra-missing"
    title: ClassVar[Text] = {
        "fr": (
            "Ce nœud a été installé sans de quoi écrire un PDF : ajoutez l’option « pdf » (pip install 'pupitre[pdf]')."
            " La page HTML de la convention reste disponible."
        ),
        "en": (
            "This node was installed without what writes a PDF: add the extra “pdf” (pip install 'pupitre[pdf]')."
            " The convention is still there as an HTML page."
        ),
    }

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> "MissingPdfExtra":
        """Return the refusal for a module that is not there."""
        return cls(needed=error.name or "pdf")
