"""Why is it stuck? What a process waits for, in words that say what to do next.

Pure: it looks at the row, the jobs that look after it, what is known of the peer's silence and the last entries of the
journal, and comes to one `Why`. Whatever is shown to a person about a process that does not move starts here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector import words
from connector.identity.errors import PeerBlocked, PeerQuarantined
from connector.peer.errors import AnswerTooLarge, BadAnswer, DidUnresolved, PeerAddressRefused, Unreachable
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.catalog import HTTP_PUSH
from connector.protocol.machine import Role, Table
from connector.services import deciders
from connector.services.deciders import Decider
from connector.services.exchange import AWAITS, EXPLAINED, NoProcessIdentifier
from connector.store.journal import Entry
from connector.store.negotiations import Negotiation
from connector.store.processes import Process
from connector.store.queue import JobState
from connector.store.silence import Silence
from connector.store.transfers import Transfer
from contracts.refused import OtherCard

Texts = dict[str, str]

_VERBS = {
    (Role.CONSUMER, n.REQUEST): "counter",
    (Role.PROVIDER, n.OFFER): "counter",
    (Role.CONSUMER, n.ACCEPT): "accept",
    (Role.PROVIDER, n.AGREEMENT): "accept",
    (Role.CONSUMER, n.VERIFICATION): "verify",
}
_TRANSFER_VERBS = {
    t.START: "start",
    t.SUSPENSION: "suspend",
    t.COMPLETION: "complete",
    t.TERMINATION: "terminate",
}
_TITLES = {
    kind.code: kind.title
    for kind in (
        Unreachable,
        PeerAddressRefused,
        AnswerTooLarge,
        BadAnswer,
        DidUnresolved,
        PeerQuarantined,
        PeerBlocked,
        NoProcessIdentifier,
    )
}


_SEALING: Texts = {
    "fr": "Notre cachet est en cours d’apposition ; le message part ensuite. Si cela dure : « pupitre status » dit "
    "si notre clé de cachet s’ouvre, « pupitre jobs list » le reste.",
    "en": "Our seal is being put; the message leaves afterwards. If it lasts: “pupitre status” says whether our seal "
    "key opens, “pupitre jobs list” the rest.",
}


@dataclass(frozen=True, slots=True)
class Why:
    """What a process waits for."""

    code: str
    """`ended`, `running`, `given-up`, `peer-held`, `peer-silent`, `retrying`, `on-its-way`, `sealing`, `due-later`,
    `diverged`, `refused`, `our-turn` or `peer-turn`."""
    text: Texts
    next_attempt_at: datetime | None = None
    actions: tuple[str, ...] = ()
    """Verbs that are legal now."""


@dataclass(frozen=True, slots=True)
class Said:
    """The last message in one direction, and what became of it."""

    message: str
    at: datetime
    status: str
    """`pending`, `acknowledged`, `refused` or `gave-way` for ours; `processed` for theirs."""
    attempts: int = 0
    code: str | None = None
    reason: str | None = None
    decider: Decider | None = None
    """Who decided it, of ours."""
    explained: Mapping[str, Sequence[str]] | None = None
    """Why the terms of use refused, in full and in both languages; the partner may have been told less."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a row when somebody asks about it."""

    jobs: Sequence[JobState]
    silence: Silence | None
    latest: Sequence[Entry]
    """The newest first."""
    standing: str | None = None
    """`known`, `quarantined` or `blocked`; None when the peer is not among those we know."""
    offers_card: bool = False
    """Whether a newer party card of the peer's waits for a person here."""


def turn(table: Table, process: Process) -> str:
    """Return who moves next: `us`, `peer`, `both`, or `nobody` when the process has ended."""
    state = _ahead(table, process)
    movers = {row.sender for row in table.rows if row.source == state and row.message != table.termination}
    if not movers:
        return "nobody"
    if len(movers) == 2:
        return "both"
    return "us" if process.role in movers else "peer"


def why(table: Table, process: Process, around: Surroundings) -> Why:
    """Return what the process waits for; the first of these that is true says it best."""
    actions = allowed(table, process)
    dead = next((job for job in around.jobs if job.status == "dead"), None)
    if table.is_terminal(process.state):
        return Why("ended", _ended(table, process, around))
    if around.standing in _HELD and (process.pending is not None or dead is not None):
        return Why("peer-held", _HELD[around.standing](process.peer), None, actions)
    if dead is not None:
        return Why("given-up", _given_up(process, dead), actions=("retry", *actions))
    if process.pending is not None:
        return _about_pending(process, around, actions)
    if process.intent is not None and AWAITS in process.intent:
        if around.silence is not None:  # who the partner is must be asked of it before our seal is put
            return _about_pending(process, around, actions)
        return Why("sealing", _SEALING, None, actions)
    if process.intent is not None:
        due_at = datetime.fromisoformat(process.intent["due_at"])
        return Why("due-later", _due_later(process.intent["kind"], due_at), due_at, actions)
    if process.problem is not None:
        return _about_problem(process, process.problem, actions)
    return _about_turn(table, process, actions)


