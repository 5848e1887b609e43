"""The two drivers, against a real server that misbehaves."""

import asyncio
import gc
import os
import pickle
import socket
import threading
import time

import httpx
import pytest

from audio_core import AudioClient, IncompleteResponse, InvalidRequest, ProviderError, ProviderTimeout, Unreachable
from audio_core.http.driver import Clients, arun, run
from audio_core.http.flow import Flow, gather, pause, run_blocking
from audio_core.testing import Reply, ScriptedGateway, chat_reply, chat_stream

QUESTION = [{"role": "user", "content": "hi"}]


def make_client(gateway: ScriptedGateway, **options) -> AudioClient:
    return AudioClient("openai", model="m", api_key="sk-secret-key-1", base_url=gateway.base_url, **options)


def collect_outcomes(gateway: ScriptedGateway, calls: list, **options) -> list:
    """Return what each call returned, or the error that it raised."""
    outcomes = []
    for call in calls:
        with make_client(gateway, **options) as client:
            try:
                outcomes.append(call(client))
            except ProviderError as error:
                outcomes.append(error)
    return outcomes


def call_both(gateway: ScriptedGateway, **options) -> list:
    """Return the outcomes of one call, sync and async."""
    return collect_outcomes(
        gateway,
        [lambda client: client.chat(QUESTION, {}), lambda client: asyncio.run(client.achat(QUESTION, {}))],
        **options,
    )


def stream_both(gateway: ScriptedGateway, **options) -> list:
    """Return the outcomes of one stream, sync and async."""

    async def join_astream(client: AudioClient) -> str:
        return "".join([delta.text async for delta in client.astream_chat(QUESTION, {})])

    calls = [
        lambda client: "".join(delta.text for delta in client.stream_chat(QUESTION, {})),
        lambda client: asyncio.run(join_astream(client)),
    ]
    return collect_outcomes(gateway, calls, **options)


def test_sync_and_async_give_the_same_answer(gateway) -> None:
    first, second = call_both(gateway)
    assert first == second
    assert first.text == "yes"


def test_a_failing_request_is_sent_again_with_the_same_body(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "x"}}, 503), chat_reply("late"))
    assert make_client(gateway).chat(QUESTION, {}).text == "late"
    first, second = gateway.requests
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize("cut", ["reset", "fin"])
def test_a_reply_that_breaks_off_is_an_error_and_is_not_asked_for_again(gateway, cut: str) -> None:
    gateway.will_answer(Reply("half", headers={"X-Request-Id": "r-1"}, cut=cut))
    for error in call_both(gateway):
        assert isinstance(error, Unreachable)
        assert (error.attempts, error.may_have_been_billed, error.status, error.request_id) == (1, True, 200, "r-1")
    assert len(gateway.requests) == 2


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:\d+ cannot be reached") as caught:
        AudioClient("openai", model="m", api_key="k", base_url=f"http://127.0.0.1:{port}/v1").chat(QUESTION, {})
    assert not caught.value.may_have_been_billed


@pytest.mark.parametrize(
    "reply",
    [
        Reply(chat_reply("late").body, wait=5),
        Reply([b"x"] * 100, headers={"Content-Type": "application/json"}, between=0.1),
    ],
    ids=["silent", "dribbling"],
)
def test_the_timeout_limits_the_whole_request(gateway, reply: Reply) -> None:
    gateway.will_answer(reply)
    for error in call_both(gateway, timeout=0.4, max_retries=0):
        assert isinstance(error, ProviderTimeout)
        assert "within 0.4 s" in str(error)


def test_headers_that_arrive_byte_by_byte_do_not_outlast_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def dribble() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1000:
                        if stop.wait(0.05):
                            return
                        try:
                            connection.send(bytes([byte]))
                        except OSError:
                            break

        thread = threading.Thread(target=dribble, daemon=True)
        thread.start()
        base_url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        with pytest.raises(ProviderTimeout):
            AudioClient("openai", model="m", api_key="k", base_url=base_url, timeout=0.4, max_retries=0).chat(
                QUESTION, {}
            )
        stop.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_redirect_is_an_error_and_its_target_receives_nothing(gateway) -> None:
    with ScriptedGateway() as elsewhere:
        gateway.will_answer(Reply("", 307, {"Location": elsewhere.base_url}))
        for error in call_both(gateway):
            assert isinstance(error, InvalidRequest)
            assert "set the right base_url" in str(error)
        assert elsewhere.requests == []


