"""The options of the command line are those of the library."""

import typing

from audio_core.cli.transcription_options import TranscriptionFlags, build_reader_options
from audio_core.integration import ReaderOptions
from audio_core.wire.transcription import TranscriptionKwargs

IN_PARTS = {"budget"}  # --budget-seconds and --budget-cost
IN_PYTHON_ONLY = {"progress"}


def test_every_option_of_a_transcription_can_be_given() -> None:
    names = {*TranscriptionKwargs.__optional_keys__} - IN_PARTS - IN_PYTHON_ONLY
    assert names - {*TranscriptionFlags.__optional_keys__} == set()


def test_what_is_given_is_an_option_of_a_reader() -> None:
    def choose(hint: typing.Any) -> typing.Any:
        kind = typing.get_args(hint)[0]
        return {True: True}.get(kind is bool, 1.0)

    hints = typing.get_type_hints(TranscriptionFlags, include_extras=True)
    given = {name: choose(hint) for name, hint in hints.items()}
    given |= {
        "language": ["en"],
        "keywords": ["tea"],
        "known_speakers": ["Ann=a.wav"],
        "extra": "{}",
        "api_key_file": None,
    }
    built = build_reader_options(given)
    assert built.keys() - ReaderOptions.__optional_keys__ == set()
    assert built["known_speakers"] == {"Ann": "a.wav"}


def test_what_is_not_given_is_left_to_the_library() -> None:
    assert build_reader_options(dict.fromkeys(TranscriptionFlags.__optional_keys__)) == {}
