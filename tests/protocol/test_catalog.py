"""Catalogue pages and datasets in their DSP form, ours as written and peers' as read."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.protocol import catalog
from connector.protocol.catalog import Distribution, Service
from connector.protocol.errors import MalformedMessage
from connector.protocol.messages import Catalog, Dataset, parse
from connector.protocol.shapes import check_message_offer

SERVICE = Service("urn:uuid:s", "https://p.example/dsp/2025-1/")
HEAD = catalog.render_head("urn:uuid:k", "did:web:p.example", SERVICE)
POLICY = {"permission": [{"action": "use"}], "target": "urn:uuid:d", "@type": "Set", "@id": "urn:uuid:other"}
DOCUMENT = {
    "title": "Points lumineux",
    "description": "L’éclairage public",
    "keywords": ["éclairage", "voirie"],
    "licence": "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
    "publisher": "Pays de Démo",
    "themes": ["http://publications.europa.eu/resource/authority/data-theme/TRAN"],
    "modified": "",
    "dct:identifier": "eclairage-1",
    "internal": "never shown",
}

Check = Callable[[str, bytes], list[str]]


def rendered(dataset_id: str = "urn:uuid:d") -> str:
    ways = [Distribution(SERVICE, media_type="text/csv", size_bytes=12), Distribution(SERVICE, format="HttpData-PUSH")]
    return catalog.render_dataset(dataset_id, DOCUMENT, {"urn:uuid:o": POLICY}, ways)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_page_satisfies_its_schema(count: int, schema_faults: Check) -> None:
    page = catalog.render_page(HEAD, [rendered(f"urn:uuid:{n}") for n in range(count)])
    assert schema_faults("Catalog", page) == []
    assert len(parse(Catalog, page).dataset or ()) == count


def test_a_dataset_satisfies_its_schema(schema_faults: Check) -> None:
    answer = catalog.render_root_dataset(rendered())
    assert schema_faults("Dataset", answer) == []
    assert parse(Dataset, answer).id == "urn:uuid:d"


def test_an_empty_page_has_no_empty_array() -> None:
    assert "dataset" not in json.loads(catalog.render_page(HEAD, []))


def test_every_page_names_participant_and_service() -> None:
    page = json.loads(catalog.render_page(HEAD, [rendered()]))
    assert page["participantId"] == "did:web:p.example"
    assert page["service"] == [
        {"@id": "urn:uuid:s", "@type": "DataService", "endpointURL": "https://p.example/dsp/2025-1"}
    ]


def test_metadata_goes_under_prefixes_of_the_context_and_nothing_else_is_shown() -> None:
    dataset = json.loads(rendered())
    assert dataset["dct:title"] == "Points lumineux"
    assert dataset["dcat:keyword"] == ["éclairage", "voirie"]
    assert dataset["dct:license"] == {"@id": DOCUMENT["licence"]}
    assert dataset["dct:publisher"] == "Pays de Démo"
    assert dataset["dct:identifier"] == "eclairage-1"
    assert {"internal", "modified", "dct:modified"}.isdisjoint(dataset)


def test_a_catalogues_offer_has_the_stable_identifier_and_no_target() -> None:
    assert json.loads(rendered())["hasPolicy"] == [
        {"@id": "urn:uuid:o", "@type": "Offer", "permission": [{"action": "use"}]}
    ]


def test_a_dataset_without_offer_or_distribution_is_never_rendered() -> None:
    with pytest.raises(ValueError, match="offer"):
        catalog.render_dataset("urn:uuid:d", {}, {}, [Distribution(SERVICE)])
    with pytest.raises(ValueError, match="distribution"):
        catalog.render_dataset("urn:uuid:d", {}, {"urn:uuid:o": POLICY}, [])


def test_a_policy_that_is_no_offer_is_never_rendered() -> None:
    with pytest.raises(MalformedMessage):
        catalog.render_dataset("urn:uuid:d", {}, {"urn:uuid:o": {"obligation": []}}, [Distribution(SERVICE)])


def test_the_consumer_adds_the_target_to_a_catalogues_offer() -> None:
    # EDC issue 3868: offers in `hasPolicy` carry none, messages must.
    offer = json.loads(rendered())["hasPolicy"][0]
    check_message_offer(catalog.addressed(offer, "urn:uuid:d", assigner="did:web:p.example"))
    assert catalog.addressed(offer, "urn:uuid:d")["target"] == "urn:uuid:d"
    assert "target" not in offer


def test_what_we_write_can_be_summed_up() -> None:
    summary = catalog.summary_of(json.loads(rendered()))
    assert summary.title == "Points lumineux"
    assert summary.keywords == ("éclairage", "voirie")
    assert summary.licence == DOCUMENT["licence"]
    assert summary.formats == ("HttpData-PULL", "HttpData-PUSH")
    assert [offer["@id"] for offer in summary.offers] == ["urn:uuid:o"]


EDC: dict[str, Any] = {
    "@id": "stops",
    "@type": "Dataset",
    "id": "stops",
    "edc:name": "Arrêts",
    "edc:contenttype": "application/json",
    "hasPolicy": [{"@id": "Y2Q=:c3RvcHM=:dQ==", "@type": "Offer", "permission": [{"action": "use"}]}],
    "distribution": [{"@type": "Distribution", "format": "HttpData-PULL", "accessService": {"@id": "x"}}],
}


def test_an_edc_dataset_is_named_by_its_asset_property() -> None:
    assert catalog.summary_of(EDC).title == "Arrêts"


def test_an_edc_offer_without_rules_is_left_out_and_the_rest_is_read() -> None:
    ruleless = {"@id": "a:b:c", "@type": "Offer"}
    summary = catalog.summary_of(EDC | {"hasPolicy": [ruleless, *EDC["hasPolicy"]]})
    assert [offer["@id"] for offer in summary.offers] == ["Y2Q=:c3RvcHM=:dQ=="]


def test_an_edc_dataset_without_data_plane_has_no_format() -> None:
    assert catalog.summary_of(EDC | {"distribution": []}).formats == ()


@pytest.mark.parametrize("odd", [None, 3, "text", [None], {"@value": 4}, [[{}]]])
def test_an_odd_member_never_hides_a_dataset(odd: Any) -> None:
    names = ("dct:title", "dct:description", "dcat:keyword", "dct:license", "hasPolicy", "distribution")
    assert catalog.summary_of({"@id": "urn:uuid:d"} | dict.fromkeys(names, odd)).id == "urn:uuid:d"


def test_a_tagged_or_nested_value_is_read() -> None:
    title = [{"@value": "Arbres", "@language": "fr"}]
    assert catalog.summary_of({"@id": "urn:uuid:d", "dct:title": title}).title == "Arbres"


def test_datasets_without_identifier_are_passed_over() -> None:
    page = json.loads(catalog.render_page(HEAD, [rendered()]))
    page["dataset"] += [{"@type": "Dataset"}, {"@id": 3}]
    catalogue = parse(Catalog, json.dumps(page).encode())
    assert [node["@id"] for node in catalog.datasets_of(catalogue)] == ["urn:uuid:d"]
