"""An exchange that is given up leaves neither a connection nor a thread, whatever its server does."""

import asyncio
import contextlib
import socket
import threading
from dataclasses import replace

import httpx
import pytest
from busy_threads import count_busy_threads, interrupt_main_thread, wait_until
from raw_server import RawServer, answer, serve

from audio_core import Audio, AudioClient, ProviderTimeout
from audio_core.http.connection import Connection
from audio_core.http.early_responses import find_pools
from audio_core.testing import tone

QUESTION = [{"role": "user", "content": "hi"}]
LARGE = [{"role": "user", "content": "x" * 3 * 10**7}]
HALF_A_HEAD = b"HTTP/1.1 200 OK\r\nX-Long: "


def dribble_headers(server: RawServer, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(HALF_A_HEAD)
    server.dribble(connection, b"aaaa")


def dribble_headers_of_the_second_reply(server: RawServer, connection: socket.socket) -> None:
    server.read_request(connection)
    answer(connection)
    dribble_headers(server, connection)


def dribble_body(server: RawServer, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    server.dribble(connection, b"    ")


def create_client(server: RawServer, **options) -> AudioClient:
    options = {"timeout": 0.4, "max_retries": 0, **options}
    return AudioClient("openai", model="m", api_key="k", base_url=server.base_url, **options)


def use_once(client: AudioClient) -> None:
    """Make a call that is answered, however busy the machine is."""
    timeout = client.endpoint.timeout
    client.endpoint = replace(client.endpoint, timeout=60.0)
    client.chat(QUESTION, {})
    client.endpoint = replace(client.endpoint, timeout=timeout)


def chat(client: AudioClient, is_streamed: bool) -> None:
    list(client.stream_chat(QUESTION, {})) if is_streamed else client.chat(QUESTION, {})


async def achat(client: AudioClient, is_streamed: bool) -> None:
    if is_streamed:
        [delta async for delta in client.astream_chat(QUESTION, {})]
    else:
        await client.achat(QUESTION, {})


@pytest.mark.parametrize("handle", [dribble_headers, dribble_headers_of_the_second_reply, dribble_body])
@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("is_own_client", [False, True])
def test_a_timeout_closes_the_connection_and_frees_the_thread(handle, is_streamed: bool, is_own_client: bool) -> None:
    with (
        serve(handle) as server,
        httpx.Client() as own_client,
        create_client(server, http_client=own_client if is_own_client else None) as client,
    ):
        if handle is dribble_headers_of_the_second_reply:
            use_once(client)
        with pytest.raises(ProviderTimeout):
            chat(client, is_streamed)
        assert server.closed.wait(60)
        assert wait_until(lambda: count_busy_threads() == 0)


@pytest.mark.parametrize("handle", [dribble_headers, dribble_headers_of_the_second_reply, dribble_body])
@pytest.mark.parametrize("is_streamed", [False, True])
async def test_a_timeout_closes_the_connection_of_an_event_loop(handle, is_streamed: bool) -> None:
    with serve(handle) as server:
        async with create_client(server) as client:
            if handle is dribble_headers_of_the_second_reply:
                client.endpoint = replace(client.endpoint, timeout=60.0)
                await client.achat(QUESTION, {})
                client.endpoint = replace(client.endpoint, timeout=0.4)
            with pytest.raises(ProviderTimeout):
                await achat(client, is_streamed)
            assert await asyncio.to_thread(server.closed.wait, 60)


def dribble_handshake(server: RawServer, connection: socket.socket) -> None:
    connection.recv(1000)
    server.dribble(connection, b"\x16\x03\x03\x40\x00" + bytes(1000))


@pytest.mark.parametrize("is_async", [False, True])
def test_a_tls_handshake_that_never_ends_closes_the_connection_too(is_async: bool) -> None:
    with serve(dribble_handshake) as server:
        url = server.base_url.replace("http", "https")
        with AudioClient("openai", model="m", api_key="k", base_url=url, timeout=0.4, max_retries=0) as client:
            with pytest.raises(ProviderTimeout) as caught:
                asyncio.run(achat(client, False)) if is_async else chat(client, False)
            assert server.closed.wait(60)
            assert wait_until(lambda: count_busy_threads() == 0)
            assert not caught.value.may_have_been_billed


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("is_pooled", [False, True])
def test_an_interrupt_before_headers_closes_the_connection(is_pooled: bool) -> None:
    def handle(server: RawServer, connection: socket.socket) -> None:
        if is_pooled:
            server.read_request(connection)
            answer(connection)
        server.read_request(connection)
        interrupt_main_thread()
        server.wait_for_close(connection)

    with serve(handle) as server, create_client(server, timeout=60) as client:
        if is_pooled:
            use_once(client)
        with pytest.raises(KeyboardInterrupt):
            client.chat(QUESTION, {})
        assert server.closed.wait(60)
        assert wait_until(lambda: count_busy_threads() == 0)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_an_upload() -> None:
    received: list[bytes] = []
    interrupted = threading.Event()

    def handle(server: RawServer, connection: socket.socket) -> None:
        received.append(connection.recv(65536))
        interrupt_main_thread()
        interrupted.wait(60)  # what the kernel's buffers hold is far less than the upload
        while data := connection.recv(65536):
            received.append(data)
        server.closed.set()

    with serve(handle) as server, create_client(server, timeout=60) as client:
        with pytest.raises(KeyboardInterrupt):
            client.chat(LARGE, {})
        interrupted.set()
        assert server.closed.wait(60)
        assert wait_until(lambda: count_busy_threads() == 0)
        assert sum(map(len, received)) < len(LARGE[0]["content"])


def test_a_client_can_be_used_again_after_a_timeout(gateway) -> None:
    with serve(dribble_headers) as server, httpx.Client() as own_client:
        with pytest.raises(ProviderTimeout):
            create_client(server, http_client=own_client).chat(QUESTION, {})
        client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url, http_client=own_client)
        assert client.chat(QUESTION, {}).text == "yes"


class _Pool:
    """A pool of a later httpcore, which keeps its requests elsewhere."""


class _Transport:
    _pool = _Pool()


class _Client:
    def __init__(self, transport: object, mounts: object) -> None:
        self._transport, self._mounts = transport, mounts


class _RequestsRenamed:
    class _pool:  # noqa: N801 - as httpx names it
        _requests = (object(),)


@pytest.mark.parametrize(
    "client",
    [
        object(),
        _Client(None, {}),
        _Client(_Transport(), None),
        _Client(_Transport(), {}),
        _Client(_RequestsRenamed(), {"all://": None}),
    ],
)
def test_a_client_with_unknown_internals_is_left_alone(client: object) -> None:
    connection = Connection(client)
    connection.trace("http11.receive_response_headers.started", {})
    connection.abandon()
    connection.trace("connection.connect_tcp.complete", {})
    assert connection.is_abandoned


class _Network:
    """What httpcore tells of a connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected

    def get_extra_info(self, name: str) -> socket.socket:
        assert name == "socket"
        return self._connected


@pytest.mark.parametrize("is_late", [False, True])
def test_a_connection_is_shut_down_even_if_it_is_made_after_the_exchange_was_given_up(is_late: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(60)
        connection, opened = Connection(object()), {"return_value": _Network(ours)}
        steps = [connection.abandon, lambda: connection.trace("connection.connect_tcp.complete", opened)]
        for step in steps if is_late else reversed(steps):
            step()
        assert theirs.recv(1) == b""


def test_a_connection_that_other_requests_share_is_not_shut_down() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(object())
        connection.trace("connection.connect_tcp.complete", {"return_value": _Network(ours)})
        connection.trace("http2.send_request_headers.started", {})
        connection.abandon()
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"


def test_an_upload_ends_even_where_httpx_has_other_internals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.connection.find_pools", lambda client: [])
    monkeypatch.setattr("audio_core.http.endpoint._TIMEOUT_PER_SECOND", 0.0)
    was_given_up, bodies = threading.Event(), []

    def handle(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        answer(connection)
        was_given_up.wait(60)
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(2**20):
                bodies.append(len(data))
        server.closed.set()

    recording = Audio.of(tone(300.0))  # 10 MB, more than the system's buffers take
    with serve(handle) as server, create_client(server, timeout=0.4) as client:
        use_once(client)
        with pytest.raises(ProviderTimeout):
            client.ask(recording, "?")
        was_given_up.set()
        assert server.closed.wait(60)
        assert sum(bodies) < 10**7
        assert wait_until(lambda: count_busy_threads() == 0)


def test_a_stream_that_begins_once_nobody_waits_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.connection.find_pools", lambda client: [])
    was_given_up = threading.Event()

    def handle(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        answer(connection)
        server.read_request(connection)
        was_given_up.wait(60)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        server.wait_for_close(connection)

    with serve(handle) as server, create_client(server) as client:
        use_once(client)
        with pytest.raises(ProviderTimeout):
            chat(client, is_streamed=True)
        was_given_up.set()
        assert server.closed.wait(60)


def test_a_timeout_is_raised_in_time_when_httpx_has_other_internals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.connection.find_pools", lambda client: [])
    with serve(dribble_headers_of_the_second_reply) as server, create_client(server) as client:
        use_once(client)
        with pytest.raises(ProviderTimeout):
            client.chat(QUESTION, {})
        for pool in find_pools(client._clients.get_client()):  # end what could not be reached
            pool.connections[0]._connection._network_stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
