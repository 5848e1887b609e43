"""A gateway that refuses a body before it has read it is understood, however it then hangs up."""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from audio_core import Audio, AudioClient, ProviderError
from audio_core.testing import tone

ANSWER = b'{"error":{"message":"no more than 10 MB"}}'
HEAD = b"HTTP/1.1 413 Payload Too Large\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
TIMES = 12


@contextlib.contextmanager
def refusing(how: str) -> Iterator[str]:
    """A server that answers as soon as it has seen the head of a request."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_refuse, args=(listening, how), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def _refuse(listening: socket.socket, how: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
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
def test_an_early_refusal_is_told_as_what_it_is(recording: Audio, how: str, is_async: bool) -> None:
    with refusing(how) as url:
        # A reset may still overtake the answer within the same turn of the event loop; then the next request is told.
        client = AudioClient("openai", model="m", api_key="k", base_url=url, max_retries=2 if is_async else 0)

        async def asked() -> None:
            await client.aask(recording, "?")

        for _ in range(TIMES):
            with pytest.raises(ProviderError, match="no more than 10 MB") as caught:
                asyncio.run(asked()) if is_async else client.ask(recording, "?")
            assert caught.value.status == 413


async def test_a_connection_is_used_again_after_a_large_body(gateway, recording: Audio) -> None:
    async with AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url) as client:
        for _ in range(3):
            assert (await client.aask(recording, "?")).text == "yes"


async def test_a_silent_gateway_still_times_out(recording: Audio) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        client = AudioClient("openai", model="m", api_key="k", base_url=url, max_retries=0, timeout=0.3)
        with pytest.raises(ProviderError, match=r"within 0\.3 s"):
            await client.aask(recording, "?")
        await client.aclose()