def test_a_compressed_response_is_neither_requested_nor_read(gateway) -> None:
    gateway.will_answer(Reply(b"\x1f\x8b...", headers={"Content-Encoding": "gzip"}))
    for error in call_both(gateway):
        assert isinstance(error, IncompleteResponse)
    assert {request.headers["accept-encoding"] for request in gateway.requests} == {"identity"}


def test_sync_and_async_streams_give_the_same_text(gateway) -> None:
    gateway.will_answer(chat_stream("hel", "lo"))
    assert stream_both(gateway) == ["hello", "hello"]


@pytest.mark.parametrize("cut", ["reset", "fin"])
def test_a_stream_that_breaks_is_an_error_and_is_not_retried(gateway, cut: str) -> None:
    gateway.will_answer(chat_stream("half", finish=None, done=False, cut=cut))
    for error in stream_both(gateway):
        assert isinstance(error, (Unreachable, IncompleteResponse))
        assert error.partial == "half" or cut == "reset"  # a reset may arrive before what was sent ahead of it
    assert len(gateway.requests) == 2


def test_a_stream_that_goes_on_with_nothing_but_comments_times_out(gateway) -> None:
    silent = [*chat_stream("half", finish=None, done=False).body, *([": PROCESSING\n\n"] * 60)]
    gateway.will_answer(Reply(silent, between=0.1))
    for error in stream_both(gateway, timeout=0.5):
        assert isinstance(error, ProviderTimeout)
        assert error.partial == "half"


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
def test_a_stream_that_never_ends_is_an_error(gateway, content_type: str) -> None:
    (event,) = chat_stream("word " * 200_000, finish=None, done=False).body
    gateway.will_answer(Reply([event] * 100, headers={"Content-Type": content_type, "X-Request-Id": "r-1"}))
    for error in stream_both(gateway):
        assert isinstance(error, IncompleteResponse)
        assert "goes on after 64 MiB" in str(error)
        assert (error.status, error.request_id, error.provider) == (200, "r-1", "openai")
        assert error.may_have_been_billed
        assert len(error.partial) < 64 * 2**20


def test_a_reply_over_the_limit_is_not_read(gateway) -> None:
    reply = chat_reply("late")
    gateway.will_answer(Reply(b" " * 65 * 2**20 + reply.pieces()[0], headers={"Content-Type": "application/json"}))
    for error in call_both(gateway):
        assert isinstance(error, IncompleteResponse)
        assert "more than 67,108,864 bytes" in str(error)
        assert (error.status, error.may_have_been_billed) == (200, True)


def test_a_spoken_reply_may_be_larger(gateway) -> None:
    reply = chat_reply("late")
    gateway.will_answer(Reply(b" " * 65 * 2**20 + reply.pieces()[0], headers={"Content-Type": "application/json"}))
    speech = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    assert make_client(gateway).chat(QUESTION, speech).text == "late"


