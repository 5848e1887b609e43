"""The two drivers of flows: what they do is the same, one blocks and the other awaits. Nothing else knows which."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from audio_core.errors import ProviderError
from audio_core.http.clients import Clients
from audio_core.http.flow import Flow, Gather, Limited, Pause, Response, RunBlocking, Send, Step
from audio_core.http.sse import Decoder
from audio_core.http.threads import run_in_thread
from audio_core.http.transport import aexchange, exchange

__all__ = ["Clients", "arun", "astream", "run", "stream"]

T = TypeVar("T")


def run(connections: Clients, flow: Flow[T]) -> T:
    """Carry a flow out, blocking; works inside a running event loop too."""
    with contextlib.closing(flow):
        answer: Callable[[], Step] = functools.partial(next, flow)
        while True:
            try:
                step = answer()
            except StopIteration as done:
                return done.value
            try:
                answer = functools.partial(flow.send, _perform(connections, step))
            except Exception as error:  # whatever it is, it is the flow's to handle
                answer = functools.partial(flow.throw, error)


async def arun(connections: Clients, flow: Flow[T]) -> T:
    """Carry a flow out on the running event loop."""
    with contextlib.closing(flow):
        answer: Callable[[], Step] = functools.partial(next, flow)
        while True:
            try:
                step = answer()
            except StopIteration as done:
                return done.value
            try:
                answer = functools.partial(flow.send, await _aperform(connections, step))
            except Exception as error:  # whatever it is, it is the flow's to handle
                answer = functools.partial(flow.throw, error)


def _perform(connections: Clients, step: Step) -> Any:
    match step:
        case Send(request):
            return exchange(connections.get_client(), request)
        case Pause(seconds):
            return time.sleep(seconds)
        case RunBlocking(call):
            return call()
        case Gather(flows, limit):
            return _gather(connections, flows, limit)
        case Limited(flow):
            with connections.get_slots():
                return run(connections, flow)


def _gather(connections: Clients, flows: Iterable[Flow[Any]], limit: int) -> list[Any]:
    places, tasks, waiting = threading.Semaphore(limit), list[Future[Any]](), iter(flows)
    while places.acquire() and (flow := next(waiting, None)) is not None:
        tasks.append(run_in_thread(functools.partial(run, connections, flow)))
        tasks[-1].add_done_callback(lambda _: places.release())
    return [task.exception() or task.result() for task in tasks]


async def _aperform(connections: Clients, step: Step) -> Any:
    match step:
        case Send(request):
            return await aexchange(await connections.get_async_client(), request)
        case Pause(seconds):
            return await asyncio.sleep(seconds)
        case RunBlocking(call):
            return await asyncio.to_thread(call)
        case Gather(flows, limit):
            return await _agather(connections, flows, limit)
        case Limited(flow):
            async with connections.get_async_slots():
                return await arun(connections, flow)


async def _agather(connections: Clients, flows: Iterable[Flow[Any]], limit: int) -> list[Any]:
    places, tasks = asyncio.Semaphore(limit), list[asyncio.Task[Any]]()

    async def outcome(flow: Flow[Any]) -> Any:
        try:
            return await arun(connections, flow)
        except Exception as error:  # one failure must not cancel its siblings
            return error
        finally:
            places.release()

    async with asyncio.TaskGroup() as group:
        waiting = iter(flows)
        while await places.acquire() and (flow := await asyncio.to_thread(next, waiting, None)) is not None:
            tasks.append(group.create_task(outcome(flow)))
    return [task.result() for task in tasks]


def stream(connections: Clients, opening: Flow[Response], decode: Callable[[Response], Decoder[T]]) -> Iterator[T]:
    """Open a streamed reply and give out what its decoder makes of it, as it comes; nothing is retried after that."""
    response = run(connections, opening)
    decoder = decode(response)
    with _keeping_partial(decoder), response.stream.reading() as (pieces, watchdog):
        for data in pieces:
            items = decoder.feed(data)
            for item in items:
                with watchdog.resting():
                    yield item
                    yield from items
        yield from decoder.close()


async def astream(
    connections: Clients, opening: Flow[Response], decode: Callable[[Response], Decoder[T]]
) -> AsyncGenerator[T]:
    """`stream` on the running event loop."""
    response = await arun(connections, opening)
    decoder, live = decode(response), response.stream
    with _keeping_partial(decoder):
        async with contextlib.aclosing(live.areading()) as pieces:
            async for data in pieces:
                for item in decoder.feed(data):
                    yield item
                    live.heard()
        for item in decoder.close():
            yield item


@contextlib.contextmanager
def _keeping_partial(decoder: Decoder[Any]) -> Generator[None]:
    try:
        yield
    except ProviderError as error:
        error.partial = error.partial or decoder.partial
        raise
