"""Choose what aligns a text: PocketSphinx for English, a Whisper model that the user named for other languages."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from audio_core.engines.decoders import borrow_decoder
from audio_core.engines.sphinx_alignment import SphinxAligner
from audio_core.engines.stretch_alignment import Aligner
from audio_core.engines.whisper_alignment import WhisperAligner
from audio_core.errors import UnsupportedFormat

__all__ = ["open_aligner"]

_WHISPER = "faster-whisper:"
_ENGLISH = ("en", "english")
_KNOWN_SHARE = 0.6  # of a text's words that must be in the dictionary; below, it is not English
_ADVICE = f"Other languages are aligned with aligner='{_WHISPER}<size or folder of a model>'."


@contextmanager
def open_aligner(name: str | None, language: str | None, texts: Sequence[str]) -> Generator[Aligner]:
    """Open what aligns the texts.

    Args:
        name: name of a local model. Any that is not Whisper's stands for PocketSphinx.
        language: the language spoken, such as `"en"`, `"en-US"` or `"english"`, if known.
        texts: what is to be aligned.

    Raises:
        UnsupportedFormat: if it cannot align texts of this language, or the weights cannot be loaded.
        MissingDependency: if it is not installed.
        ProviderUnavailable: if PocketSphinx's process ends.
    """
    spoken = language and language.casefold().replace("_", "-").partition("-")[0]
    if name and name.startswith(_WHISPER):
        yield WhisperAligner(name.removeprefix(_WHISPER), spoken)
        return
    if spoken and spoken not in _ENGLISH:
        raise UnsupportedFormat(f"PocketSphinx aligns only English. {_ADVICE}")
    with borrow_decoder() as decoder:
        aligner = SphinxAligner(decoder)
        if aligner.measure_known_share([word for text in texts for word in text.split()]) < _KNOWN_SHARE:
            raise UnsupportedFormat(f"The text is not English. {_ADVICE}")
        yield aligner
