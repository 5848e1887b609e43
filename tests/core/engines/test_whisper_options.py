"""The options of faster-whisper are checked before anything is loaded, wherever a recording is to be transcribed."""

from typing import Any

import pytest
from faster_whisper import BatchedInferencePipeline, WhisperModel
from pydantic import ValidationError

from audio_core import AudioClient, InvalidOption, UnknownOption
from audio_core.engines import find_engine
from audio_core.engines.whisper_options import _OURS, FasterWhisperOptions, check_whisper_options
from audio_core.wire.transcription import TranscriptionOptions
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"beam_sizes": 5}, "faster-whisper has no option 'beam_sizes'. Did you mean 'beam_size'"),
    ({"hot_words": "Ann"}, "Did you mean 'hotwords'"),
    ({"beam_size": "many"}, "beam_size='many' is not accepted: it should be a valid integer"),
    ({"batch_size": 0}, "batch_size=0 is not accepted: it should be greater than 0"),
    ({"task": "translation"}, "task='translation' is not accepted: .* Did you mean 'translate'"),
    ({"device": "gpu"}, "device='gpu' is not accepted: it may be 'auto', 'cpu', 'cuda'"),
    ({"compute_type": "int_8"}, "Did you mean 'int8'"),
    ({"vad_filter": "perhaps"}, "vad_filter='perhaps' is not accepted"),
    ({"vad_parameters": {"treshold": 0.5}}, "vad_parameters has no option 'treshold'. Did you mean 'threshold'"),
    ({"vad_parameters": {"threshold": 2}}, "threshold=2 is not accepted: it should be less than or equal to 1"),
    ({"vad_parameters": 0.5}, "vad_parameters is not accepted: it should be a dict"),
    ({"batch_size": 4, "vad_filter": False}, "batch_size needs vad_filter"),
    ({"language": "de"}, "pass language="),
    ({"initial_prompt": "Ann"}, "pass prompt="),
    ({"word_timestamps": True}, "pass words=True"),
    ({"without_timestamps": True}, "times are always kept"),
]


@pytest.mark.parametrize(("extra", "says"), WRONG)
def test_a_wrong_option_is_refused_before_anything_is_loaded(extra: dict[str, Any], says: str) -> None:
    for use in (
        lambda: AudioClient(model="faster-whisper:no-such-weights").transcribe(b"no audio", extra=extra),
        lambda: AudioLoader("no-such-file.mp3", model="faster-whisper:no-such-weights", extra=extra),
        lambda: AudioReader(model="faster-whisper:no-such-weights", extra=extra),
    ):
        with pytest.raises((InvalidOption, ValidationError), match=says):  # of a pydantic class, such as the reader
            use()


def test_a_name_that_is_unknown_is_an_unknown_option() -> None:
    with pytest.raises(UnknownOption, match=r"It has .*beam_size"):
        check_whisper_options({"zzz": 1})


def test_values_that_are_accepted() -> None:
    options = {"device": "cpu", "compute_type": "int8", "beam_size": 1, "vad_parameters": {"threshold": 0.6}}
    assert check_whisper_options(options) == options
    assert check_whisper_options(None) == {}


def test_every_option_is_a_parameter_of_the_installed_faster_whisper() -> None:
    import inspect

    ours = {*FasterWhisperOptions.__annotations__, *_OURS} - {"device", "compute_type", "batch_size"}
    for kind in (WhisperModel, BatchedInferencePipeline):
        theirs = set(inspect.signature(kind.transcribe).parameters) - {"self", "batch_size", "chunk_length"}
        assert ours == theirs


def test_a_batch_takes_a_longer_piece_at_once() -> None:
    assert find_engine("faster-whisper:small").longest_piece == 60.0
    batch = TranscriptionOptions(extra={"batch_size": 8})
    assert find_engine("faster-whisper:small", batch).longest_piece == 240.0
