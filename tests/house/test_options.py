"""`TranscriptionOptions` defines the transcription options. All other places that list them must agree with it."""

import dataclasses
import inspect
import typing

import pytest

from audio_core import AudioClient
from audio_core.integration import ReaderOptions
from audio_core.wire.transcription import TranscriptionKwargs, TranscriptionOptions
from langchain_audio import AudioLoader, AudioParser
from langchain_audio.document_loaders import LoaderOptions
from llamaindex_audio import AudioReader, AudioTranscriber

OPTIONS = {field.name: field for field in dataclasses.fields(TranscriptionOptions)}
OF_FOLDERS = {"glob", "recursive", "suffixes", "is_remote"}  # a transformation of Documents searches none
TYPES = typing.get_type_hints(TranscriptionOptions, include_extras=True)


def test_keyword_arguments_have_the_names_and_types_of_the_options() -> None:
    assert typing.get_type_hints(TranscriptionKwargs, include_extras=True) == TYPES


def test_readers_take_every_option_and_every_setting_of_the_client() -> None:
    assert typing.get_type_hints(ReaderOptions, include_extras=True).items() >= TYPES.items()
    assert set(AudioReader.model_fields) == {*LoaderOptions.__optional_keys__, "is_remote"}
    assert AudioTranscriber.model_fields.keys() == AudioReader.model_fields.keys() - OF_FOLDERS


@pytest.mark.parametrize("name", OPTIONS)
def test_a_readers_field_has_the_type_and_default_of_the_option(name: str) -> None:
    field = AudioReader.model_fields[name]
    assert field.default == OPTIONS[name].default
    assert (
        name == "extra" or field.annotation == TYPES[name]
    )  # LlamaIndex stores readers as JSON: extra is a dict there


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("documented", [TranscriptionOptions, AudioClient.transcribe, ReaderOptions])
def test_every_option_is_documented_where_users_look(name: str, documented: object) -> None:
    text = str(inspect.getdoc(documented))  # Python 3.13 and later leave out the indentation
    assert f"`{name}`" in text or f"\n    {name}:" in text


@pytest.mark.parametrize("name", sorted(ReaderOptions.__optional_keys__))
def test_a_readers_field_is_described_in_the_words_of_the_option(name: str) -> None:
    words = " ".join((AudioReader.model_fields[name].description or "").split())
    assert f"{name}: {words[0].lower()}{words[1:]}" in " ".join((ReaderOptions.__doc__ or "").split()).replace(
        f"{name}: {words[0]}", f"{name}: {words[0].lower()}"
    )


@pytest.mark.parametrize(("documented", "options"), [(AudioLoader, LoaderOptions), (AudioParser, ReaderOptions)])
def test_help_lists_every_option(documented: type, options: type) -> None:
    assert not [name for name in options.__optional_keys__ if f"\n    {name}: " not in str(documented.__doc__)]
