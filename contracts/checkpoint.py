"""Checkpoints of the journal: what a participant seals now and then about all its journals, to fix them at that date.

An entry of a journal holds the hash of the one before it, so the last hash fixes a whole chain. A checkpoint lists the
last entries of the journals that grew since the checkpoint before it, and names that one by its digest and that of its
seal. It is shown to others, beside a contract, and must not tell them with whom else the participant deals: so each
entry stands in it as one digest over process, number and hash. The hash is as good as random, so only who has that
journal can compute the digest, and nobody can guess it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from contracts import schema
from contracts.canonical import Json, canonical, sha256
from contracts.document import at as instant_in
from contracts.jws import CHECKPOINT, Sealed, read_sealed
from contracts.refused import BadSealTime, OtherCheckpoint, WrongSealKey
from contracts.seals import COMMITMENTS, LEEWAY, Signatory, check_signatures, sealed_at
from contracts.terms import instant

MAX_HEADS = 5_000
"""How many journals one checkpoint covers at most; those that are left come into the next."""


def head_digest(process: str, n: int, hash_: str) -> str:
    """Return how a checkpoint names an entry: SHA-256 of the canonical JSON of its process, number and hash."""
    return sha256(canonical({"process": process, "n": n, "hash": hash_}))


def draw_up_checkpoint(
    heads: Iterable[str],
    *,
    by: str,
    number: int,
    previous: Sealed | None,
    at: datetime,
    restorations: Sequence[tuple[datetime, datetime]] = (),
) -> dict[str, Json]:
    """Return a checkpoint, ready to be written by `canonical` and sealed.

    `heads`: digests of last entries; `restorations`: of the database since the previous checkpoint, when the backup was
    taken and when it was restored: what had been written between these instants is not in the journals any more.
    """
    told = {
        "schema": schema.CHECKPOINT,
        "by": by,
        "number": number,
        "at": instant(at),
        "heads": sorted(heads),
        **({"previous": _named(previous)} if previous is not None else {}),
        **({"restorations": [_restoration(*one) for one in restorations]} if restorations else {}),
    }
    schema.check_shape(told, schema.CHECKPOINT)
    return told


def check_checkpoint(text: str, *, by: str, keys: Mapping[str, str], now: datetime | None = None) -> Sealed:
    """Return the sealed checkpoint, when it is this participant's and sealed with one of its keys.

    `keys`: seal keys of the participant, `kid` and SHA-256 of the certificate. Raises ContractError.
    """
    sealed = read_sealed(text)
    document = sealed.document
    # 1. It has the form, and its entries stand in their one order, each once.
    schema.check_shape(document, schema.CHECKPOINT)
    for place, (one, other) in enumerate(pairwise(document["heads"]), 1):
        if one >= other:
            raise OtherCheckpoint(needed=f"> {one}", actual=other, pointer=f"/heads/{place}")
    # 2. It is this participant's.
    if document["by"] != by:
        raise OtherCheckpoint(needed=by, actual=document["by"], pointer="/by")
    # 3. It bears one seal, made with a key of the participant.
    kid = sealed.signatures[0].header["kid"]
    if kid not in keys:
        raise WrongSealKey(needed=" | ".join(keys), actual=kid[:200], pointer="/signatures/0/protected/kid")
    signatory = Signatory(did=by, kid=kid, certificate_sha256=keys[kid], commitments=COMMITMENTS["provider"])
    check_signatures(sealed, [signatory], media_type=CHECKPOINT, now=now)
    # 4. It was drawn up before it was sealed.
    drawn_up, made = instant_in(document, "at"), sealed_at(sealed.signatures[0])
    if drawn_up - made > LEEWAY:
        raise BadSealTime(needed=f"≥ {instant(drawn_up)}", actual=instant(made), pointer="/signatures/0/protected/iat")
    return sealed


def check_follows(sealed: Sealed, previous: Sealed | None) -> None:
    """Verify that a checkpoint follows this one, or is the first. Raises OtherCheckpoint.

    The digests put them in order, not the dates: a clock may be set back.
    """
    document, before = sealed.document, None if previous is None else previous.document
    number = 1 if before is None else before["number"] + 1
    if document["number"] != number:
        raise OtherCheckpoint(needed=str(number), actual=str(document["number"]), pointer="/number")
    needed = None if previous is None else _named(previous)
    if document.get("previous") != needed:
        raise OtherCheckpoint(needed=str(needed), actual=str(document.get("previous")), pointer="/previous")


def _named(checkpoint: Sealed) -> dict[str, Json]:
    return {"sha256": checkpoint.sha256, "seal": checkpoint.signatures[0].sha256}


def _restoration(taken_at: datetime, restored_at: datetime) -> dict[str, Json]:
    return {"backupAt": instant(taken_at), "restoredAt": instant(restored_at)}
