"""Take the pictures of the player, in a light and a dark theme, with a Chromium of this machine.

python docs/scripts/player.py    # downloads the weights of Whisper tiny.en, once
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from audio_core import AudioClient

ROOT = Path(__file__).parents[2]
SIZE = {"width": 1000, "height": 640}
STRETCH = "#t=30.1,33.4"  # seconds; the stretch that the link selects


def main() -> None:
    client, recording = AudioClient(model="faster-whisper:tiny.en"), ROOT / "examples/audio/call.mp3"
    html = client.render_player(recording, client.transcribe(recording, words=True), embed=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "call.html"
        page.write_text(html)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in ("light", "dark"):
            tab = browser.new_page(viewport=SIZE, color_scheme=theme)
            tab.goto(page.as_uri() + STRETCH)
            tab.wait_for_timeout(500)  # milliseconds, for the wave to be drawn
            tab.screenshot(path=ROOT / "docs" / "images" / f"player-{theme}.png")
        browser.close()


if __name__ == "__main__":
    main()
