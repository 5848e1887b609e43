"""`POST /v1/audio/speech`."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from audio_core.audio.audio import Audio
from audio_core.audio.formats import FORMATS
from audio_core.lenient_json import parse_json, to_number, to_object, to_text
from audio_core.offline.speech import encode_speech
from audio_core.offline.voices import INSTALL, VoiceProgram, find_voice
from audio_core.transcript.speech import PCM_RATE

__all__ = ["speak"]

_FORMATS = {"mp3": "mp3", "opus": "ogg", "aac": "aac", "flac": "flac", "wav": "wav", "pcm": "pcm16"}
_SPEEDS = (0.25, 4.0)


async def speak(request: Request) -> Response:
    """Respond to a request for speech with the bytes of the audio, or with status 501 where there is no voice.

    Raises:
        ValueError: if the request is malformed.
    """
    body = to_object(parse_json(await request.body()))
    program = find_voice()
    if program is None:
        return _refuse()
    return await run_in_threadpool(_speak, program, body)


def _speak(program: VoiceProgram, body: dict[str, Any]) -> Response:
    text, name = to_text(body.get("input")), body.get("response_format", "mp3")
    speed = to_number(body.get("speed", 1.0))
    if not text or not text.strip():
        raise ValueError("input must be a text to speak.")
    if name not in _FORMATS:
        raise ValueError(f"response_format must be one of {', '.join(_FORMATS)}, not {name!r}.")
    if speed is None or not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        raise ValueError(f"speed must be a number from {_SPEEDS[0]} to {_SPEEDS[1]}.")
    spoken = Audio.of(program.say(text, to_text(body.get("voice")), speed))
    rate = f";rate={PCM_RATE};channels=1" if name == "pcm" else ""
    return Response(
        encode_speech(spoken, _FORMATS[name]), headers={"Content-Type": FORMATS[_FORMATS[name]].mime + rate}
    )


def _refuse() -> Response:
    message = f"This server has no voice. {INSTALL}"
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "not_implemented"}
    # OpenAI's client, and ours, retry any other status over 500.
    return JSONResponse({"error": error}, status_code=501, headers={"x-should-retry": "false"})
