"""The options of a transcription, as they are written on a command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from audio_core.cli.options import ClientOptions, build_client_options, parse_extra, parse_known_speakers

__all__ = ["TranscriptionFlags", "build_reader_options"]


class TranscriptionFlags(ClientOptions, total=False):
    """The options of a transcription. Each has the name that it has in Python."""

    language: Annotated[
        list[str] | None, typer.Option("--language", "-l", help="Code of the spoken language, such as en; repeatable.")
    ]
    prompt: Annotated[str | None, typer.Option(help="Text that precedes the recording, or describes it.")]
    keywords: Annotated[list[str] | None, typer.Option(help="A word or name to expect; repeatable.")]
    words: Annotated[bool, typer.Option("--words", help="Ask for the times of words; json shows them.")]
    diarize: Annotated[bool, typer.Option("--diarize", help="Tell speakers apart, or fail.")]
    diarize_if_possible: Annotated[
        bool, typer.Option("--diarize-if-possible", help="Tell speakers apart if the model can; else warn.")
    ]
    known_speakers: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FILE", help="A speaker, with 2 to 10 s of speech; repeatable.")
    ]
    temperature: Annotated[float | None, typer.Option(help="Sampling temperature of the model.")]
    extra: Annotated[str | None, typer.Option(help="Further fields for the provider, as a JSON object.")]
    gaps: Annotated[
        Literal["raise", "mark"] | None,
        typer.Option(help="If a piece of a long recording fails: an error, or a gap that is marked."),
    ]
    channels: Annotated[
        Literal["mixed", "separate"] | None, typer.Option(help="separate: each channel is a speaker of its own.")
    ]
    vad: Annotated[
        Literal["energy", "silero"] | None, typer.Option(help="What finds the pauses at which recordings are cut.")
    ]
    segment_seconds: Annotated[
        float | None, typer.Option(help="Longest segment of a model that sends no times; 0 sends recordings whole.")
    ]
    aligner: Annotated[
        str | None, typer.Option(help="What finds the times of a text: pocketsphinx, or faster-whisper:SIZE.")
    ]
    budget_seconds: Annotated[float | None, typer.Option(help="How many seconds of audio may be sent.")]
    budget_cost: Annotated[float | None, typer.Option(help="How many US dollars may be spent.")]
    price_per_minute: Annotated[
        float | None, typer.Option(help="US dollars for a minute, for --estimate and --budget-cost.")
    ]
    store: Annotated[
        Path | None, typer.Option(help="File that keeps what is paid for; the same command goes on from there.")
    ]
    max_concurrency: Annotated[
        int | None, typer.Option(help="How many recordings or pieces side by side; 8 by default.")
    ]


_AS_THEY_ARE = (
    "prompt", "words", "diarize", "temperature", "gaps", "channels", "vad", "aligner", "store", "max_concurrency",
)  # fmt: skip


def build_reader_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a `DocumentReader` takes them: those that were given.

    Args:
        options: of a command.

    Raises:
        UsageMistake: if one cannot be parsed.
    """
    built = build_client_options(options, *_AS_THEY_ARE)
    for name in ("language", "keywords"):
        built |= {name: list(options[name])} if options.get(name) else {}
    if options.get("known_speakers"):
        built["known_speakers"] = parse_known_speakers(options["known_speakers"])
    if options.get("extra"):
        built["extra"] = parse_extra(options["extra"])
    if options.get("diarize_if_possible"):
        built.setdefault("diarize", "if possible")
    if (seconds := options.get("segment_seconds")) is not None:
        built["segment_seconds"] = seconds or None
    return built | _build_budget(options)


def _build_budget(options: Mapping[str, Any]) -> dict[str, Any]:
    from audio_core.transcript.budget import Budget

    seconds, cost = options.get("budget_seconds"), options.get("budget_cost")
    if seconds is None and cost is None:
        return {}
    return {"budget": Budget(seconds=seconds, cost=cost, price_per_minute=options.get("price_per_minute"))}
