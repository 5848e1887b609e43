"""Citations: for people and models to read, and from an answer back to the clip."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core.integration import Citation, Passage, find_citations, format_citation, format_passages, remove_citations


def describe(name: str, start: float, end: float, **others: Any) -> dict[str, Any]:
    source = f"file:///srv/secret/{name}.ogg"
    return {"source": source, "start": start, "end": end, "clip": f"{source}#t={start},{end}", **others}


SECURITY = [
    describe("03_security", 5.2, 12.9),
    describe("03_security", 20.0, 31.5),
    describe("03_security", 3725, 3740),
]
HIRING = [describe("01_hiring", 5.4, 11.0), describe("01_hiring", 40.0, 55.0)]


def find(answer: str, documents: list[dict[str, Any]] = SECURITY + HIRING) -> list[dict[str, Any]]:
    return [each.document for each in find_citations(answer, documents, lambda each: each)]


@pytest.mark.parametrize(
    "written",
    [
        "[03_security 00:05–00:12]",
        "[03_security 00:05-00:12]",
        "[03_security 00:05 — 00:12]",
        "[03_security 00:05 to 00:12]",
        "[03_SECURITY 0:05–0:12]",
        "(03_security, 00:05–00:12)",
        "【03_security 00:05–00:12】",
        "{03 security: 00:05–00:12}",
        "[03_security.ogg 00:05]",
        "[03-Security @ 00:00:05–00:00:12]",
        "[Source: 03_security 00:05–00:12, Ann]",
        "[[03_security 00:05–00:12] Ann](03_security.ogg#t=5.2,12.9)",
        "(see [03_security 00:06])",
        "[03_security Ann 00:05.2-00:12.9]",
    ],
)
def test_a_citation_leads_back_to_its_clip_however_it_is_written(written: str) -> None:
    (citation,) = find_citations(f"By badge {written}.", SECURITY + HIRING, lambda each: each)
    assert citation.document is SECURITY[0]
    assert citation.text in written
    assert citation.clip.startswith("file:///srv/secret/03_security.ogg#t=")


def test_several_in_one_pair_of_brackets() -> None:
    assert find("x [03_security 00:05–00:12; 00:20–00:31; 01_hiring 00:40-00:55, 1:02:05]") == [
        SECURITY[0],
        SECURITY[1],
        HIRING[1],
    ]
    assert find("[03_security 00:05 and 00:20][03_security 1:02:05–1:02:20]") == SECURITY


def test_a_part_of_a_passage_is_cited_alone() -> None:
    (citation,) = find_citations("[01_hiring 00:42–00:44]", HIRING, lambda each: each)
    assert (citation.start, citation.end) == (42.0, 45.0)
    assert citation.clip == "file:///srv/secret/01_hiring.ogg#t=42,45"


@pytest.mark.parametrize(
    "answer",
    [
        "[02_other 00:05–00:12]",
        "[03_security 10:00–10:20]",
        "[00:06]",  # two recordings speak at that time
        "at 00:05 [1], http://127.0.0.1:8000/a [2:1]",
        "[meeting at noon 00:20]",
        "03_security says so []",
        "",
    ],
)
def test_what_cites_no_passage_is_left_out(answer: str) -> None:
    assert find(answer) == []


def test_a_time_alone_counts_if_one_recording_was_heard() -> None:
    assert find("[00:21]", SECURITY) == [SECURITY[1]]
    assert find("[at 00:40–00:55]") == [HIRING[1]]


def test_files_of_the_same_name_are_told_apart_by_their_folder() -> None:
    monday, friday = describe("monday/standup", 5.0, 9.0), describe("friday/standup", 5.0, 9.0)
    prompt = format_passages([Passage("", "one", monday), Passage("", "two", friday)])
    assert prompt == "[monday/standup 00:05–00:09]\none\n\n[friday/standup 00:05–00:09]\ntwo"
    assert find("[friday/standup 00:05–00:09]", [monday, friday]) == [friday]
    assert find("[standup 00:05–00:09]", [monday, friday]) == []


NAMES = st.text("abcXYZ019 _-.,()[]éß下:;", min_size=1, max_size=20).map(lambda name: f"{name} talk")


@given(st.lists(st.tuples(NAMES, st.integers(0, 9000), st.integers(1, 90)), min_size=1, max_size=5))
def test_what_is_put_into_a_prompt_is_found_again(recordings) -> None:
    documents = [
        describe(f"day{number}/{name}", float(start), float(start + length))
        for number, (name, start, length) in enumerate(recordings)
    ]
    prompt = format_passages([Passage("", "text", document) for document in documents])
    for heading, document in zip(prompt.split("\n\n"), documents, strict=True):
        assert find(heading, documents) == [document]


@given(st.text("[]()0123456789:–-, ab;", max_size=80))
def test_any_answer_can_be_searched(answer: str) -> None:
    for citation in find_citations(answer, SECURITY, lambda each: each):
        assert citation.text in answer
        assert citation.document["start"] <= citation.start <= citation.end <= citation.document["end"]


def test_a_link_tells_no_folder() -> None:
    linked = format_citation(describe("my talk (1)", 5.2, 12.9), link=True)
    assert linked == "[[my talk 1 00:05–00:12]](my%20talk%20%281%29.ogg#t=5.2,12.9)"
    served = format_citation(describe("a", 5.2, 12.9), link="https://example.org/recordings/")
    assert served.endswith("(https://example.org/recordings/a.ogg#t=5.2,12.9)")
    web = format_citation({"source": "https://example.org/a.mp3", "start": 1.0, "end": 2.0}, link=True)
    assert web == "[[a 00:01–00:02]](https://example.org/a.mp3#t=1,2)"


def test_what_is_no_recording_stays_text_in_a_prompt() -> None:
    assert format_passages([Passage("", "a page", {"source": "page.html"})]) == "a page"
    assert find_citations("[page 00:01]", [{"source": "page.html"}], lambda each: each) == []


def test_a_citation_shows_where_and_not_the_whole_document() -> None:
    shown = repr(Citation("a 00:05", {"text": "long"}, 5.0, 6.0, "file:///a.mp3#t=5,6"))
    assert shown == "Citation(text='a 00:05', start=5.0, end=6.0, clip='file:///a.mp3#t=5,6')"


DOCUMENTS = [{"source": "file:///talks/03_security.mp3", "start": 5.2, "end": 12.9}]


@pytest.mark.parametrize(
    ("answer", "without_any", "without_those_of_documents"),
    [
        ("It is shut [03_security 00:05–00:12].", "It is shut.", "It is shut."),
        ("It is shut (03_Security 0:05 - 0:12).", "It is shut (03_Security 0:05 - 0:12).", "It is shut."),
        ("[other 01:02] It is shut.", "It is shut.", "[other 01:02] It is shut."),
        ("The train (at 12:07) left.", "The train (at 12:07) left.", "The train (at 12:07) left."),
        ("Shut [[03_security 00:05–00:12] Ann](/03.mp3#t=5,12). Yes.", "Shut. Yes.", "Shut. Yes."),
        ("Shut 【03_security 00:05】, yes.", "Shut, yes.", "Shut, yes."),
        ("A list [one, two] and [no time].", "A list [one, two] and [no time].", "A list [one, two] and [no time]."),
    ],
)
def test_what_is_read_aloud_has_no_citations(answer: str, without_any: str, without_those_of_documents: str) -> None:
    assert remove_citations(answer) == without_any
    assert remove_citations(answer, DOCUMENTS, lambda document: document) == without_those_of_documents
