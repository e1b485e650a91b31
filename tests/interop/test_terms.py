"""An offer with a purpose and an end date, asked for by an EDC: listed, agreed to unchanged, refused after its date.

The node of this file is its own, for its clock is moved past the date and its settings change.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.interop.edc_peer import Edc, Refused
from tests.interop.ours import Ours
from tests.interop.pairs import PURPOSE, Pair, Stage
from tests.interop.wire import until

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(1200)]

DATASET = "urn:data:until"
DAYS = 30
END = datetime.now(UTC) + timedelta(days=DAYS)
ENDS_AT, DAY = END.strftime("%Y-%m-%dT%H:%M:%SZ"), END.strftime("%-d %B %Y")
CATEGORY = "the period or the duration of use"
AFTERWARDS_S = timedelta(days=DAYS + 1).total_seconds()
TERMS: dict[str, Any] = {
    "permission": [
        {
            "action": "use",
            "constraint": [
                {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": PURPOSE},
                {
                    "leftOperand": "odrl:dateTime",
                    "operator": "lteq",
                    "rightOperand": {"@type": "xsd:dateTime", "@value": ENDS_AT},
                },
            ],
        }
    ]
}


@pytest.fixture
def ours(stage: Stage) -> Iterator[Ours]:
    folder = stage.folder / "ours-terms"
    folder.mkdir()
    known = [edc.did for edc in stage.edcs.values()]
    node = Ours("ours-terms", folder, stage.kept / "ours-terms.log", stage.journal, known, None)
    node.start()
    yield node
    node.close()


@pytest.fixture
def edc(stage: Stage) -> Edc:
    return stage.edc("0.15.1")


def test_an_offer_with_a_purpose_and_an_end_date(stage: Stage, edc: Edc, ours: Ours) -> None:
    ours.publish(DATASET, stage.content, TERMS)

    # 1. listed, with its conditions
    (offer,) = edc.dataset(ours, DATASET)["hasPolicy"]
    assert PURPOSE in str(offer)
    assert ENDS_AT in str(offer)

    # 2. negotiated unchanged, and accepted as declared terms
    concluded = Pair(edc, ours, stage).edc_asks(DATASET)
    agreement = ours.api.show_agreement(concluded.agreement)
    assert PURPOSE in str(agreement["accepted_terms"])
    assert ENDS_AT not in str(agreement["accepted_terms"])
    transfer = edc.request_transfer(ours, concluded.edc_agreement)
    ours_of_it = edc.until_transfer(transfer, "STARTED")["correlationId"]
    ours.until_transfer(ours_of_it, "STARTED")

    # 3. after its date: what was under way is ended, in words of the level chosen
    ours.kill()
    ours.start(later_s=AFTERWARDS_S)
    ended = ours.until_transfer(ours_of_it, "TERMINATED")
    edc.until_transfer(transfer, "TERMINATED")
    told = stage.journal.first_taken(edc.name, f"/{transfer}/termination")
    assert f"What stands in the way: {CATEGORY}." in told["reason"]
    assert DAY not in str(told["reason"])
    assert any(DAY in line for line in ended["last_sent"]["explanation"])

    # 4. not listed any more, and refused to who had read it
    with pytest.raises(Refused):
        edc.dataset(ours, DATASET)
    said = refused(edc, ours, offer)
    assert "offer-closed" in said
    assert CATEGORY in said
    assert DAY not in said

    # 5. the other levels
    for level, is_in_full in (("clause", True), ("none", False)):
        ours.kill()
        ours.start(later_s=AFTERWARDS_S, refusal_detail=level)
        said = refused(edc, ours, offer)
        assert "offer-closed" in said
        assert CATEGORY not in said
        assert (DAY in said) is is_in_full


def refused(edc: Edc, ours: Ours, offer: dict[str, Any]) -> str:
    """Ask for an offer that is closed, and return what EDC's user reads of the refusal."""
    asked = edc.request_offer(ours, DATASET, offer)
    ended = edc.until_negotiation(asked, "TERMINATED")
    assert until(lambda: ours.complaints() == [], "no complaint of ours")
    return str(ended["errorDetail"])
