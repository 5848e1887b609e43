"""Audio in LlamaIndex: an LLM that hears and speaks, and recordings as timed Documents."""

from audio_core import MissingDependency

try:
    from llamaindex_audio.citations import ClipPostprocessor, cite, clip_block
    from llamaindex_audio.llms import AudioLLM
    from llamaindex_audio.readers import AudioReader
    from llamaindex_audio.replies import speech_in
    from llamaindex_audio.splitting import TranscriptNodeParser, restore_times
    from llamaindex_audio.tools import ListenToolSpec
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] != "llama_index":
        raise
    raise MissingDependency(
        "llamaindex_audio needs LlamaIndex: pip install 'langchain-llamaindex-audio[llamaindex]'"
    ) from None

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
