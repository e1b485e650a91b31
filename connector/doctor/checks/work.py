"""Work that stands still: jobs given up, jobs that are late, partners that have not answered for long, and webhooks
whose receiver does not take its events.
"""

from datetime import timedelta

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.store.webhooks import STOPPED, Webhook

TITLE = {"fr": "Travail en attente", "en": "Waiting work"}
LATE_AFTER = timedelta(minutes=5)

GOOD = ok("work-ok", "Aucune tâche n’est abandonnée ni en retard.", "No job was given up or is late.")
NOT_CHECKED = Diagnosis(
    "work-not-checked",
    Verdict.NOT_CHECKED,
    {"fr": "La base n’a pas pu être lue.", "en": "The database could not be read."},
    {"fr": "Réglez d’abord ce qui concerne la base.", "en": "First settle what concerns the database."},
)
DEAD = Diagnosis(
    "jobs-dead",
    Verdict.WARNING,
    {"fr": "Le nœud a abandonné {count} tâche(s).", "en": "The node has given up {count} job(s)."},
    {
        "fr": "Lisez-les (« pupitre jobs list --dead »), ôtez la cause, puis relancez-les (« pupitre jobs retry »).",
        "en": "Read them (“pupitre jobs list --dead”), remove the cause, then retry them (“pupitre jobs retry”).",
    },
)
LATE = Diagnosis(
    "jobs-late",
    Verdict.WARNING,
    {
        "fr": "Des tâches attendent depuis {minutes} min alors que le nœud tourne.",
        "en": "Jobs have been waiting for {minutes} min although the node runs.",
    },
    {
        "fr": "Regardez le journal technique et la charge de la machine, puis redémarrez le nœud.",
        "en": "Look at the log and the load of the machine, then restart the node.",
    },
)
SILENT = Diagnosis(
    "partner-silent",
    Verdict.WARNING,
    {
        "fr": "{subject} n’a pas répondu depuis {since} : {problem}",
        "en": "{subject} has not answered since {since}: {problem}",
    },
    {
        "fr": "Le nœud réessaie seul ; si cela dure, appelez ce partenaire.",
        "en": "The node tries again by itself; if it lasts, call this partner.",
    },
)
WEBHOOK_FAILING = Diagnosis(
    "webhook-failing",
    Verdict.WARNING,
    {
        "fr": "Le destinataire {subject} ne reçoit plus les événements depuis {since} : {problem}",
        "en": "The receiver {subject} has not taken events since {since}: {problem}",
    },
    {
        "fr": "Le nœud réessaie seul ; voyez « pupitre webhooks show » et « pupitre webhooks test ».",
        "en": "The node tries again by itself; see “pupitre webhooks show” and “pupitre webhooks test”.",
    },
)
WEBHOOK_STOPPED = Diagnosis(
    "webhook-stopped",
    Verdict.WARNING,
    {
        "fr": "L’envoi d’événements {subject} est arrêté : {problem}",
        "en": "The webhook {subject} is stopped: {problem}",
    },
    {
        "fr": "Ôtez la cause (« pupitre webhooks show »), puis relancez avant que les événements ne soient oubliés "
        "(« pupitre webhooks retry »).",
        "en": "Remove the cause (“pupitre webhooks show”), then go on before the events are forgotten (“pupitre "
        "webhooks retry”).",
    },
)


async def check(case: Case) -> list[Finding]:
    """Return what people should know of the queue."""
    if case.holdings is None:
        return [NOT_CHECKED.found()]
    jobs, now, findings = case.holdings.jobs, case.question.clock.now(), []
    if jobs.dead:
        findings.append(DEAD.found(count=jobs.dead))
    if case.is_running and jobs.oldest_due_at is not None and now - jobs.oldest_due_at > LATE_AFTER:
        findings.append(LATE.found(minutes=int((now - jobs.oldest_due_at).total_seconds() // 60)))
    for _, silence in case.holdings.silences:
        since = silence.since.strftime("%Y-%m-%d %H:%M UTC")
        findings.append(SILENT.found(silence.peer, since=since, problem=silence.problem))
    findings += map(_of_webhook, case.holdings.webhooks)
    return findings or [GOOD.found()]


def _of_webhook(webhook: Webhook) -> Finding:
    reason = webhook.problem["reason"] if webhook.problem else ""
    if webhook.status == STOPPED:
        return WEBHOOK_STOPPED.found(webhook.id, problem=reason)
    since = webhook.failing_since.strftime("%Y-%m-%d %H:%M UTC") if webhook.failing_since else ""
    return WEBHOOK_FAILING.found(webhook.id, since=since, problem=reason)
