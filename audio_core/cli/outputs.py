"""Where transcripts are written: on standard output, in a file, or in a folder with a file for each recording."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audio_core.audio.audio import Audio
from audio_core.cli.formats import Format
from audio_core.cli.reports import UsageMistake, report
from audio_core.cli.sources import Named
from audio_core.integration import BatchItem
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.unfinished_file import open_atomically

__all__ = ["Plan", "check_absent", "find_link", "name_output", "plan_outputs", "render"]

_RENDERERS: Mapping[Format, Callable[[Transcript], str]] = {
    Format.SRT: Transcript.to_srt,
    Format.VTT: Transcript.to_vtt,
    Format.JSON: Transcript.to_json,
    Format.HTML: Transcript.to_html,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A recording, and where its transcript is to be written.

    Attributes:
        named: the recording.
        files: the file for each format; empty for standard output.
    """

    named: Named
    files: Mapping[Format, Path]

    @property
    def item(self) -> BatchItem:
        """The recording, for a batch."""
        return self.named.item

    def write(self, transcript: Transcript, *, timestamps: bool) -> None:
        """Write the files. Each has its name once it is whole.

        Args:
            transcript: of the recording.
            timestamps: whether lines of text begin with their times.
        """
        for name, path in self.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open_atomically(path) as file:
                file.write(self._render(transcript, name, path, timestamps).encode())

    def _render(self, transcript: Transcript, format: Format, page: Path, timestamps: bool) -> str:
        if format is not Format.HTML or self.item.audio is None:
            return render(transcript, format, timestamps=timestamps)
        return transcript.to_html(find_link(self.item.audio, page))


def render(transcript: Transcript, format: Format, *, timestamps: bool) -> str:
    """Return a transcript as the text of a file.

    Args:
        transcript: of a recording.
        format: of the file.
        timestamps: whether lines of text begin with their times.
    """
    return transcript.to_text(timestamps) if format is Format.TXT else _RENDERERS[format](transcript)


def find_link(audio: Audio, page: Path) -> Path | None:
    """Return where a page finds a file, relative to the page; None for a recording that is no file."""
    return None if audio.path is None else Path(os.path.relpath(audio.path, page.parent))


def plan_outputs(found: Sequence[Named], formats: Sequence[Format], output: str | None, *, force: bool) -> list[Plan]:
    """Decide where each transcript is to be written, before anything is transcribed.

    Args:
        found: the recordings.
        formats: names of the formats; none for what the name of the file says, or else text.
        output: a file or a folder; None or `-` for standard output.
        force: whether files that exist are replaced. Otherwise a file must not exist, and what is in the folder already
            is left out.

    Raises:
        UsageMistake: if they cannot be written there.
    """
    if output in (None, "-"):
        return _plan_standard_output(found, formats)
    if is_folder := _is_folder(output or ""):
        plans = _plan_folder(found, formats or [Format.TXT], Path(output or ""))
    else:
        plans = [_plan_file(found, formats, Path(output or ""))]
    if force:
        return plans
    if is_folder:
        return [left for plan in plans if (left := _leave_out_existing(plan)) is not None]
    check_absent(*plans[0].files.values())
    return plans


def check_absent(*paths: Path) -> None:
    """Check that files may be written without loss.

    Raises:
        UsageMistake: if one exists.
    """
    if existing := [path.name for path in paths if path.exists()]:
        raise UsageMistake(f"{existing[0]} exists already. Give --force to replace it.")


def _plan_standard_output(found: Sequence[Named], formats: Sequence[Format]) -> list[Plan]:
    if len(formats) > 1:
        raise UsageMistake("Several formats need a folder: --output FOLDER.")
    if len(found) > 1 and formats and formats[0] not in (Format.TXT, Format.JSON):
        raise UsageMistake(f"Several recordings as {formats[0]} need a folder: --output FOLDER.")
    return [Plan(named, {}) for named in found]


def _is_folder(output: str) -> bool:
    path = Path(output)
    return path.is_dir() or output.endswith(("/", "\\")) or (not path.suffix and not path.exists())


def _plan_file(found: Sequence[Named], formats: Sequence[Format], path: Path) -> Plan:
    if len(found) > 1 or len(formats) > 1:
        raise UsageMistake(
            f"Several recordings, or formats, need a folder, and {path.name} is a file: --output FOLDER/."
        )
    suffix = path.suffix[1:].lower()
    if not formats and suffix not in [*Format]:
        raise UsageMistake(f"{path.name} names no format of a transcript. Give one: --format {'|'.join(Format)}.")
    return Plan(found[0], {formats[0] if formats else Format(suffix): path})


def _plan_folder(found: Sequence[Named], formats: Sequence[Format], folder: Path) -> list[Plan]:
    folder.mkdir(parents=True, exist_ok=True)  # if it cannot be written, that is told before anything is sent
    bases = _name_all(found)
    twice = [base.name for base, count in Counter(filter(None, bases)).items() if count > 1]
    if twice:
        raise UsageMistake(
            f"Two recordings would be written as {twice[0]}. Give one of them alone, and another --output."
        )
    return [
        Plan(named, {name: folder / base.with_name(f"{base.name}.{name}") for name in formats} if base else {})
        for named, base in zip(found, bases, strict=True)
    ]


def _name_all(found: Sequence[Named]) -> list[Path | None]:
    """Name each file as its recording; with the recording's own suffix too where two would have one name."""
    audios = [(named.folder, named.item.audio) for named in found]
    names = [folder / name_output(audio) if audio else None for folder, audio in audios]
    counts = Counter(names)
    return [
        folder / name_output(audio, has_suffix=counts[name] > 1) if audio else None
        for (folder, audio), name in zip(audios, names, strict=True)
    ]


def name_output(audio: Audio, *, has_suffix: bool = False) -> str:
    """Return the name of a file that is made of a recording, or its clip, such as `talk_727-751`.

    Args:
        audio: the recording.
        has_suffix: whether the name has the suffix of the recording.

    Example:
        >>> name_output(Audio.of("talks/talk.mp3#t=727,751.5"))
        'talk_727-751.5'
    """
    name, _, clip = audio.label.partition("#")
    name = name.split("?")[0]
    stem = name if has_suffix else (Path(name).stem or name)
    return stem + (f"_{clip.replace('t=', '').replace(',', '-')}" if clip else "")


def _leave_out_existing(plan: Plan) -> Plan | None:
    """Return what is left to write of a plan; None, and tell so, if that is nothing."""
    missing = {name: path for name, path in plan.files.items() if not path.exists()}
    if missing or not plan.files:
        return replace(plan, files=missing)
    report(f"{plan.item.label} is transcribed already. Give --force to do it again.")
    return None
