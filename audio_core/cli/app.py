"""The commands, and what happens where one fails."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from audio_core._version import __version__
from audio_core.cli.commands.ask import ask
from audio_core.cli.commands.clip import clip
from audio_core.cli.commands.mcp import mcp
from audio_core.cli.commands.models import models
from audio_core.cli.commands.player import player
from audio_core.cli.commands.probe import probe
from audio_core.cli.commands.serve import serve
from audio_core.cli.commands.speak import speak
from audio_core.cli.commands.transcribe import transcribe
from audio_core.cli.reports import FAILED, choose_exit_code, report, report_error
from audio_core.errors import AudioError

__all__ = ["app", "run"]

app = typer.Typer(
    name="audio",
    help="""Transcribe recordings and ask about them. Without a key and a provider, all happens on this machine.

    \b
    Examples:
      audio transcribe talk.mp3
      audio transcribe talks/ --output texts/ --format srt
      audio ask talk.mp3 "What is decided?" -p openrouter -m MODEL
      audio clip talk.mp3 12:07-12:31
      audio probe talk.mp3

    \b
    Exit status:
      0    all is done
      1    a recording failed, or the provider did
      2    wrong usage: an option, a missing key or a missing package
      130  interrupted with Ctrl-C
      141  the program that reads the output has ended
    """,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (transcribe, ask, clip, speak, player, probe, models, serve, mcp):
    app.command()(command)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"audio {__version__}")
        raise typer.Exit


@app.callback()
def _show_version(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options before the name of a command."""


def run(arguments: Sequence[str] | None) -> NoReturn:
    """Run a command and exit. An error of ours is one line on standard error.

    Args:
        arguments: what follows the name of the command; by default those of this process.
    """
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")  # a console may not have every letter of a transcript
    try:
        app(arguments, prog_name="audio")
    except AudioError as error:
        report_error(error)
        sys.exit(choose_exit_code(error))
    except OSError as error:  # a file that cannot be written, or a port that is taken
        name = f"{Path(str(error.filename)).name}: " if error.filename else ""
        report(f"{name}{error.strerror or error}")
        sys.exit(FAILED)
    sys.exit(0)
