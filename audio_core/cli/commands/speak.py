"""`audio speak`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Unpack

import typer

from audio_core.cli.options import ClientOptions, Force, parse_extra, take_options
from audio_core.cli.reports import UsageMistake, configure_logging, print_text

if TYPE_CHECKING:
    from audio_core.client import AudioClient

__all__ = ["speak"]


class SpeakFlags(ClientOptions, total=False):
    """The options of `audio speak`."""

    voice: Annotated[str | None, typer.Option(help="Name of a voice; some providers need one.")]
    speed: Annotated[float | None, typer.Option(help="How fast, from 0.25 to 4.")]
    instructions: Annotated[str | None, typer.Option(help="How to speak, in words, for models that follow them.")]
    extra: Annotated[str | None, typer.Option(help="Further fields of the request, as a JSON object.")]


@take_options(SpeakFlags)
def speak(
    text: Annotated[str, typer.Argument(help="What to say, or - for standard input.")],
    output: Annotated[
        str,
        typer.Option("--output", "-o", help="File, whose suffix names the format; - writes MP3 on standard output."),
    ],
    force: Force = False,
    **options: Unpack[SpeakFlags],
) -> None:
    """Say a text, and write the speech to a file as it comes.

    \b
    Examples:
      audio speak "Good day." -o day.mp3 -p openai -m gpt-4o-mini-tts --voice alloy
      audio speak - -o book.mp3 -p openai -m gpt-4o-mini-tts --voice alloy < chapter.txt
      audio speak "Good day." -o - -p openai -m gpt-4o-mini-tts --voice alloy | ffplay -

    The file has its name once the speech is whole. Its name is printed.
    """
    from audio_core.cli.clients import create_client
    from audio_core.cli.outputs import check_absent

    configure_logging(is_verbose=False)
    said = _read_lines() if text == "-" else text
    if output != "-" and not force:
        check_absent(Path(output))
    with create_client(options) as client:
        _speak(client, said, output, _build_options(client, output, options))


def _read_lines() -> Iterator[str]:
    if sys.stdin.isatty():
        raise UsageMistake("There is no text on standard input. Give it as an argument, or: audio speak - < text.txt")
    yield from sys.stdin


def _build_options(client: AudioClient, output: str, options: Mapping[str, Any]) -> dict[str, Any]:
    names = ("voice", "speed", "instructions")
    built = {name: options[name] for name in names if options.get(name) is not None}
    if options.get("extra"):
        built["extra"] = parse_extra(options["extra"])
    return {**built, "format": _choose_format(client, output)}


def _choose_format(client: AudioClient, output: str) -> str:
    """Return the format that the suffix of a file names. A WAV file is made of PCM where a gateway has no WAV."""
    name = "mp3" if output == "-" else Path(output).suffix[1:].lower()
    if not name:
        raise UsageMistake(f"{output} names no format. Give it a suffix, such as {output}.mp3.")
    formats = client.endpoint.provider.speech_formats
    return "pcm" if name == "wav" and "wav" not in formats and "pcm" in formats else name


def _speak(client: AudioClient, text: str | Iterator[str], output: str, options: dict[str, Any]) -> None:
    pieces = client.stream_speech(text, **options)
    if output != "-":
        print_text(str(pieces.save(output)))
        return
    with pieces:
        for piece in pieces:
            sys.stdout.buffer.write(piece.data)
            sys.stdout.buffer.flush()
