"""LangChain's cache: equal audio hits, and keys stay small."""

import base64
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.messages import HumanMessage

from audio_core import AccessDenied
from audio_core.integration import compute_sha256
from audio_core.testing import chat_stream, tone
from langchain_audio import ChatAudio

WAV = tone(2.0)
B64 = base64.b64encode(WAV).decode()
V1 = {"type": "audio", "base64": B64, "mime_type": "audio/wav"}
OPENAI = {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}}


class Watched(InMemoryCache):
    """A cache that shows its keys."""

    @property
    def prompts(self) -> list[str]:
        return [prompt for prompt, _ in self._cache]


@pytest.fixture
def cache() -> Watched:
    return Watched()


def model(gateway, cache: Any, **options) -> ChatAudio:
    return ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, cache=cache, **options)


def test_equal_audio_hits_in_every_spelling(gateway, cache, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(WAV)
    blocks = [V1, OPENAI, {**V1, "mime_type": "audio/x-wav"}, {"type": "audio", "url": f"data:audio/wav;base64,{B64}"}]
    blocks += [{"type": "audio", "path": str(path)}, {"type": "audio", "url": path.as_uri()}]
    asking = model(gateway, cache, access=tmp_path)
    answers = [asking.invoke([HumanMessage([block])]).text for block in blocks for _ in range(2)]
    assert set(answers) == {"yes"}
    assert len(gateway.requests) == len(cache.prompts) == 1


async def test_it_hits_in_async_calls_too(gateway, cache) -> None:
    model(gateway, cache).invoke([HumanMessage([V1])])
    assert (await model(gateway, cache).ainvoke([HumanMessage([OPENAI])])).text == "yes"
    assert len(gateway.requests) == 1


async def test_calls_share_one_client_and_hash_a_file_once_each_off_the_event_loop(
    gateway, cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(WAV)
    threads = list[threading.Thread]()
    clients = list[httpx.AsyncClient]()
    create_client = httpx.AsyncClient

    def watch(content: Any) -> str:
        threads.append(threading.current_thread())
        return compute_sha256(content)

    def create(**options: Any) -> httpx.AsyncClient:
        clients.append(create_client(**options))
        return clients[-1]

    monkeypatch.setattr("langchain_audio.cache.compute_sha256", watch)
    monkeypatch.setattr("audio_core.http.clients.httpx.AsyncClient", create)
    asking = model(gateway, cache, access=tmp_path)
    for number in range(5):
        await asking.ainvoke(
            [HumanMessage([{"type": "audio", "path": str(path)}, {"type": "text", "text": str(number)}])]
        )
    assert (len(gateway.requests), len(threads), len(clients)) == (5, 5, 1)
    assert threading.current_thread() not in threads


def test_streams_and_callbacks_get_the_audio_and_not_its_digest(gateway, cache) -> None:
    gateway.will_answer(chat_stream("yes"))
    asking = model(gateway, cache, streaming=True)
    assert asking.invoke([HumanMessage([V1])]).text == "yes"
    assert gateway.requests[0].json["messages"][0]["content"][0]["input_audio"]["data"] == B64


def test_keys_stay_small(gateway, cache) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}}
    model(gateway, cache).invoke([HumanMessage([V1, OPENAI, image])])
    assert len(cache.prompts[0]) < 1500
    assert B64[:100] not in cache.prompts[0]


@pytest.mark.parametrize(
    "other",
    [
        [{**V1, "base64": base64.b64encode(tone(1.0)).decode()}],
        [{**V1, "start": 0.5}],
        [V1, V1],
        [V1, {"type": "text", "text": "What?"}],
    ],
)
def test_what_differs_is_asked_again(gateway, cache, other: list) -> None:
    model(gateway, cache).invoke([HumanMessage([V1])])
    model(gateway, cache).invoke([HumanMessage(other)])
    assert len(gateway.requests) == 2


def test_raw_samples_at_another_rate_are_asked_again(gateway, cache) -> None:
    samples = base64.b64encode(tone(1.0)[44:]).decode()
    for rate in (8000, 16_000, 8000):
        block = {"type": "audio", "base64": samples, "mime_type": f"audio/pcm;rate={rate}"}
        model(gateway, cache).invoke([HumanMessage([block])])
    assert len(gateway.requests) == 2


def test_a_file_that_changed_is_asked_again(gateway, cache, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    asking = model(gateway, cache, access=tmp_path)
    for seconds in (1.0, 2.0):
        path.write_bytes(tone(seconds))
        asking.invoke([HumanMessage([{"type": "audio", "path": str(path)}])])
    assert len(gateway.requests) == 2


def test_a_file_without_access_is_refused_whatever_is_cached(gateway, cache, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(WAV)
    message = HumanMessage([{"type": "audio", "path": str(path)}])
    model(gateway, cache, access=tmp_path).invoke([message])
    with pytest.raises(AccessDenied):
        model(gateway, cache).invoke([message])


def test_the_global_cache_is_used_and_can_be_declined(gateway, cache) -> None:
    set_llm_cache(cache)
    try:
        for _ in range(2):
            model(gateway, None).invoke([HumanMessage([V1])])
        model(gateway, False).invoke([HumanMessage([V1])])
    finally:
        set_llm_cache(None)
    assert len(gateway.requests) == 2


def test_nothing_is_cached_where_there_is_no_cache(gateway) -> None:
    for _ in range(2):
        model(gateway, None).invoke([HumanMessage([V1])])
    assert len(gateway.requests) == 2
