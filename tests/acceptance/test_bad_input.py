"""Bad input over the real public listener: a clear typed error each time, never 5xx, and nothing changes.

Who sends it is a true partner with a valid token, since anybody else is refused before his body is read. Each case is
aimed at processes that stand where the well-formed message would be taken, and the whole database is compared before
and after. What a refusal may add is a line `refused` in the journal of a partner's own process.
"""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT, Node
from connector.ids import new_id
from tests.harness import nodes, samples
from tests.harness.dump import Dump, everything, until_quiet
from tests.harness.speaker import Heard, JsonObject, Speaker, as_bytes, message, speakers
from tests.harness.stages import Kept, kept
from tests.tools.postgres import Postgres

BODY_TIMEOUT_S = 0.5
CATALOGUE = "/catalog/request"
PATHS = sorted({*samples.FIRST_PATHS, *samples.LATER_PATHS, CATALOGUE})
ERROR_OF = {"negotiations": "ContractNegotiationError", "transfers": "TransferError", "catalog": "CatalogError"}


@dataclass(frozen=True)
class Stage:
    """A provider, a partner who writes by hand, and processes between them."""

    node: Node
    speaker: Speaker
    offer: JsonObject
    agreement: str
    negotiation: tuple[str, str]
    """(the provider's pid, the partner's pid): REQUESTED, waiting for a person."""
    transfer: tuple[str, str]
    """STARTED."""

    def body(self, path: str, **members: Any) -> JsonObject:
        """Return the well-formed message for a path."""
        if path == CATALOGUE:
            return message("CatalogRequestMessage", **members)
        if path in samples.FIRST_PATHS:
            content = {"agreementId": self.agreement} if path.startswith("/transfers") else {"offer": self.offer}
            return samples.first(path, new_id(), self.speaker.callback, **{**content, **members})
        provider_pid, consumer_pid = self.transfer if path.startswith("/transfers") else self.negotiation
        return samples.later(path, consumer_pid, provider_pid, **members)

    def url(self, path: str) -> str:
        pid = (self.transfer if path.startswith("/transfers") else self.negotiation)[0]
        return path.replace("{pid}", pid)

    def dsp_url(self, path: str) -> str:
        return self.node.addresses.dsp_base(ROOT) + self.url(path)

    async def say(self, path: str, body: JsonObject | bytes | None, method: str = "POST", **headers: str) -> Heard:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.speaker.say(method, self.url(path), body, to=self.node, headers=named)

    async def refuses(self, path: str, body: JsonObject | bytes, status: int, code: str, pointer: str = "") -> None:
        """Assert that the body is refused in the typed form of the path's protocol."""
        heard = await self.say(path, body)
        what = (path, as_bytes(body)[:200], heard.status, heard.text[:300])  # type: ignore[index]
        assert heard.status == status, what
        check_error(heard, path, code)
        assert pointer in " ".join(heard.body["reason"]), what

    async def state(self) -> Dump:
        await until_quiet(self.node)
        return await everything(self.node)


def check_error(heard: Heard, path: str, code: str) -> None:
    """Assert that the answer is the typed error of the protocol, with our code and reasons in two languages."""
    kind = ERROR_OF.get(path.split("/")[1], "CatalogError")
    assert heard.headers["Content-Type"] == "application/json"
    assert (heard.body["@type"], heard.body["code"]) == (kind, code), heard.text
    assert heard.body["reason"]
    if kind != "CatalogError":
        assert heard.body["providerPid"]
        assert heard.body["consumerPid"]


