"""Ask a gateway which models it has, and refuse audio for one that is known not to hear.

What the list says is remembered for each base URL while the process lives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from audio_core.errors import InvalidOption, NotFound, PermissionDenied
from audio_core.http.endpoint import Endpoint
from audio_core.http.error_responses import attribute_errors
from audio_core.http.flow import Flow
from audio_core.http.tracebacks import HiddenFrames
from audio_core.operations.gaps import name_some
from audio_core.operations.process_memory import ProcessMemory
from audio_core.providers import Provider
from audio_core.wire.model_list import ModelInfo, parse_model_list

__all__ = ["check_hearing", "check_transcribing", "find_model", "list_models", "recall_model"]

_PLAIN_PATH = "/models"
_known = ProcessMemory[str, Mapping[str, ModelInfo]](100)


def list_models(endpoint: Endpoint) -> Flow[tuple[ModelInfo, ...]]:
    """Ask a gateway for the list of its models, and remember what it says.

    A gateway whose fuller list is missing or not open to the key is asked for the plain one.

    Raises:
        ProviderError: if the gateway refuses or fails, or sends something else.
    """
    row = endpoint.provider
    try:
        models = yield from _request(endpoint, row.models_path)
    except (NotFound, PermissionDenied):
        if row.models_path == _PLAIN_PATH:
            raise
        models = yield from _request(endpoint, _PLAIN_PATH)
    models = tuple(_add_formats(model, row) for model in models)
    _remember(endpoint, models)
    return models


def find_model(endpoint: Endpoint, name: str) -> Flow[ModelInfo]:
    """Return what a gateway says of a model. It is asked only if it has not been asked before.

    Raises:
        ProviderError: if the gateway refuses or fails. One that has no list says nothing.
    """
    if _known.find(_get_url(endpoint)) is None:
        try:
            yield from list_models(endpoint)
        except NotFound:
            _remember(endpoint, ())
    return recall_model(endpoint, name)


def recall_model(endpoint: Endpoint, name: str) -> ModelInfo:
    """Return what is known of a model without asking the gateway."""
    return _get_known(endpoint).get(name) or ModelInfo(name)


def check_hearing(endpoint: Endpoint, name: str) -> Flow[None]:
    """Check that a model is not known to be deaf, before audio is sent to it.

    The gateway is asked if the endpoint says so. Without that, an earlier list counts.

    Raises:
        InvalidOption: if the gateway's list says that it takes no audio. The message names some models that do.
        ProviderError: as `find_model` does.
    """
    model = yield from _find_or_recall(endpoint, name)
    if model.hears is False:
        others = _name_models(model.name for model in _get_known(endpoint).values() if model.hears)
        raise InvalidOption(f"{name} of {endpoint.provider.name} takes no audio. {others}")


def check_transcribing(endpoint: Endpoint, name: str) -> Flow[None]:
    """Check as `check_hearing` does that a model is not known neither to transcribe nor to hear.

    Raises:
        InvalidOption: if the gateway's list says so. The message names some models that transcribe.
        ProviderError: as `find_model` does.
    """
    if endpoint.provider.transcription == "chat":
        yield from check_hearing(endpoint, name)
    model = yield from _find_or_recall(endpoint, name)
    if model.transcribes is False and model.hears is False:
        others = _name_models(each.name for each in _get_known(endpoint).values() if each.transcribes)
        raise InvalidOption(f"{name} of {endpoint.provider.name} does not transcribe. {others}")


def _find_or_recall(endpoint: Endpoint, name: str) -> Flow[ModelInfo]:
    return (yield from find_model(endpoint, name)) if endpoint.checks_models else recall_model(endpoint, name)


def _request(endpoint: Endpoint, path: str) -> Flow[tuple[ModelInfo, ...]]:
    response = yield from endpoint.get(path, doing="list of models")
    facts = attribute_errors(response.status, response.headers, response.attempts, is_billed=False)
    with HiddenFrames(), facts:
        return parse_model_list(
            response.body,
            provider=endpoint.provider.name,
            content_type=response.headers.get("content-type", ""),
        )


def _add_formats(model: ModelInfo, row: Provider) -> ModelInfo:
    formats = row.chat_formats if model.hears else row.upload_formats if model.transcribes else ()
    return replace(model, formats=formats)


def _remember(endpoint: Endpoint, models: tuple[ModelInfo, ...]) -> None:
    _known.note(_get_url(endpoint), {model.name: model for model in models})


def _get_known(endpoint: Endpoint) -> Mapping[str, ModelInfo]:
    return _known.find(_get_url(endpoint)) or {}


def _get_url(endpoint: Endpoint) -> str:
    return endpoint.provider.find_base_url(endpoint.base_url)


def _name_models(names: Iterator[str]) -> str:
    listed = sorted(names)
    return f"These do: {name_some(listed)}." if listed else "Its list names no model that does."
