"""LangChain's own standard tests, against the offline server: no key, no network but loopback."""

from __future__ import annotations

import base64
import importlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from audio_core.testing import tone
from langchain_audio import ChatAudio

load = importlib.import_module("langchain_core.load.load")
RECORDINGS = Path(__file__).parents[2] / "examples" / "audio"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class TestUnit(ChatModelUnitTests):
    @pytest.fixture(autouse=True)
    def known_to_langchain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """`allowed_objects="all"` means the classes on LangChain's own list; ours are loaded by naming them."""
        path = ("langchain_audio", "ChatAudio")
        monkeypatch.setitem(load.ALL_SERIALIZABLE_MAPPINGS, path, path)
        monkeypatch.setattr(load, "_default_class_paths_cache", {})

    @property
    def chat_model_class(self) -> type[ChatAudio]:
        return ChatAudio

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "m", "provider": "openai", "api_key": "test"}


class TestOverTheWire(ChatModelIntegrationTests):
    @pytest.fixture(autouse=True)
    def at_the_offline_server(self, offline: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", offline)
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "nobody is asked")
        monkeypatch.setattr(httpx, "get", _from_the_web)

    @property
    def chat_model_class(self) -> type[ChatAudio]:
        return ChatAudio

    @property
    def chat_model_params(self) -> dict[str, Any]:
        limiter = InMemoryRateLimiter(requests_per_second=1000, check_every_n_seconds=0.001)
        return {"model": "pocketsphinx", "provider": "openai", "api_key": "test", "rate_limiter": limiter}

    @property
    def supports_audio_inputs(self) -> bool:
        return True

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_urls(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "another"

    @property
    def supported_usage_metadata_details(self) -> dict[str, Any]:
        return {"invoke": ["audio_input", "audio_output"], "stream": ["audio_input", "audio_output"]}

    def invoke_with_audio_input(self, *, stream: bool = False) -> AIMessage:
        clip = {"type": "audio", "path": str(RECORDINGS / "call.mp3"), "start": 15.5, "end": 21.0}
        model = ChatAudio(**self.chat_model_params, access=RECORDINGS)
        return _asked(model, [HumanMessage([clip])], stream=stream)

    def invoke_with_audio_output(self, *, stream: bool = False) -> AIMessage:
        wished = {"voice": "alloy", "format": "pcm16"}
        model = ChatAudio(**self.chat_model_params, modalities=["text", "audio"], audio=wished)
        return _asked(model, "Say hello.", stream=stream)


def _asked(model: ChatAudio, messages: Any, *, stream: bool) -> AIMessage:
    if not stream:
        return model.invoke(messages)
    first, *rest = model.stream(messages)
    for chunk in rest:
        first += chunk
    return first


def _from_the_web(url: str, **_: Any) -> httpx.Response:
    """What the suite would fetch: any sound, picture or page of its kind will do."""
    body = PNG if "png" in url or "jpg" in url or "jpeg" in url else b"%PDF-1.4\n" if "pdf" in url else tone(0.5)
    return httpx.Response(200, content=body, request=httpx.Request("GET", url))
