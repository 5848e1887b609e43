"""The player in a real browser."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from timed_examples import RECORDINGS, load_transcript

from audio_core import Audio, AudioClient, AudioEvent, Segment, Transcript, Word

pytestmark = pytest.mark.browser

CALL = load_transcript("call")
WORDS = [word for segment in CALL.segments for word in segment.words]
OpenPage = Callable[..., Page]


@cache
def render_call(embed: bool = True) -> str:
    return AudioClient().render_player(RECORDINGS / "call.mp3", CALL, embed=embed)


def wait_until(page: Page, condition: str) -> None:
    """Wait for a condition. Playwright's own way evaluates text in the page, which its policy forbids."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")


def get_time(page: Page) -> float:
    return page.evaluate("document.getElementById('sound').currentTime")


def wait_for_sound(page: Page) -> None:
    wait_until(page, "document.getElementById('sound').readyState >= 1")


def list_lit(page: Page) -> list[str]:
    return page.locator(".text i.now").all_inner_texts()


def fold(text: str) -> str:
    return re.sub(r"\W", "", text.lower())


def test_it_plays_and_lights_each_word_while_it_is_spoken(open_page: OpenPage) -> None:
    page = open_page(render_call())
    page.get_by_text("borrowed", exact=True).click()
    samples = page.evaluate(
        """() => new Promise((resolve) => {
            const sound = document.getElementById("sound"), samples = [];
            const sample = () => {
                samples.push([sound.currentTime, [...document.querySelectorAll(".text i.now")].map((word) => word.innerText)]);
                if (sound.currentTime < 8.5) requestAnimationFrame(sample); else { sound.pause(); resolve(samples); }
            };
            sample();
        })"""
    )
    lit_words = {fold(text) for _, lit in samples for text in lit}
    # A busy machine skips frames, and short words with them.
    assert len(lit_words & {"borrowed", "book", "about", "gardens", "three", "weeks"}) > 3
    for time, lit in samples[5:]:
        heard = {fold(word.text) for word in WORDS if word.start - 0.1 <= time <= word.end + 0.1}
        assert {fold(text) for text in lit} <= heard, f"at {time}"
        if any(word.start + 0.1 <= time <= word.end - 0.1 for word in WORDS):
            assert lit, f"at {time}"


def test_wherever_it_is_put_the_word_of_that_time_is_lit(open_page: OpenPage) -> None:
    page = open_page(render_call())
    wait_for_sound(page)
    for word in WORDS[::7]:
        middle = (word.start + word.end) / 2
        page.evaluate(f"document.getElementById('sound').currentTime = {middle}")
        wait_until(page, "!document.getElementById('sound').seeking")
        wait_until(page, "document.querySelectorAll('.text i.now').length === 1")
        assert fold(list_lit(page)[0]) == fold(word.text)
        assert get_time(page) == pytest.approx(middle, abs=0.05)


def test_a_click_plays_from_there(open_page: OpenPage) -> None:
    page = open_page(render_call())
    page.get_by_role("link", name="00:11").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    assert 11.5 <= get_time(page) < 13
    box = page.locator("#wave").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)
    assert get_time(page) == pytest.approx(26.8, abs=0.5)


