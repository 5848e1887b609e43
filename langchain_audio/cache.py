"""LangChain's cache with small keys: where messages hold audio, the key holds its digest.

Equal recordings hit however they are given: as base64, bytes, a path or a URL of a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache

from audio_core import Access, Audio, AudioError
from audio_core.integration import compute_sha256, is_audio_block, open_authorized

__all__ = ["AudioDigestCache"]

_LONGEST_TEXT = 4096


class AudioDigestCache(BaseCache):
    """Another cache, under keys without audio.

    Args:
        cache: where the answers are kept.
        access: what files may be opened to be told apart by their bytes; others are told apart by name.
    """

    def __init__(self, cache: BaseCache, access: Access) -> None:
        self._cache, self._access = cache, access

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """The answer to a prompt, if there is one."""
        return self._cache.lookup(self._compute_key(prompt), llm_string)

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """`lookup` on the running event loop."""
        return await self._cache.alookup(self._compute_key(prompt), llm_string)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep the answer to a prompt."""
        self._cache.update(self._compute_key(prompt), llm_string, return_val)

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """`update` on the running event loop."""
        await self._cache.aupdate(self._compute_key(prompt), llm_string, return_val)

    def clear(self, **kwargs: Any) -> None:
        """Forget all answers."""
        self._cache.clear(**kwargs)

    def _compute_key(self, prompt: str) -> str:
        return json.dumps(self._shrink(json.loads(prompt)), ensure_ascii=False, sort_keys=True)

    def _shrink(self, value: Any) -> Any:
        match value:
            case Mapping() if is_audio_block(cast("Mapping[str, Any]", value)):
                return self._shrink_audio(cast("dict[str, Any]", value))
            case Mapping():
                return {key: self._shrink(item) for key, item in cast("Mapping[str, Any]", value).items()}
            case list():
                return [self._shrink(item) for item in cast("list[Any]", value)]
            case str() if len(value) > _LONGEST_TEXT:
                return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
            case _:
                return value

    def _shrink_audio(self, block: dict[str, Any]) -> Any:
        try:
            audio = Audio.of(block)
            return {"type": "audio", "recording": self._identify(audio), "start": audio.start, "end": audio.end}
        except AudioError:  # the request will say what is wrong with it
            return {key: self._shrink(item) for key, item in block.items() if key not in ("type", "id")}

    def _identify(self, audio: Audio) -> str:
        if audio.is_remote:
            return str(audio.source)
        return f"{compute_sha256(open_authorized(audio, self._access).open_content())} {audio.sample_rate} {audio.channels}"
