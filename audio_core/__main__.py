"""The command `python -m audio_core`, which is the command `audio`."""

from __future__ import annotations

import runpy

__all__: list[str] = []

if __name__ == "__main__":
    runpy.run_module("audio_core.cli", run_name="__main__")
