"""The parts of the core that both plugins share.

The plugins import from here and from `audio_core`, and from no other module of the core. A plugin translates between a
framework's types and the core's. Code that both plugins need is in this folder, or is re-exported here.
"""

from audio_core.audio.content_blocks import is_audio_block
from audio_core.audio.file_systems import build_file_system_source
from audio_core.audio.formats import SUFFIXES, find_format, is_raw
from audio_core.audio.hashing import compute_sha256
from audio_core.client.speech_streams import AsyncSpeechStream, SpeechStream
from audio_core.errors import at_block, describe_install
from audio_core.errors.validation import FixedOptions, check_fields, validate_arguments
from audio_core.http.access import AccessLike, open_authorized, to_access
from audio_core.http.tracebacks import HiddenFrames, ShortTraceback
from audio_core.integration.answer_page import render_answer
from audio_core.integration.audio_store import AudioStore, open_stored
from audio_core.integration.batch import Batch, Failure, OnError
from audio_core.integration.bulk_passages import read_passages
from audio_core.integration.listener import Listener
from audio_core.integration.memo import Memo
from audio_core.integration.model_settings import ModelSettings
from audio_core.integration.option_docs import list_fields, list_options
from audio_core.integration.reader import DocumentReader, ReaderOptions, SplitOptions, build_split_options
from audio_core.integration.recordings import BatchItem, collect_recordings, find_recordings
from audio_core.integration.redaction import redact_audio
from audio_core.integration.speaking import (
    SpeechTool,
    SpokenAnswer,
    aspeak_answer,
    build_speak_options,
    speak_answer,
)
from audio_core.integration.tool_definitions import (
    LISTEN,
    SPEAK,
    TRANSCRIBE,
    ListenArguments,
    SpeakArguments,
    TranscribeArguments,
)
from audio_core.integration.tools import AudioTools, ToolAnswer, ToolRefusal
from audio_core.lenient_json import drop_none, parse_json, to_list, to_objects
from audio_core.operations.estimates import Estimate
from audio_core.operations.upload import measure_seconds
from audio_core.provider_options import (
    CortecsOptions,
    GatewayOptions,
    LiteLLMOptions,
    OpenRouterOptions,
)
from audio_core.providers import ProviderName, find_provider
from audio_core.transcript.chunking import ChunkSize, Unit, are_neighbors, chunk_passages
from audio_core.transcript.citation_parser import Citation, find_citations, remove_citations
from audio_core.transcript.citations import format_citation, format_passages, get_clip_url
from audio_core.transcript.metadata import identify_recording
from audio_core.transcript.passages import Granularity, Passage
from audio_core.transcript.restoring import Cut, restore_passages
from audio_core.wire.chat_request import ChatMessage
from audio_core.wire.chat_response import SpeechDelta
from audio_core.wire.model_list import ModelInfo
from audio_core.wire.speech import SpeakKwargs, is_speakable
from audio_core.wire.tool_calls import ToolCallDelta, to_openai_tool_choice
from audio_core.wire.transcription import AlignerName

__all__ = [
    "LISTEN",
    "SPEAK",
    "SUFFIXES",
    "TRANSCRIBE",
    "AccessLike",
    "AlignerName",
    "AsyncSpeechStream",
    "AudioStore",
    "AudioTools",
    "Batch",
    "BatchItem",
    "ChatMessage",
    "ChunkSize",
    "Citation",
    "CortecsOptions",
    "Cut",
    "DocumentReader",
    "Estimate",
    "Failure",
    "FixedOptions",
    "GatewayOptions",
    "Granularity",
    "HiddenFrames",
    "ListenArguments",
    "Listener",
    "LiteLLMOptions",
    "Memo",
    "ModelInfo",
    "ModelSettings",
    "OnError",
    "OpenRouterOptions",
    "Passage",
    "ProviderName",
    "ReaderOptions",
    "ShortTraceback",
    "SpeakArguments",
    "SpeakKwargs",
    "SpeechDelta",
    "SpeechStream",
    "SpeechTool",
    "SplitOptions",
    "SpokenAnswer",
    "ToolAnswer",
    "ToolCallDelta",
    "ToolRefusal",
    "TranscribeArguments",
    "Unit",
    "are_neighbors",
    "aspeak_answer",
    "at_block",
    "build_file_system_source",
    "build_speak_options",
    "build_split_options",
    "check_fields",
    "chunk_passages",
    "collect_recordings",
    "compute_sha256",
    "describe_install",
    "drop_none",
    "find_citations",
    "find_format",
    "find_provider",
    "find_recordings",
    "format_citation",
    "format_passages",
    "get_clip_url",
    "identify_recording",
    "is_audio_block",
    "is_raw",
    "is_speakable",
    "list_fields",
    "list_options",
    "measure_seconds",
    "open_authorized",
    "open_stored",
    "parse_json",
    "read_passages",
    "redact_audio",
    "remove_citations",
    "render_answer",
    "restore_passages",
    "speak_answer",
    "to_access",
    "to_list",
    "to_objects",
    "to_openai_tool_choice",
    "validate_arguments",
]
