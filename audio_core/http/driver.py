"""Carry flows out: `run` and `stream` block, `arun` and `astream` await. Nothing else knows which is used."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from audio_core.errors import ProviderError
from audio_core.http.clients import Clients
from audio_core.http.error_responses import attribute_errors
from audio_core.http.flow import Flow, Gather, Limited, Pause, ReadToEnd, Response, RunBlocking, Send, Step
from audio_core.http.interruption import pass_on_interrupts, raise_if_interrupted, sleep
from audio_core.http.sse import Decoder, OpenStream
from audio_core.http.threads import run_in_thread, wait_for, wait_for_slot
from audio_core.http.tracebacks import ShortTraceback
from audio_core.http.transport import aexchange, exchange

__all__ = ["arun", "astream", "run", "stream"]

T = TypeVar("T")


def run(clients: Clients, flow: Flow[T]) -> T:
    """Carry a flow out, blocking. This works inside a running event loop too."""
    with ShortTraceback():
        return _run(clients, flow)


def _run(clients: Clients, flow: Flow[T]) -> T:
    with contextlib.closing(flow):
        resume: Callable[[], Step] = functools.partial(next, flow)
        while True:
            raise_if_interrupted()
            try:
                step = resume()
            except StopIteration as done:
                return done.value
            try:
                resume = functools.partial(flow.send, _perform(clients, step))
            except Exception as error:  # whatever it is, the flow handles it
                resume = functools.partial(flow.throw, error)


async def arun(clients: Clients, flow: Flow[T]) -> T:
    """Carry a flow out on the running event loop."""
    with ShortTraceback():
        return await _arun(clients, flow)


async def _arun(clients: Clients, flow: Flow[T]) -> T:
    with contextlib.closing(flow):
        resume: Callable[[], Step] = functools.partial(next, flow)
        while True:
            try:
                step = resume()
            except StopIteration as done:
                return done.value
            try:
                resume = functools.partial(flow.send, await _aperform(clients, step))
            except Exception as error:  # whatever it is, the flow handles it
                resume = functools.partial(flow.throw, error)


def _perform(clients: Clients, step: Step) -> Any:
    match step:
        case Send(request):
            return exchange(clients.get_client(), request)
        case Pause(seconds):
            return sleep(seconds)
        case RunBlocking(function):
            return function()
        case Gather(flows, limit):
            return _gather(clients, flows, limit)
        case Limited(flow):
            with clients.get_slots():
                return _run(clients, flow)
        case ReadToEnd(opening):
            last = None
            for item in stream(clients, opening):
                last = item
            return last


def _gather(clients: Clients, flows: Iterable[Flow[Any]], limit: int) -> list[Any]:
    slots, tasks, waiting = threading.Semaphore(limit), list[Future[Any]](), iter(flows)
    with pass_on_interrupts():
        while (flow := _take_next(waiting, slots)) is not None:
            tasks.append(run_in_thread(functools.partial(_run, clients, flow)))
            tasks[-1].add_done_callback(lambda _: slots.release())
        return [wait_for(task).exception() or task.result() for task in tasks]


def _take_next(waiting: Iterator[Flow[Any]], slots: threading.Semaphore) -> Flow[Any] | None:
    wait_for_slot(slots)
    return next(waiting, None)


async def _aperform(clients: Clients, step: Step) -> Any:
    match step:
        case Send(request):
            return await aexchange(await clients.get_async_client(), request)
        case Pause(seconds):
            return await asyncio.sleep(seconds)
        case RunBlocking(function):
            return await asyncio.to_thread(function)
        case Gather(flows, limit):
            return await _agather(clients, flows, limit)
        case Limited(flow):
            async with await clients.get_async_slots():
                return await _arun(clients, flow)
        case ReadToEnd(opening):
            last = None
            async for item in astream(clients, opening):
                last = item
            return last


async def _agather(clients: Clients, flows: Iterable[Flow[Any]], limit: int) -> list[Any]:
    slots, tasks = asyncio.Semaphore(limit), list[asyncio.Task[Any]]()

    async def run_one(flow: Flow[Any]) -> Any:
        try:
            return await _arun(clients, flow)
        except Exception as error:  # one failure must not cancel its siblings
            return error
        finally:
            slots.release()

    async with asyncio.TaskGroup() as group:
        waiting = iter(flows)
        while await slots.acquire() and (flow := await asyncio.to_thread(next, waiting, None)) is not None:
            tasks.append(group.create_task(run_one(flow)))
    return [task.result() for task in tasks]


def stream(clients: Clients, opening: Flow[OpenStream[T]]) -> Iterator[T]:
    """Open a streamed response and yield what its decoder makes of it. Nothing is retried once it is open.

    Args:
        clients: for the request.
        opening: the flow that sends the request, and returns the open response with its decoder.
    """
    with ShortTraceback():
        response, decoder = _run(clients, opening)
        with _complete_errors(response, decoder), contextlib.closing(response.stream.read()) as pieces:
            for data in pieces:
                items = decoder.feed(data)
                for item in items:
                    with response.stream.clock.pause():
                        yield item
                        yield from items
            yield from decoder.close()


async def astream(clients: Clients, opening: Flow[OpenStream[T]]) -> AsyncGenerator[T]:
    """Do what `stream` does on the running event loop."""
    with ShortTraceback():
        response, decoder = await _arun(clients, opening)
        with _complete_errors(response, decoder):
            async with contextlib.aclosing(response.stream.aread()) as pieces:
                async for data in pieces:
                    items = decoder.feed(data)
                    for first in items:
                        with response.stream.clock.pause():
                            yield first
                            for item in items:
                                yield item
            for item in decoder.close():
                yield item


@contextlib.contextmanager
def _complete_errors(response: Response, decoder: Decoder[Any]) -> Generator[None]:
    """Give a provider's error the facts of its response, and the text that had arrived."""
    try:
        with attribute_errors(response.status, response.headers, response.attempts):
            yield
    except ProviderError as error:
        error.provider = error.provider or response.stream.provider
        error.partial = error.partial or decoder.partial
        raise
