"""`audio player`."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Unpack

import typer

from audio_core.cli.options import Force, Verbose, take_options
from audio_core.cli.reports import UsageMistake, configure_logging, is_terminal, print_text
from audio_core.cli.transcription_options import TranscriptionFlags, build_reader_options

if TYPE_CHECKING:
    from audio_core.audio.audio import Audio
    from audio_core.integration import DocumentReader
    from audio_core.transcript.transcript import Transcript

__all__ = ["player"]


@take_options(TranscriptionFlags)
def player(
    source: Annotated[str, typer.Argument(metavar="RECORDING", help="File, or URL.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page. By default NAME.html in the current folder.")
    ] = None,
    transcript: Annotated[
        Path | None, typer.Option(help="A transcript that was written with --format json, so that none is made.")
    ] = None,
    embed: Annotated[bool, typer.Option("--embed", help="Put the sound into the page, up to 25 MB.")] = False,
    title: Annotated[str | None, typer.Option(help="Heading of the page. By default the recording's name.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Show the page in the browser.")] = False,
    force: Force = False,
    verbose: Verbose = False,
    **options: Unpack[TranscriptionFlags],
) -> None:
    """Write a page that plays a recording and lights up its words as they are spoken.

    \b
    Examples:
      audio player talk.mp3 --open
      audio player talk.mp3 -o talk.html --embed -p openai -m whisper-1 --words
      audio player talk.mp3 --transcript talk.json

    The page is one file and asks the network for nothing but the sound, which it finds beside it, or where the
    recording was. Its name is printed. In this process, words are timed; of a provider, with --words.
    """
    from audio_core.cli.outputs import check_absent, find_link, name_output
    from audio_core.integration import DocumentReader
    from audio_core.transcript.unfinished_file import open_atomically

    configure_logging(is_verbose=verbose)
    audio = _find(source)
    page = output or Path(f"{name_output(audio)}.html")
    if not force:
        check_absent(page)
    reader = DocumentReader.create(**_build_options(options))
    made = _load(transcript) if transcript else _transcribe(reader, audio)
    link = None if embed else find_link(audio, page)
    text = reader.client.render_player(audio, made, link=link, embed=embed, title=title)
    with open_atomically(page) as file:
        file.write(text.encode())
    print_text(str(page))
    if show:
        webbrowser.open(page.resolve().as_uri())


def _find(source: str) -> Audio:
    from audio_core.cli.sources import find_named

    found = find_named([source])
    if len(found) > 1:
        raise UsageMistake(
            "A page plays one recording, not a folder. For all: audio transcribe FOLDER --format html -o ..."
        )
    return found[0].get_audio()


def _build_options(options: TranscriptionFlags) -> dict[str, Any]:
    """Ask for the times of words where they cost nothing."""
    built = build_reader_options(options)
    is_local = built.get("provider", "local") == "local" and "base_url" not in built
    return {**built, "words": True} if is_local else built


def _load(path: Path) -> Transcript:
    from audio_core.transcript.transcript import Transcript

    try:
        return Transcript.from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageMistake(f"{path.name}: {error}") from None


def _transcribe(reader: DocumentReader, audio: Audio) -> Transcript:
    from audio_core.cli.clients import check_transcriber
    from audio_core.integration import Batch, BatchItem

    check_transcriber(reader.client)
    batch = Batch(reader, on_error="raise", show_progress=is_terminal())
    ((_, transcript),) = batch.transcribe([BatchItem(audio, {})])
    return transcript
