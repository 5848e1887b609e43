"""What is sent again after a failure: only what the gateway cannot have acted on, and so cannot have billed."""

import asyncio
import socket
import threading
import time

import httpx
import pytest
from busy_threads import count_busy_threads, wait_until
from raw_server import CHAT, RawServer, answer, break_with_reset, close, reset, send_garbage, send_half_a_head, serve

from audio_core import AudioClient, InvalidRequest, ProviderError, ProviderTimeout, Unreachable
from audio_core.http.flow import Request
from audio_core.http.transport import exchange
from audio_core.testing import Reply, chat_reply, tone

QUESTION = [{"role": "user", "content": "hi"}]
LARGE = [{"role": "user", "content": "x" * 3 * 10**7}]
DEFAULTS = {"provider": "openai", "model": "m", "api_key": "k"}
WAYS = ["plain", "streamed", "async", "async streamed"]


def call(way: str, base_url: str, messages: list | None = None, **options) -> str:
    """Return the text of the reply to a chat request."""
    messages = messages or QUESTION

    async def acall() -> str:
        async with AudioClient(**{**DEFAULTS, **options}, base_url=base_url) as client:
            if way == "async":
                return (await client.achat(messages, {})).text
            return "".join([delta.text async for delta in client.astream_chat(messages, {})])

    if way.startswith("async"):
        return asyncio.run(acall())
    with AudioClient(**{**DEFAULTS, **options}, base_url=base_url) as client:
        if way == "plain":
            return client.chat(messages, {}).text
        return "".join(delta.text for delta in client.stream_chat(messages, {}))


def say_nothing(server: RawServer, connection: socket.socket) -> None:
    server.wait_for_close(connection)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", [say_nothing, close, break_with_reset, send_half_a_head, send_garbage])
def test_what_was_sent_as_a_whole_and_got_no_answer_is_not_sent_again(way: str, end) -> None:
    requests = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        requests.append(server.read_request(connection))
        end(server, connection)

    with serve(handle) as server, pytest.raises((ProviderTimeout, Unreachable), match="may be billed") as caught:
        call(way, server.base_url, timeout=2.0)
    assert (caught.value.attempts, caught.value.may_have_been_billed, len(requests)) == (1, True, 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", [say_nothing, break_with_reset])
def test_what_was_not_sent_as_a_whole_is_sent_again_and_costs_nothing(way: str, end) -> None:
    connections = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        connections.append(connection.recv(1000))
        if end is say_nothing:
            time.sleep(4)  # reading nothing
        else:
            reset(connection)

    with serve(handle) as server, pytest.raises((ProviderTimeout, Unreachable)) as caught:
        call(way, server.base_url, LARGE, timeout=0.6)
    assert (caught.value.attempts, caught.value.may_have_been_billed, len(connections)) == (3, False, 3)
    assert "billed" not in str(caught.value)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("end", [close, break_with_reset])
def test_a_connection_that_the_server_had_closed_while_it_was_idle_is_replaced(is_async: bool, end) -> None:
    """The server closes at the very moment at which the next request comes."""
    connections = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        connections.append(connection)
        server.read_request(connection)
        answer(connection)
        server.read_request(connection)
        end(server, connection) if len(connections) == 1 else answer(connection)

    async def ask_twice(base_url: str) -> list[str]:
        async with AudioClient("openai", model="m", api_key="k", base_url=base_url) as client:
            return [(await client.achat(QUESTION, {})).text for _ in range(2)]

    with serve(handle) as server:
        if is_async:
            assert asyncio.run(ask_twice(server.base_url)) == ["yes", "yes"]
        else:
            with AudioClient("openai", model="m", api_key="k", base_url=server.base_url) as client:
                assert [client.chat(QUESTION, {}).text for _ in range(2)] == ["yes", "yes"]
        assert len(connections) == 2


def test_a_connection_that_breaks_while_the_gateway_works_is_not_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.connection._STALE_SECONDS", 0.1)
    requests = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        requests.append(server.read_request(connection))
        answer(connection)
        requests.append(server.read_request(connection))
        time.sleep(0.3)

    with serve(handle) as server, AudioClient("openai", model="m", api_key="k", base_url=server.base_url) as client:
        client.chat(QUESTION, {})
        with pytest.raises(Unreachable) as caught:
            client.chat(QUESTION, {})
    assert (caught.value.may_have_been_billed, len(requests)) == (True, 2)


def test_a_reply_that_breaks_off_on_a_connection_used_before_is_not_asked_for_again() -> None:
    requests = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        requests.append(server.read_request(connection))
        answer(connection)
        requests.append(server.read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    with serve(handle) as server, AudioClient("openai", model="m", api_key="k", base_url=server.base_url) as client:
        client.chat(QUESTION, {})
        with pytest.raises(Unreachable, match="may be billed"):
            client.chat(QUESTION, {})
    assert len(requests) == 2


def test_a_timeout_on_a_connection_used_before_is_not_asked_again() -> None:
    requests = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        requests.append(server.read_request(connection))
        answer(connection)
        requests.append(server.read_request(connection))
        server.wait_for_close(connection)

    options = {"model": "m", "api_key": "k", "timeout": 2.0}
    with serve(handle) as server, AudioClient("openai", base_url=server.base_url, **options) as client:
        client.chat(QUESTION, {})
        with pytest.raises(ProviderTimeout) as caught:
            client.chat(QUESTION, {})
    assert (caught.value.may_have_been_billed, len(requests)) == (True, 2)


@pytest.mark.parametrize("way", WAYS)
def test_a_gateway_that_says_it_failed_is_asked_again(gateway, way: str) -> None:
    gateway.will_answer(Reply({"error": {"message": "busy"}}, 503))
    with pytest.raises(ProviderError, match="busy") as caught:
        call(way, gateway.base_url)
    assert (caught.value.attempts, caught.value.may_have_been_billed, len(gateway.requests)) == (3, False, 3)


def test_a_transcription_is_not_asked_for_twice_either(gateway) -> None:
    gateway.will_answer(Reply({"text": "late"}, wait=4))
    client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url, timeout=2.0)
    with pytest.raises(ProviderTimeout, match="may be billed") as caught:
        client.transcribe(tone(0.2))
    assert (caught.value.attempts, len(gateway.requests)) == (1, 1)


def test_chat_is_given_time_for_the_audio_that_it_sends(gateway) -> None:
    gateway.will_answer(Reply(chat_reply("late").body, wait=0.8))
    client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url, timeout=0.3)
    assert client.ask([tone(2.0), tone(2.0)], "?").text == "late"
    with pytest.raises(ProviderTimeout, match=r"within 0\.3 s"):
        client.chat(QUESTION, {})