@asynccontextmanager
async def theatre(folder: Path, database: str | None) -> AsyncIterator[Stage]:
    settings = {"body_timeout_s": BODY_TIMEOUT_S, "database": database}
    async with nodes.running(folder / "node", **settings) as node, nodes.running(folder / "partner") as partner:
        await nodes.publish(node)
        await nodes.publish(node, "relu", mode="manual")
        agreement = await nodes.agreed(partner, node)
        transfer = await partner.transfer.request(ROOT, agreement, by=nodes.BY)
        transfer = await nodes.until_transfer(partner, transfer.pid, "STARTED")
        asked = await nodes.ask(partner, node.addresses.did(ROOT), "urn:test:relu")
        asked = await nodes.until_negotiation(partner, asked.pid, "REQUESTED")
        async with speakers((partner, ROOT)) as (speaker,):
            await until_quiet(node, partner)
            yield Stage(
                node,
                speaker,
                samples.offer(asked.offer_id, "urn:test:relu"),
                agreement,
                (asked.peer_pid or "", asked.pid),
                (transfer.peer_pid or "", transfer.pid),
            )


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept[Stage]]:
    folder = tmp_path_factory.mktemp(f"bad-input-{request.param}")
    if request.param == "sqlite":
        with kept(theatre(folder, None)) as stage:
            yield stage
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.fresh_database() as url, kept(theatre(folder, url)) as stage:
        yield stage


@asynccontextmanager
async def unchanged(stage: Stage) -> AsyncIterator[None]:
    """Assert that what happens inside changes no row."""
    before = await stage.state()
    yield
    assert await stage.state() == before


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


NOT_A_MESSAGE = {
    "nothing": b"",
    "not JSON": b"<message/>",
    "a form": b"a=1&b=2",
    "cut short": b'{"@type": "Contract',
    "two values": b"{}{}",
    "an array": b"[]",
    "a string": b'"text"',
    "a number": b"1",
    "null": b"null",
    "not UTF-8": '{"@type": "é"}'.encode("latin-1"),
    "UTF-16": '{"@type": "a"}'.encode("utf-16"),
    "depth 33": nested(33),
    "depth 1,000": nested(1_000),
    "depth 100,000": nested(100_000),
    "arrays, depth 1,000": b'{"a":' + b"[" * 1_000 + b"]" * 1_000 + b"}",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "a number beyond all": b'{"a": 1e999}',
    "an integer of 5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a null character": b'{"a": "\\u0000"}',
    "an empty object": b"{}",
}


@pytest.mark.parametrize("name", NOT_A_MESSAGE)
def test_what_is_no_message_is_refused_everywhere(stage: Kept[Stage], name: str) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                await on.refuses(path, NOT_A_MESSAGE[name], 400, "malformed-message")

    stage.run(play)


