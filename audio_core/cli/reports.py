"""What is told on standard error, and the exit status."""

from __future__ import annotations

import logging
import os
import re
import sys

import typer

from audio_core.errors import (
    AudioError,
    InvalidOption,
    MissingAPIKey,
    MissingDependency,
    UnknownProvider,
)

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "READER_GONE",
    "WRONG_USAGE",
    "UsageMistake",
    "choose_exit_code",
    "configure_logging",
    "is_terminal",
    "print_text",
    "report",
    "report_error",
    "to_command_line",
]

FAILED, WRONG_USAGE, INTERRUPTED, READER_GONE = 1, 2, 130, 141
_WRONG_USAGE_ERRORS = (InvalidOption, MissingAPIKey, MissingDependency, UnknownProvider)
_PYTHON_OPTION = re.compile(r"\b([a-z][a-z_]+)=(?:True\b|(\.\.\.|'[^']*'|-?[0-9]+\b))")
_IN_PYTHON = (
    (re.compile(r"api_key=\.\.\."), "--api-key-file FILE"),
    (re.compile(r" For samples without a header pass format=.*", re.DOTALL), ""),
    (re.compile(r"Access\(allow_private_hosts=True\) would allow it\."), "Give what it sends: curl URL | audio ... -"),
    (re.compile(r"with Audio\.of\(\.\.\., end=([\d.]+)\)"), r"by its name with #t=0,\1"),
)


class UsageMistake(InvalidOption):
    """The arguments of a command do not fit together."""


def choose_exit_code(error: AudioError) -> int:
    """Return the exit status after an error."""
    return WRONG_USAGE if isinstance(error, _WRONG_USAGE_ERRORS) else FAILED


def report_error(error: AudioError) -> None:
    """Tell of an error on standard error, with options as they are written here."""
    report(to_command_line(str(error)))


def report(message: str) -> None:
    """Write a line on standard error, without damage to a progress bar."""
    from tqdm import tqdm

    tqdm.write(f"audio: {' '.join(message.split())}", file=sys.stderr)


def print_text(text: str, end: str = "\n") -> None:
    """Write on standard output, at once, and without damage to a progress bar.

    Raises:
        Exit: with the status 141 if the program that reads the output has ended.
    """
    from tqdm import tqdm

    try:
        tqdm.write(text, file=sys.stdout, end=end)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the flush at the end fails too
        raise typer.Exit(READER_GONE) from None


def is_terminal() -> bool:
    """Tell whether somebody sees standard error, so that a progress bar is of use."""
    return sys.stderr.isatty()


def configure_logging(*, is_verbose: bool) -> None:
    """Report warnings of the library, and all that it logs if asked to."""
    logger = logging.getLogger("audio_core")
    logger.addHandler(_HANDLER)
    logger.setLevel(logging.INFO if is_verbose else logging.WARNING)


class _ReportHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Report what was logged."""
        report(to_command_line(record.getMessage()))


_HANDLER = _ReportHandler()


def to_command_line(message: str) -> str:
    """Write what a message says of Python's options as it is written on a command line.

    Example:
        >>> to_command_line("Say which of openai's models to use: model=...")
        "Say which of openai's models to use: --model ..."
    """
    for pattern, replacement in _IN_PYTHON:
        message = pattern.sub(replacement, message)
    return _PYTHON_OPTION.sub(_to_flag, message)


def _to_flag(option: re.Match[str]) -> str:
    value = f" {option[2]}" if option[2] else ""
    return f"--{option[1].replace('_', '-')}{value}"