def test_the_keyboard_is_enough(open_page: OpenPage) -> None:
    page = open_page(render_call())
    wait_for_sound(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert get_time(page) == pytest.approx(5.0, abs=0.01)
    page.keyboard.press("Shift+ArrowRight")
    assert get_time(page) == pytest.approx(CALL.segments[1].start, abs=0.01)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    assert get_time(page) == pytest.approx(CALL.segments[1].start, abs=0.01)
    page.keyboard.press(" ")
    wait_until(page, "!document.getElementById('sound').paused")
    page.keyboard.press(" ")
    wait_until(page, "document.getElementById('sound').paused")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("#wave").focus()
    page.keyboard.press("End")
    assert get_time(page) > 52
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "00:53 of 00:53"


def test_search_finds_counts_and_goes_there(open_page: OpenPage) -> None:
    page = open_page(render_call())
    wait_for_sound(page)
    page.keyboard.press("/")
    page.keyboard.type("LIBRARY")
    expect(page.locator("#count")).to_have_text("1 of 2")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text(re.compile("[12] of 2"))
    assert any(get_time(page) == pytest.approx(word.start, abs=0.01) for word in WORDS if word.text == "library")
    assert page.evaluate("[...CSS.highlights.get('found')].map(String)") == ["library", "library"]
    page.keyboard.type("x")
    expect(page.locator("#count")).to_have_text("None")
    page.keyboard.press("Escape")
    expect(page.locator("#count")).to_be_empty()
    assert page.evaluate("CSS.highlights.get('found').size") == 0


def test_search_ignores_accents_and_crosses_words(open_page: OpenPage) -> None:
    words = (Word(0, 1, "Straße"), Word(1, 2, "über"), Word(2, 3, "İzmir"), Word(3, 4, "naïve"))
    page = open_page(Transcript("", (Segment(0, 4, "Straße über İzmir, naïve.", words=words),)).to_html())
    for query, found in (("e uber", "e über"), ("IZMIR, N", "İzmir, n"), ("naive", "naïve")):
        page.locator("#query").fill(query)
        wait_until(page, f"[...CSS.highlights.get('found') ?? []].join() === '{found}'")
        expect(page.locator("#count")).to_have_text("1 of 1")


def test_a_link_opens_at_its_stretch_and_plays_no_more_than_that(open_page: OpenPage) -> None:
    page = open_page(render_call(), "#t=12,13.2")
    wait_for_sound(page)
    expect(page.locator("#range-times")).to_have_text("00:12 – 00:13")
    assert get_time(page) == pytest.approx(12.0, abs=0.01)
    expect(page.locator(".segment.now")).to_be_in_viewport()
    page.get_by_role("button", name="Play", exact=True).first.click()
    wait_until(page, "document.getElementById('sound').paused && document.getElementById('sound').currentTime > 13")
    assert get_time(page) == pytest.approx(13.25, abs=0.15)
    page.evaluate("location.hash = '#t=npt:0:20'")
    wait_until(page, "document.getElementById('sound').currentTime === 20")


def test_a_selection_becomes_a_link(open_page: OpenPage) -> None:
    page = open_page(render_call())
    page.evaluate(
        """() => {
            const words = [...document.querySelectorAll(".text i")];
            const from = words.find((word) => word.innerText === "borrowed"), to = words.find((word) => word.innerText === "ago,");
            getSelection().setBaseAndExtent(from.firstChild, 0, to.firstChild, 3);
        }"""
    )
    start = next(word.start for word in WORDS if word.text == "borrowed")
    end = next(word.end for word in WORDS if word.text == "ago")
    page.keyboard.press("l")
    wait_until(page, "location.hash !== ''")
    assert page.evaluate("location.hash") == f"#t={start:g},{end:g}"
    expect(page.locator("#toast")).to_have_text(re.compile("copied|address bar"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1100])
def test_axe_finds_nothing_wrong(open_page: OpenPage, scheme: str, width: int) -> None:
    segments = (
        *CALL.segments,
        Segment(54, 55, "about then", is_estimated=True, confidence=0.2),
        Segment(56, 58, "[not transcribed: 00:56-00:58]", is_gap=True),
        *(
            Segment(59 + n, 60 + n, "Word", f"Speaker {n}", (Word(59 + n, 60 + n, "word", confidence=0.1),))
            for n in range(8)
        ),
    )
    html = Transcript("", segments, "en", warnings=("A note.",), events=(AudioEvent(16, 17, "(laughter)"),)).to_html()
    page = open_page(html, "#t=12,14", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.locator("#query").fill("number")
    page.locator("summary").click()
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_axe_finds_nothing_wrong_with_the_list_of_keys(open_page: OpenPage) -> None:
    page = open_page(render_call())
    page.keyboard.press("?")
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_it_fits_a_phone(open_page: OpenPage) -> None:
    text = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 3
    html = Transcript("", (Segment(0, 1, text, text), Segment(1, 5000, "b")), model=text).to_html(title=text)
    page = open_page(html, "#t=1,4999", viewport={"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    for control in page.locator(".dock button:visible, .dock select:visible").all():
        box = control.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375


HOSTILE = "</script><script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)>\"' onclick='alert(3) \u2028 javascript:alert(4)"


def test_text_runs_nothing_and_asks_for_nothing(open_page: OpenPage) -> None:
    segments = (Segment(0, 1, HOSTILE, HOSTILE, (Word(0, 1, HOSTILE, confidence=0.1),)), Segment(1, 2, HOSTILE))
    transcript = Transcript(
        HOSTILE, segments, HOSTILE, model=HOSTILE, warnings=(HOSTILE,), events=(AudioEvent(1, 2, HOSTILE),)
    )
    page = open_page(transcript.to_html(title=HOSTILE))
    page.locator("#query").fill("<img")
    expect(page.locator("#count")).to_have_text(re.compile(r"\d of [34]"))
    page.locator(".text i").first.click()
    assert page.locator("img, script:not(#data)").count() == 1  # our own script
    assert HOSTILE.replace("\u2028", " ") in page.title().replace("\u2028", " ")


def test_the_policy_stops_what_would_run_all_the_same(open_page: OpenPage, complaints: list[str]) -> None:
    page = open_page(render_call().replace("<main", "<script>document.title = 'run'</script><main", 1))
    assert page.title() == "call"
    assert "Content Security Policy" in complaints.pop()


def test_sound_beside_the_page_plays_and_can_be_chosen_where_it_is_missing(
    open_page: OpenPage, complaints: list[str], tmp_path: Path
) -> None:
    page = open_page(render_call(embed=False))
    expect(page.get_by_text("call.mp3 cannot be played from here.")).to_be_visible()
    complaints.clear()
    page.locator("#file").set_input_files(RECORDINGS / "call.mp3")
    wait_for_sound(page)
    expect(page.locator("#missing")).to_be_hidden()
    shutil.copy(RECORDINGS / "call.mp3", tmp_path)
    page = open_page(render_call(embed=False), "#t=20")
    wait_for_sound(page)
    page.keyboard.press(" ")
    wait_until(page, "document.getElementById('sound').currentTime > 20.1")


def test_it_is_served_by_any_server(open_page: OpenPage, tmp_path: Path) -> None:
    shutil.copy(RECORDINGS / "call.mp3", tmp_path)
    page = open_page(render_call(embed=False))
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/page.html")
        wait_for_sound(page)
        page.keyboard.press(" ")
        wait_until(page, "document.getElementById('sound').currentTime > 0.1")
        page.close()
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_of_a_clip_the_times_are_those_of_the_recording(open_page: OpenPage) -> None:
    clip = Audio.of(RECORDINGS / "call.mp3", start=11, end=20)
    spoken = Transcript("", CALL.segments[2:4])
    page = open_page(AudioClient().render_player(clip, spoken, embed=True), "#t=12.2")
    wait_for_sound(page)
    assert get_time(page) == pytest.approx(1.2, abs=0.01)
    assert list_lit(page) == ["sorry"]
    expect(page.locator("#now")).to_have_text("00:12")
    expect(page.locator("#total")).to_have_text("00:20")


@pytest.mark.parametrize("name", ["aiff", "flac", "ogg", "m4a", "webm"])
def test_an_embedded_sound_of_any_format_plays(
    open_page: OpenPage, recording: Callable[[str], bytes], name: str
) -> None:
    page = open_page(AudioClient().render_player(recording(name), Transcript("x", (Segment(0, 5, "x"),)), embed=True))
    wait_for_sound(page)
    assert page.evaluate("document.getElementById('sound').duration") == pytest.approx(5.0, abs=0.1)
    page.evaluate("document.getElementById('sound').currentTime = 3")
    page.keyboard.press(" ")
    wait_until(page, "document.getElementById('sound').currentTime > 3.1")


def test_two_hours_are_found_at_once(open_page: OpenPage) -> None:
    words = [Word(n * 0.36, n * 0.36 + 0.3, f"word{n}") for n in range(20_000)]
    segments = [
        Segment(part[0].start, part[-1].end, " ".join(word.text for word in part), words=tuple(part))
        for part in (words[n : n + 12] for n in range(0, 20_000, 12))
    ]
    page = open_page(Transcript("", tuple(segments)).to_html(), "#t=7000.2")
    assert list_lit(page) == ["word19445"]
    box = page.locator(".segment.now").bounding_box()
    assert box
    assert 0 < box["y"] < 700
    page.locator("#query").fill("word15")
    wait_until(page, "byId('count').textContent.endsWith(' of 1111')")


def test_without_scripts_the_text_and_the_sound_are_there(open_page: OpenPage) -> None:
    page = open_page(render_call(), java_script_enabled=False)
    expect(page.get_by_text("Good afternoon, this is the city library.")).to_be_visible()
    expect(page.locator("audio")).to_be_visible()
    expect(page.locator("#play")).to_be_hidden()
