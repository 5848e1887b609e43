"""Hear and speak over OpenAI-compatible gateways: recordings in, timed transcripts and answers out. No framework here."""

from audio_core._version import __version__
from audio_core.audio.audio import Audio
from audio_core.audio.content_blocks import audio_in_block, holds_audio
from audio_core.transcript.chunking import ChunkSize, Unit, chunks, restored
from audio_core.transcript.citations import citation, clip_around
from audio_core.client import AudioClient
from audio_core.integration.batch import Collection, Failure, Found, OnError, found_in
from audio_core.audio.content import fingerprint
from audio_core.wire.chat_messages import Turn, on_wire
from audio_core.errors import (
    AccessDenied,
    AudioError,
    AudioNotFound,
    AudioTooLarge,
    AuthenticationError,
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
    UnknownProvider,
    Unreachable,
    UnsupportedFormat,
    at_block,
)
from audio_core.provider_options import CortecsOptions, GatewayOptions, LiteLLMOptions, OpenRouterOptions, gateway_fields
from audio_core.http.access import Access, admit, as_access
from audio_core.integration.tools import LISTEN, TRANSCRIBE, Heard, Listener, ToolRefusal
from audio_core.audio.formats import named
from audio_core.transcript.passages import Granularity, Passage, passages
from audio_core.operations.upload import seconds_of
from audio_core.transcript.progress import Progress
from audio_core.providers import PROVIDERS, Provider, find_provider
from audio_core.integration.reader import PassageReader, ReadingOptions
from audio_core.integration.audio_store import Kept, SoundFolder
from audio_core.audio.speech import Speech, SpeechOptions
from audio_core.operations.transcript_store import Doubtful, TranscriptStore
from audio_core.transcript.transcript import Segment, Transcript, Word
from audio_core.wire.chat_response import Answer, Delta, SpeechDelta
from audio_core.wire.tool_calls import ToolCall, ToolCallDelta, tool_choice_on_wire
from audio_core.transcript.usage import Usage

__all__ = [
    "LISTEN",
    "PROVIDERS",
    "TRANSCRIBE",
    "Access",
    "AccessDenied",
    "Answer",
    "Audio",
    "AudioClient",
    "AudioError",
    "AudioNotFound",
    "AudioTooLarge",
    "AuthenticationError",
    "ChunkSize",
    "Collection",
    "ContextOverflow",
    "CortecsOptions",
    "Delta",
    "Doubtful",
    "Failure",
    "Found",
    "GatewayOptions",
    "Granularity",
    "Heard",
    "IncompleteResponse",
    "InvalidAudio",
    "InvalidOption",
    "InvalidRequest",
    "Kept",
    "Listener",
    "LiteLLMOptions",
    "MissingAPIKey",
    "MissingDependency",
    "NotFound",
    "OnError",
    "OpenRouterOptions",
    "Passage",
    "PassageReader",
    "PermissionDenied",
    "Progress",
    "Provider",
    "ProviderError",
    "ProviderTimeout",
    "ProviderUnavailable",
    "RateLimited",
    "ReadingOptions",
    "Segment",
    "SoundFolder",
    "Speech",
    "SpeechDelta",
    "SpeechOptions",
    "StoreError",
    "ToolCall",
    "ToolCallDelta",
    "ToolRefusal",
    "Transcript",
    "TranscriptStore",
    "TranscriptionIncomplete",
    "Turn",
    "Unit",
    "UnknownProvider",
    "Unreachable",
    "UnsupportedFormat",
    "Usage",
    "Word",
    "__version__",
    "admit",
    "as_access",
    "at_block",
    "audio_in_block",
    "chunks",
    "citation",
    "clip_around",
    "find_provider",
    "fingerprint",
    "found_in",
    "gateway_fields",
    "holds_audio",
    "named",
    "on_wire",
    "passages",
    "restored",
    "seconds_of",
    "tool_choice_on_wire",
]
