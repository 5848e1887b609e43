"""Who is measured: our models and their peers, made as their documentation shows, and the message that each takes a recording in."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

# No key is needed, and LiteLLM is kept from fetching its list of prices.
os.environ |= {"OPENAI_API_KEY": "k", "OPENROUTER_API_KEY": "k", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
PATIENCE = 600  # seconds


def inlined(path: Path) -> dict[str, Any]:
    """The block that peers take: the whole recording, in base64."""
    data = base64.b64encode(path.read_bytes()).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


def for_langchain(name: str, path: Path) -> list[Any]:
    """The messages for a LangChain model."""
    from langchain_core.messages import HumanMessage

    is_ours = name == "ours: ChatAudio"
    return [HumanMessage([{"type": "audio", "url": path.as_uri()} if is_ours else inlined(path)])]


def for_llamaindex(path: Path) -> list[Any]:
    """The messages for a LlamaIndex LLM."""
    from llama_index.core.llms import AudioBlock, ChatMessage

    return [ChatMessage(role="user", blocks=[AudioBlock(path=path, format="wav")])]


def _chat_audio(url: str) -> Any:
    from langchain_audio import ChatAudio

    access = tempfile.gettempdir()
    return ChatAudio(
        model="m", provider="openai", base_url=url, access=access, timeout=PATIENCE, stream_usage=False, cache=False
    )


def _chat_openai(url: str) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model="gpt-audio", base_url=url, timeout=PATIENCE, stream_usage=False)


def _chat_openrouter(url: str) -> Any:
    from langchain_openrouter import ChatOpenRouter

    return ChatOpenRouter(model="m", base_url=url)


def _chat_litellm(url: str) -> Any:
    from langchain_litellm import ChatLiteLLM

    return ChatLiteLLM(model="openai/gpt-audio", api_base=url, api_key="k")


def _audio_llm(url: str) -> Any:
    from llamaindex_audio import AudioLLM

    return AudioLLM(model="m", provider="openai", base_url=url, timeout=PATIENCE)


def _llama_openai(url: str) -> Any:
    from llama_index.llms.openai import OpenAI

    return OpenAI(model="gpt-4o-audio-preview", api_base=url, timeout=PATIENCE)


def _llama_openrouter(url: str) -> Any:
    from llama_index.llms.openrouter import OpenRouter

    return OpenRouter(model="m", api_base=url, timeout=PATIENCE)


def _llama_litellm(url: str) -> Any:
    from llama_index.llms.litellm import LiteLLM

    return LiteLLM(model="openai/gpt-audio", api_base=url, api_key="k")


LANGCHAIN: dict[str, Callable[[str], Any]] = {
    "ours: ChatAudio": _chat_audio,
    "ChatOpenAI": _chat_openai,
    "ChatOpenRouter": _chat_openrouter,
    "ChatLiteLLM": _chat_litellm,
}
LLAMAINDEX: dict[str, Callable[[str], Any]] = {
    "ours: AudioLLM": _audio_llm,
    "LlamaIndex OpenAI": _llama_openai,
    "LlamaIndex OpenRouter": _llama_openrouter,
    "LlamaIndex LiteLLM": _llama_litellm,
}