def allowed(table: Table, process: Process) -> tuple[str, ...]:
    """Return the verbs that the table allows us now, after our pending message if there is one."""
    state = _ahead(table, process)
    kinds = [row.message for row in table.rows if row.source == state and row.sender is process.role]
    if table is t.TRANSFER:
        verbs = [_transfer_verb(process, kind) for kind in kinds if kind in _TRANSFER_VERBS]
        if process.role is Role.CONSUMER and process.state == t.STARTED and not _is_push(process):
            verbs.append("fetch")
        return tuple(verbs)
    verbs = [_VERBS[process.role, kind] for kind in kinds if (process.role, kind) in _VERBS]
    if n.TERMINATION in kinds:
        verbs += ["refuse", "terminate"] if {"accept", "counter"} & set(verbs) else ["terminate"]
    return tuple(sorted(set(verbs), key=verbs.index))


def _transfer_verb(process: Process, kind: str) -> str:
    return "resume" if kind == t.START and process.state == t.SUSPENDED else _TRANSFER_VERBS[kind]


def last_sent(process: Process, latest: Sequence[Entry]) -> Said | None:
    """Return our last message, from entries with the newest first."""
    status, reason, code = "pending" if process.pending is not None else "acknowledged", None, None
    for entry in latest:
        if entry.kind == "refused-by-peer":
            status, reason, code = "refused", entry.entry.get("reason"), entry.entry.get("problem")
        elif entry.kind == "received" and entry.entry.get("yielded"):
            status = "gave-way"
        elif entry.kind == "sent":
            problem = process.problem or {}
            if status == "pending":
                reason, code = problem.get("reason"), problem.get("code")
            decider = deciders.read(entry.entry.get(deciders.MEMBER))
            explained = entry.entry.get(EXPLAINED)
            return Said(entry.entry["message"], entry.at, status, process.attempts, code, reason, decider, explained)
    return None


def last_received(latest: Sequence[Entry]) -> Said | None:
    """Return the peer's last message, from entries with the newest first."""
    for entry in latest:
        if entry.kind in ("received", "refused"):
            status = "processed" if entry.kind == "received" else "refused"
            code, reason = _given_reason(entry)
            return Said(entry.entry["message"], entry.at, status, 0, entry.entry.get("problem") or code, reason)
    return None


def _ahead(table: Table, process: Process) -> str:
    """Return the state in which our pending message leaves us, if there is one."""
    if process.pending is None:
        return process.state
    return table.step(process.state, process.pending, process.role) or process.state


# --- texts ------------------------------------------------------------------------------------------------------------


def _ended(table: Table, process: Process, around: Surroundings) -> Texts:
    if process.state != n.TERMINATED:
        done = words.NEGOTIATION_STATES if table is n.NEGOTIATION else words.TRANSFER_STATES
        told = {language: f"{_capital(words.say(done, process.state, language))}." for language in ("fr", "en")}
        entry = next((one for one in around.latest if one.kind == "not-sealed-alone"), None)
        return told if entry is None else _without_evidence(told, entry)
    ends = (one for one in around.latest if one.kind in ("sent", "received"))
    entry = next((one for one in ends if one.entry.get("message") == table.termination), None)
    is_ours = entry is not None and entry.kind == "sent"
    code, reason = _given_reason(entry) if entry else (None, None)
    cause = " — ".join(part for part in (code, reason) if part)
    by = {"fr": "nous" if is_ours else process.peer, "en": "us" if is_ours else process.peer}
    said = _sentence(cause) if cause else ""
    news = _new_card(process.peer) if code == OtherCard.code and around.offers_card else {"fr": "", "en": ""}
    motive = {"fr": f" Motif : {said}" if cause else "", "en": f" Reason: {said}" if cause else ""}
    return {
        "fr": f"Résiliée par {by['fr']}.{motive['fr']}{news['fr']}",
        "en": f"Terminated by {by['en']}.{motive['en']}{news['en']}",
    }


