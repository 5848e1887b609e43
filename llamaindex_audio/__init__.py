"""Audio in LlamaIndex: an LLM that hears, and recordings as timed Documents."""

from llamaindex_audio.llms import AudioLLM
from llamaindex_audio.readers import AudioReader

__all__ = ["AudioLLM", "AudioReader"]
