"""Who may do what, address by address. A new address without a line in this table fails.

The columns: O operator, S steward, D developer, A auditor; `×` may, `·` may not. The node's administration may do all.
"""

import asyncio
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from connector.http.private.faults import AdministrationOnly
from connector.http.private.roles import MAY, permitted
from connector.services.hosts import Caller
from connector.services.roles import ROLES
from tests.harness.threaded import Running
from tests.tools import reference

TABLE = """
                         O S D A
show_status              × × × ×
list_participants        · · · ·
add_participant          · · · ·
list_keys                × · × ×
issue_key                × · × ·
rotate_key               × · × ·
revoke_key               × · × ·
list_peers               × × × ×
show_peer                × × × ×
add_peer                 × · · ·
remove_peer              × · · ·
ping_peer                × · · ·
accept_key               × · · ·
accept_card              × · · ·
block_peer               × · · ·
unblock_peer             × · · ·
set_framework            · × · ·
remove_framework         · × · ·
list_attestations        × × × ×
attest_peer              · × · ·
withdraw_attestation     · × · ·
list_inbox               × × × ×
show_newcomer            × × × ×
admit_newcomer           × · · ·
refuse_newcomer          × · · ·
show_invitation          × × × ×
show_card                × × × ×
put_card                 × · · ·
show_seal_keys           × × × ×
create_seal_key          × · · ·
rotate_seal_key          × · · ·
request_certificate      × · · ·
import_certificate       × · · ·
revoke_seal_key          × · · ·
browse_catalogue         · × × ×
show_catalogue_dataset   · × × ×
list_datasets            · × × ×
show_dataset             · × × ×
list_audience            · × × ×
preview_audience         · × × ×
create_dataset           · × · ·
put_dataset              · × · ·
withdraw_dataset         · × · ·
list_offers              · × × ×
show_offer               · × × ×
create_offer             · × · ·
put_offer                · × · ·
withdraw_offer           · × · ·
list_negotiations        · × × ×
show_negotiation         · × × ×
request_access           · × · ·
propose_offer            · × · ·
accept_negotiation       · × · ·
counter_negotiation      · × · ·
refuse_negotiation       · × · ·
verify_negotiation       · × · ·
terminate_negotiation    · × · ·
list_agreements          · × × ×
show_agreement           · × × ×
list_contracts           · × × ×
show_contract            · × × ×
export_contract          · × · ×
show_convention          · × × ×
verify_contract          · × · ×
terminate_contract       · × · ·
list_transfers           · × × ×
show_transfer            · × × ×
show_fetch               · × × ×
request_transfer         · · × ·
fetch_transfer           · · × ·
complete_transfer        · · × ·
start_transfer           · × × ·
suspend_transfer         · × × ·
resume_transfer          · × × ·
terminate_transfer       · × × ·
show_journal             × × · ×
verify_journal           × × · ×
verify_journals          × × · ×
list_checkpoints         × × · ×
list_jobs                × · · ×
list_reconciliations     × × · ×
retry_job                × · · ·
read_events              × × × ×
stream_events            × × × ×
list_webhooks            × × × ×
show_webhook             × × × ×
create_webhook           × · × ·
change_webhook           × · × ·
delete_webhook           × · × ·
rotate_webhook           × · × ·
retry_webhook            × · × ·
test_webhook             × · × ·
"""

OPERATIONS = {operation["operationId"]: (method, path) for method, path, operation in reference.operations()}
ROWS = {name: marks for name, *marks in (line.split() for line in TABLE.strip("\n").splitlines()[1:])}


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


def test_every_address_has_its_line_and_every_line_its_address() -> None:
    assert set(ROWS) == set(OPERATIONS)
    assert set(MAY) == set(OPERATIONS)
    assert all(len(marks) == len(ROLES) and set(marks) <= {"×", "·"} for marks in ROWS.values())


def test_the_one_who_publishes_and_agrees_never_touches_keys_and_the_other_way_round() -> None:
    keys = {"issue_key", "rotate_key", "revoke_key"}
    decisions = {name for name in ROWS if re.search("negotiation|offer|dataset|request_access", name)}
    operator, steward = (marks_of(column) for column in (0, 1))
    assert not steward & keys
    assert not operator & decisions
    assert keys <= operator


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("column", range(len(ROLES)), ids=ROLES)
def test_a_role_may_what_the_table_says(
    http: httpx.Client, consumer: Running, second_keys: dict[str, str], name: str, column: int
) -> None:
    """Nothing that is asked for exists, and no body is whole: whoever may gets another refusal, and nothing changes."""
    method, path = OPERATIONS[name]
    path = path.replace("{did}", "did:web:nobody.example")
    path = re.sub(r"{\w+}", "urn:nobody", path)
    body: Any = None if method == "get" else {"nothing": 1}
    headers = {"authorization": f"Bearer {second_keys[ROLES[column]]}", "accept-language": "en"}
    with http.stream(method, consumer.url + path, json=body, headers=headers) as answer:
        if answer.status_code != 200:  # an answer that was granted may have no end
            answer.read()
    if ROWS[name][column] == "×":
        assert answer.status_code in ((200, 404) if method == "get" else (400, 404, 409))  # 409: it has a seal key
        return
    assert answer.status_code == 403
    problem = answer.json()
    if "×" not in ROWS[name]:
        assert problem["code"] == "administration-only"
        return
    assert problem["code"] == "role-forbidden"
    able = [role for role, mark in zip(ROLES, ROWS[name], strict=True) if mark == "×"]
    assert re.findall(r"\((\w+)\)", problem["detail"]) == [ROLES[column], *able, "administration"]


def test_an_address_without_a_line_is_the_administrations_alone() -> None:
    def request(role: str) -> Any:
        route = SimpleNamespace(name="of_tomorrow")
        return SimpleNamespace(state=SimpleNamespace(caller=Caller("k", "o", "n", role)), scope={"route": route})

    for role in ROLES:
        with pytest.raises(AdministrationOnly):
            asyncio.run(permitted(request(role)))
    asyncio.run(permitted(request("administration")))


def marks_of(column: int) -> set[str]:
    """Return what a role may do."""
    return {name for name, marks in ROWS.items() if marks[column] == "×"}
