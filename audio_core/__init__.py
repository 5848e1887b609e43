"""Transcribe recordings and chat about them over OpenAI-compatible gateways, without a framework."""

from audio_core._version import __version__
from audio_core.audio.audio import Audio
from audio_core.client import AudioClient
from audio_core.errors import (
    AccessDenied,
    AudioError,
    AudioNotFound,
    AudioTooLarge,
    AuthenticationError,
    BudgetExceeded,
    ContextOverflow,
    IncompleteResponse,
    InvalidAudio,
    InvalidOption,
    InvalidRequest,
    MissingAPIKey,
    MissingDependency,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    StoreError,
    TranscriptionIncomplete,
    UnknownOption,
    UnknownProvider,
    Unreachable,
    UnsupportedFormat,
)
from audio_core.http.access import Access
from audio_core.operations.transcript_store import PossibleDoubleCharge, TranscriptStore
from audio_core.providers import PROVIDERS, Provider
from audio_core.transcript.budget import Budget
from audio_core.transcript.progress import Progress
from audio_core.transcript.segment import AudioEvent, Segment, Word
from audio_core.transcript.speech import Speech, SpeechOptions
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage
from audio_core.wire.chat_response import Answer, Delta
from audio_core.wire.tool_calls import ToolCall

__all__ = [
    "PROVIDERS",
    "Access",
    "AccessDenied",
    "Answer",
    "Audio",
    "AudioClient",
    "AudioError",
    "AudioEvent",
    "AudioNotFound",
    "AudioTooLarge",
    "AuthenticationError",
    "Budget",
    "BudgetExceeded",
    "ContextOverflow",
    "Delta",
    "IncompleteResponse",
    "InvalidAudio",
    "InvalidOption",
    "InvalidRequest",
    "MissingAPIKey",
    "MissingDependency",
    "NotFound",
    "PermissionDenied",
    "PossibleDoubleCharge",
    "Progress",
    "Provider",
    "ProviderError",
    "ProviderTimeout",
    "ProviderUnavailable",
    "RateLimited",
    "Segment",
    "Speech",
    "SpeechOptions",
    "StoreError",
    "ToolCall",
    "Transcript",
    "TranscriptStore",
    "TranscriptionIncomplete",
    "UnknownOption",
    "UnknownProvider",
    "Unreachable",
    "UnsupportedFormat",
    "Usage",
    "Word",
    "__version__",
]
