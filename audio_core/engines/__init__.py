"""Speech recognition in this process.

| `model=` | engine | extra |
|---|---|---|
| None or `"pocketsphinx"` | PocketSphinx: English only, modest accuracy, no download | `[local]` |
| `"faster-whisper:small"`, `"faster-whisper:/path/to/model"` | Whisper on CTranslate2 | `[faster-whisper]` |
"""

from __future__ import annotations

import re
from typing import Protocol

from audio_core.audio.audio import Audio
from audio_core.errors import InvalidOption, UnsupportedFormat
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["Engine", "find_engine"]

_DEFAULTS = TranscriptionOptions()
_ADVICE = (
    "PocketSphinx knows English only and takes words=True; faster-whisper takes codes of languages such as 'de', and "
    "all options but diarize and aligner. Gateways take them all: name a provider, such as provider='openai', and its model."
)


class Engine(Protocol):
    """A speech recogniser that runs in this process, without a gateway."""

    @property
    def model(self) -> str:
        """The name of the model, which finds its weights."""
        ...

    @property
    def label(self) -> str:
        """The name of the model in transcripts and messages: without the folder that its weights lie in."""
        ...

    @property
    def longest_piece(self) -> float:
        """How many seconds of a recording are transcribed at once. A longer one is cut at pauses."""
        ...

    @property
    def max_concurrency(self) -> int:
        """How many calls of `transcribe` are useful side by side on this machine."""
        ...

    @property
    def ignored_options(self) -> tuple[str, ...]:
        """The options that it cannot follow."""
        ...

    @property
    def languages(self) -> re.Pattern[str]:
        """Matches the languages that it can be told to expect."""
        ...

    def transcribe(self, audio: Audio, options: TranscriptionOptions) -> Transcript:
        """Transcribe a recording, or its clip.

        Args:
            audio: a recording that is not remote.
            options: how to transcribe it; `find_engine` refuses what it cannot follow.

        Returns:
            The transcript, with times in seconds of the original recording.
        """
        ...


def find_engine(model: str | None, options: TranscriptionOptions = _DEFAULTS) -> Engine:
    """Return the engine for a model name. Nothing is loaded yet.

    Args:
        model: name of the model; None for PocketSphinx.
        options: what it is to follow.

    Raises:
        UnsupportedFormat: if there is no such engine.
        InvalidOption: if it cannot follow an option, or has no such option.

    Example:
        >>> find_engine(None).model
        'pocketsphinx'
    """
    engine = _create_engine(model, options)
    for name in engine.ignored_options:
        if getattr(options, name) not in (getattr(_DEFAULTS, name), {}, "if possible"):
            raise InvalidOption(f"{engine.label} cannot follow {name}. {_ADVICE}")
    if not all(map(engine.languages.fullmatch, options.languages)):
        raise InvalidOption(f"{engine.label} cannot follow language={options.language!r}. {_ADVICE}")
    return engine


def _create_engine(model: str | None, options: TranscriptionOptions) -> Engine:
    name, _, weights = (model or "pocketsphinx").partition(":")
    if name == "pocketsphinx" and not weights:
        from audio_core.engines.pocketsphinx import PocketSphinx  # noqa: PLC0415 - engines load when asked for

        return PocketSphinx()
    if name == "faster-whisper" and weights:
        from audio_core.engines.faster_whisper import FasterWhisper  # noqa: PLC0415

        return FasterWhisper(weights, options.extra)
    raise UnsupportedFormat(
        f"There is no local engine {model!r}. Known: 'pocketsphinx', and 'faster-whisper:<size or path of a model>'. "
        "For the model of a gateway name its provider, such as provider='openai'."
    )
