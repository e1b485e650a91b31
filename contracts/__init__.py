"""Agreements as evidence. Pure; knows policies and nothing else of the house.

`draw_up` makes the agreement that a provider sends on an offer; `check` verifies the one that a consumer receives.
Whether to agree at all is decided elsewhere; what the terms mean is told by policies/.

Two nodes that both can seal make a contract of it, in modules of their own, so that who needs no seal loads no
cryptography. In the order of their use:

- `canonical`: the one text of a document. `schema/`: what a document has. `texts`, `terms`: what goes into it.
- `document`: `draw_up_contract`, from what was `Negotiated`. `signer`: the port of a key. `approval`: who approved.
- `seals`: `seal`, `countersign`, `check_signatures`. `jws`: `read_sealed`. `keys`: which signatures are good.
- `checks`: `check_contract` (the consumer's), `check_countersigned` (the provider's), `check_seal` (anybody's).
- `conclusion`, `notice`: what is sealed afterwards. `timestamps`: what is added to a seal.
- `checkpoint`: where all journals of a participant stood, sealed.
- `refused`: why any of it is refused.
"""

from contracts.agreement import check, draw_up, has_terms_of, is_older, text_of
from contracts.errors import AgreementError

__all__ = ["AgreementError", "check", "draw_up", "has_terms_of", "is_older", "text_of"]
