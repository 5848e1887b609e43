"""Audio in LangChain: a chat model that hears and speaks, and recordings as timed Documents."""

from importlib.util import find_spec

import lazy_loader

if find_spec("langchain_core") is None:
    from audio_core import MissingDependency

    raise MissingDependency("langchain_audio needs LangChain: pip install 'langchain-llamaindex-audio[langchain]'")

# Each name of __init__.pyi is loaded when it is first used: a loader pays for no chat model, and the other way round.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # pyright: ignore[reportUnknownVariableType]
