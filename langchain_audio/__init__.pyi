from .chat_models import ChatAudio
from .citations import cite, clip_block
from .document_loaders import AudioLoader, AudioParser
from .responses import speech_in
from .splitting import TranscriptSplitter, restore_times
from .token_counting import count_tokens_with_audio
from .tools import AudioToolkit, ListenTool, TranscribeTool

__all__ = [
    "AudioLoader",
    "AudioParser",
    "AudioToolkit",
    "ChatAudio",
    "ListenTool",
    "TranscribeTool",
    "TranscriptSplitter",
    "cite",
    "clip_block",
    "count_tokens_with_audio",
    "restore_times",
    "speech_in",
]
