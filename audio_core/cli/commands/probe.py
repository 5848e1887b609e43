"""`audio probe`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audio_core.cli.options import AsJson, Recordings, Recursive
from audio_core.cli.reports import FAILED, configure_logging, print_text, to_command_line

if TYPE_CHECKING:
    from audio_core.audio.audio import Audio
    from audio_core.integration import BatchItem

__all__ = ["probe"]


def probe(
    sources: Recordings,
    check: Annotated[bool, typer.Option("--check", help="Decode all of it, to find damage within.")] = False,
    recursive: Recursive = False,
    as_json: AsJson = False,
) -> None:
    """Tell the format, length, sample rate and channels of recordings, and whether they are whole.

    \b
    Examples:
      audio probe talk.mp3
      audio probe talks/ --recursive --check
      audio probe talk.mp3 --json

    The length is counted, not taken from the header. A damaged recording is told with what is wrong, and the exit
    status is 1 then. With --json, each recording is an object on a line of its own.
    """
    from audio_core.cli.sources import find_named

    configure_logging(is_verbose=False)
    is_whole = True
    for named in find_named(sources, recursive=recursive):
        facts = _describe(named.item, check)
        is_whole &= facts["error"] is None
        print_text(json.dumps(facts, ensure_ascii=False) if as_json else _format(facts))
    if not is_whole:
        raise typer.Exit(FAILED)


def _describe(item: BatchItem, check: bool) -> dict[str, Any]:
    """Return the facts about a recording, or what is wrong with it."""
    from audio_core.errors import AudioError

    try:
        if item.error is not None:
            raise item.error
        return {"recording": item.label, **_probe(item.audio, check), "error": None}
    except AudioError as error:
        return {"recording": item.label, "error": to_command_line(str(error))}


def _probe(source: Audio | None, check: bool) -> dict[str, Any]:
    from audio_core.client import AudioClient
    from audio_core.media.decode import decode
    from audio_core.media.probing import probe

    with AudioClient("local") as client:
        audio = client.open_recording(source)
    properties, warnings = probe(audio), list[str]()
    if check:
        for _ in decode(audio, rate=8_000, warnings=warnings):
            pass
    return {
        "format": audio.format,
        "codec": properties.codec,
        "seconds": properties.duration - (audio.start or 0.0),
        "sample_rate": properties.sample_rate,
        "channels": properties.channels,
        "bytes": audio.open_content().size,
        "warnings": list(dict.fromkeys((*properties.warnings, *warnings))),
    }


def _format(facts: Mapping[str, Any]) -> str:
    if facts["error"] is not None:
        return f"{facts['recording']}: {facts['error']}"
    channels = {1: "mono", 2: "stereo"}.get(facts["channels"], f"{facts['channels']} channels")
    codec, container = facts["codec"], facts["format"]
    sound = container if codec.startswith(container) else f"{codec} in {container}"  # FFmpeg's MP3 is "mp3float"
    line = f"{facts['recording']}: {sound}, {facts['seconds']:.2f} s, {facts['sample_rate']} Hz, {channels}, whole"
    return "\n".join([line, *(f"  {warning}" for warning in facts["warnings"])])
