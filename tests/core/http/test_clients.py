"""Connections are closed with the client or the event loop that they belong to, whichever ends first."""

import asyncio
import gc
import weakref
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import httpx
import pytest
from busy_threads import wait_until

from audio_core import AudioClient, InvalidOption
from audio_core.testing import ScriptedGateway

AUTHORITIES = Path(certifi.where()).read_bytes()
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


# The table of this system, and the state in which both ends are closed.
CONNECTIONS, CLOSED = Path("/proc/net/tcp"), "06"


def count_connections(gateway: ScriptedGateway) -> int:
    """Return how many connections to a gateway are open. Other descriptors may be those of other tests."""
    gc.collect()
    port = urlsplit(gateway.base_url).port or 0
    rows = (line.split() for line in CONNECTIONS.read_text().splitlines()[1:])
    return sum(row[2].endswith(f":{port:04X}") and row[3] != CLOSED for row in rows)


@pytest.mark.skipif(not CONNECTIONS.exists(), reason="this system does not list connections")
def test_a_loop_that_is_closed_with_its_generators_running_is_forgotten_too(gateway) -> None:
    """A connection left open causes a ResourceWarning, which is an error here."""
    client = make_client(gateway)
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    def ask() -> None:
        loop = asyncio.new_event_loop()
        loops.append(weakref.ref(loop))
        assert loop.run_until_complete(client.achat(QUESTION, {})).text == "yes"
        loop.close()

    for _ in range(5):
        ask()
    assert count_connections(gateway) >= 1
    assert wait_until(lambda: count_connections(gateway) == 1)  # of the last loop
    client.close()
    assert wait_until(lambda: count_connections(gateway) == 0)  # the gateway closes its end a little later
    assert [loop() for loop in loops] == [None] * 5


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_certificates_that_are_named_later_are_used(
    gateway, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    async with make_client(gateway) as client:
        before = client._clients.get_client(), await client._clients.get_async_client()
        (tmp_path / "authority.pem").write_bytes(AUTHORITIES)
        monkeypatch.setenv(variable, str(tmp_path / "authority.pem" if variable.endswith("FILE") else tmp_path))
        later = client._clients.get_client(), await client._clients.get_async_client()
        assert {*before}.isdisjoint(later)
        assert later == (client._clients.get_client(), await client._clients.get_async_client())
        monkeypatch.delenv(variable)
        assert before == (client._clients.get_client(), await client._clients.get_async_client())
    client.close()
    assert all(http_client.is_closed for http_client in (*before, *later))


@pytest.mark.parametrize("is_async", [False, True])
async def test_certificates_that_cannot_be_read_are_named(
    gateway, is_async: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/secret-folder.pem")
    async with make_client(gateway) as client:
        with pytest.raises(InvalidOption, match=r"SSL_CERT_FILE .* Check what is set there") as caught:
            await client.achat(QUESTION, {}) if is_async else client.chat(QUESTION, {})
    assert "secret-folder" not in str(caught.value)
