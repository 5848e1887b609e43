from .citations import ClipPostprocessor, cite, clip_block
from .llms import AudioLLM
from .readers import AudioReader
from .responses import speech_in
from .splitting import TranscriptNodeParser, restore_times
from .tools import ListenToolSpec

__all__ = [
    "AudioLLM",
    "AudioReader",
    "ClipPostprocessor",
    "ListenToolSpec",
    "TranscriptNodeParser",
    "cite",
    "clip_block",
    "restore_times",
    "speech_in",
]
