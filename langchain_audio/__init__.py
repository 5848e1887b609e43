"""Audio in LangChain: a chat model that hears, and recordings as timed Documents."""

from langchain_audio.chat_models import ChatAudio
from langchain_audio.document_loaders import AudioLoader, AudioParser

__all__ = ["AudioLoader", "AudioParser", "ChatAudio"]
