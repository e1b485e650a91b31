"""Finding each other and reading each other's catalogue."""

import asyncio
import json
import urllib.request

import pytest

from connector.clock import SystemClock
from connector.peer.client import AiohttpTransport, Client
from connector.peer.discovery import Discovery
from connector.peer.guard import Guard
from connector.sdk import ApiProblem
from connector.settings import Settings
from tests.interop.edc_peer import NAMES, Edc, Refused
from tests.interop.ours import Ours
from tests.interop.pairs import ASKED, CONDITIONAL, FILLERS, OPEN, Pair

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(1200)]

OF_EDC = {"content", "slow", "conditional", *(f"filler-{number:02}" for number in range(FILLERS))}
OF_OURS = {OPEN, CONDITIONAL, ASKED, *(f"urn:data:filler-{number:02}" for number in range(FILLERS))}


def test_our_discovery_finds_the_base_that_edc_announces(edc: Edc) -> None:
    async def found() -> str:
        transport = AiohttpTransport(Guard(Settings()))
        try:
            discovery = Discovery(Client(transport, limit_bytes=1 << 20, timeout_s=10), SystemClock(), plain_http=True)
            return await discovery.find_dsp_base(f"{edc.protocol.url}/protocol")
        finally:
            await transport.close()

    assert asyncio.run(found()) == edc.dsp


def test_our_version_document_names_the_base_that_edc_is_given(ours: Ours) -> None:
    with urllib.request.urlopen(f"{ours.proxy.url}/.well-known/dspace-version", timeout=30) as answer:
        (version,) = json.load(answer)["protocolVersions"]
    assert version["version"] == "2025-1"
    assert ours.proxy.url + version["path"] == ours.dsp


def test_we_read_every_page_of_edcs_catalogue_by_its_links(pair: Pair) -> None:
    first = pair.ours.api.browse_catalogue(pair.edc.did)
    assert first["participant"] == pair.edc.did
    assert first["next_cursor"] is not None
    second = pair.ours.api.browse_catalogue(pair.edc.did, cursor=first["next_cursor"])
    assert second["next_cursor"] is None
    assert second["previous_cursor"] is not None  # EDC says `prev`
    assert sorted(dataset["id"] for page in (first, second) for dataset in page["items"]) == sorted(OF_EDC)


def test_edcs_pages_hold_fifty_whatever_we_ask(pair: Pair) -> None:
    """It reads a QuerySpec only in its own context, which we do not send."""
    page = pair.ours.api.browse_catalogue(pair.edc.did, limit=25)
    assert len(page["items"]) == 50


def test_we_read_one_dataset_of_edc(pair: Pair) -> None:
    dataset = pair.ours.api.show_catalogue_dataset(pair.edc.did, "content")
    assert dataset["id"] == "content"
    assert sorted(dataset["formats"]) == ["HttpData-PULL", "HttpData-PUSH"]
    (offer,) = dataset["offers"]
    assert offer["permission"][0]["action"] == "use"


def test_a_dataset_that_edc_does_not_have_is_a_problem_with_its_words(pair: Pair) -> None:
    with pytest.raises(ApiProblem) as refused:
        pair.ours.api.show_catalogue_dataset(pair.edc.did, "nothing")
    assert refused.value.code == "peer-refused"
    assert "404" in str(refused.value)


def test_edc_reads_our_catalogue_with_its_default_query(pair: Pair) -> None:
    catalogue = pair.edc.catalog(pair.ours)
    assert catalogue["participantId"] == pair.ours.did
    assert len(catalogue["dataset"]) == 50
    (service,) = catalogue["service"]
    assert service["endpointURL"] == pair.ours.dsp


def test_edc_reads_our_catalogue_by_offset_and_limit(pair: Pair) -> None:
    pages = [pair.edc.catalog(pair.ours, offset=offset, limit=20)["dataset"] for offset in (0, 20, 40, 60)]
    assert [len(page) for page in pages] == [20, 20, 20, len(OF_OURS) - 60]
    assert sorted(dataset["@id"] for page in pages for dataset in page) == sorted(OF_OURS)


def test_edc_finds_one_dataset_of_ours_by_its_criterion(pair: Pair) -> None:
    criterion = {"@type": "Criterion", "operandLeft": f"{NAMES}id", "operator": "=", "operandRight": CONDITIONAL}
    (dataset,) = pair.edc.catalog(pair.ours, filterExpression=[criterion])["dataset"]
    assert dataset["@id"] == CONDITIONAL
    assert dataset["hasPolicy"][0]["permission"][0]["constraint"]


def test_edc_is_told_which_of_its_criteria_we_cannot_search(pair: Pair) -> None:
    criterion = {"@type": "Criterion", "operandLeft": f"{NAMES}name", "operator": "like", "operandRight": "a%"}
    with pytest.raises(Refused, match=r"unsupported-filter|Unsupported filter|filterExpression"):
        pair.edc.catalog(pair.ours, filterExpression=[criterion])


def test_edc_is_told_that_we_do_not_have_a_dataset(pair: Pair) -> None:
    with pytest.raises(Refused, match=r"not-found|Not found|404"):
        pair.edc.dataset(pair.ours, "urn:data:nothing")
