"""Audio in LangChain: a chat model that listens and speaks, and recordings as Documents with times."""

from importlib.util import find_spec

import lazy_loader

if find_spec("langchain_core") is None:
    from audio_core import MissingDependency
    from audio_core.integration import describe_install

    raise MissingDependency(f"langchain_audio needs LangChain: {describe_install('langchain')}")

# A name of __init__.pyi is imported on first use, so that code which only loads recordings imports no chat model.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # pyright: ignore[reportUnknownVariableType]
# These need LangChain's agents.
for name in ("AudioOffloadMiddleware", "AudioTranscriptionMiddleware"):
    __all__.remove(name)  # pyright: ignore[reportUnsupportedDunderAll, reportUnknownMemberType]
del name
