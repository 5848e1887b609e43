"""One row per gateway: facts, with their sources, and nothing that a model "should" not do.

There are no default models for remote gateways: their names come and go.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from audio_core.errors import MissingAPIKey, UnknownProvider

__all__ = ["PROVIDERS", "Provider", "find_provider"]

_MIB = 2**20
_UPLOADS = ("flac", "mp3", "mp4", "m4a", "ogg", "wav", "webm")


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of a gateway.

    Attributes:
        name: as it is passed to `provider=`.
        base_url: where its API starts; `base_url=` replaces it.
        api_key_env: environment variables that may hold the key, in the order they are tried. Empty: no key is needed.
        base_url_env: environment variables that may hold the base URL.
        chat_formats: what `input_audio.format` may be; anything else is converted to one of these.
        transcription: how a recording is sent to be transcribed; `"chat"` where no endpoint for it is documented.
        upload_formats: what the transcription endpoint takes.
        max_upload_bytes: the largest recording it takes; None if no limit is documented.
        max_upload_seconds: the longest recording it takes; None if no limit is documented.
        streams_transcripts: whether it gives a transcript as it is heard.
        remembers_speech: whether an earlier spoken reply may be named by its id.
        speaks_only_streamed: whether it gives spoken replies in streams only.
        keeps_reasoning: whether it wants a reply's reasoning details back with the next request.
        docs: where these facts stand.
    """

    name: str
    base_url: str
    api_key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    chat_formats: tuple[str, ...] = ("wav", "mp3")
    transcription: Literal["multipart", "json", "chat", "engine"] = "multipart"
    upload_formats: tuple[str, ...] = _UPLOADS
    max_upload_bytes: int | None = None
    max_upload_seconds: float | None = None
    streams_transcripts: bool = False
    remembers_speech: bool = False
    speaks_only_streamed: bool = False
    keeps_reasoning: bool = False
    docs: str = ""

    def find_key(self, given: str | None) -> str | None:
        """The key to use: the one given, else the first in the environment; None if none is needed.

        Raises:
            MissingAPIKey: if one is needed and there is none; the message names the variables.
        """
        found = given or _read_environment(self.api_key_env)
        if found is None and self.api_key_env:
            raise MissingAPIKey(
                f"{self.name} needs an API key: set {' or '.join(self.api_key_env)}, or pass api_key=..."
            )
        return found

    def find_base_url(self, given: str | None) -> str:
        """The base URL to use: the one given, else one in the environment, else the row's own; no slash at its end."""
        return (given or _read_environment(self.base_url_env) or self.base_url).rstrip("/")


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        row.name: row
        for row in (
            Provider(
                name="openai",
                base_url="https://api.openai.com/v1",
                api_key_env=("OPENAI_API_KEY",),
                base_url_env=("OPENAI_BASE_URL",),
                chat_formats=("wav", "mp3"),  # an enum in OpenAI's OpenAPI file
                max_upload_bytes=25 * _MIB,
                streams_transcripts=True,  # all but whisper-1, which then answers at once
                remembers_speech=True,
                docs="https://platform.openai.com/docs/guides/audio",
            ),
            Provider(
                name="openrouter",
                base_url="https://openrouter.ai/api/v1",
                api_key_env=("OPENROUTER_API_KEY",),
                chat_formats=("wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a"),
                transcription="json",
                upload_formats=("wav", "mp3", "flac", "m4a", "ogg", "webm", "aac"),
                # Replies come from whichever provider it routes to, so an id of one means nothing to the next.
                speaks_only_streamed=True,  # "Audio output requires streaming (stream: true)"
                keeps_reasoning=True,  # https://openrouter.ai/docs/use-cases/reasoning-tokens
                docs="https://openrouter.ai/docs/guides/overview/multimodal/audio",
            ),
            Provider(
                name="openroute",
                base_url="https://www.openroute.cn/api/v1",
                api_key_env=("OPENROUTE_API_KEY",),
                chat_formats=("wav", "mp3"),  # "Supported audio formats are: wav, mp3"
                transcription="chat",
                upload_formats=("wav", "mp3"),
                docs="https://www.openroute.cn/docs",
            ),
            Provider(
                name="cortecs",
                base_url="https://api.cortecs.ai/v1",
                api_key_env=("CORTECS_API_KEY",),
                chat_formats=("wav", "mp3"),  # "support depends on the provider"; these two are the common ground
                docs="https://docs.cortecs.ai",
            ),
            Provider(
                name="litellm",
                base_url="http://localhost:4000/v1",
                api_key_env=("LITELLM_API_KEY", "LITELLM_PROXY_API_KEY", "LITELLM_MASTER_KEY"),
                base_url_env=("LITELLM_BASE_URL", "LITELLM_PROXY_API_BASE"),
                chat_formats=("wav", "mp3"),  # the proxy passes anything; the models behind it take these
                docs="https://docs.litellm.ai/docs/completion/audio",
            ),
            Provider(
                name="local",
                base_url="http://127.0.0.1:8123/v1",
                base_url_env=("AUDIO_OFFLINE_URL",),
                chat_formats=("wav", "mp3", "flac", "ogg", "m4a", "mp4", "aac", "aiff", "webm", "mkv"),
                transcription="engine",
                docs="python -m audio_core.offline --help",
            ),
        )
    }
)
"""Every gateway that is known by name. Any other OpenAI-compatible one: `provider="openai"` with its `base_url`."""


def find_provider(name: str | Provider) -> Provider:
    """The row of that name; a row of your own is its own.

    Raises:
        UnknownProvider: if there is none; the message lists those there are.

    Example:
        >>> find_provider("cortecs").base_url
        'https://api.cortecs.ai/v1'
    """
    if isinstance(name, Provider):
        return name
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProvider(
            f"There is no provider {name!r}. Known: {', '.join(PROVIDERS)}. "
            "For any other OpenAI-compatible gateway use provider='openai' with its base_url=..."
        ) from None


def _read_environment(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)
