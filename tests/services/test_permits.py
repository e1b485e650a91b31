"""What terms the node takes at all, and from when a duration runs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.problems import Invalid
from connector.services import permits

USE = {"permission": [{"action": "use"}]}
OWN = {"use": "https://ailleurs.example/use"}
KNOWN = "https://w3id.org/dspace/2025/1/context.jsonld"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FOR_NINETY_DAYS = {
    "permission": [
        {
            "action": "use",
            "constraint": [
                {
                    "leftOperand": "odrl:elapsedTime",
                    "operator": "lteq",
                    "rightOperand": {"@type": "xsd:duration", "@value": "P90D"},
                }
            ],
        }
    ]
}


def text(policy: dict[str, Any]) -> str:
    return json.dumps({"@id": "urn:offer", "@type": "Offer", **policy})


@pytest.mark.parametrize(
    ("policy", "pointer"),
    [
        ({"@context": OWN, **USE}, "/offer/@context"),
        ({"@context": [KNOWN, OWN], **USE}, "/offer/@context"),
        ({"permission": [{"action": "use", "@context": OWN}]}, "/offer/permission/0/@context"),
    ],
)
def test_terms_that_bring_a_context_of_their_own_are_refused(policy: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        permits.check_readable(text(policy))
    assert refused.value.pointer == pointer


def test_terms_that_name_a_known_context_are_read() -> None:
    permits.check_readable(text({"@context": KNOWN, **USE}))


@pytest.mark.parametrize("days", [0, 89])
def test_a_duration_runs_from_the_agreement(days: int) -> None:
    verdict = permits.terms(text(FOR_NINETY_DAYS), "urn:d", "did:web:a", NOW, "request", since=NOW - timedelta(days))
    assert verdict.is_permitted
    assert verdict.valid_until is not None
    assert verdict.valid_until - (NOW + timedelta(90 - days)) < timedelta(seconds=1)


def test_once_it_has_run_out_nothing_is_permitted() -> None:
    since = NOW - timedelta(days=91)
    assert not permits.terms(text(FOR_NINETY_DAYS), "urn:d", "did:web:a", NOW, "request", since=since).is_permitted


def test_an_offer_is_judged_as_if_its_duration_began_now() -> None:
    assert permits.terms(text(FOR_NINETY_DAYS), "urn:d", "did:web:a", NOW, "catalogue").is_permitted
