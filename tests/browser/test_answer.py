"""An answer with its citations, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from timed_examples import RECORDINGS, load_transcript

from audio_core.integration import render_answer

pytestmark = pytest.mark.browser


@cache
def render(text: str = "") -> str:
    source = (RECORDINGS / "call.mp3").as_uri()
    documents = [
        {"source": source, "start": each.start, "end": each.end, "speaker": each.speaker, "text": text or each.text}
        for each in load_transcript("call").segments
    ]
    answer = f"The number is 42791 [call 00:17-00:20]. {text}\n\nIt was due on Monday [call 00:21-00:25]."
    return render_answer(answer, documents, lambda each: each, lambda each: each["text"], access=RECORDINGS)


def test_a_citation_plays_its_clip_and_no_more(open_page: Callable[..., Page]) -> None:
    page = open_page(render())
    page.get_by_role("link", name="call 00:21-00:25").click()
    excerpt = page.locator("#excerpt-2")
    expect(excerpt).to_have_class("excerpt playing")
    page.get_by_role("button", name="Play call, 00:17–00:2").click()
    expect(page.locator("#excerpt-1")).to_have_class("excerpt playing")
    expect(excerpt).to_have_class("excerpt")  # one at a time
    expect(page.locator("#excerpt-1")).to_have_class("excerpt", timeout=15_000)  # it has come to its end
    assert page.evaluate("[...document.querySelectorAll('audio')].every((sound) => sound.paused)")


def test_a_clip_that_is_stopped_before_it_begins_can_be_played_again(open_page: Callable[..., Page]) -> None:
    page = open_page(render())
    page.evaluate("document.querySelectorAll('.play').forEach((button) => button.click())")
    expect(page.locator("#excerpt-2")).to_have_class("excerpt playing")
    expect(page.locator("#excerpt-1")).to_have_class("excerpt")
    expect(page.get_by_role("button", name="Play call, 00:17–00:2")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page(render(), color_scheme=scheme, viewport={"width": 375, "height": 800})
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == 375


def test_text_runs_nothing(open_page: Callable[..., Page]) -> None:
    page = open_page(render("</script><img src=x onerror=alert(1)><script>alert(2)</script>"))
    assert page.locator("img, script:not(#data)").count() == 1  # our own script
    expect(page.get_by_text("<img src=x").first).to_be_visible()
