"""Connections are closed with the client or the event loop that they belong to, whichever ends first."""

import asyncio
import gc
import weakref

import httpx
import pytest

from audio_core import AudioClient
from audio_core.testing import ScriptedGateway

QUESTION = [{"role": "user", "content": "hi"}]


def make_client(gateway: ScriptedGateway) -> AudioClient:
    return AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)


def test_a_client_that_ends_with_its_event_loop_leaves_no_connection_open(gateway) -> None:
    """A connection left open causes a ResourceWarning, which is an error here."""

    async def ask() -> str:
        client = make_client(gateway)
        answers = await asyncio.gather(*(client.achat(QUESTION, {}) for _ in range(3)))
        return answers[0].text

    for _ in range(5):
        assert asyncio.run(ask()) == "yes"
        gc.collect()


def test_a_client_that_is_dropped_closes_its_connections_while_the_event_loop_runs(
    gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio_core.http.clients._CLOSE_DELAY", 0.0)

    async def ask_many() -> list[httpx.AsyncClient]:
        http_clients = []
        for _ in range(5):
            client = make_client(gateway)
            await client.achat(QUESTION, {})
            http_clients.append(await client._clients.get_async_client())
            del client
        gc.collect()
        await asyncio.sleep(0.2)
        assert all(http_client.is_closed for http_client in http_clients)
        return http_clients

    assert len(asyncio.run(ask_many())) == 5


def test_a_client_that_outlives_its_event_loops_closes_its_connections_with_each(gateway) -> None:
    client = make_client(gateway)

    async def get_used_client() -> httpx.AsyncClient:
        await client.achat(QUESTION, {})
        return await client._clients.get_async_client()

    first, second = asyncio.run(get_used_client()), asyncio.run(get_used_client())
    assert (first.is_closed, second.is_closed, first is second) == (True, True, False)


def test_a_loop_that_has_ended_is_forgotten(gateway) -> None:
    client = make_client(gateway)
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def ask_side_by_side() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await asyncio.gather(*(client.achat(QUESTION, {}) for _ in range(3)))

    for _ in range(3):
        asyncio.run(ask_side_by_side())
    gc.collect()
    assert [loop() for loop in loops] == [None] * 3
