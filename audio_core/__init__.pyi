from ._version import __version__
from .audio.audio import Audio
from .client import AudioClient
from .errors import (
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
from .http.access import Access
from .operations.transcript_store import PossibleDoubleCharge, TranscriptStore
from .providers import PROVIDERS, Provider
from .transcript.budget import Budget
from .transcript.progress import Progress
from .transcript.segment import AudioEvent, Segment, Word
from .transcript.speech import Speech, SpeechOptions
from .transcript.transcript import Transcript
from .transcript.usage import Usage
from .wire.chat_response import Answer, Delta
from .wire.tool_calls import ToolCall

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
