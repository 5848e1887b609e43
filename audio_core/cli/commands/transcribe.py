"""`audio transcribe`."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from audio_core.cli.formats import Format
from audio_core.cli.options import AsJson, Force, Recordings, Recursive, Verbose, take_options
from audio_core.cli.reports import (
    FAILED,
    INTERRUPTED,
    configure_logging,
    is_terminal,
    print_text,
    report,
)
from audio_core.cli.transcription_options import TranscriptionFlags, build_reader_options

if TYPE_CHECKING:
    from audio_core.cli.outputs import Plan
    from audio_core.integration import Batch, BatchItem, DocumentReader
    from audio_core.transcript.transcript import Transcript

__all__ = ["transcribe"]


@take_options(TranscriptionFlags)
def transcribe(
    sources: Recordings,
    format: Annotated[
        list[Format] | None, typer.Option(help="txt by default; repeatable, with --output FOLDER.")
    ] = None,
    as_json: AsJson = False,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="File, or folder with a file for each recording.")
    ] = None,
    force: Force = False,
    timestamps: Annotated[bool, typer.Option("--timestamps", help="With txt: begin lines with times.")] = False,
    recursive: Recursive = False,
    glob: Annotated[str | None, typer.Option(help="Which files of a folder, such as '*.mp3'.")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Tell what would be sent. Nothing is sent.")] = False,
    verbose: Verbose = False,
    **options: Unpack[TranscriptionFlags],
) -> None:
    """Write down what is said in recordings, with times.

    \b
    Examples:
      audio transcribe talk.mp3
      audio transcribe talk.mp3#t=12:07,14:00 --timestamps
      audio transcribe talks/ -o texts/ --format srt --format json --store jobs.sqlite
      audio transcribe talk.mp3 -o talk.srt -p openai -m whisper-1
      audio transcribe talks/ --estimate -p openai -m whisper-1 --price-per-minute 0.006
      ffmpeg -i film.mkv -f wav - | audio transcribe - | less

    A file is never replaced without --force. What is in the output folder already is left out, so the same command goes
    on after an interruption. A recording that fails does not stop the others; the exit status is 1 then.
    """
    from audio_core.cli.clients import check_transcriber
    from audio_core.cli.outputs import plan_outputs
    from audio_core.cli.sources import find_named
    from audio_core.integration import DocumentReader

    configure_logging(is_verbose=verbose)
    reader = DocumentReader.create(**build_reader_options(options))
    found = find_named(sources, pattern=glob, recursive=recursive)
    if estimate:
        _estimate(reader, [named.item for named in found], options.get("price_per_minute"), as_json)
        return
    check_transcriber(reader.client)
    formats = [*(format or []), *([Format.JSON] if as_json else [])]
    plans = plan_outputs(found, formats, output, force=force)
    _transcribe(reader, plans, _Writer(formats, timestamps, len(plans) > 1), options.get("store"))


class _Writer:
    """Writes transcripts in files or on standard output.

    Args:
        formats: that on standard output; text by default.
        has_times: whether lines of text begin with their times.
        has_titles: whether a text on standard output begins with the name of its recording.
    """

    def __init__(self, formats: Sequence[Format], has_times: bool, has_titles: bool) -> None:
        self._format = formats[0] if formats else Format.TXT
        self._has_times, self._has_titles = has_times, has_titles

    def write(self, plan: Plan, transcript: Transcript) -> None:
        """Write a transcript in its files, or on standard output if it has none."""
        from audio_core.cli.outputs import render

        if plan.files:
            plan.write(transcript, timestamps=self._has_times)
            return
        if self._has_titles and self._format is Format.TXT:
            print_text(f"==> {plan.item.label} <==")
        print_text(render(transcript, self._format, timestamps=self._has_times).removesuffix("\n"))


def _transcribe(reader: DocumentReader, plans: Sequence[Plan], writer: _Writer, store: Path | None) -> None:
    from audio_core.integration import Batch
    from audio_core.integration.fatal_errors import is_fatal

    batch = Batch(
        reader,
        on_error="raise" if len(plans) == 1 else "collect",
        show_progress=is_terminal(),
        is_fatal=partial(is_fatal, provider=reader.client.endpoint.provider.name),
    )
    with _report_interrupt(store):
        _write_transcripts(batch, plans, writer)
    if batch.failures:
        report(f"{len(batch.failures)} of {len(plans)} recordings failed.")
        raise typer.Exit(FAILED)


def _write_transcripts(batch: Batch, plans: Sequence[Plan], writer: _Writer) -> None:
    by_item = {id(plan.item): plan for plan in plans}
    for item, transcript in batch.transcribe([plan.item for plan in plans]):
        for warning in transcript.warnings:
            report(f"{item.label}: {warning}")
        writer.write(by_item[id(item)], transcript)


@contextlib.contextmanager
def _report_interrupt(store: Path | None) -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        kept = (
            f"Finished pieces are kept in {store.name}: the same command goes on from there."
            if store
            else "Finished files are kept. With --store FILE, finished pieces of a long recording are kept too."
        )
        report(f"Interrupted. {kept}")
        raise typer.Exit(INTERRUPTED) from None


def _estimate(reader: DocumentReader, items: Sequence[BatchItem], price: float | None, as_json: bool) -> None:
    from audio_core.cli.estimates import format_estimate
    from audio_core.integration import Batch

    estimate = Batch(reader, on_error="collect", show_progress=False).estimate(items, price)
    print_text(format_estimate(estimate, as_json=as_json))
    for failure in estimate.failures:
        report(f"{failure.label} was left out: {failure.error}")
    if estimate.failures:
        raise typer.Exit(FAILED)
