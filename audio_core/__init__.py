"""Transcribe recordings and chat about them over OpenAI-compatible gateways, without a framework."""

import lazy_loader

# A name of __init__.pyi is imported on first use, so that the command line shows its help at once.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # pyright: ignore[reportUnknownVariableType]
