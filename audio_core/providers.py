"""The known gateways: one row for each, with the facts that its documentation states.

Remote gateways have no default model here, because the names of models change too often.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from audio_core.errors import InvalidOption, MissingAPIKey, UnknownProvider
from audio_core.errors.validation import suggest

__all__ = ["PROVIDERS", "Provider", "ProviderName", "choose_provider", "find_provider"]

_MIB = 2**20
_SEVERAL = ("api_key_env", "base_url_env", "chat_formats", "upload_formats", "speech_formats")
_SPEECH_FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
_UPLOAD_FORMATS = ("flac", "mp3", "mp4", "m4a", "ogg", "wav", "webm")

ProviderName = Literal["openai", "openrouter", "openroute", "cortecs", "litellm", "local"]
"""The names in `PROVIDERS`, for editors to complete."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The facts about one gateway.

    Attributes:
        name: name that is passed as `provider=`.
        base_url: base URL of its API; `base_url=` replaces it.
        api_key_env: environment variables that may hold the key, in the order they are tried; empty if it needs no key.
        base_url_env: environment variables that may hold the base URL, in the order they are tried.
        chat_formats: formats accepted as `input_audio.format`; any other is converted to one of these.
        transcription: how recordings are sent for transcription: to an endpoint that takes a `"multipart"` form or
            `"json"`, as `"chat"` where no such endpoint is documented, or to an `"engine"` in this process.
        upload_formats: formats that the transcription endpoint accepts.
        max_upload_bytes: largest recording accepted for transcription, in bytes; None if no limit is documented.
        max_upload_seconds: longest recording accepted for transcription, in seconds; None if no limit is documented.
        takes_context: whether the prompt of a transcription may be the text before the recording.
        languages_field: name of the transcription field that takes several languages; None if there is none.
        keywords_field: name of the transcription field that takes words to expect; None if there is none.
        max_known_speakers: how many speakers a transcription may name with a sample of their speech; 0 if none is
            documented.
        streams_transcripts: whether transcripts can be streamed.
        remembers_speech: whether a request may refer to an earlier spoken reply by its id.
        speaks_only_streamed: whether spoken replies are available only as streams.
        keeps_reasoning: whether a reply's reasoning details are sent back with the next request.
        models_path: path of the list of its models, which tells most about them.
        speech_formats: formats in which a text can be spoken, as the gateway calls them; empty if no endpoint for
            speech is documented.
        max_speech_characters: longest text that one request for speech takes, and longest instructions, in characters;
            a longer text is cut. None for any length.
        takes_speech_instructions: whether a request for speech may say how to speak.
        needs_voice: whether a request for speech must name a voice.
        docs: URL of the documentation that states these facts, or the command that prints it.
    """

    name: str
    base_url: str
    api_key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    chat_formats: tuple[str, ...] = ("wav", "mp3")
    transcription: Literal["multipart", "json", "chat", "engine"] = "multipart"
    upload_formats: tuple[str, ...] = _UPLOAD_FORMATS
    max_upload_bytes: int | None = None
    max_upload_seconds: float | None = None
    takes_context: bool = False
    languages_field: str | None = None
    keywords_field: str | None = None
    max_known_speakers: int = 0
    streams_transcripts: bool = False
    remembers_speech: bool = False
    speaks_only_streamed: bool = False
    keeps_reasoning: bool = False
    models_path: str = "/models"
    speech_formats: tuple[str, ...] = ()
    max_speech_characters: int | None = None
    takes_speech_instructions: bool = False
    needs_voice: bool = False
    docs: str = ""

    def __post_init__(self) -> None:
        for name in _SEVERAL:
            if isinstance(value := getattr(self, name), str):  # its characters would be taken for the items
                object.__setattr__(self, name, (value,))

    def find_key(self, given: str | None) -> str | None:
        """Return the API key to use: the given one, else the first in the environment; None if no key is needed.

        Raises:
            MissingAPIKey: if a key is needed and none was found; the message names the environment variables.
        """
        key = (given or "").strip() or _read_environment(self.api_key_env)
        if key is None and self.api_key_env:
            raise MissingAPIKey(
                f"{self.name} needs an API key: set {' or '.join(self.api_key_env)}, or pass api_key=..."
            )
        return key

    def find_base_url(self, given: str | None) -> str:
        """Return the base URL to use, without a trailing slash: given, else from the environment, else the default.

        Raises:
            InvalidOption: if it is no URL, or holds a password.

        Example:
            >>> find_provider("openai").find_base_url("http://localhost:8000/v1/")
            'http://localhost:8000/v1'
        """
        base_url = (given or "").strip() or _read_environment(self.base_url_env) or self.base_url
        _check_base_url(base_url)
        return base_url.rstrip("/")


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        row.name: row
        for row in (
            Provider(
                name="openai",
                base_url="https://api.openai.com/v1",
                api_key_env=("OPENAI_API_KEY",),
                base_url_env=("OPENAI_BASE_URL",),
                chat_formats=("wav", "mp3"),  # the enum in OpenAI's OpenAPI description
                max_upload_bytes=25 * _MIB,
                takes_context=True,  # "to guide the model's style or continue a previous audio segment"
                languages_field="languages",  # these two are "supported by gpt-transcribe"; other models refuse them
                keywords_field="keywords",
                max_known_speakers=4,  # "Up to 4 speakers are supported"
                streams_transcripts=True,  # all models but whisper-1, which responds with the whole transcript
                remembers_speech=True,
                speech_formats=_SPEECH_FORMATS,  # CreateSpeechRequest in OpenAI's OpenAPI description
                max_speech_characters=4096,
                takes_speech_instructions=True,
                needs_voice=True,
                docs="https://platform.openai.com/docs/guides/audio",
            ),
            Provider(
                name="openrouter",
                base_url="https://openrouter.ai/api/v1",
                api_key_env=("OPENROUTER_API_KEY",),
                chat_formats=("wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a"),
                transcription="json",
                upload_formats=("wav", "mp3", "flac", "m4a", "ogg", "webm", "aac"),
                keywords_field="keyterms",  # https://pypi.org/project/openrouter (1.3.84)
                # remembers_speech is False: the next request may go to another provider, which does not know the id.
                speaks_only_streamed=True,  # "Audio output requires streaming (stream: true)"
                keeps_reasoning=True,  # https://openrouter.ai/docs/use-cases/reasoning-tokens
                models_path="/models?output_modalities=all",  # without it, those that write text only
                speech_formats=("mp3", "pcm"),  # SpeechRequest in OpenRouter's OpenAPI description
                max_speech_characters=4096,  # none is documented; OpenAI's models behind it take this
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
                chat_formats=("wav", "mp3"),  # "support depends on the provider"; these two are the common denominator
                docs="https://docs.cortecs.ai",
            ),
            Provider(
                name="litellm",
                base_url="http://localhost:4000/v1",
                api_key_env=("LITELLM_API_KEY", "LITELLM_PROXY_API_KEY", "LITELLM_MASTER_KEY"),
                base_url_env=("LITELLM_BASE_URL", "LITELLM_PROXY_API_BASE"),
                chat_formats=("wav", "mp3"),  # the proxy passes any format on; the models behind it accept these
                max_known_speakers=4,  # it passes these fields on to OpenAI
                models_path="/model/info",  # with the facts of its price file
                speech_formats=_SPEECH_FORMATS,  # https://docs.litellm.ai/docs/text_to_speech: as OpenAI's
                max_speech_characters=4096,
                takes_speech_instructions=True,
                docs="https://docs.litellm.ai/docs/completion/audio",
            ),
            Provider(
                name="local",
                base_url="http://127.0.0.1:8123/v1",
                base_url_env=("AUDIO_OFFLINE_URL",),
                chat_formats=("wav", "mp3", "flac", "ogg", "m4a", "mp4", "aac", "aiff", "webm", "mkv"),
                transcription="engine",
                speech_formats=_SPEECH_FORMATS,
                docs="python -m audio_core.offline --help",
            ),
        )
    }
)
"""The gateways known by name. For any other OpenAI-compatible one use `provider="openai"` and its `base_url`."""


def find_provider(name: str | Provider) -> Provider:
    """Find a provider by name; a `Provider` is returned as it is.

    Raises:
        UnknownProvider: if there is no provider of this name; the message lists the known ones.

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
            f"There is no provider {name!r}.{suggest(name, PROVIDERS)} Known: {', '.join(PROVIDERS)}. "
            "For any other OpenAI-compatible gateway use provider='openai' with its base_url=..."
        ) from None


