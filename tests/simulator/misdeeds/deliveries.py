"""How it asks for data: what was not agreed, or not yet, or not with it; and by requests with one thing wrong.

REQUESTS are answered with a no, and open no transfer. EARLY is said while a contract is being concluded, beside what
its node says.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connector.protocol import negotiation as n
from connector.protocol.extensions import SEAL
from contracts.jws import NOTICE, read_sealed
from contracts.notice import notice
from contracts.seals import seal_now
from tests.simulator.harmful import Acted, Elsewhere, Harmful, Message
from tests.simulator.misdeeds.hands import DEEP, HUGE, Hand

ADDRESS = "/dsp/2025-1/transfers/request"
PULL = "HttpData-PULL"
WRONG: Mapping[str, Any] = {"missing": ..., "null": None, "a list": [], "an object": {}, "empty": "", "huge": HUGE}
CALLBACKS = {
    "somebody else": lambda by: "https://example.org/dsp/2025-1",
    "a host of the network": lambda by: "http://169.254.169.254/latest/meta-data",
    "a file": lambda by: "file:///etc/passwd",
    "no address": lambda by: "://",
    "a name before its host": lambda by: f"http://{by.place.host}@example.org/dsp/2025-1",
    "a name behind its host": lambda by: f"http://{by.place.host}.example.org/dsp/2025-1",
    "a script": lambda by: "javascript:alert(1)",
    "an address with a line more": lambda by: f"http://{by.place.host}/dsp/2025-1\r\nX: y",
    "an address with a blank": lambda by: f"http://{by.place.host}/dsp /2025-1",
    "an address that turns": lambda by: f"http://{by.place.host}/\u202e",
    "an address with a question": lambda by: f"http://{by.place.host}/?",
    "a port that is none": lambda by: "http://127.0.0.1:99999/dsp/2025-1",
}


def asked(by: Harmful, **members: Any) -> Elsewhere:
    """Return a request for what was agreed before, with other members in the place of some; `...`: left out."""
    body = {
        "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"],
        "@type": "TransferRequestMessage",
        "consumerPid": f"urn:uuid:00000000-0000-4000-8000-{by.chance.randrange(10**12):012d}",
        "agreementId": by.earlier.agreement,
        "format": PULL,
        "callbackAddress": f"http://{by.place.host}/dsp/2025-1",
        **members,
    }
    return Elsewhere(ADDRESS, {name: value for name, value in body.items() if value is not ...})


def _one(**members: Callable[[Harmful], Any]) -> Acted:
    return lambda by: [asked(by, **{name: of(by) for name, of in members.items()})]


def _members() -> Iterator[tuple[str, Acted]]:
    for name in ("consumerPid", "agreementId", "format", "callbackAddress"):
        for how, value in WRONG.items():
            yield f"a request of data in which {name} is {how}", _one(**{name: lambda by, v=value: v})
    for name, of in CALLBACKS.items():
        yield f"a request of data that is to be answered at {name}", _one(callbackAddress=of)


REQUESTS: dict[str, Acted] = {
    **dict(_members()),
    "data under the agreement of somebody else": _one(agreementId=lambda by: by.foreign.agreement),
    "data under no agreement": _one(agreementId=lambda by: "urn:uuid:none"),
    "data under the name of a contract": _one(agreementId=lambda by: by.earlier.contract),
    "data under the name of a negotiation": _one(agreementId=lambda by: by.earlier.ours),
    "data under an agreement with a null character": _one(agreementId=lambda by: by.earlier.agreement + "\0"),
    "data under an agreement in capitals": _one(agreementId=lambda by: by.earlier.agreement.upper()),
    "data under half a character": _one(agreementId=lambda by: "\ud800"),
    "data under two agreements": _one(agreementId=lambda by: [by.earlier.agreement, by.foreign.agreement]),
    "data in a form that nobody knows": _one(format=lambda by: "Carrier-Pigeon"),
    "data with half a character in its pid": _one(consumerPid=lambda by: "\ud800"),
    "data with a null character in its pid": _one(consumerPid=lambda by: "a\0b"),
    "data pushed to nowhere": _one(format=lambda by: "HttpData-PUSH"),
    "data pushed to a file": _one(
        format=lambda by: "HttpData-PUSH", dataAddress=lambda by: _address("file:///etc/passwd")
    ),
    "a request of data that is none": lambda by: [Elsewhere(ADDRESS, b"[]")],
    "a request of data too deep": lambda by: [Elsewhere(ADDRESS, DEEP)],
    "a request of data of another type": _one(**{"@type": lambda by: "ContractRequestMessage"}),
    "the start of a transfer that is none": lambda by: _to(by, "start", "TransferStartMessage"),
    "the end of a transfer that is none": lambda by: _to(by, "termination", "TransferTerminationMessage"),
    "the start of a negotiation": lambda by: _to(by, "start", "TransferStartMessage", by.earlier.ours),
    "the end of our negotiation with somebody else, as a transfer": lambda by: _to(
        by, "termination", "TransferTerminationMessage", by.foreign.ours
    ),
    "a thousand requests of what was not agreed": lambda by: [
        asked(by, agreementId=by.foreign.agreement) for _ in range(1_000)
    ],
}


def _address(endpoint: str) -> Message:
    return {
        "@type": "DataAddress",
        "endpointType": "https://w3id.org/idsa/v4.1/HTTP",
        "endpoint": endpoint,
        "endpointProperties": [{"@type": "EndpointProperty", "name": "authorization", "value": "x"}],
    }


def _to(by: Harmful, verb: str, kind: str, pid: str = "urn:uuid:none") -> list[Elsewhere]:
    body = asked(by).body
    assert isinstance(body, dict)
    told = {"@context": body["@context"], "@type": kind, "consumerPid": pid, "providerPid": pid}
    return [Elsewhere(f"/dsp/2025-1/transfers/{pid}/{verb}", told)]


# --- before a contract is concluded -------------------------------------------------------------------------------


def _agreement(message: Message) -> str:
    """Return what a message that bears seals is about."""
    return str(read_sealed(message[SEAL]).document["agreement"]["id"])


def _data_first(by: Harmful, message: Message) -> list[Any]:
    return [asked(by, agreementId=_agreement(message)), message] if SEAL in message else [message]


def _told_first(what: str, times: int = 1) -> Hand:
    def hand(by: Harmful, message: Message) -> list[Any]:
        if SEAL not in message:
            return [message]
        contract, node = read_sealed(message[SEAL]), by.place.node
        assert node is not None
        role = next(r for r in ("provider", "consumer") if contract.document["parties"][r]["did"] == by.place.did)
        told = notice(contract, what, by=role, at=node.clock.now())  # type: ignore[arg-type]
        text = seal_now(told, by.signer, media_type=NOTICE, at=node.clock.now()).text
        return [*[Elsewhere(f"/evidence/{_agreement(message)}", text.encode())] * times, message]

    return hand


def _contract_first(by: Harmful, message: Message) -> list[Any]:
    if SEAL not in message:
        return [message]
    return [Elsewhere(f"/evidence/{_agreement(message)}", message[SEAL].encode()), message]


EARLY: dict[str, Hand] = {
    f"{kind}: {name}": hand
    for kind in (n.AGREEMENT, n.VERIFICATION)
    for name, hand in {
        "data are asked for first": _data_first,
        "a notice that ends it comes first": _told_first("termination"),
        "a notice that suspends it comes first, and again": _told_first("suspension", 3),
        "a receipt comes first": _told_first("receipt"),
        "the contract is handed in first": _contract_first,
    }.items()
}
"""By the name of the misdeed, which begins with the kind of the message."""
