"""`AudioClient`: transcribe, ask and chat without a framework. The plugins build on it too."""

from audio_core.client.client import AudioClient

__all__ = ["AudioClient"]