def test_a_message_of_another_kind_is_refused_everywhere(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                for kind in ("ContractNegotiation", "contractrequestmessage", "dspace:ContractRequestMessage", ""):
                    await on.refuses(path, on.body(path) | {"@type": kind}, 400, "malformed-message", "/@type")

    stage.run(play)


@pytest.mark.parametrize("contexts", [[], "https://w3id.org/dspace/2024/1/context.json", {}, [{}], [1]])
def test_a_message_without_the_context_is_refused_everywhere(stage: Kept[Stage], contexts: Any) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                await on.refuses(path, on.body(path) | {"@context": contexts}, 400, "malformed-message", "/@context")

    stage.run(play)


REQUIRED = {
    "/negotiations/request": ("consumerPid", "offer", "callbackAddress"),
    "/negotiations/offers": ("providerPid", "offer", "callbackAddress"),
    "/transfers/request": ("consumerPid", "agreementId", "format", "callbackAddress"),
    "/negotiations/{pid}/request": ("consumerPid", "providerPid", "offer"),
    "/negotiations/{pid}/offers": ("consumerPid", "providerPid", "offer"),
    "/negotiations/{pid}/events": ("eventType",),
    "/negotiations/{pid}/agreement": ("agreement",),
    "/catalog/request": (),
}


def required(path: str) -> tuple[str, ...]:
    return ("@context", "@type", *REQUIRED.get(path, ()), *(("consumerPid", "providerPid") if "{pid}" in path else ()))


def test_a_message_without_a_required_member_is_refused_everywhere(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                for member in required(path):
                    body = on.body(path)
                    del body[member]
                    await on.refuses(path, body, 400, "malformed-message")

    stage.run(play)


@pytest.mark.parametrize("wrong", [None, 42, True, [], {}, [["x"]], ""], ids=json.dumps)
def test_a_member_of_a_wrong_type_is_refused_everywhere(stage: Kept[Stage], wrong: Any) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                reason = ("reason",) if path.endswith("/termination") and wrong != [["x"]] else ()
                for member in (*required(path), *reason):
                    await on.refuses(path, {**on.body(path), member: wrong}, 400, "malformed-message", f"/{member}")

    stage.run(play)


def test_both_of_two_members_that_exclude_each_other_are_refused(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            both = {"consumerPid": new_id(), "providerPid": new_id()}
            for path in ("/negotiations/request", "/negotiations/offers"):
                await on.refuses(path, on.body(path) | both, 400, "malformed-message")

    stage.run(play)


OFFERS: dict[str, JsonObject] = {
    "without rules": {"permission": None},
    "empty permission": {"permission": []},
    "no action": {"permission": [{}]},
    "an action that is an object": {"permission": [{"action": {"@id": "use"}}]},
    "a permission that is an object": {"permission": {"action": "use"}},
    "of another type": {"@type": "Set"},
    "without target": {"target": None},
    "with a target in a rule": {"permission": [{"action": "use", "target": "urn:test:relu"}]},
    "a number on the right": {
        "permission": [{"action": "use", "constraint": [{"leftOperand": "count", "operator": "lt", "rightOperand": 5}]}]
    },
    "an unknown operator": {
        "permission": [{"action": "use", "constraint": [{"leftOperand": "a", "operator": "~", "rightOperand": "b"}]}]
    },
    "a constraint of two kinds": {
        "permission": [
            {"action": "use", "constraint": [{"leftOperand": "a", "operator": "eq", "rightOperand": "b", "and": []}]}
        ]
    },
}


@pytest.mark.parametrize("name", OFFERS)
def test_an_offer_that_breaks_the_schema_is_refused(stage: Kept[Stage], name: str) -> None:
    async def play(on: Stage) -> None:
        wanted = {key: value for key, value in {**on.offer, **OFFERS[name]}.items() if value is not None}
        async with unchanged(on):
            for path in [path for path in PATHS if path.endswith(("/request", "/offers")) and "negot" in path]:
                await on.refuses(path, on.body(path, offer=wanted), 400, "malformed-message", "/offer")

    stage.run(play)


def test_a_key_that_appears_twice_is_refused_everywhere_at_any_depth(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                text = json.dumps(on.body(path))
                twice = text[:-1] + ', "@type": "Other"}'
                deep = text[:-1] + ', "x": {"y": [{"z": 1, "z": 1}]}}'
                await on.refuses(path, twice.encode(), 400, "malformed-message", "/@type")
                await on.refuses(path, deep.encode(), 400, "malformed-message", "/x/y/0/z")

    stage.run(play)


def test_ten_megabytes_are_refused_everywhere_announced_or_not(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                big = on.body(path) | {"x": "x" * 10_000_000}
                await on.refuses(path, big, 413, "too-large")
                url, named = on.dsp_url(path), {"Authorization": await on.speaker.token(on.node)}
                async with on.speaker.session.post(url, data=in_pieces(big), headers=named) as answer:
                    assert answer.request_info.headers["Transfer-Encoding"] == "chunked"
                    assert answer.status == 413, await answer.text()

    stage.run(play)


def test_a_compressed_body_is_refused_everywhere(stage: Kept[Stage]) -> None:
    """A bomb is never opened."""

    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                for encoding in ("gzip", "GZIP", "deflate", "br", "identity, gzip"):
                    body = gzip.compress(as_bytes(on.body(path)) or b"")
                    heard = await on.say(path, body, Content_Encoding=encoding)
                    assert heard.status == 415, (encoding, heard)
                    check_error(heard, path, "content-encoding")

    stage.run(play)


def test_the_name_of_the_content_type_is_not_what_matters(stage: Kept[Stage]) -> None:
    """Peers label their JSON as they like; what is inside decides."""

    async def play(on: Stage) -> None:
        async with unchanged(on):
            for label in ("application/ld+json", "text/plain", "application/x-www-form-urlencoded", "nonsense", ""):
                heard = await on.say(CATALOGUE, on.body(CATALOGUE), Content_Type=label)
                assert (heard.status, heard.body["@type"]) == (200, "Catalog")
                heard = await on.say(CATALOGUE, b"<xml/>", Content_Type=label)
                assert heard.status == 400

    stage.run(play)


# Processes


def test_an_unknown_process_is_not_found(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in sorted(samples.LATER_PATHS):
                for pid in (new_id(), "x", "urn:uuid:", "a" * 3_000, "%00", "%C3%A9", "%FF", "%20", "%2e%2e"):
                    body = samples.later(path, new_id(), new_id())
                    url = path.replace("{pid}", pid)
                    heard = await on.say(url, body)
                    assert heard.status == 404, (url[:80], heard)
                    check_error(heard, path, "not-found")
                    shown = await on.say(f"/{path.split('/')[1]}/{pid}", None, "GET")
                    assert shown.status == 404, (url[:80], shown)

    stage.run(play)


def test_pids_that_do_not_belong_together_are_not_found(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in sorted(samples.LATER_PATHS):
                for member in ("consumerPid", "providerPid"):
                    await on.refuses(path, on.body(path) | {member: new_id()}, 404, "not-found")
                crossed = on.negotiation if path.startswith("/transfers") else on.transfer
                heard = await on.say(path.replace("{pid}", crossed[0]), on.body(path))
                assert heard.status == 404

    stage.run(play)


ILLEGAL = {  # in REQUESTED, from the consumer; in STARTED, from the consumer
    "/negotiations/{pid}/request",
    "/negotiations/{pid}/offers",
    "/negotiations/{pid}/events",
    "/negotiations/{pid}/agreement",
    "/negotiations/{pid}/agreement/verification",
}


def test_an_illegal_transition_is_refused_and_leaves_one_line_in_the_journal(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        for path in sorted(ILLEGAL):
            for event in ("ACCEPTED", "FINALIZED") if path.endswith("/events") else (None,):
                members = {} if event is None else {"eventType": event}
                before = await on.state()
                await on.refuses(path, on.body(path, **members), 400, "illegal-transition")
                after = await on.state()
                added = set(after["journal"]) - set(before["journal"])
                assert [row[4] for row in added] == ["refused"]
                assert after == before | {"journal": after["journal"]}
                assert set(before["journal"]) < set(after["journal"])

    stage.run(play)


def test_what_is_not_offered_is_not_found(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for wanted in (
                on.offer | {"@id": new_id()},
                on.offer | {"@id": "../../etc/passwd"},
                on.offer | {"target": "urn:test:lampadaires"},
                on.offer | {"target": new_id()},
            ):
                path = "/negotiations/request"
                await on.refuses(path, on.body(path, offer=wanted), 404, "not-found")
            path = "/transfers/request"
            for agreement in (new_id(), "x", "../.."):
                await on.refuses(path, on.body(path, agreementId=agreement), 404, "not-found")
            await on.refuses(path, on.body(path, format="AmazonS3-PUSH"), 400, "invalid", "/format")

    stage.run(play)


FOREIGN = [
    "http://10.0.0.1/dsp",
    "http://192.168.1.1/dsp",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/dsp",
    "http://[fd00::1]/dsp",
    "http://2130706433/dsp",
    "http://0x7f.1/dsp",
    "http://0/dsp",
    "http://127.1/dsp",
    "http://localhost/dsp",
    "https://example.org/dsp",
    "http://127.0.0.1.example.org/dsp",
    "http://127.0.0.1@example.org/dsp",
    "http://user:secret@127.0.0.1/dsp",
    "http://127.0.0.1/dsp?to=example.org",
    "http://127.0.0.1/dsp#fragment",
    "http://127.0.0.1:99999/dsp",
    "http://127.0.0.1\\@example.org/dsp",
    "file:///etc/passwd",
    "ftp://127.0.0.1/dsp",
    "gopher://127.0.0.1/dsp",
    "//127.0.0.1/dsp",
    "127.0.0.1/dsp",
    "http://",
    "http://[",
    "x",
]


@pytest.mark.parametrize("address", FOREIGN)
def test_a_callback_that_is_not_the_callers_own_is_refused(stage: Kept[Stage], address: str) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in sorted(samples.FIRST_PATHS):
                await on.refuses(path, on.body(path, callbackAddress=address), 400, "invalid", "/callbackAddress")

    stage.run(play)


# Addresses and methods


UNKNOWN = [
    "",
    "/",
    "/negotiations",
    "/negotiations/",
    "/negotiations/x/y/z",
    "/negotiations/{pid}/Events",
    "/negotiations/..%2f..%2f..%2fetc%2fpasswd",
    "/negotiations/{pid}/../../../etc/passwd",
    "/transfers",
    "/transfers/{pid}/restart",
    "/transfers/%2e%2e/%2e%2e/request",
    "/catalog",
    "/catalog/datasets",
    "/catalog/datasets/",
    "/catalog/datasets/../../../../../../etc/passwd",
    "/catalog/datasets/..%2f..%2f..%2fetc%2fpasswd",
    "/catalog/datasets/%00",
    "/catalog/datasets/urn:test:nothing",
    "/catalog/datasets/" + "d" * 5_000,
    "/unknown",
    "/%",
    "/%zz",
    "/../../../../etc/passwd",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_address_below_the_base_is_refused_in_the_protocols_form(stage: Kept[Stage], path: str) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for method in ("GET", "POST", "DELETE"):
                heard = await on.say(path, None if method == "GET" else b"{}", method)
                is_dataset = path.startswith("/catalog/datasets/") and path[18:] not in ("", "%00")
                assert heard.status == (405 if is_dataset and method != "GET" else 404), heard
                assert heard.body["@type"] == ERROR_OF.get(path.strip("/").split("/")[0], "CatalogError")

    stage.run(play)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/../../../../etc/passwd",
        "/data/..%2f..%2fpupitre.sqlite",
        "/data/../keys/root",
        "/data/%00",
        "/data/" + "x" * 5_000,
        "/o/../../etc/did.json",
        "/o/%2e%2e/data/x",
        "/.well-known/../../etc/passwd",
        "//etc/passwd",
    ],
)
def test_no_address_leads_to_a_file_of_the_machine(stage: Kept[Stage], path: str) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            named = {"Authorization": "Bearer x"}
            for method in ("GET", "HEAD", "POST"):
                heard = await on.speaker.call(method, on.node.settings.base_url + path, headers=named)
                assert heard.status in (401, 404, 405), heard
                assert "root:" not in heard.text

    stage.run(play)


def test_a_method_that_an_address_does_not_know_is_refused_in_the_protocols_form(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            posts = dict.fromkeys(PATHS, "POST") | {"/catalog/datasets/x": "GET"}
            gets = {"/negotiations/{pid}": "GET", "/transfers/{pid}": "GET"}
            for path, method in (posts | gets).items():
                for other in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
                    if other == method or (other == "GET" and path in samples.FIRST_PATHS):
                        continue  # GET /negotiations/request is a question about a process named "request"
                    heard = await on.say(path, None, other)
                    assert heard.status == 405, (other, path, heard)
                    assert method in heard.headers["Allow"]
                    check_error(heard, path, "method-not-allowed")

    stage.run(play)


# What is refused before there is a message


def test_a_caller_without_a_valid_token_is_refused_everywhere_and_learns_nothing(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            good = await on.speaker.token(on.node)
            for token in (
                "",
                "Bearer",
                "Bearer x",
                "Bearer a.b.c",
                "Basic eDp5",
                good[:-4] + "AAAA",
                good + "x" * 20_000,
            ):
                for path in PATHS:
                    heard = await on.say(path, on.body(path), Authorization=token)
                    never = await on.say(path.replace("{pid}", "urn:uuid:x"), b"no message", Authorization=token)
                    assert heard.status == never.status == 401
                    check_error(heard, path, "unauthorized")
                    assert heard.body["reason"] == never.body["reason"]

    stage.run(play)


def test_heads_above_64_kib_are_refused(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            begin = b"GET /health HTTP/1.1\r\nHost: x\r\n"
            for size in (70_000, 1_000_000):
                for head in (
                    begin + b"X-Long: " + b"x" * size + b"\r\n\r\n",
                    begin + b"X-Endless: " + b"x" * 1_000_000,
                    begin + b"X-Many: x\r\n" * (size // 7) + b"\r\n",
                    b"GET /" + b"x" * size + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                ):
                    answer = await exchange(on.node, head)
                    if answer == b"reset" and len(head) >= 1_000_000:
                        continue  # the answer was on its way, but we were still sending
                    assert answer.startswith(b"HTTP/1.1 431 "), answer[:200]
                    assert b'"code":"head-too-large"' in answer

    stage.run(play)


def test_a_head_of_common_size_is_read(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        head = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + b"x" * 30_000 + b"\r\n\r\n"
        assert (await exchange(on.node, head)).startswith(b"HTTP/1.1 200 ")

    stage.run(play)


@pytest.mark.parametrize(
    "head",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /dsp/2025-1/catalog/request HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /dsp/2025-1/catalog/request HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nBad Header : x\r\n\r\n",
    ],
)
def test_what_is_no_http_request_is_refused(stage: Kept[Stage], head: bytes) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            answer = await exchange(on.node, head)
            assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
            assert b'"code":"not-http"' in answer

    stage.run(play)


def test_a_body_that_does_not_arrive_in_time_is_refused_everywhere(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            answers = await asyncio.gather(*(talk(on, path, {"Content-Length": "500"}, b'{"') for path in PATHS))
            for answer in answers:
                assert answer.startswith(b"HTTP/1.1 408 "), answer[:300]
                assert b'"code":"slow-body"' in answer

    stage.run(play)


def test_a_body_that_ends_early_changes_nothing(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        async with unchanged(on):
            for path in PATHS:
                raw = as_bytes(on.body(path)) or b""
                await talk(on, path, {"Content-Length": str(len(raw) + 1)}, raw, leaves=True)
            heard = await on.say(CATALOGUE, on.body(CATALOGUE))
            assert heard.status == 200

    stage.run(play)


def test_the_well_formed_message_is_taken_after_all_this(stage: Kept[Stage]) -> None:
    async def play(on: Stage) -> None:
        for path in ("/negotiations/request", "/transfers/request", CATALOGUE, "/transfers/{pid}/suspension"):
            heard = await on.say(path, on.body(path))
            assert heard.status in (200, 201), (path, heard)

    stage.run(play)


# Bodies and connections by hand


async def in_pieces(body: JsonObject) -> AsyncIterator[bytes]:
    """Yield a body in pieces, so that its size is not announced."""
    raw = as_bytes(body) or b""
    for start in range(0, len(raw), 1 << 16):
        yield raw[start : start + (1 << 16)]


async def talk(on: Stage, path: str, headers: dict[str, str], *pieces: bytes, leaves: bool = False) -> bytes:
    """Send a request with these headers and pieces of a body; return the raw answer."""
    named = {"Host": "x", "Authorization": await on.speaker.token(on.node), "Connection": "close", **headers}
    lines = [f"POST /dsp/2025-1{on.url(path)} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return await exchange(on.node, "\r\n".join(lines).encode(), *pieces, leaves=leaves)


async def exchange(node: Node, *pieces: bytes, leaves: bool = False) -> bytes:
    """Send bytes on a connection of its own; return what came back until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.settings.public_port)
    try:
        for piece in pieces:
            writer.write(piece)
        if leaves:
            sock: socket.socket = writer.get_extra_info("socket")
            await writer.drain()
            sock.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b"reset"
    finally:
        writer.close()
