"""What keeps events from a webhook's receiver, each with what to do.

Problem
├── WebhookUnreachable     502, no answer came
├── WebhookRefused         502, the receiver answered something else than a success
├── WebhookGone            410, the receiver wants no more: stopped at once
├── WebhookAddressRefused  400, our own guard does not connect there
├── WebhookKeyLost         500, the secret cannot be derived any more
└── TooManyWebhooks        409
"""

from typing import ClassVar

from connector.peer.errors import AnswerTooLarge, BadAnswer, PeerAddressRefused, Unreachable
from connector.problems import Problem

Texts = dict[str, str]


class WebhookUnreachable(Problem):
    """The receiver of a webhook does not answer; whether it saw the event is unknown."""

    code = "webhook-unreachable"
    status = 502
    title: ClassVar[Texts] = {
        "fr": "Le destinataire des notifications ne répond pas.",
        "en": "The receiver of the notifications does not answer.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Vérifiez que le programme destinataire tourne et que son adresse est la bonne ; arrêtée, la "
        "notification se relance par « pupitre webhooks retry ».",
        "en": "See that the receiving program runs and that its address is right; once stopped, the webhook goes on "
        "with “pupitre webhooks retry”.",
    }


class WebhookRefused(Problem):
    """The receiver of a webhook answered something else than a success (2xx); redirects are not followed."""

    code = "webhook-refused"
    status = 502
    title: ClassVar[Texts] = {
        "fr": "Le destinataire n’a pas accepté la notification.",
        "en": "The receiver did not take the notification.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Lisez le journal du programme destinataire ; il doit répondre 2xx, à cette adresse même, une fois la "
        "signature vérifiée. Les redirections ne sont pas suivies : donnez l’adresse finale.",
        "en": "Read the log of the receiving program; it has to answer 2xx, at this very address, once it has verified "
        "the signature. Redirects are not followed: give the final address.",
    }


class WebhookGone(Problem):
    """The receiver of a webhook answered 410: it wants no more."""

    code = "webhook-gone"
    status = 410
    title: ClassVar[Texts] = {
        "fr": "Le destinataire ne veut plus de notifications (410).",
        "en": "The receiver wants no more notifications (410).",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Supprimez cette notification, ou changez son adresse puis relancez-la (« pupitre webhooks retry »).",
        "en": "Delete this webhook, or change its address and retry it (“pupitre webhooks retry”).",
    }


class WebhookAddressRefused(Problem):
    """This node does not connect to the address of a webhook."""

    code = "webhook-address-refused"
    status = 400
    title: ClassVar[Texts] = {
        "fr": "Ce nœud ne se connecte pas à cette adresse.",
        "en": "This node does not connect to this address.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Donnez une adresse https. Pour un serveur de votre réseau interne, ajoutez ce réseau à allowed_networks "
        "et redémarrez le nœud. L’adresse de la machine elle-même (127.0.0.1) n’est permise qu’à un nœud d’essai : "
        "donnez au programme destinataire une adresse du réseau.",
        "en": "Give an https address. For a server of your internal network, add that network to allowed_networks and "
        "restart the node. The machine's own address (127.0.0.1) is for trial nodes only: give the receiving program "
        "an address of the network.",
    }


class WebhookKeyLost(Problem):
    """The key from which the secret was derived is missing or another one: deliveries could not be verified."""

    code = "webhook-key-lost"
    status = 500
    title: ClassVar[Texts] = {
        "fr": "La clé qui signait ces notifications est absente ou n’est plus la même.",
        "en": "The key that signed these notifications is missing or is not the same any more.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Restaurez le dossier des clés ; à défaut, donnez au destinataire un nouveau secret (« pupitre webhooks "
        "rotate »), puis relancez.",
        "en": "Restore the folder of keys; failing that, give the receiver a new secret (“pupitre webhooks rotate”), "
        "then retry.",
    }


class TooManyWebhooks(Problem):
    """The participant has as many webhooks as it may."""

    code = "too-many-webhooks"
    status = 409
    title: ClassVar[Texts] = {
        "fr": "Cet organisme a déjà autant de notifications qu’il le peut.",
        "en": "This participant has as many webhooks as it may.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Supprimez celles qui ne servent plus, ou suivez le flux des événements (« pupitre events follow »).",
        "en": "Delete those that are of no use any more, or follow the feed of events (“pupitre events follow”).",
    }


CALL_FAILURES = (Unreachable, PeerAddressRefused, AnswerTooLarge, BadAnswer)
"""What a call to a receiver may raise."""


def told_of(error: Problem) -> Problem:
    """Return what a failure of a call means for a webhook: its receiver is no partner."""
    match error:
        case PeerAddressRefused():
            return WebhookAddressRefused(error.detail, pointer="/url")
        case AnswerTooLarge() | BadAnswer():
            fr, en = "Réponse trop longue ou illisible.", "Its answer is too long or cannot be read."
            return WebhookRefused({"fr": fr, "en": en})
        case _:
            return WebhookUnreachable(error.detail)
