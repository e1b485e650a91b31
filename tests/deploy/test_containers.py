"""The container files hold together. No image is built here: what a program can see without building is checked."""

import re
from pathlib import Path
from typing import Any

import pytest

from connector.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    import yaml

    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_the_image_copies_only_what_is_there_and_installs_from_the_locks() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    for name in " ".join(copied).split():
        assert (DEPLOY.parent / name).exists(), name
    assert "--require-hashes" in CONTAINERFILE
    assert not re.search(r"index-url|ADD |curl|wget|latest", CONTAINERFILE)


def test_the_image_runs_as_an_account_without_rights() -> None:
    last = CONTAINERFILE.split("\nFROM ")[-1]
    assert re.search(r"^USER pupitre$", last, re.MULTILINE)
    assert last.index("USER pupitre") < last.index("ENTRYPOINT")


def test_only_the_proxy_is_reached_from_outside(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {name for name, one in services.items() if "ports" in one} == {"proxy"}
    assert services["proxy"]["ports"] == ["80:80", "443:443"]
    assert "8281" not in str(services)
    assert "PUPITRE_PRIVATE_HOST" not in services["node"]["environment"]
    assert services["database"]["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True


def test_the_node_has_no_rights_and_no_secret_in_its_environment(compose: dict[str, Any]) -> None:
    node = compose["services"]["node"]
    assert (node["read_only"], node["cap_drop"], node["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert "DATABASE_URL" not in str(node["environment"])
    for name in node["environment"]:
        assert name.removeprefix(PREFIX).lower() in Settings.model_fields, name
    for secret in [*node["secrets"], *compose["services"]["database"]["secrets"]]:
        assert secret in compose["secrets"]


def test_everything_that_a_service_names_is_declared(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"], name
        for network in service["networks"]:
            assert network in compose["networks"], name
        for other in service.get("depends_on", []):
            assert other in compose["services"], name
