"""Hear and speak over OpenAI-compatible gateways: recordings in, timed transcripts and answers out. No framework here."""

from audio_core._version import __version__
from audio_core.audio.audio import Audio
from audio_core.audio.content import compute_sha256
from audio_core.audio.content_blocks import is_audio_block, parse_audio_block
from audio_core.audio.formats import find_format
from audio_core.audio.speech import Speech, SpeechOptions
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
from audio_core.http.access import Access, open_authorized, to_access
from audio_core.integration.audio_store import AudioStore, StoredAudio
from audio_core.integration.batch import Batch, BatchItem, Failure, OnError, find_recordings
from audio_core.integration.reader import DocumentReader, ReaderOptions
from audio_core.integration.tools import LISTEN, TRANSCRIBE, AudioTools, ToolAnswer, ToolRefusal
from audio_core.operations.transcript_store import PossibleDoubleCharge, TranscriptStore
from audio_core.operations.upload import measure_seconds
from audio_core.provider_options import (
    CortecsOptions,
    GatewayOptions,
    LiteLLMOptions,
    OpenRouterOptions,
    split_gateway_options,
)
from audio_core.providers import PROVIDERS, Provider, find_provider
from audio_core.transcript.chunking import ChunkSize, Unit, chunk_passages, restore_passage
from audio_core.transcript.citations import format_citation, get_clip_url
from audio_core.transcript.passages import Granularity, Passage, split_passages
from audio_core.transcript.progress import Progress
from audio_core.transcript.segment import Segment, Word
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage
from audio_core.wire.chat_messages import ChatMessage, to_openai_messages
from audio_core.wire.chat_response import Answer, Delta, SpeechDelta
from audio_core.wire.tool_calls import ToolCall, ToolCallDelta, to_openai_tool_choice

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
    "AudioStore",
    "AudioTooLarge",
    "AudioTools",
    "AuthenticationError",
    "Batch",
    "BatchItem",
    "ChatMessage",
    "ChunkSize",
    "ContextOverflow",
    "CortecsOptions",
    "Delta",
    "DocumentReader",
    "Failure",
    "GatewayOptions",
    "Granularity",
    "IncompleteResponse",
    "InvalidAudio",
    "InvalidOption",
    "InvalidRequest",
    "LiteLLMOptions",
    "MissingAPIKey",
    "MissingDependency",
    "NotFound",
    "OnError",
    "OpenRouterOptions",
    "Passage",
    "PermissionDenied",
    "PossibleDoubleCharge",
    "Progress",
    "Provider",
    "ProviderError",
    "ProviderTimeout",
    "ProviderUnavailable",
    "RateLimited",
    "ReaderOptions",
    "Segment",
    "Speech",
    "SpeechDelta",
    "SpeechOptions",
    "StoreError",
    "StoredAudio",
    "ToolAnswer",
    "ToolCall",
    "ToolCallDelta",
    "ToolRefusal",
    "Transcript",
    "TranscriptStore",
    "TranscriptionIncomplete",
    "Unit",
    "UnknownProvider",
    "Unreachable",
    "UnsupportedFormat",
    "Usage",
    "Word",
    "__version__",
    "at_block",
    "chunk_passages",
    "compute_sha256",
    "find_format",
    "find_provider",
    "find_recordings",
    "format_citation",
    "get_clip_url",
    "is_audio_block",
    "measure_seconds",
    "open_authorized",
    "parse_audio_block",
    "restore_passage",
    "split_gateway_options",
    "split_passages",
    "to_access",
    "to_openai_messages",
    "to_openai_tool_choice",
]
