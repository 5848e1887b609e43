"""LangChain's cache with short keys: where a prompt holds audio, the key holds the digest of the audio.

Equal recordings have equal keys in whatever form they are given: base64, bytes, a path or a `file:` URL.
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

_LONGEST_TEXT = 4096  # characters; the digest of a longer text is shorter than the text


class AudioDigestCache(BaseCache):
    """A wrapper around another cache that uses keys without audio.

    Args:
        cache: the cache that stores the responses.
        access: which files may be opened. An opened file is identified by the digest of its bytes, any other recording
            by its path or URL.
    """

    def __init__(self, cache: BaseCache, access: Access) -> None:
        self._cache, self._access = cache, access

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """Return the cached response to a prompt, or None.

        Args:
            prompt: the messages as JSON, as LangChain serializes them.
            llm_string: the model and its options, as LangChain writes them.
        """
        return self._cache.lookup(self._compute_key(prompt), llm_string)

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """Do what `lookup` does on the running event loop."""
        return await self._cache.alookup(self._compute_key(prompt), llm_string)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Store the response to a prompt.

        Args:
            prompt: the messages as JSON, as LangChain serializes them.
            llm_string: the model and its options, as LangChain writes them.
            return_val: the response.
        """
        self._cache.update(self._compute_key(prompt), llm_string, return_val)

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Do what `update` does on the running event loop."""
        await self._cache.aupdate(self._compute_key(prompt), llm_string, return_val)

    def clear(self, **kwargs: Any) -> None:
        """Delete all responses."""
        self._cache.clear(**kwargs)

    def _compute_key(self, prompt: str) -> str:
        return json.dumps(self._shorten(json.loads(prompt)), ensure_ascii=False, sort_keys=True)

    def _shorten(self, value: Any) -> Any:
        match value:
            case Mapping() if is_audio_block(cast("Mapping[str, Any]", value)):
                return self._shorten_audio(cast("dict[str, Any]", value))
            case Mapping():
                return {key: self._shorten(item) for key, item in cast("Mapping[str, Any]", value).items()}
            case list():
                return [self._shorten(item) for item in cast("list[Any]", value)]
            case str() if len(value) > _LONGEST_TEXT:
                return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
            case _:
                return value

    def _shorten_audio(self, block: dict[str, Any]) -> Any:
        try:
            audio = Audio.of(block)
            recording = self._identify_recording(audio)
            return {"type": "audio", "recording": recording, "start": audio.start, "end": audio.end}
        except AudioError:  # the request itself reports what is wrong
            return {key: self._shorten(item) for key, item in block.items() if key not in ("type", "id")}

    def _identify_recording(self, audio: Audio) -> str:
        if audio.is_remote:
            return str(audio.source)
        digest = compute_sha256(open_authorized(audio, self._access).open_content())
        return f"{digest} {audio.stated_pcm} {audio.track} {audio.only_channel}"
