"""Load the weights of Whisper models for CTranslate2, once a process, and the samples that these models hear.

The weights are downloaded, or read from disk.
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_core.engines.cores import count_cores
from audio_core.errors import InvalidOption, MissingDependency, UnsupportedFormat, describe_install

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

__all__ = ["load_whisper", "name_weights", "to_samples"]

_DOWNLOADED = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.")
_ANY_TYPE = ("default", "auto")
_log = logging.getLogger(__name__)
_lock = threading.Lock()


def load_whisper(weights: str, device: str = "auto", compute_type: str = "default") -> WhisperModel:
    """Return a Whisper model. It is loaded at the first call, and kept for the next ones.

    Args:
        weights: a size that faster-whisper downloads, such as `"small"`, the name of a repository on huggingface.co, or
            the folder of a model converted for CTranslate2.
        device: what it runs on: `"cpu"`, `"cuda"`, or `"auto"` for the best that there is.
        compute_type: the type of numbers that it computes with, such as `"int8"`; `"default"` is that of the weights.

    Raises:
        MissingDependency: if faster-whisper is not installed.
        InvalidOption: if this machine lacks the device, or does not compute with this type.
        UnsupportedFormat: if the weights cannot be loaded.
    """
    _import_whisper()
    _check_device(device, compute_type)
    with _lock:  # one caller loads, the others wait
        return _load(weights, device, compute_type)


def name_weights(weights: str) -> str:
    """Return how weights are called where others may read it: the name of a folder, not where it lies.

    Example:
        >>> name_weights("/home/ann/models/whisper-de"), name_weights("Systran/faster-whisper-small")
        ('whisper-de', 'Systran/faster-whisper-small')
    """
    path = Path(weights)
    return path.absolute().name if path.is_absolute() or path.is_dir() else weights


def to_samples(pcm: bytes | bytearray) -> Any:
    """Return 16-bit mono PCM as a NumPy array of floats from -1 to 1."""
    import numpy as np  # noqa: PLC0415 - an extra

    samples = np.frombuffer(pcm, dtype="<i2").astype("float32")
    samples /= 32768  # in place, as a long piece takes much memory
    return samples


def _import_whisper() -> Any:
    try:
        importlib.import_module("numpy")  # installed with faster-whisper, as a rule
        return importlib.import_module("faster_whisper")
    except ImportError as error:
        raise MissingDependency(
            f"This engine needs {error.name or 'faster-whisper'}: {describe_install('faster-whisper')}"
        ) from None


def _check_device(device: str, compute_type: str) -> None:
    ctranslate2: Any = importlib.import_module("ctranslate2")
    has_cuda = ctranslate2.get_cuda_device_count() > 0
    if device == "cuda" and not has_cuda:
        raise InvalidOption("device='cuda' is not accepted: CTranslate2 finds no CUDA device here. Use device='cpu'.")
    known = ctranslate2.get_supported_compute_types("cuda" if has_cuda and device != "cpu" else "cpu")
    if compute_type not in (*_ANY_TYPE, *known):
        accepted = ", ".join(map(repr, (*_ANY_TYPE, *sorted(known))))
        raise InvalidOption(f"compute_type={compute_type!r} is not accepted on this machine: it may be {accepted}.")


def _load_new(weights: str, device: str, compute_type: str) -> WhisperModel:
    try:
        if not Path(weights).is_dir():  # as faster-whisper tells them apart
            _announce_download(weights)
        return _import_whisper().WhisperModel(
            weights, device=device, compute_type=compute_type, cpu_threads=_count_threads()
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise UnsupportedFormat(
            f"The weights {name_weights(weights)!r} cannot be loaded ({type(error).__name__}): "
            f"{_advise(weights, error)}"
        ) from None


_load = functools.lru_cache(maxsize=2)(_load_new)
_of_parent: list[Any] = []  # models whose threads have not come along; to delete them would wait for these threads


def _forget_models() -> None:
    global _lock, _load
    _of_parent.append(_load)
    _lock, _load = threading.Lock(), functools.lru_cache(maxsize=2)(_load_new)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_models)


def _announce_download(weights: str) -> None:
    """Log what is about to be downloaded, and how large it is, unless it was downloaded before."""
    utils: Any = importlib.import_module("faster_whisper.utils")
    try:
        utils.download_model(weights, local_files_only=True)
    except OSError:
        repository = getattr(utils, "_MODELS", {}).get(weights, weights)
        _log.info(
            "faster-whisper:%s: downloading its weights (%s), once, from %s on huggingface.co to %s.",
            weights,
            _describe_size(repository),
            repository,
            importlib.import_module("huggingface_hub.constants").HF_HUB_CACHE,
        )


def _describe_size(repository: str) -> str:
    hub: Any = importlib.import_module("huggingface_hub")
    try:
        files = hub.HfApi().model_info(repository, files_metadata=True, timeout=10).siblings
    except Exception:  # the download itself will say what is wrong
        return "of unknown size"
    return f"{sum(file.size or 0 for file in files if file.rfilename.startswith(_DOWNLOADED)) / 1e6:.0f} MB"


def _advise(weights: str, error: Exception) -> str:
    """Return what to do about weights that cannot be loaded."""
    if weights in _import_whisper().available_models() or isinstance(error, ConnectionError):
        return (
            "they are downloaded at their first use, and that failed. Is there a connection to huggingface.co, or is "
            "HF_HUB_OFFLINE set? Without one, give the folder of a model converted for CTranslate2."
        )
    return "give a size that can be downloaded, such as 'small', or the folder of a model converted for CTranslate2."


def _count_threads() -> int:
    """Return how many threads CTranslate2 shall use; 0 leaves it to OpenMP's own variable. Its default is 4 at most."""
    return 0 if "OMP_NUM_THREADS" in os.environ else count_cores()
