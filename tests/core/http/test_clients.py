"""Connections end with the object or the event loop that they belong to, whichever ends first."""

import asyncio
import gc

import httpx
import pytest

from audio_core import AudioClient
from audio_core.testing import ScriptedGateway

QUESTION = [{"role": "user", "content": "hi"}]


def client(gateway: ScriptedGateway) -> AudioClient:
    return AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)


def test_an_object_that_dies_with_its_loop_leaves_nothing_open(gateway) -> None:
    """What is left open becomes a ResourceWarning, which is an error here."""

    async def ask() -> str:
        asking = client(gateway)
        answers = await asyncio.gather(*(asking.achat(QUESTION, {}) for _ in range(3)))
        return answers[0].text

    for _ in range(5):
        assert asyncio.run(ask()) == "yes"
        gc.collect()


def test_an_object_that_is_dropped_closes_its_connections_while_the_loop_goes_on(
    gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio_core.http.clients._CLOSE_DELAY", 0.0)

    async def many() -> list[httpx.AsyncClient]:
        opened = []
        for _ in range(5):
            asking = client(gateway)
            await asking.achat(QUESTION, {})
            opened.append(await asking._clients.get_async_client())
            del asking
        gc.collect()
        await asyncio.sleep(0.2)
        assert all(each.is_closed for each in opened)
        return opened

    assert len(asyncio.run(many())) == 5


def test_an_object_that_outlives_its_loops_is_closed_with_each(gateway) -> None:
    asking = client(gateway)

    async def opened() -> httpx.AsyncClient:
        await asking.achat(QUESTION, {})
        return await asking._clients.get_async_client()

    first, second = asyncio.run(opened()), asyncio.run(opened())
    assert (first.is_closed, second.is_closed, first is second) == (True, True, False)
