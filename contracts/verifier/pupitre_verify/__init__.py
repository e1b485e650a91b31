"""Checks the evidence bundle of a signed contract, offline, without either node.

Everything is written here a second time on purpose: nothing of the node or of its libraries is imported, so that the
two check each other. `examine.py` holds the numbered steps; the modules beside it do one step each. `report.py` says
what was found, in French and English.
"""

from pupitre_verify.examine import examine
from pupitre_verify.report import Doubt, Fault, Report

__all__ = ["Doubt", "Fault", "Report", "examine"]
