"""Which role may do what: one line for each address of the API, and the check that stands before all of them.

Duties are kept apart: who runs the node can never publish or agree, who publishes and agrees can never touch keys, who
develops fetches data and makes keys for applications, who audits reads. An address that has no line, or an empty one,
is the administration's alone: a new address is closed until somebody says here who may use it. The administration's key
may do everything, a key from before there were roles everything of its participant.
"""

from collections.abc import Mapping

from fastapi import Request

from connector.http.private.faults import AdministrationOnly
from connector.services.hosts import Caller, RoleForbidden
from connector.services.roles import ADMINISTRATION, AUDITOR, DEVELOPER, OPERATOR, STEWARD, UNRESTRICTED

_EVERYBODY = (OPERATOR, STEWARD, DEVELOPER, AUDITOR)
_OF_AFFAIRS = (STEWARD, DEVELOPER, AUDITOR)
_OF_RECORDS = (OPERATOR, STEWARD, AUDITOR)

MAY: Mapping[str, tuple[str, ...]] = {
    # The node, whom it hosts, and keys. A developer deals with developers' keys only (services/roles.py).
    "show_status": _EVERYBODY,
    "list_participants": (),
    "add_participant": (),
    "list_keys": (OPERATOR, DEVELOPER, AUDITOR),
    "issue_key": (OPERATOR, DEVELOPER),
    "rotate_key": (OPERATOR, DEVELOPER),
    "revoke_key": (OPERATOR, DEVELOPER),
    # Partners: the operator admits them, who asks and agrees sees them.
    "list_peers": _EVERYBODY,
    "show_peer": _EVERYBODY,
    "add_peer": (OPERATOR,),
    "remove_peer": (OPERATOR,),
    "ping_peer": (OPERATOR,),
    "accept_key": (OPERATOR,),
    "accept_card": (OPERATOR,),
    "block_peer": (OPERATOR,),
    "unblock_peer": (OPERATOR,),
    # What binds us to a partner, and what is attested of it, which opens data to it: a steward's matter.
    "set_framework": (STEWARD,),
    "remove_framework": (STEWARD,),
    "list_attestations": _EVERYBODY,
    "attest_peer": (STEWARD,),
    "withdraw_attestation": (STEWARD,),
    "list_inbox": _EVERYBODY,
    "show_newcomer": _EVERYBODY,
    "admit_newcomer": (OPERATOR,),
    "refuse_newcomer": (OPERATOR,),
    "show_invitation": _EVERYBODY,
    "show_card": _EVERYBODY,
    "put_card": (OPERATOR,),
    "show_seal_keys": _EVERYBODY,
    "create_seal_key": (OPERATOR,),
    "rotate_seal_key": (OPERATOR,),
    "request_certificate": (OPERATOR,),
    "import_certificate": (OPERATOR,),
    "revoke_seal_key": (OPERATOR,),
    "browse_catalogue": _OF_AFFAIRS,
    "show_catalogue_dataset": _OF_AFFAIRS,
    # Datasets and offers
    "list_datasets": _OF_AFFAIRS,
    "show_dataset": _OF_AFFAIRS,
    "list_audience": _OF_AFFAIRS,
    "preview_audience": _OF_AFFAIRS,
    "create_dataset": (STEWARD,),
    "put_dataset": (STEWARD,),
    "withdraw_dataset": (STEWARD,),
    "list_offers": _OF_AFFAIRS,
    "show_offer": _OF_AFFAIRS,
    "create_offer": (STEWARD,),
    "put_offer": (STEWARD,),
    "withdraw_offer": (STEWARD,),
    # Negotiations and agreements
    "list_negotiations": _OF_AFFAIRS,
    "show_negotiation": _OF_AFFAIRS,
    "request_access": (STEWARD,),
    "propose_offer": (STEWARD,),
    "accept_negotiation": (STEWARD,),
    "counter_negotiation": (STEWARD,),
    "refuse_negotiation": (STEWARD,),
    "verify_negotiation": (STEWARD,),
    "terminate_negotiation": (STEWARD,),
    "list_agreements": _OF_AFFAIRS,
    "show_agreement": _OF_AFFAIRS,
    # Contracts as evidence: bundles and checks are for those who decide, and those who audit; who agrees also ends.
    "list_contracts": _OF_AFFAIRS,
    "show_contract": _OF_AFFAIRS,
    "show_convention": _OF_AFFAIRS,
    "export_contract": (STEWARD, AUDITOR),
    "verify_contract": (STEWARD, AUDITOR),
    "terminate_contract": (STEWARD,),
    # Transfers: a developer asks for data and fetches them, a steward opens, stops and ends.
    "list_transfers": _OF_AFFAIRS,
    "show_transfer": _OF_AFFAIRS,
    "show_fetch": _OF_AFFAIRS,
    "request_transfer": (DEVELOPER,),
    "fetch_transfer": (DEVELOPER,),
    "complete_transfer": (DEVELOPER,),
    "start_transfer": (STEWARD, DEVELOPER),
    "suspend_transfer": (STEWARD, DEVELOPER),
    "resume_transfer": (STEWARD, DEVELOPER),
    "terminate_transfer": (STEWARD, DEVELOPER),
    # Records
    "show_journal": _OF_RECORDS,
    "verify_journal": _OF_RECORDS,
    "verify_journals": _OF_RECORDS,
    "list_checkpoints": _OF_RECORDS,
    "list_jobs": (OPERATOR, AUDITOR),
    "list_reconciliations": _OF_RECORDS,
    "retry_job": (OPERATOR,),
    "read_events": _EVERYBODY,
    "stream_events": _EVERYBODY,
    # Webhooks: plumbing of the house's own programs, by who runs the node and who writes them
    "list_webhooks": _EVERYBODY,
    "show_webhook": _EVERYBODY,
    "create_webhook": (OPERATOR, DEVELOPER),
    "change_webhook": (OPERATOR, DEVELOPER),
    "delete_webhook": (OPERATOR, DEVELOPER),
    "rotate_webhook": (OPERATOR, DEVELOPER),
    "retry_webhook": (OPERATOR, DEVELOPER),
    "test_webhook": (OPERATOR, DEVELOPER),
}


async def permitted(request: Request) -> None:
    """Let the request pass if the role of its key allows it. Raises RoleForbidden, AdministrationOnly."""
    caller: Caller = request.state.caller
    allowed = MAY.get(request.scope["route"].name, ())
    if caller.role in (ADMINISTRATION, UNRESTRICTED) or caller.role in allowed:
        return
    if not allowed:
        raise AdministrationOnly
    raise RoleForbidden.of(caller.role, (*allowed, ADMINISTRATION))
