"""From an answer back to the nodes that it cites."""

from llama_index.core.schema import NodeWithScore, TextNode

from llamaindex_audio import cite, clip_block, find_citations, format_nodes

NODES = [
    TextNode(text=f"text {name}", metadata={"source": f"file:///srv/{name}.ogg", "start": start, "end": start + 7.4})
    for name, start in (("01_hiring", 5.2), ("03_security", 5.2), ("03_security", 62.0))
]


def test_nodes_stand_in_a_prompt_with_their_citations() -> None:
    retrieved = NodeWithScore(node=NODES[2], score=0.5)
    assert format_nodes([retrieved, TextNode(text="a page")]) == f"{cite(retrieved)}\ntext 03_security\n\na page"
    assert "/srv/" not in format_nodes(NODES) + cite(NODES[0], link=True)


def test_an_answer_leads_to_the_clips() -> None:
    retrieved = [NodeWithScore(node=node, score=0.5) for node in NODES]
    found = find_citations("By badge (03_Security 0:05-0:12; 1:02), after [01_hiring 00:06] they ask.", retrieved)
    assert [each.document for each in found] == [retrieved[1], retrieved[2], retrieved[0]]
    assert [each.clip for each in found] == [str(clip_block(each.document).url) for each in found]
