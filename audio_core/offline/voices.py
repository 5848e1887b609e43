"""Voices of the offline server: `flite` or `espeak-ng`, if one of these programs is on the machine. None is bundled."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["INSTALL", "VoiceProgram", "find_voice"]

INSTALL = (
    "Install a voice, which is then found: apt install flite (English), or apt install espeak-ng (many languages)."
)
"""What to do where there is no voice."""

_PROGRAMS = ("flite", "espeak-ng", "espeak")
_TIMEOUT = 120.0  # seconds
_BEST_FLITE_VOICE = "slt"
_WORDS_PER_MINUTE = 175  # of eSpeak at its usual speed
_VOICE_NAME = re.compile(r"[a-z]{2,3}(?:[-+][a-z0-9-]{1,30})*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VoiceProgram:
    """A program that speaks.

    Attributes:
        path: of the program.
        name: `"flite"`, `"espeak-ng"` or `"espeak"`.
    """

    path: str
    name: str

    def say(self, text: str, voice: str | None = None, speed: float = 1.0) -> bytes:
        """Speak a text, and return a WAV file.

        Args:
            text: what to say.
            voice: name of one of the program's voices. Any other name stands for its usual voice.
            speed: how fast; 1 is usual.

        Raises:
            ValueError: if the program cannot say it.
        """
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "text.txt"), Path(folder, "speech.wav")
            source.write_text(text, encoding="utf-8")
            self._run([*self._choose_options(voice, speed), "-f", str(source), *self._name_output(target)])
            if not target.exists() or not target.stat().st_size:
                raise ValueError(f"{self.name} cannot say this text.")
            return target.read_bytes()

    def _choose_options(self, voice: str | None, speed: float) -> list[str]:
        if self.name == "flite":
            return ["-voice", self._choose_flite_voice(voice), "--setf", f"duration_stretch={1 / speed:.3f}"]
        is_known = voice is not None and _VOICE_NAME.fullmatch(voice) and self._succeeds(["-q", "-v", voice, "x"])
        return ["-s", str(round(_WORDS_PER_MINUTE * speed)), *(["-v", voice] if is_known and voice else [])]

    def _choose_flite_voice(self, voice: str | None) -> str:
        known = self._run(["-lv"]).partition(":")[2].split()
        return next((name for name in (voice, _BEST_FLITE_VOICE, *known) if name in known), _BEST_FLITE_VOICE)

    def _name_output(self, target: Path) -> list[str]:
        return ["-o" if self.name == "flite" else "-w", str(target)]

    def _succeeds(self, arguments: list[str]) -> bool:
        try:
            self._run(arguments)
        except ValueError:
            return False
        return True

    def _run(self, arguments: list[str]) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - a program of this machine, with arguments that are checked
                [self.path, *arguments], capture_output=True, text=True, timeout=_TIMEOUT, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ValueError(f"{self.name} failed: {type(error).__name__}.") from None
        return done.stdout


def find_voice() -> VoiceProgram | None:
    """Find a program that speaks; None if there is none on this machine."""
    found = ((shutil.which(name), name) for name in _PROGRAMS)
    return next((VoiceProgram(path, name) for path, name in found if path), None)
