"""A model's profile, asked of its gateway when it is first read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_core.language_models import ModelProfile

from audio_core.integration import ModelInfo, drop_none

__all__ = ["AskedProfile", "to_profile"]


class AskedProfile(Mapping[str, Any]):
    """The profile of a model that was made with `profile="ask"`. Reading it asks the gateway, once in a process.

    Args:
        ask: asks the gateway.
    """

    def __init__(self, ask: Callable[[], ModelProfile]) -> None:
        self._ask = ask

    def __getitem__(self, key: str) -> Any:
        return dict(self._ask())[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ask())

    def __len__(self) -> int:
        return len(self._ask())

    def __bool__(self) -> bool:
        return True  # LangChain tests this while a model is made, when nothing may be asked

    def __repr__(self) -> str:
        return "'ask'"


def to_profile(facts: ModelInfo) -> ModelProfile:
    """Return what a gateway says of a model under LangChain's names. What it does not say is left out."""
    known = {
        "max_input_tokens": facts.context,
        "max_output_tokens": facts.max_output_tokens,
        "audio_inputs": facts.hears,
        "audio_outputs": facts.speaks,
    }
    return ModelProfile(**drop_none(known))