def test_an_address_without_a_scheme_is_sent_nothing_and_tried_once() -> None:
    client = AudioClient("openai", model="m", api_key="k", base_url="localhost:8000/v1")
    with pytest.raises(ProviderError, match="base_url") as caught:
        client.chat(QUESTION, {})
    assert (caught.value.attempts, caught.value.may_have_been_billed) == (1, False)


def test_a_body_without_a_length_that_stalls_is_not_taken_for_whole() -> None:
    def handle(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: " + CHAT + b"\n\n")
        server.wait_for_close(connection)

    with serve(handle) as server, pytest.raises(ProviderTimeout, match="sent nothing for 1 s"):
        call("streamed", server.base_url, timeout=1.0)


def read_and_reset(server: RawServer, connection: socket.socket) -> None:
    server.read_request(connection)
    reset(connection)


def send_a_status(server: RawServer, connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbad")


@pytest.mark.parametrize("way", WAYS)
def test_the_cause_of_a_failure_and_what_to_do_are_named(way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(
        Unreachable, match=rf"127\.0\.0\.1:{port} cannot be reached: Connection refused\. Is the server"
    ):
        call(way, f"http://127.0.0.1:{port}/v1", max_retries=0)
    with serve(send_a_status) as server, pytest.raises(Unreachable, match="speak http, and not https") as caught:
        call(way, server.base_url.replace("http", "https"))
    assert caught.value.attempts == 1
    with serve(read_and_reset) as server, pytest.raises(Unreachable, match=r"broke off: Connection reset by peer\."):
        call(way, server.base_url, max_retries=0)


@pytest.mark.parametrize("way", WAYS)
def test_whoever_lacks_the_local_server_is_told_how_to_start_it(way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(
        Unreachable, match=rf"http://127\.0\.0\.1:{port} .*`python -m audio_core.offline --port {port}`"
    ):
        call(way, f"http://127.0.0.1:{port}/v1", max_retries=0, provider="local")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", ["a..b", "xn--", "xn--zz--", "a" * 64 + ".example"])
def test_a_host_that_dns_cannot_name_is_our_error(way: str, host: str) -> None:
    """Python's codec tells a sync client. An async one learns of some from the resolver."""
    with pytest.raises((InvalidRequest, Unreachable), match=r"openai .*cannot be reached.* Check the") as caught:
        call(way, f"http://{host}/v1", max_retries=0)
    assert host in str(caught.value)
    assert not caught.value.may_have_been_billed
    assert caught.value.__context__ is None


def test_a_port_is_named_even_if_the_base_url_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise httpx.ConnectError("[Errno -2] Name or service not known")

    monkeypatch.setattr(httpx.Client, "send", refuse)
    with pytest.raises(Unreachable, match=r"https://gateway\.example:443 cannot be .* Check the name of the host"):
        call("plain", "https://gateway.example/v1", max_retries=0)


def test_a_response_that_was_given_up_no_longer_fills_the_file_of_the_next() -> None:
    def handle(server: RawServer, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"
        )
        server.wait_for_close(connection)

    was_given_up, taken = threading.Event(), []

    def take(data: bytes) -> None:
        taken.append(data)
        was_given_up.wait(60)

    with serve(handle) as server, httpx.Client() as client:
        with pytest.raises(ProviderTimeout):
            exchange(client, Request("GET", server.base_url, timeout=0.3, sink=lambda: take))
        was_given_up.set()
        assert wait_until(lambda: count_busy_threads() == 0)
    assert taken == [b"first"]
