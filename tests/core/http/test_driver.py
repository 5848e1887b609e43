"""The two drivers, against a real server with faults."""

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


def client(gateway: ScriptedGateway, **options) -> AudioClient:
    return AudioClient("openai", model="m", api_key="sk-secret-key-1", base_url=gateway.base_url, **options)


def outcomes(gateway: ScriptedGateway, calls: list, **options) -> list:
    """What each call returned, or the error that it raised."""
    found = []
    for call in calls:
        with client(gateway, **options) as asking:
            try:
                found.append(call(asking))
            except ProviderError as error:
                found.append(error)
    return found


def both(gateway: ScriptedGateway, **options) -> list:
    """The outcome of one call, sync and async: they must be the same."""
    return outcomes(gateway, [lambda c: c.chat(QUESTION, {}), lambda c: asyncio.run(c.achat(QUESTION, {}))], **options)


def both_streams(gateway: ScriptedGateway, **options) -> list:
    """The outcome of one stream, sync and async."""

    async def astream(asking: AudioClient) -> str:
        return "".join([delta.text async for delta in asking.astream_chat(QUESTION, {})])

    calls = [lambda c: "".join(delta.text for delta in c.stream_chat(QUESTION, {})), lambda c: asyncio.run(astream(c))]
    return outcomes(gateway, calls, **options)


def test_sync_and_async_give_the_same_answer(gateway) -> None:
    first, second = both(gateway)
    assert first == second
    assert first.text == "yes"


def test_a_failing_request_is_sent_again_with_the_same_body(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "x"}}, 503), chat_reply("late"))
    assert client(gateway).chat(QUESTION, {}).text == "late"
    first, second = gateway.requests
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize("cut", ["reset", "fin"])
def test_a_connection_that_breaks_is_tried_again_and_then_an_error(gateway, cut: str) -> None:
    gateway.will_answer(Reply("half", cut=cut))
    for error in both(gateway):
        assert isinstance(error, Unreachable)
        assert (error.attempts, error.may_have_been_billed) == (3, True)
    assert len(gateway.requests) == 6


def test_a_port_where_nobody_listens_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1 cannot be reached") as caught:
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
def test_the_timeout_is_of_the_clock(gateway, reply: Reply) -> None:
    gateway.will_answer(reply)
    for error in both(gateway, timeout=0.4, max_retries=0):
        assert isinstance(error, ProviderTimeout)
        assert "within 0.4 s" in str(error)


def test_dribbled_headers_do_not_outlive_the_timeout() -> None:
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


def test_a_redirect_is_not_followed_and_takes_nothing_along(gateway) -> None:
    with ScriptedGateway() as elsewhere:
        gateway.will_answer(Reply("", 307, {"Location": elsewhere.base_url}))
        for error in both(gateway):
            assert isinstance(error, InvalidRequest)
            assert "set the right base_url" in str(error)
        assert elsewhere.requests == []


def test_a_compressed_answer_is_not_asked_for_and_not_read(gateway) -> None:
    gateway.will_answer(Reply(b"\x1f\x8b...", headers={"Content-Encoding": "gzip"}))
    for error in both(gateway):
        assert isinstance(error, IncompleteResponse)
    assert {request.headers["accept-encoding"] for request in gateway.requests} == {"identity"}


def test_a_stream_comes_as_it_is_sent(gateway) -> None:
    gateway.will_answer(chat_stream("hel", "lo"))
    assert both_streams(gateway) == ["hello", "hello"]


@pytest.mark.parametrize("cut", ["reset", "fin"])
def test_a_stream_that_breaks_is_an_error_and_is_not_asked_again(gateway, cut: str) -> None:
    gateway.will_answer(chat_stream("half", finish=None, done=False, cut=cut))
    for error in both_streams(gateway):
        assert isinstance(error, (Unreachable, IncompleteResponse))
        assert error.partial == "half" or cut == "reset"  # a reset may overtake what was sent before it
    assert len(gateway.requests) == 2


def test_a_stream_that_falls_silent_is_cut_although_comments_come(gateway) -> None:
    silent = [*chat_stream("half", finish=None, done=False).body, *([": PROCESSING\n\n"] * 60)]
    gateway.will_answer(Reply(silent, between=0.1))
    for error in both_streams(gateway, timeout=0.5):
        assert isinstance(error, ProviderTimeout)
        assert error.partial == "half"


