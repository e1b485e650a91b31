"""Pages of the catalogue: 50 among 10,000 and 100,000 datasets, the first and the last."""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import aiohttp

from connector.app import ROOT, Node
from connector.protocol import messages, pages
from tests.benchmarks import stand
from tests.benchmarks.figures import Figure, at_most, median
from tests.benchmarks.stand import SQLITE, STORES, Bench, Provider

SIZES = (10_000, 100_000)
LIMIT = 50
PLACES = ("first", "last, by its link", "last, by offset")
EDC = {"first": "54 ms", "last, by its link": "118 to 1,473 ms", "last, by offset": "118 to 1,473 ms"}
Taken = dict[tuple[str, int, str], list[float]]


async def page(bench: Bench) -> list[Figure]:
    """POST catalog/request over HTTP, each with a fresh token that the provider verifies; 120 of each, alternating"""
    with contextlib.ExitStack() as stack:
        providers = {
            (store, size): stack.enter_context(stand.provider(bench.database(store), f"datasets-{size}"))
            for store in STORES
            for size in SIZES
        }
        async with stand.consumer(bench.database(SQLITE)) as node, aiohttp.ClientSession() as session:
            taken = await _measured(bench, node, session, providers)
    return list(_figures(taken))


async def _measured(
    bench: Bench, node: Node, session: aiohttp.ClientSession, providers: dict[tuple[str, int], Provider]
) -> Taken:
    taken: Taken = {(*key, place): [] for key in providers for place in PLACES}
    for number in range(-5, bench.times(120)):
        for (store, size), provider in providers.items():
            for place in PLACES:
                took_ms = await ask(node, session, provider, size, place)
                if number >= 0:  # the first ones warm up
                    taken[store, size, place].append(took_ms)
    return taken


async def ask(node: Node, session: aiohttp.ClientSession, provider: Provider, size: int, place: str) -> float:
    """Return the milliseconds until the whole page is here; the token is made before."""
    token = await node.identity.token_for(ROOT, provider.did)
    offset = size + 1 - LIMIT if place == "last, by offset" else 0
    spec = {"@type": "QuerySpec", "limit": LIMIT, "offset": offset}
    body = messages.render(messages.CatalogRequestMessage(filter=(spec,)))
    url = f"{provider.url}/dsp/2025-1/catalog/request"
    if place == "last, by its link":
        url += "?cursor=" + pages.write_cursor(f"urn:bench:dataset:{size - LIMIT:07d}", LIMIT)
    headers = {"Authorization": token, "Content-Type": "application/json"}
    began = time.perf_counter()
    async with session.post(url, data=body, headers=headers) as answer:
        text = await answer.read()
    took_ms = stand.milliseconds_since(began)
    _require_whole(json.loads(text), place)
    return took_ms


def _require_whole(page: dict[str, Any], place: str) -> None:
    found = page["dataset"]
    if len(found) != LIMIT or (place != "first") != (found[-1]["@id"] == stand.DATASET):
        raise AssertionError(f"not the page that was asked for: {place}, {len(found)} datasets")


def _figures(taken: Taken) -> Iterator[Figure]:
    for store in STORES:
        for place in PLACES:
            few, many = (median(taken[store, size, place]) for size in SIZES)
            for size, value in zip(SIZES, (few, many), strict=True):
                name = f"catalogue page of {LIMIT} among {size:,}, {place}"
                yield at_most(name, store, value, 8, " ms", "", EDC[place])
            yield at_most(f"the same, 100,000 against 10,000, {place}", store, many / few, 1.5, " ×")
