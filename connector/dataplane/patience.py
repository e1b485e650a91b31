"""How long to wait before bytes are tried again, and when to stop trying."""

from datetime import timedelta

CROSSING = timedelta(minutes=5)
"""How long a refusal may be due to a message of the protocol that is still on its way, a suspension or a start; and
how long an address where nothing is may be that of a node that is starting."""


def patience(silent_for: timedelta) -> timedelta:
    """Return how long to wait when nothing came for so long: half of it, 0.5 s to 15 s, after ten minutes 60 s."""
    longest = timedelta(seconds=15 if silent_for < timedelta(minutes=10) else 60)
    return min(max(silent_for / 2, timedelta(seconds=0.5)), longest)
