"""How an organisation makes itself known: its party card, and its invitation."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from connector.http.private.asking import By, Node, Owner, Shape, Wish
from connector.http.private.effects import Putting, TaggedRoute
from connector.identity import card as cards
from connector.services.hosts import card_version
from connector.services.meet import digest

router = APIRouter(tags=["presentation"], route_class=TaggedRoute)

Text = Annotated[str | None, Field(max_length=500)]


class Card(Shape):
    """A party card: what an organisation says of itself, under its signature."""

    did: str
    legal_name: str
    siren: str | None
    siret: str | None
    representative_function: Annotated[str, Field(description="Function of who signs for the organisation.")]
    mandate: Annotated[str | None, Field(description="The decision that empowers who signs.")]
    contact_role: Annotated[str, Field(description="A service or a function, not a person.")]
    contact_email: str | None
    contact_telephone: str | None
    version: int
    issued_at: datetime
    jws: Annotated[str | None, Field(description="As it was received, signed (compact JWS); null for one's own.")]


class OfferedCard(Card):
    """A newer card of a partner, which nobody here has taken note of yet."""

    digest: Annotated[str, Field(description="Names this very card when it is accepted.")]


class NewCard(Wish):
    """What one's own card is to say."""

    legal_name: Annotated[str, Field(max_length=500, examples=["Syndicat d’énergie du Pays de Démo"])]
    siren: Annotated[Text, Field(description="Nine digits; taken from the SIRET when left out.")] = None
    siret: Annotated[Text, Field(description="Fourteen digits.")] = None
    representative_function: Annotated[str, Field(max_length=500, examples=["La présidente"])]
    mandate: Annotated[Text, Field(description="The decision that empowers who signs; contracts name it.")] = None
    contact_role: Annotated[str, Field(max_length=500, examples=["Service des données"])]
    contact_email: Text = None
    contact_telephone: Text = None


class Invitation(Shape):
    """What to give to an organisation that is to know this one, by a channel that both trust."""

    line: Annotated[str, Field(description="For `pupitre peer add` on the other side, as it is.")]
    address: str
    did: str
    fingerprint: Annotated[str, Field(description="RFC 7638 thumbprint of the present key.")]


@router.get("/invitation")
async def show_invitation(node: Node, owner: Owner) -> Invitation:
    """Show the line by which this participant makes itself known."""
    made = node.hosts.invitation(owner)
    return Invitation(line=made.line(), address=made.address, did=made.did, fingerprint=made.fingerprint)


@router.get("/card")
async def show_card(node: Node, owner: Owner) -> Card:
    """Show this participant's own party card."""
    return shown_card(node.hosts.card(owner))


@router.put("/card")
async def put_card(node: Node, owner: Owner, by: By, wish: NewCard, effect: Putting) -> Card:
    """Change this participant's own party card; partners see the new one at their next look."""
    return await effect.of(
        lambda: node.hosts.set_card(owner, wish.model_dump(), by=by), shown_card, lambda tx: card_version(tx, owner)
    )


def shown_card(card: cards.Card) -> Card:
    """Return what the API says of a card."""
    return Card(**_members(card))


def offered_card(card: cards.Card) -> OfferedCard:
    """Return what the API says of a card that waits for a person."""
    return OfferedCard(**_members(card), digest=digest(card.jws))


def _members(card: cards.Card) -> dict[str, Any]:
    told = {name: getattr(card, name) for name in Card.model_fields}
    return {**told, "jws": card.jws or None}
