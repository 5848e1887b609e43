"""Both frameworks have the same options, with the same types, defaults and words, but for what is listed here."""

import inspect
from typing import Any

from langchain_audio import AudioToolkit, ChatAudio, TranscriptSplitter
from langchain_audio.document_loaders import LoaderOptions
from llamaindex_audio import AudioLLM, AudioReader, ListenToolSpec, TranscriptNodeParser


def show_fields(model: Any) -> dict[str, tuple[str, Any, str | None]]:
    """Return type, default and words of each field that a class of ours declares, and not the framework's."""
    names = [
        name for kind in model.__mro__ if "_audio." in kind.__module__ for name in vars(kind).get("__annotations__", ())
    ]
    fields = {name: model.model_fields[name] for name in names if name in model.model_fields}
    return {name: (str(field.annotation), field.default, field.description) for name, field in fields.items()}


DIFFERENCES = {
    "api_key": "LangChain keeps keys as SecretStr",
    "stop": "LangChain takes a str too, as its own models do",
    "extra_body": "LlamaIndex stores models as JSON, where a mapping is a dict",
    "extra_headers": "as extra_body",
    "streaming": "LangChain's invoke may stream inside; LlamaIndex has a method for it",
    "stream_usage": "as streaming",
    "context_window": "LlamaIndex cuts prompts by it; LangChain has it in profile=",
    "profile": "LangChain takes a profile too",
}


def test_both_models_have_the_same_fields_defaults_and_words_but_for_these() -> None:
    langchain, llamaindex = show_fields(ChatAudio), show_fields(AudioLLM)
    different = {name for name in langchain.keys() | llamaindex.keys() if langchain.get(name) != llamaindex.get(name)}
    assert different == DIFFERENCES.keys()
    assert all(description for *_, description in (*langchain.values(), *llamaindex.values()))


def test_both_splitters_have_the_same_options() -> None:
    langchain, llamaindex = inspect.signature(TranscriptSplitter).parameters, show_fields(TranscriptNodeParser)
    assert langchain.keys() - llamaindex.keys() == {"length_function"}  # LlamaIndex has a tokenizer for all parsers
    assert not llamaindex.keys() - langchain.keys()


def test_both_sets_of_tools_have_the_same_options_and_defaults() -> None:
    langchain, llamaindex = AudioToolkit.model_fields, inspect.signature(ListenToolSpec).parameters
    assert langchain.keys() == llamaindex.keys()
    assert langchain["max_seconds"].default == llamaindex["max_seconds"].default
    required = {name for name, field in langchain.items() if field.is_required()}
    assert required == {name for name, parameter in llamaindex.items() if parameter.default is parameter.empty}


def test_loader_and_reader_have_the_same_options() -> None:
    own = {"is_remote"}  # LlamaIndex's own
    assert AudioReader.model_fields.keys() - own == LoaderOptions.__optional_keys__
