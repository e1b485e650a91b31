"""The clock, compared with those of the partners that answered: no other server is asked for the time.

Tokens live for a minute and a half, and are taken with half a minute of tolerance. `Date` names whole seconds.
"""

from datetime import timedelta
from statistics import median
from urllib.parse import urlsplit

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.identity.did_web import LEEWAY_S
from connector.peer.probe import Sight

TITLE = {"fr": "Horloge", "en": "Clock"}
NOTEWORTHY_S = 5.0
HALF_A_SECOND = timedelta(seconds=0.5)

GOOD = ok(
    "clock-ok",
    "L’horloge de cette machine s’accorde avec celles des partenaires ({hosts}).",
    "This machine's clock agrees with those of the partners ({hosts}).",
)
WRONG = Diagnosis(
    "clock-wrong",
    Verdict.FAILURE,
    {
        "fr": "L’horloge de cette machine diffère de {seconds} s de celle de {hosts} : les messages sont refusés.",
        "en": "This machine's clock differs by {seconds} s from that of {hosts}: messages are refused.",
    },
    {
        "fr": "Activez la synchronisation (timedatectl set-ntp true) ; si l’heure d’ici est juste, prévenez-le.",
        "en": "Turn on synchronisation (timedatectl set-ntp true); if the time here is right, tell it.",
    },
)
DRIFTING = Diagnosis(
    "clock-drifting",
    Verdict.WARNING,
    {
        "fr": "L’horloge de cette machine diffère de {seconds} s de celle de {hosts}.",
        "en": "This machine's clock differs by {seconds} s from that of {hosts}.",
    },
    {
        "fr": "Vérifiez que l’horloge est synchronisée (timedatectl) avant que l’écart grandisse.",
        "en": "Check that the clock is synchronised (timedatectl) before the difference grows.",
    },
)
NOT_CHECKED = Diagnosis(
    "clock-not-checked",
    Verdict.NOT_CHECKED,
    {"fr": "Aucun partenaire n’a répondu en donnant l’heure.", "en": "No partner answered and told the time."},
    {
        "fr": "Comparez vous-même : « date -u » ; ou recommencez quand un partenaire répond.",
        "en": "Compare yourself: “date -u”; or try again when a partner answers.",
    },
)


async def check(case: Case) -> list[Finding]:
    """Compare our clock with the middle one of those seen, so that one wrong partner among several is no alarm."""
    offsets = {urlsplit(sight.url).netloc: offset for sight in case.sights if (offset := _offset_s(sight)) is not None}
    if not offsets:
        return [NOT_CHECKED.found()]
    seconds = median(offsets.values())
    diagnosis = WRONG if abs(seconds) > LEEWAY_S else DRIFTING if abs(seconds) > NOTEWORTHY_S else GOOD
    return [diagnosis.found(seconds=f"{abs(seconds):.0f}", hosts=", ".join(sorted(offsets)))]


def _offset_s(sight: Sight) -> float | None:
    """Return by how many seconds the server's clock is ahead of ours."""
    if sight.server_time is None or sight.looked_at is None:
        return None
    return (sight.server_time + HALF_A_SECOND - sight.looked_at).total_seconds()
