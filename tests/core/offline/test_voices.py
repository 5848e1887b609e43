"""The offline server speaks with a program of the machine, or says what to install."""

import base64
import shutil
import sys
from pathlib import Path

import openai
import pytest

from audio_core import Audio, AudioClient, ProviderUnavailable
from audio_core.media.probing import probe
from audio_core.offline.voices import VoiceProgram, find_voice

# It speaks for a second, at 16 kHz, divided by the speed, and writes down how it was called.
PROGRAM = """#!{python}
import pathlib, sys, wave
arguments = sys.argv[1:]
with open(pathlib.Path(__file__).with_suffix(".log"), "a") as log:
    log.write(" ".join(each for each in arguments if "/" not in each) + "\\n")
if arguments == ["-lv"]:
    print("Voices available: kal slt rms ")
elif "-v" in arguments and arguments[arguments.index("-v") + 1] not in ("en", "de"):
    sys.exit("The specified espeak-ng voice does not exist.")
elif "-f" in arguments:
    text = open(arguments[arguments.index("-f") + 1], encoding="utf-8").read()
    with wave.open(arguments[arguments.index("-o" if "-o" in arguments else "-w") + 1], "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(bytes(3200 * len(text)))
"""
SPEAKING = {"modalities": ["text", "audio"], "audio": {"voice": "rms", "format": "wav"}}


@pytest.fixture(params=["flite", "espeak-ng"])
def program(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoiceProgram:
    """Put a program on the path, and let the server find it."""
    path = tmp_path / request.param
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for room in ("speech", "text_to_speech"):
        monkeypatch.setattr(f"audio_core.offline.{room}.find_voice", find_voice)
    found = find_voice()
    assert found == VoiceProgram(str(path), request.param)
    return found


def read_log(program: VoiceProgram) -> list[str]:
    return Path(program.path).with_suffix(".log").read_text().splitlines()


@pytest.fixture
def sdk(offline: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=offline, api_key="none", max_retries=0)


@pytest.mark.parametrize(
    ("format", "kind"),
    [("wav", "wav"), ("mp3", "mp3"), ("flac", "flac"), ("opus", "ogg"), ("aac", "aac"), ("pcm", "pcm16")],
)
async def test_our_client_speaks_through_it(program, offline: str, format: str, kind: str) -> None:
    client = AudioClient("local", model="any", base_url=offline)
    speech = client.speak("Good day.", format=format)
    assert (speech.format, speech.duration) == (kind, pytest.approx(0.9, abs=0.15))
    pieces = [piece async for piece in client.astream_speech("Good day.", format=format)]
    assert (pieces[0].format, pieces[0].sample_rate) == (kind, 24_000 if format == "pcm" else None)
    assert probe(speech.to_audio()).duration == pytest.approx(0.9, abs=0.15)


def test_voice_and_speed_are_those_of_the_program(program) -> None:
    program.say("Hello", "rms" if program.name == "flite" else "de", 2.0)
    program.say("Hello", "alloy", 0.5)
    said = [line.replace(" -f", "").replace(" -o", "").replace(" -w", "") for line in read_log(program)]
    if program.name == "flite":
        assert said == [
            "-lv",
            "-voice rms --setf duration_stretch=0.500",
            "-lv",
            "-voice slt --setf duration_stretch=2.000",
        ]
    else:
        assert said == ["-q -v de x", "-s 350 -v de", "-s 88"]


def test_a_voice_is_no_argument_of_its_own(program) -> None:
    program.say("Hello", "--help")
    assert all("--help" not in line for line in read_log(program))


def test_a_wrong_request_is_refused(program, sdk: openai.OpenAI) -> None:
    for wrong in ({"input": " "}, {"response_format": "m4a"}, {"speed": 9}):
        with pytest.raises(openai.BadRequestError, match=next(iter(wrong))):
            sdk.audio.speech.create(**{"model": "m", "voice": "alloy", "input": "Hello.", **wrong})


def test_a_program_that_fails_is_an_error(program, sdk: openai.OpenAI) -> None:
    Path(program.path).write_text("#!/bin/false\n")
    with pytest.raises(openai.BadRequestError, match="failed"):
        sdk.audio.speech.create(model="m", voice="alloy", input="Hello.")


def test_a_spoken_reply_is_said_in_the_voice(program, sdk: openai.OpenAI) -> None:
    reply = sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello?"}], **SPEAKING)
    audio = reply.choices[0].message.audio
    spoken = Audio.of(base64.b64decode(audio.data))
    assert probe(spoken).duration == pytest.approx(len(audio.transcript) / 10, abs=0.01)


def test_without_a_voice_it_says_what_to_install_and_is_asked_once(offline: str) -> None:
    with pytest.raises(ProviderUnavailable, match="apt install flite") as refused:
        AudioClient("local", model="any", base_url=offline).speak("Good day.")
    assert (refused.value.status, refused.value.attempts) == (501, 1)


@pytest.mark.skipif(not any(map(shutil.which, ("flite", "espeak-ng"))), reason="no voice on this machine")
def test_a_real_voice_speaks() -> None:
    program = find_voice()
    usual, fast = (probe(Audio.of(program.say("Good day to you all.", speed=speed))).duration for speed in (1.0, 2.0))
    assert 0.5 < fast < usual < 4.0
