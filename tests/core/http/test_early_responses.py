"""A gateway may refuse a body before it has read it. Its response is read, however it then closes the connection."""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import httpcore
import httpx
import pytest

from audio_core import Audio, AudioClient, ProviderError
from audio_core.http.early_responses import _Stream, find_pools, read_early_responses
from audio_core.testing import tone

ANSWER = b'{"error":{"message":"no more than 10 MB"}}'
HEAD = b"HTTP/1.1 413 Payload Too Large\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
REPETITIONS = 12


@contextlib.contextmanager
def serve_refusals(how: str) -> Iterator[str]:
    """Run a server that refuses each request as soon as it has read the headers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_refuse, args=(server, how), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"


def _refuse(server: socket.socket, how: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                connection.sendall(HEAD % len(ANSWER) + ANSWER)
                if how == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                time.sleep(0.03 if how == "later" else 0)


@pytest.fixture(scope="module")
def recording() -> Audio:
    return Audio.of(tone(300.0))


@pytest.mark.parametrize("how", ["close", "reset", "later"])
@pytest.mark.parametrize("is_async", [False, True])
def test_an_early_refusal_is_the_error_that_is_raised(recording: Audio, how: str, is_async: bool) -> None:
    with serve_refusals(how) as url:
        # A reset may still overtake the response in the same iteration of the event loop; then a retry gets it.
        client = AudioClient("openai", api_key="k", base_url=url, max_retries=2 if is_async else 0)

        async def ask(model: str) -> None:
            await client.aask(recording, "?", model=model)

        for number in range(REPETITIONS):
            model = f"m{number}"  # a recording of a refused size is not sent to the same model again
            with pytest.raises(ProviderError, match="no more than 10 MB") as caught:
                asyncio.run(ask(model)) if is_async else client.ask(recording, "?", model=model)
            assert caught.value.status == 413


async def test_a_connection_is_used_again_after_a_large_body(gateway, recording: Audio) -> None:
    async with AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url) as client:
        for _ in range(3):
            assert (await client.aask(recording, "?")).text == "yes"


async def test_a_silent_gateway_still_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        client = AudioClient("openai", model="m", api_key="k", base_url=url, max_retries=0, timeout=0.3)
        with pytest.raises(ProviderError, match=r"within 0\.35 s"):
            await client.aask(tone(0.1), "?" * 10**7)
        await client.aclose()


class _Lost(httpcore.AsyncNetworkStream):
    """A connection that was lost. Like asyncio, it takes what is written without an error."""

    def __init__(self, received: bytes | None) -> None:
        self._received = received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        pass

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        if self._received is None:
            raise httpcore.ReadError
        return self._received


@pytest.mark.parametrize("received", [None, b""])
async def test_what_is_written_to_a_lost_connection_does_not_count_as_sent(received: bytes | None) -> None:
    with pytest.raises(httpcore.WriteError):
        await _Stream(_Lost(received)).write(b"request")
    stream = _Stream(_Lost(b"a response"))
    await stream.write(b"request")
    assert await stream.read(100) == b"a response"


class _Fake:
    """Part of a client of a later httpx, whose internals have other names."""

    def __init__(self, **attributes: object) -> None:
        vars(self).update(attributes)


class _Fixed:
    """A pool that lets nobody replace its backend."""

    __slots__ = ()
    _network_backend = httpcore.AnyIOBackend()


@pytest.mark.parametrize(
    "client",
    [
        _Fake(),
        _Fake(_transport=object(), _mounts={"all://": None}),
        _Fake(_transport=_Fake(_pool=object()), _mounts={}),
        _Fake(_transport=_Fake(_pool=_Fake(_network_backend="other")), _mounts={}),
        _Fake(_transport=_Fake(_pool=_Fixed()), _mounts={}),
        _Fake(_transport=_Fake(_pool=None), _mounts={}),
        _Fake(_transport=_Fake(_pool=_Fake()), _mounts=None),
        _Fake(_transport=_Fake(_pool=_Fake())),
    ],
)
def test_a_client_with_unknown_internals_stays_as_it_is(client: _Fake) -> None:
    before = dict(vars(client)), [dict(vars(pool)) for pool in find_pools(client) if hasattr(pool, "__dict__")]
    assert read_early_responses(client) is client
    assert before == (vars(client), [vars(pool) for pool in find_pools(client) if hasattr(pool, "__dict__")])


@pytest.mark.parametrize("name", ["_transport", "_mounts"])
async def test_a_real_client_works_where_one_attribute_is_missing(gateway, name: str) -> None:
    async with httpx.AsyncClient() as client:
        attribute = vars(client).pop(name)
        assert read_early_responses(client) is client
        setattr(client, name, attribute)
        assert (await client.post(gateway.base_url, json={})).status_code == 200


async def test_a_client_works_when_httpx_has_other_internals(gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.clients.read_early_responses", lambda client: client)
    async with AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url) as client:
        assert (await client.aask(tone(0.2), "?")).text == "yes"
