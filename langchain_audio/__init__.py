"""Audio in LangChain: a chat model that hears and speaks, and recordings as timed Documents."""

from audio_core import MissingDependency

try:
    from langchain_audio.chat_models import ChatAudio
    from langchain_audio.citations import cite, clip_block
    from langchain_audio.document_loaders import AudioLoader, AudioParser
    from langchain_audio.replies import speech_in
    from langchain_audio.splitting import TranscriptSplitter, restore_times
    from langchain_audio.token_counting import count_tokens_with_audio
    from langchain_audio.tools import AudioToolkit, ListenTool, TranscribeTool
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] != "langchain_core":
        raise
    raise MissingDependency(
        "langchain_audio needs LangChain: pip install 'langchain-llamaindex-audio[langchain]'"
    ) from None

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
