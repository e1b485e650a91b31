"""Identifiers that we give out."""

import uuid


def new_id() -> str:
    """Return a fresh identifier, an IRI that survives any JSON-LD processing (`urn:uuid:…`)."""
    return uuid.uuid4().urn
