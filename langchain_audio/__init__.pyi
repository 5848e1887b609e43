from .access import Access
from .bulk import BulkLoader
from .chat_models import ChatAudio
from .citations import Citation, cite, clip_block, find_citations, format_docs, render_answer
from .document_loaders import AudioLoader, AudioParser
from .middleware import AudioOffloadMiddleware as AudioOffloadMiddleware
from .middleware import AudioTranscriptionMiddleware as AudioTranscriptionMiddleware
from .redaction import redact_audio
from .responses import speech_in
from .speaking import AnswerSpeaker, SpeakTool, SpokenAnswer, aspeak_answer, speak_answer
from .splitting import TranscriptSplitter, restore_times
from .token_counting import count_tokens_with_audio
from .tools import AudioToolkit, ListenTool, TranscribeTool

__all__ = [
    "Access",
    "AnswerSpeaker",
    "AudioLoader",
    "AudioParser",
    "AudioToolkit",
    "BulkLoader",
    "ChatAudio",
    "Citation",
    "ListenTool",
    "SpeakTool",
    "SpokenAnswer",
    "TranscribeTool",
    "TranscriptSplitter",
    "aspeak_answer",
    "cite",
    "clip_block",
    "count_tokens_with_audio",
    "find_citations",
    "format_docs",
    "redact_audio",
    "render_answer",
    "restore_times",
    "speak_answer",
    "speech_in",
]
