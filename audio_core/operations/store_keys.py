"""The keys of what is kept in a `TranscriptStore`: the identity of a piece, and of a model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["ModelKey", "PieceKey"]

_VERSION = 4
"""Of the keys."""


@dataclass(frozen=True, slots=True)
class ModelKey:
    """What decides whether a model sends times.

    Attributes:
        base_url: where the provider's API starts.
        model: name of the model.
        response_format: the format that it is asked for.
    """

    base_url: str
    model: str
    response_format: str

    def compute_digest(self) -> str:
        """Return the key of the model's row in the store. A base URL may hold a secret."""
        return hashlib.sha256(repr((self.base_url, self.model, self.response_format)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PieceKey:
    """The identity of a piece: all that determines its transcript.

    Attributes:
        sha256: the SHA-256 of the recording's bytes, in hex.
        start: where the piece starts, in seconds of the original recording.
        end: where the piece ends, in seconds of the original recording.
        provider: name of the provider that transcribes it.
        model: name of the model.
        options: how it is transcribed.
        label: what messages call the recording. It is not part of the identity.
        channel: the channel that is transcribed, counted from 0; None for all, mixed.
        track: the audio track that is transcribed, counted from 0; None for the one that players choose.
        base_url: where the provider's API starts; empty for an engine in this process.
        pcm: the stated format, sample rate in Hz and channels of raw PCM; None for any other recording.
        samples: label and SHA-256 of each sample of a speaker.
        is_bridge: whether it lies around the join of two pieces, and is none itself. It is not part of the identity.
    """

    sha256: str
    start: float
    end: float
    provider: str
    model: str
    options: TranscriptionOptions
    label: str
    channel: int | None = None
    track: int | None = None
    base_url: str = ""
    pcm: tuple[str, int | None, int] | None = None
    samples: tuple[tuple[str, str], ...] = ()
    is_bridge: bool = False

    def compute_recording_digest(self) -> str:
        """Return what all pieces of the recording that are transcribed in this way have in common."""
        return replace(self, start=0.0, end=0.0).compute_digest()

    def compute_digest(self) -> str:
        """Return the key of the piece's row in the store."""
        options = self.options
        extra = dict(options.extra or {})
        settings = [options.language, options.prompt, options.temperature, options.words, options.diarize, extra]
        settings += [options.keywords] if options.keywords else []
        settings += [self.samples] if self.samples else []
        piece = [self.sha256, round(self.start, 3), round(self.end, 3), self.channel, self.track, self.pcm]
        identity = [_VERSION, piece, self.provider, self.base_url, self.model, settings]
        return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()
