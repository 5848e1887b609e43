"""Hear and speak over OpenAI-compatible gateways: recordings in, timed transcripts and answers out. No framework here."""

from audio_core.audio import Audio
from audio_core.blocks import audio_in_block, holds_audio
from audio_core.client import AudioClient
from audio_core.errors import (
    AccessDenied,
    AudioError,
    AudioNotFound,
    AudioTooLarge,
    AuthenticationError,
    ContextOverflow,
    IncompleteResponse,
    InvalidAudio,
    InvalidRequest,
    MissingAPIKey,
    MissingDependency,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    TranscriptionIncomplete,
    UnknownProvider,
    Unreachable,
    UnsupportedFormat,
    at_block,
)
from audio_core.http.access import Access, as_access
from audio_core.passages import Granularity, Passage, passages
from audio_core.providers import PROVIDERS, Provider, find_provider
from audio_core.reading import PassageReader, ReadingOptions
from audio_core.transcript import Segment, Transcript, Word
from audio_core.wire.chat import Answer, Delta
from audio_core.wire.usage import Usage

__all__ = [
    "PROVIDERS",
    "Access",
    "AccessDenied",
    "Answer",
    "Audio",
    "AudioClient",
    "AudioError",
    "AudioNotFound",
    "AudioTooLarge",
    "AuthenticationError",
    "ContextOverflow",
    "Delta",
    "Granularity",
    "IncompleteResponse",
    "InvalidAudio",
    "InvalidRequest",
    "MissingAPIKey",
    "MissingDependency",
    "NotFound",
    "Passage",
    "PassageReader",
    "PermissionDenied",
    "Provider",
    "ProviderError",
    "ProviderTimeout",
    "ProviderUnavailable",
    "RateLimited",
    "ReadingOptions",
    "Segment",
    "Transcript",
    "TranscriptionIncomplete",
    "UnknownProvider",
    "Unreachable",
    "UnsupportedFormat",
    "Usage",
    "Word",
    "as_access",
    "at_block",
    "audio_in_block",
    "find_provider",
    "holds_audio",
    "passages",
]
