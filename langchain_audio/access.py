"""`Access`, beside the classes that take it."""

from audio_core import Access

__all__ = ["Access"]
