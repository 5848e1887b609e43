"""From an answer back to the Documents that it cites."""

from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel

from langchain_audio import cite, clip_block, find_citations, format_docs

DOCUMENTS = [
    Document(f"text {name}", metadata={"source": f"file:///srv/{name}.ogg", "start": start, "end": start + 7.4})
    for name, start in (("01_hiring", 5.2), ("03_security", 5.2), ("03_security", 62.0))
]


def test_documents_stand_in_a_prompt_with_their_citations() -> None:
    assert format_docs([DOCUMENTS[2], Document("a page")]) == f"{cite(DOCUMENTS[2])}\ntext 03_security\n\na page"
    assert "/srv/" not in format_docs(DOCUMENTS) + cite(DOCUMENTS[0], link=True)


def test_the_joined_text_of_a_streamed_answer_leads_to_the_clips() -> None:
    model = FakeListChatModel(responses=["By badge (03_Security 0:05-0:12; 1:02), after [01_hiring 00:06] they ask."])
    answer = "".join(chunk.text for chunk in model.stream(format_docs(DOCUMENTS)))
    found = find_citations(answer, DOCUMENTS)
    assert [each.document for each in found] == [DOCUMENTS[1], DOCUMENTS[2], DOCUMENTS[0]]
    assert [each.clip for each in found] == [clip_block(each.document)["url"] for each in found]
