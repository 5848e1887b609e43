"""The command `python -m audio_core.cli`, which is the command `audio`."""

from __future__ import annotations

from audio_core.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
