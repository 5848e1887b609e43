"""`help()` lists every option of ours with its words, and none of the frameworks'."""

import pydoc

import pytest

from audio_core.integration import ModelSettings, ReaderOptions
from langchain_audio import AudioLoader, AudioParser, ChatAudio
from langchain_audio.document_loaders import LoaderOptions
from llamaindex_audio import AudioLLM, AudioReader, AudioTranscriber, TranscriptNodeParser

OPTIONS = {
    AudioLoader: LoaderOptions.__annotations__,
    AudioParser: {"vad", "granularity"},
    ChatAudio: {*ModelSettings.model_fields, "api_key", "stop", "streaming", "extra_headers"},
    AudioLLM: {*ModelSettings.model_fields, "api_key", "stop", "context_window"},
    AudioReader: LoaderOptions.__optional_keys__,
    AudioTranscriber: {*ReaderOptions.__optional_keys__, "on_error", "show_progress"},
    TranscriptNodeParser: {"chunk_size", "chunk_overlap", "unit"},
}


@pytest.mark.parametrize("kind", OPTIONS, ids=lambda kind: kind.__name__)
def test_help_lists_the_options(kind: type) -> None:
    shown = pydoc.plain(pydoc.render_doc(kind)).partition("|  Options:\n")[2].partition("\n |  Method resolution")[0]
    listed = {line[8:].partition(":")[0].removesuffix(" (required)") for line in shown.splitlines() if line[8:9] != " "}
    assert set(OPTIONS[kind]) <= listed
    assert not {"callbacks", "callback_manager", "include_metadata", "tags"} & listed
    assert max(map(len, shown.splitlines())) <= 124