def _new_card(peer: str) -> Texts:
    return {
        "fr": f" C’est à vous : ce nœud a lu la nouvelle fiche de {peer} et vous la propose. Relisez-la "
        f"(« pupitre peer card show {peer} »), prenez-en acte (« pupitre peer card accept {peer} »), puis refaites la "
        "demande.",
        "en": f" It is up to you: this node has read the new card of {peer} and offers it to you. Read it "
        f"(“pupitre peer card show {peer}”), take note of it (“pupitre peer card accept {peer}”), then make the "
        "request again.",
    }


def _without_evidence(told: Texts, entry: Entry) -> Texts:
    why = entry.entry["explained"]
    return {
        "fr": f"{told['fr']} Sans preuve : notre nœud n’a rien pu sceller de cet accord. {_sentence(why['fr'])} "
        "Si l’enjeu le demande, faites signer un écrit à côté.",
        "en": f"{told['en']} Without evidence: our node could seal nothing of this agreement. {_sentence(why['en'])} "
        "If it matters, have a paper signed beside it.",
    }


def _quarantined(peer: str) -> Texts:
    return {
        "fr": f"{peer} est en quarantaine : sa clé a changé. Rien ne lui est envoyé. Faites confirmer l’empreinte par "
        "téléphone, puis « pupitre peer accept-key » : tout reprendra.",
        "en": f"{peer} is in quarantine: its key has changed. Nothing is sent to it. Have the fingerprint confirmed by "
        "telephone, then “pupitre peer accept-key”: all goes on.",
    }


def _blocked(peer: str) -> Texts:
    return {
        "fr": f"{peer} est bloqué : rien ne lui est envoyé. « pupitre peer unblock » lève ce blocage.",
        "en": f"{peer} is blocked: nothing is sent to it. “pupitre peer unblock” lifts that.",
    }


_HELD = {"quarantined": _quarantined, "blocked": _blocked}


def _given_up(process: Process, dead: JobState) -> Texts:
    cause = reason_of(process.problem) if process.problem else {"fr": dead.problem or "", "en": dead.problem or ""}
    return {
        "fr": f"Le nœud n’essaie plus : {_sentence(cause['fr'])} Corrigez la cause, puis relancez la tâche.",
        "en": f"The node has stopped trying: {_sentence(cause['en'])} Remove the cause, then retry the job.",
    }


def _about_pending(process: Process, around: Surroundings, actions: tuple[str, ...]) -> Why:
    kind = process.pending or (process.intent or {}).get("kind", "")
    names = {language: words.say(words.MESSAGES, kind, language) for language in ("fr", "en")}
    next_at = min((job.run_at for job in around.jobs if job.status == "waiting"), default=None)
    reason = reason_of(process.problem or {})
    if around.silence is not None:
        since, again = _clock(around.silence.since), _clock(around.silence.retry_at)
        text = {
            "fr": f"{_silent_for(process, reason, since)['fr']} ; notre message ({names['fr']}) attend. "
            f"Prochain essai : {again} UTC. Si cela dure, appelez ce partenaire.",
            "en": f"{_silent_for(process, reason, since)['en']}; our message ({names['en']}) waits. "
            f"Next attempt: {again} UTC. If it lasts, call this partner.",
        }
        return Why("peer-silent", text, around.silence.retry_at, actions)
    if process.problem is not None and process.attempts:
        text = {
            "fr": f"Notre message ({names['fr']}) n’est pas encore accepté : {_sentence(reason['fr'])} "
            "Le nœud réessaie seul.",
            "en": f"Our message ({names['en']}) is not accepted yet: {_sentence(reason['en'])} "
            "The node tries again by itself.",
        }
        return Why("retrying", text, next_at, actions)
    text = {
        "fr": f"Notre message ({names['fr']}) est en chemin.",
        "en": f"Our message ({names['en']}) is on its way.",
    }
    return Why("on-its-way", text, next_at, actions)


def _silent_for(process: Process, reason: Texts, since: str) -> Texts:
    """Return that nothing came of it since then: no answer, or one that cannot be used."""
    if (process.problem or {}).get("code") in (None, Unreachable.code):
        return {
            "fr": f"Le nœud de {process.peer} ne répond pas depuis {since} UTC",
            "en": f"The node of {process.peer} has not answered since {since} UTC",
        }
    return {
        "fr": f"L’échange avec {process.peer} n’aboutit pas depuis {since} UTC ({reason['fr'].rstrip('.')})",
        "en": f"Nothing has come of the exchange with {process.peer} since {since} UTC ({reason['en'].rstrip('.')})",
    }


def _due_later(kind: str, due_at: datetime) -> Texts:
    fr, en = (words.say(words.MESSAGES, kind, language) for language in ("fr", "en"))
    at = _clock(due_at)
    return {"fr": f"À envoyer : {fr}, à {at} UTC.", "en": f"To be sent: {en}, at {at} UTC."}