def test_a_stream_that_goes_on_for_too_long_times_out(gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.connection._LONGEST_STREAM", 0.5)
    monkeypatch.setattr("audio_core.http.connection._MOST_TIMEOUTS", 1)
    gateway.will_answer(chat_stream(*["word "] * 100, between=0.05))
    for error in stream_both(gateway, timeout=0.4):
        assert isinstance(error, ProviderTimeout)
        assert "still sending" in str(error)
        assert error.partial.startswith("word ")


def test_a_slow_consumer_is_not_cut_off(gateway) -> None:
    gateway.will_answer(chat_stream("a", "b", "c"))
    texts = []
    with make_client(gateway, timeout=0.3) as client:
        for delta in client.stream_chat(QUESTION, {}):
            threading.Event().wait(0.25)
            texts.append(delta.text)
    assert "".join(texts) == "abc"


async def test_a_slow_consumer_is_not_cut_off_on_an_event_loop(gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.connection._LONGEST_STREAM", 0.3)
    monkeypatch.setattr("audio_core.http.connection._MOST_TIMEOUTS", 1)
    gateway.will_answer(chat_stream("a", "b", "c"))
    async with make_client(gateway, timeout=0.3) as client:
        texts = []
        async for delta in client.astream_chat(QUESTION, {}):
            await asyncio.sleep(0.25)
            texts.append(delta.text)
    assert "".join(texts) == "abc"


def test_leaving_a_stream_closes_its_connection(gateway) -> None:
    gateway.will_answer(chat_stream(*["word "] * 1000, between=0.01))
    deltas = make_client(gateway).stream_chat(QUESTION, {})
    assert next(deltas).text == "word "
    assert not gateway.abandoned.is_set()
    deltas.close()
    assert gateway.abandoned.wait(60)


def test_the_sync_driver_works_inside_a_running_loop(gateway) -> None:
    async def ask() -> str:
        return make_client(gateway).chat(QUESTION, {}).text

    assert asyncio.run(ask()) == "yes"


def test_one_client_works_in_several_event_loops(gateway) -> None:
    client = make_client(gateway)
    assert [asyncio.run(client.achat(QUESTION, {})).text for _ in range(3)] == ["yes"] * 3


def test_one_client_serves_threads_and_many_tasks(gateway) -> None:
    client = make_client(gateway)

    async def ask_many() -> list[str]:
        return [answer.text for answer in await asyncio.gather(*(client.achat(QUESTION, {}) for _ in range(20)))]

    assert asyncio.run(ask_many()) == ["yes"] * 20
    threads = [threading.Thread(target=client.chat, args=(QUESTION, {})) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(gateway.requests) == 28


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(gateway) -> None:
    client = make_client(gateway)
    parent_client = client._clients.get_client()
    child = os.fork()
    if child == 0:
        os._exit(0 if client._clients.get_client() is not parent_client else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_users_own_http_clients_are_used_as_they_are(gateway) -> None:
    with httpx.Client(headers={"X-Mine": "1"}) as own_client:
        make_client(gateway, http_client=own_client).chat(QUESTION, {})
        assert not own_client.is_closed

    async def ask() -> None:
        async with httpx.AsyncClient(headers={"X-Mine": "2"}) as own_client:
            await make_client(gateway, http_async_client=own_client).achat(QUESTION, {})

    asyncio.run(ask())
    assert [request.headers["x-mine"] for request in gateway.requests] == ["1", "2"]


def test_cancelling_ends_the_request(gateway) -> None:
    gateway.will_answer(Reply(chat_reply("late").body, wait=3))

    async def cancel_call() -> None:
        task = asyncio.create_task(make_client(gateway).achat(QUESTION, {}))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_call())


def test_errors_hold_no_key_and_no_request(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "wrong key sk-secret-key-1"}}, 401))
    for error in call_both(gateway):
        assert b"sk-secret-key-1" not in pickle.dumps(error)
        assert "sk-secret" not in repr(error)


def test_a_client_that_is_dropped_leaves_no_open_connection(gateway) -> None:
    make_client(gateway).chat(QUESTION, {})
    gc.collect()  # a warning about an unclosed socket would fail this test


def test_a_client_is_pickled_without_its_connections(gateway) -> None:
    client = make_client(gateway)
    client.chat(QUESTION, {})
    assert pickle.loads(pickle.dumps(client)).chat(QUESTION, {}).text == "yes"


def count_running(running: list[int], counts: list[int]) -> Flow[int]:
    yield from run_blocking(lambda: running.append(1) or counts.append(len(running)))
    yield from pause(0.05)
    yield from run_blocking(running.pop)
    return len(counts)


@pytest.mark.parametrize("drive", [lambda flow: run(Clients(), flow), lambda flow: asyncio.run(arun(Clients(), flow))])
def test_flows_run_concurrently_up_to_the_limit_and_all_end_before_an_error_is_raised(drive) -> None:
    running: list[int] = []
    counts: list[int] = []

    def fail() -> Flow[int]:
        yield from run_blocking(lambda: None)
        raise ValueError("one failed")

    with pytest.raises(ValueError, match="one failed"):
        drive(gather([fail(), *(count_running(running, counts) for _ in range(6))], 3))
    assert len(counts) == 6
    assert max(counts) <= 3


def test_a_flow_that_is_interrupted_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    def flow() -> Flow[None]:
        try:
            yield from pause(60)
        finally:
            closed.append(True)

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(time, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(Clients(), flow())
    assert closed == [True]