def choose_provider(name: str | Provider | None, base_url: str | None, api_key: str | None = None) -> Provider:
    """Find the provider to use. This is the only rule, for every client, model, loader, reader and tool.

    - The provider that is named, or a row of your own.
    - If none is named and there is a `base_url`, an OpenAI-compatible gateway. No key of the environment is sent to it.
    - Otherwise `"local"`: recordings are transcribed in this process, and chats go to `python -m audio_core.offline`.
      So nothing leaves this machine, whatever keys the environment holds, until a provider or `base_url` is named.

    Args:
        name: name of the provider, a row of your own, or None.
        base_url: the user's base URL, if any.
        api_key: the user's key, if any.

    Raises:
        InvalidOption: if there is a key, but neither a provider nor a base URL; or if the base URL is not valid.
        UnknownProvider: if there is no provider of this name.

    Example:
        >>> choose_provider(None, None).name, choose_provider(None, "https://example.com/v1").find_key(None)
        ('local', None)
    """
    row = _find_row(name, base_url)
    row.find_base_url(base_url)  # a wrong one is an error now, not at the first request
    is_at_home = name is None and base_url is None and not _read_environment(row.base_url_env)
    if is_at_home and (api_key or "").strip():
        names = ", ".join(row.name for row in PROVIDERS.values() if row.api_key_env)
        raise InvalidOption(
            "api_key is given, but not the gateway that it belongs to, so nothing would be sent there. "
            f"Pass provider= ({names}) or base_url= as well."
        )
    return row


def _find_row(name: str | Provider | None, base_url: str | None) -> Provider:
    if name is not None:
        return find_provider(name)
    return PROVIDERS["local"] if base_url is None else replace(PROVIDERS["openai"], api_key_env=())


def _check_base_url(base_url: str) -> None:
    """Raise `InvalidOption` for what is no base URL. The message does not show it, as it may hold a password."""
    try:
        parts = urlsplit(base_url)
        netloc, _ = parts.netloc, parts.port  # which is an error if it is none
    except ValueError:
        raise InvalidOption("The base_url is no URL. Pass one such as 'https://example.com/v1'.") from None
    if "@" in netloc:
        raise InvalidOption(
            "The base_url holds a user name or password, which would be shown with it and be sent in place of the key. "
            "Pass the key as api_key=, or what the gateway expects as a header of your own."
        )


def _read_environment(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)