def _about_problem(process: Process, problem: dict[str, Any], actions: tuple[str, ...]) -> Why:
    reason = reason_of(problem)
    if problem.get("code") == "divergence":
        text = {
            "fr": f"Les deux nœuds ne disent pas le même état : {_sentence(reason['fr'])} Appelez ce partenaire.",
            "en": f"The two nodes disagree: {_sentence(reason['en'])} Call this partner.",
        }
        return Why("diverged", text, None, actions)
    fr, en = (words.say(words.MESSAGES, str(problem.get("message")), language) for language in ("fr", "en"))
    if problem.get("code") == "yielded":
        text = {"fr": f"Notre message ({fr}) a cédé à celui du partenaire, arrivé en même temps. À vous de choisir."}
        return Why(
            "our-turn", text | {"en": f"Our message ({en}) gave way to the peer's. It is up to you."}, None, actions
        )
    if problem.get("code") == "peer-404":
        text = {
            "fr": f"Le partenaire ne connaît pas ce dossier, et a donc refusé notre message ({fr}) : son nœud a "
            "peut-être été restauré d’une sauvegarde plus ancienne. Appelez-le ; au besoin, refaites la demande.",
            "en": f"The partner does not know this process, and so refused our message ({en}): its node may have been "
            "restored from an earlier backup. Call this partner; make the request again if need be.",
        }
        return Why("refused", text, None, actions)
    text = {
        "fr": f"Le partenaire a refusé notre message ({fr}) : {_sentence(reason['fr'])} À vous de choisir.",
        "en": f"The partner refused our message ({en}): {_sentence(reason['en'])} It is up to you.",
    }
    return Why("refused", text, None, actions)


def _about_turn(table: Table, process: Process, actions: tuple[str, ...]) -> Why:
    if table is t.TRANSFER and process.state == t.STARTED:
        text = _running(process)
        return Why("running", text, None, actions)
    if turn(table, process) == "peer":
        return Why("peer-turn", _peer_turn(process), None, actions)
    return Why("our-turn", _our_turn(table, process), None, actions)


def _running(process: Process) -> Texts:
    match _is_push(process), process.role:
        case True, Role.CONSUMER:
            return {"fr": "Le fournisseur nous envoie les données.", "en": "The provider sends us the data."}
        case True, _:
            return {"fr": "Nous envoyons les données au destinataire.", "en": "We send the data to the consumer."}
        case _, Role.CONSUMER:
            return {"fr": "Les données peuvent être reçues.", "en": "The data can be received."}
    return {"fr": "Le destinataire peut lire les données.", "en": "The consumer can read the data."}


def _is_push(process: Process) -> bool:
    return isinstance(process, Transfer) and process.format == HTTP_PUSH


def _peer_turn(process: Process) -> Texts:
    return {
        "fr": f"Nous attendons la réponse de {process.peer} : une personne y décide peut-être.",
        "en": f"We wait for the answer of {process.peer}: a person may be deciding there.",
    }


def _our_turn(table: Table, process: Process) -> Texts:
    if table is t.TRANSFER:
        return {"fr": "À vous de choisir : reprendre ou résilier.", "en": "It is up to you: resume or terminate."}
    if isinstance(process, Negotiation) and process.state in (n.REQUESTED, n.OFFERED):
        return {
            "fr": "À vous de décider : accepter, refuser ou faire une contre-proposition.",
            "en": "It is up to you: accept, refuse, or make a counter-offer.",
        }
    return {"fr": "À vous de poursuivre ou de résilier.", "en": "It is up to you to go on or to terminate."}


def _given_reason(entry: Entry) -> tuple[str | None, str | None]:
    """Return the code and the reasons that the body of a message gives, as one text each."""
    try:
        body = json.loads(entry.entry.get("body") or "{}")
    except ValueError:
        return None, None
    code, reason = body.get("code"), body.get("reason")
    texts = [part for part in (reason if isinstance(reason, list) else [reason]) if isinstance(part, str)]
    return code if isinstance(code, str) else None, " ".join(texts) or None


def reason_of(problem: Mapping[str, Any]) -> Texts:
    """Return why an attempt did not succeed, in both languages; what a partner wrote stays as it is."""
    reason = str(problem.get("reason") or problem.get("code") or "")
    title = _TITLES.get(str(problem.get("code")))
    if title is None or not reason.startswith(title["en"]):
        return {"fr": reason, "en": reason}
    return {"fr": f"{title['fr']} {reason.removeprefix(title['en']).strip()}".strip(), "en": reason}


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _clock(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