def test_a_slow_consumer_is_not_cut_off(gateway) -> None:
    gateway.will_answer(chat_stream("a", "b", "c"))
    texts = []
    with client(gateway, timeout=0.3) as asking:
        for delta in asking.stream_chat(QUESTION, {}):
            threading.Event().wait(0.25)
            texts.append(delta.text)
    assert "".join(texts) == "abc"


def test_leaving_a_stream_closes_its_connection(gateway) -> None:
    gateway.will_answer(chat_stream(*["word "] * 1000, between=0.01))
    deltas = client(gateway).stream_chat(QUESTION, {})
    assert next(deltas).text == "word "
    assert not gateway.abandoned.is_set()
    deltas.close()
    assert gateway.abandoned.wait(5)


def test_the_sync_driver_works_inside_a_running_loop(gateway) -> None:
    async def notebook() -> str:
        return client(gateway).chat(QUESTION, {}).text

    assert asyncio.run(notebook()) == "yes"


def test_one_client_works_in_several_event_loops(gateway) -> None:
    asking = client(gateway)
    assert [asyncio.run(asking.achat(QUESTION, {})).text for _ in range(3)] == ["yes"] * 3


def test_one_client_serves_threads_and_many_tasks(gateway) -> None:
    asking = client(gateway)

    async def many() -> list[str]:
        return [answer.text for answer in await asyncio.gather(*(asking.achat(QUESTION, {}) for _ in range(20)))]

    assert asyncio.run(many()) == ["yes"] * 20
    threads = [threading.Thread(target=asking.chat, args=(QUESTION, {})) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(gateway.requests) == 28


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(gateway) -> None:
    asking = client(gateway)
    mine = asking._clients.get_client()
    child = os.fork()
    if child == 0:
        os._exit(0 if asking._clients.get_client() is not mine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_clients_of_the_users_are_used_as_they_are(gateway) -> None:
    with httpx.Client(headers={"X-Mine": "1"}) as mine:
        client(gateway, http_client=mine).chat(QUESTION, {})
        assert not mine.is_closed

    async def go() -> None:
        async with httpx.AsyncClient(headers={"X-Mine": "2"}) as mine:
            await client(gateway, http_async_client=mine).achat(QUESTION, {})

    asyncio.run(go())
    assert [request.headers["x-mine"] for request in gateway.requests] == ["1", "2"]


def test_cancelling_ends_the_request(gateway) -> None:
    gateway.will_answer(Reply(chat_reply("late").body, wait=3))

    async def go() -> None:
        task = asyncio.create_task(client(gateway).achat(QUESTION, {}))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())


def test_errors_hold_no_key_and_no_request(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "wrong key sk-secret-key-1"}}, 401))
    for error in both(gateway):
        assert b"sk-secret-key-1" not in pickle.dumps(error)
        assert "sk-secret" not in repr(error)


def test_a_client_that_is_dropped_leaves_no_open_connection(gateway) -> None:
    client(gateway).chat(QUESTION, {})
    gc.collect()  # a warning of an unclosed socket would fail this test


def test_connections_travel_without_their_sockets(gateway) -> None:
    asking = client(gateway)
    asking.chat(QUESTION, {})
    assert pickle.loads(pickle.dumps(asking)).chat(QUESTION, {}).text == "yes"


def side_by_side(running: list[int], most: list[int]) -> Flow[int]:
    yield from run_blocking(lambda: running.append(1) or most.append(len(running)))
    yield from pause(0.05)
    yield from run_blocking(running.pop)
    return len(most)


@pytest.mark.parametrize("drive", [lambda flow: run(Clients(), flow), lambda flow: asyncio.run(arun(Clients(), flow))])
def test_flows_run_side_by_side_up_to_the_limit_and_one_failure_waits_for_the_rest(drive) -> None:
    running: list[int] = []
    most: list[int] = []

    def fails() -> Flow[int]:
        yield from run_blocking(lambda: None)
        raise ValueError("one failed")

    with pytest.raises(ValueError, match="one failed"):
        drive(gather([fails(), *(side_by_side(running, most) for _ in range(6))], 3))
    assert len(most) == 6
    assert max(most) <= 3


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
