from .access import Access
from .bulk import BulkReader
from .citations import Citation, ClipPostprocessor, cite, clip_block, find_citations, format_nodes, render_answer
from .llms import AudioLLM
from .readers import AudioReader
from .redaction import redact_audio
from .responses import speech_in
from .speaking import SpeakToolSpec, SpokenAnswer, aspeak_answer, astream_spoken, speak_answer, stream_spoken
from .splitting import TranscriptNodeParser, restore_times
from .tools import ListenToolSpec
from .transcribing_llm import TranscribingLLM
from .transformations import AudioTranscriber

__all__ = [
    "Access",
    "AudioLLM",
    "AudioReader",
    "AudioTranscriber",
    "BulkReader",
    "Citation",
    "ClipPostprocessor",
    "ListenToolSpec",
    "SpeakToolSpec",
    "SpokenAnswer",
    "TranscribingLLM",
    "TranscriptNodeParser",
    "aspeak_answer",
    "astream_spoken",
    "cite",
    "clip_block",
    "find_citations",
    "format_nodes",
    "redact_audio",
    "render_answer",
    "restore_times",
    "speak_answer",
    "speech_in",
    "stream_spoken",
]
