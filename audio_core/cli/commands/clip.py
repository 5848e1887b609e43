"""`audio clip`."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audio_core.cli.options import AsJson, Force
from audio_core.cli.reports import UsageMistake, configure_logging, print_text, report

if TYPE_CHECKING:
    from audio_core.audio.audio import Audio

__all__ = ["clip"]

_STRETCH = re.compile(r"(?P<start>[\d:.]*)\s*[-\N{EN DASH}]\s*(?P<end>[\d:.]*)")
_LOSSLESS = "wav"


def clip(
    source: Annotated[str, typer.Argument(metavar="RECORDING", help="File, URL, or - for standard input.")],
    stretch: Annotated[str, typer.Argument(metavar="START-END", help="Such as 12:07-12:31, 727-751.5, or 12:07- .")],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="File, whose suffix names the format; - for standard output.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Cut a stretch out of a recording, to the sample, and write it to a file.

    \b
    Examples:
      audio clip talk.mp3 12:07-12:31
      audio clip talk.mp3 727-751.5 -o quote.wav
      audio clip film.mkv 1:02:00-1:03:30 -o scene.m4a
      audio clip talk.mp3 12:07-12:31 -o - | ffplay -

    Without --output, the file is named as the stretch, such as talk_727-751.mp3, in the current folder. Its name is
    printed. The format is that of the recording where it can be written, or else WAV.
    """
    from audio_core.cli.outputs import check_absent, name_output
    from audio_core.cli.sources import find_named
    from audio_core.client import AudioClient

    configure_logging(is_verbose=False)
    named = find_named([source])[0].get_audio().clip(*_parse_stretch(stretch))
    with AudioClient("local") as client:
        audio = client.open_recording(named)
    encoding = _choose_encoding(audio, output)
    target = Path(output or f"{name_output(audio)}.{encoding}")
    if output != "-" and not force:
        check_absent(target)
    seconds = _write(audio, encoding, None if output == "-" else target)
    if output != "-":
        facts = {"file": str(target), "start": audio.start or 0.0, "seconds": seconds, "format": encoding}
        print_text(json.dumps(facts) if as_json else str(target))


def _parse_stretch(text: str) -> tuple[float | None, float | None]:
    from audio_core.audio.media_fragment import split_fragment
    from audio_core.errors import InvalidAudio

    try:
        if match := _STRETCH.fullmatch(text.strip()):
            return split_fragment(f"#t={match['start']},{match['end']}")[1:3]
    except InvalidAudio:
        pass
    raise UsageMistake(f"{text!r} is no stretch. Write START-END, such as 12:07-12:31, or 727-751.5 in seconds.")


def _choose_encoding(audio: Audio, output: str | None) -> str:
    from audio_core.audio.formats import find_format
    from audio_core.errors import UnsupportedFormat
    from audio_core.media.encoder import ENCODERS

    suffix = "" if output in (None, "-") else Path(output or "").suffix
    if not suffix:
        return audio.format if audio.format in ENCODERS else _LOSSLESS
    try:
        name = find_format(suffix).name
    except UnsupportedFormat:
        name = suffix
    if name not in ENCODERS:
        raise UsageMistake(f"A clip cannot be written as {suffix}: choose one of {', '.join(ENCODERS)}.")
    return name


def _write(audio: Audio, format: str, target: Path | None) -> float:
    """Write a clip, and return how many seconds it lasts."""
    from audio_core.audio.audio import Audio
    from audio_core.media.decode import encode
    from audio_core.media.probing import probe
    from audio_core.transcript.unfinished_file import open_atomically

    warnings = list[str]()
    content = encode(audio, format, warnings=warnings)
    for warning in dict.fromkeys(warnings):
        report(f"{audio.label}: {warning}")
    if target is None:
        shutil.copyfileobj(content.open_reader(), sys.stdout.buffer)
    else:
        with open_atomically(target) as file:
            shutil.copyfileobj(content.open_reader(), file)
    return probe(Audio.of(content)).duration
