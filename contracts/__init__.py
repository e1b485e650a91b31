"""Agreements as evidence. Pure; knows policies and nothing else of the house.

`draw_up` makes the agreement that a provider sends on an offer; `check` verifies the one that a consumer receives.
Whether to agree at all is decided elsewhere; what the terms mean is told by policies/.
"""

from contracts.agreement import check, draw_up, is_older
from contracts.errors import AgreementError

__all__ = ["AgreementError", "check", "draw_up", "is_older"]
