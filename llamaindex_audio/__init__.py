"""Audio for LlamaIndex: an LLM that listens and speaks, and recordings as timed Documents."""

from importlib.util import find_spec

import lazy_loader

if find_spec("llama_index") is None:
    from audio_core import MissingDependency
    from audio_core.integration import describe_install

    raise MissingDependency(f"llamaindex_audio needs LlamaIndex: {describe_install('llamaindex')}")

# Each name of __init__.pyi is imported on first use, so a program that only reads recordings does not import the LLM.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # pyright: ignore[reportUnknownVariableType]
