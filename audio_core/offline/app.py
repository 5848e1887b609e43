"""The routes of the offline server, and its error responses in OpenAI's shape."""

from __future__ import annotations

import time
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audio_core.errors import AudioError
from audio_core.offline.chat import complete
from audio_core.offline.text_to_speech import speak
from audio_core.offline.transcription import transcribe

__all__ = ["MODEL", "create_app"]

MODEL = "pocketsphinx"
"""The only model. A request for any other model is answered by this one."""


def create_app() -> Starlette:
    """Create the server as an ASGI application."""
    return Starlette(
        routes=[
            Route("/v1/models", _list_models),
            Route("/v1/models/{model:path}", _retrieve_model),
            Route("/v1/audio/speech", speak, methods=["POST"]),
            Route("/v1/audio/transcriptions", transcribe, methods=["POST"]),
            Route("/v1/audio/translations", _refuse_translation, methods=["POST"]),
            Route("/v1/chat/completions", complete, methods=["POST"]),
        ],
        exception_handlers={
            HTTPException: _handle_http_error,
            AudioError: _handle_audio_error,
            ValueError: _handle_value_error,
            Exception: _handle_http_error,
        },
    )


def _list_models(request: Request) -> Response:
    return JSONResponse({"object": "list", "data": [_describe_model()]})


def _retrieve_model(request: Request) -> Response:
    name = request.path_params["model"]
    if name != MODEL:
        return _build_error_response(404, f"There is no model {name!r} here, only {MODEL!r}.", "model_not_found")
    return JSONResponse(_describe_model())


def _describe_model() -> dict[str, Any]:
    modalities = {"input_modalities": ["text", "audio"], "output_modalities": ["text", "audio", "transcription"]}
    facts = {"object": "model", "created": int(time.time()), "owned_by": "audio_core.offline"}
    return {"id": MODEL, **facts, "architecture": modalities}  # as OpenRouter describes models


def _refuse_translation(request: Request) -> Response:
    message = "This server cannot translate: it hears English only. Use /v1/audio/transcriptions, or another gateway."
    response = _build_error_response(501, message, "not_implemented")
    response.headers["x-should-retry"] = "false"  # OpenAI's client retries any other status over 500
    return response


def _handle_http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "internal error"
    message = f"{request.method} {request.url.path}: {detail}"
    return _build_error_response(status, message, "not_found" if status == 404 else None)


def _handle_audio_error(request: Request, error: Exception) -> Response:
    return _build_error_response(400, str(error), "invalid_audio")


def _handle_value_error(request: Request, error: Exception) -> Response:
    return _build_error_response(400, str(error), None)


def _build_error_response(status: int, message: str, code: str | None) -> Response:
    error: dict[str, Any] = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status_code=status)
