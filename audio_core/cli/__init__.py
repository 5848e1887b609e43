"""The command `audio`. Nothing that takes long is imported before it is needed: `audio --help` is to appear at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from audio_core.errors import describe_install

__all__ = ["main"]

_WRONG_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, and exit with its status.

    Args:
        arguments: what follows the name of the command; by default those of this process.
    """
    try:
        import typer as typer
    except ImportError:
        print(f"audio: The command line needs typer: {describe_install('cli')}", file=sys.stderr)
        sys.exit(_WRONG_USAGE)
    from audio_core.cli.app import run

    run(arguments)
