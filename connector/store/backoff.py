"""How long to wait before trying again: the only place with that arithmetic.

Pure functions of counts and seconds; the instants are computed by those who know the clock. A peer that does not answer
is tried often while its silence is young and seldom when it is old; a job that fails by itself is tried ten times.
"""

LEASE_S = 10.0
HEARTBEAT_S = 3.0
SAFETY_POLL_S = 5.0
MAX_FAILURES = 10

_FIRST_DELAY_S = 0.5
_CAPS_S = ((600.0, 15.0), (3600.0, 60.0))
_LAST_CAP_S = 300.0


def peer_delay_s(failures: int, silent_for_s: float) -> float:
    """Return the seconds until a silent peer is tried again.

    0.5, 1, 2, 4, 8, then at most 15 s during the first ten minutes of silence, 60 s during the first hour, 300 s after.
    """
    cap_s = next((cap for age, cap in _CAPS_S if silent_for_s < age), _LAST_CAP_S)
    return min(cap_s, _FIRST_DELAY_S * 2.0 ** min(failures - 1, 20))


def failure_delay_s(attempts: int) -> float:
    """Return the seconds until a job that raised is run again: 1, 2, 4 … at most 300."""
    return min(_LAST_CAP_S, 2.0 ** min(attempts - 1, 20))


def rerun_delay_s(attempt: int, chance: float) -> float:
    """Return the seconds before a unit that met another one is run again; `chance` in [0, 1) spreads the callers."""
    return 0.002 * 2.0 ** min(attempt, 7) * (0.5 + chance)
