"""Our own seal on what was exchanged with a partner that does not seal: *preuve unilatérale*, and called so everywhere.

It proves what we say was agreed, and when we said so; that the partner agreed is told by its messages alone.
"""

import logging
from dataclasses import replace
from datetime import datetime

from connector.identity.errors import NoSealKey
from connector.ids import new_id
from connector.protocol import negotiation as n
from connector.services import exchange, negotiated, seal_records
from connector.services.seal_case import Case, Signers, document_of, mark_of, said_of
from connector.store.db import Store
from connector.store.jobs import Job
from contracts.canonical import Json, canonical, sha256
from contracts.jws import UNILATERAL
from contracts.refused import ContractError
from contracts.seals import seal
from contracts.terms import instant
from contracts.texts import held

SCHEMA = "https://w3id.org/pupitre/unilateral/1"

log = logging.getLogger("pupitre.services")


async def seal_alone(store: Store, did: str, signers: Signers, job: Job, case: Case) -> None:
    """Seal the agreement, the digests of all messages and that of the token with which the partner sent its last.

    `did` is ours. Raises what the signer raises.
    """
    negotiation, now = case.negotiation, store.clock.now()
    _, agreement = negotiated.before_agreement(case.told)
    is_open = case.contract is None or case.contract.status == "unused"
    if negotiation.state != n.FINALIZED or not is_open or agreement is None:
        return
    try:
        told, signer = _document(case, did, agreement, now), signers(negotiation.owner)
        payload = canonical(told)
    except (ContractError, NoSealKey) as error:
        code = error.code
        log.warning("no evidence of our own is sealed", extra={**exchange.names_of(negotiation), "problem": code})
        said = said_of(error) if isinstance(error, ContractError) else {one: error.say(one) for one in ("fr", "en")}
        await store.write(lambda tx: seal_records.not_sealed_alone(tx, job, code, said), about=job.key)
        return
    sealed = await seal(payload, signer, media_type=UNILATERAL, at=now, approval=case.approval)
    mark, document = replace(mark_of(sealed, 0), role=negotiation.role), document_of(payload, told)
    await store.write(lambda tx: seal_records.sealed_alone(tx, job, document, mark), about=job.key)


def _document(case: Case, did: str, agreement: str, now: datetime) -> dict[str, Json]:
    negotiation = case.negotiation
    proofs = [one.proof for one in case.told if one.sender != did and one.proof]
    return {
        "schema": SCHEMA,
        "id": new_id(),
        "createdAt": instant(now),
        "role": negotiation.role.value,
        "by": did,
        "peer": negotiation.peer,
        "agreement": {"id": negotiation.agreement or "", "text": (text := held(agreement)), "sha256": sha256(text)},
        "messages": [
            {"type": one.kind, "from": one.sender, "sha256": one.exchanged.sha256}
            for one in negotiated.evidence(case.told)
        ],
        **({"token": sha256(proofs[-1])} if proofs else {}),
    }
