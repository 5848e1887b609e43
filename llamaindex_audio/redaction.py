"""`redact_audio`, for whoever writes traces of this framework."""

from audio_core.integration import redact_audio

__all__ = ["redact_audio"]
