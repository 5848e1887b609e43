"""The command `python -m audio_core.offline`."""

from __future__ import annotations

import argparse
import sys

from audio_core.errors import InvalidOption, describe_install

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted. The first line on standard output is the base URL."""
    parser = argparse.ArgumentParser(
        prog="python -m audio_core.offline",
        description="An OpenAI-compatible speech server that needs no key: PocketSphinx transcribes.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8123, help="port; 0 takes a free one (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        from audio_core.offline.serving import serve  # noqa: PLC0415 - the extra may not be installed
    except ImportError as error:
        sys.exit(f"The offline server needs {error.name}: {describe_install('local')}")
    try:
        serve(options.host, options.port)
    except InvalidOption as error:
        parser.error(str(error))
    except OSError as error:
        sys.exit(error.strerror or str(error))


if __name__ == "__main__":
    main()
