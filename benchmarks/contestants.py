"""The contestants: our models and their peers.

Each is created as its documentation shows and gets the recording in the message format that it accepts.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The local server checks no key. LiteLLM would download its list of prices otherwise.
os.environ |= {"OPENAI_API_KEY": "k", "OPENROUTER_API_KEY": "k", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
TIMEOUT = 600  # seconds


def to_input_audio(path: Path) -> dict[str, Any]:
    """Return the content block that peers accept: the whole recording as base64."""
    data = base64.b64encode(path.read_bytes()).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


def to_langchain_messages(name: str, path: Path) -> list[Any]:
    """Return the messages that send a recording to a LangChain model.

    Args:
        name: the contestant; only ours accepts a URL of a local file.
        path: the recording, a WAV file.
    """
    from langchain_core.messages import HumanMessage

    is_ours = name == "ours: ChatAudio"
    return [HumanMessage([{"type": "audio", "url": path.as_uri()} if is_ours else to_input_audio(path)])]


def to_llamaindex_messages(path: Path) -> list[Any]:
    """Return the messages that send a recording, a WAV file, to a LlamaIndex LLM."""
    from llama_index.core.llms import AudioBlock, ChatMessage

    return [ChatMessage(role="user", blocks=[AudioBlock(path=path, format="wav")])]


def _create_chat_audio(url: str) -> Any:
    from langchain_audio import ChatAudio

    access = tempfile.gettempdir()
    return ChatAudio(
        model="m", provider="openai", base_url=url, access=access, timeout=TIMEOUT, stream_usage=False, cache=False
    )


def _create_chat_openai(url: str) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model="gpt-audio", base_url=url, timeout=TIMEOUT, stream_usage=False)


def _create_chat_openrouter(url: str) -> Any:
    from langchain_openrouter import ChatOpenRouter

    return ChatOpenRouter(model="m", base_url=url)


def _create_chat_litellm(url: str) -> Any:
    from langchain_litellm import ChatLiteLLM

    return ChatLiteLLM(model="openai/gpt-audio", api_base=url, api_key="k")


def _create_audio_llm(url: str) -> Any:
    from llamaindex_audio import AudioLLM

    return AudioLLM(model="m", provider="openai", base_url=url, timeout=TIMEOUT)


def _create_llamaindex_openai(url: str) -> Any:
    from llama_index.llms.openai import OpenAI

    return OpenAI(model="gpt-4o-audio-preview", api_base=url, timeout=TIMEOUT)


def _create_llamaindex_openrouter(url: str) -> Any:
    from llama_index.llms.openrouter import OpenRouter

    return OpenRouter(model="m", api_base=url, timeout=TIMEOUT)


def _create_llamaindex_litellm(url: str) -> Any:
    from llama_index.llms.litellm import LiteLLM

    return LiteLLM(model="openai/gpt-audio", api_base=url, api_key="k")


LANGCHAIN: dict[str, Callable[[str], Any]] = {
    "ours: ChatAudio": _create_chat_audio,
    "ChatOpenAI": _create_chat_openai,
    "ChatOpenRouter": _create_chat_openrouter,
    "ChatLiteLLM": _create_chat_litellm,
}
LLAMAINDEX: dict[str, Callable[[str], Any]] = {
    "ours: AudioLLM": _create_audio_llm,
    "LlamaIndex OpenAI": _create_llamaindex_openai,
    "LlamaIndex OpenRouter": _create_llamaindex_openrouter,
    "LlamaIndex LiteLLM": _create_llamaindex_litellm,
}
