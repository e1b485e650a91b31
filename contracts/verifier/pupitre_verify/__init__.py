"""Checks the evidence bundle of a signed contract, offline, without either node.

Everything is written here a second time on purpose: nothing of the node or of its libraries is imported, so that the
two check each other. `examine.py` holds the numbered steps; the modules beside it do one step each. `report.py` says
what was found, in French and English. Programs call `pupitre_verify.examine.examine`; nothing is imported here, so that
the command can say that a library is missing or broken, which must not look like a verdict.
"""

VERSION = "0.1.0"
