"""Ask a question of hours of recordings: retrieve by text, answer by ear, cite to the second.

    python examples/podcast_rag.py                                      # no key: PocketSphinx and the offline server
    python examples/podcast_rag.py --provider openrouter --model NAME   # with OPENROUTER_API_KEY in the environment

The two stretches that fit best are heard one by one, so every line of the answer carries where it was heard.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from common import TALK, Gateway, gateway
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.schema import Document as Node
from llama_index.retrievers.bm25 import BM25Retriever
from retrieval import HashedNgramEmbeddings

from langchain_audio import AudioLoader, ChatAudio, TranscriptSplitter, cite, clip_block
from llamaindex_audio import AudioLLM, AudioReader, ClipPostprocessor, TranscriptNodeParser
from llamaindex_audio import cite as cite_node

QUESTION = "How many million dollars does the new harbor wall cost?"
FOUND = 2


def main() -> None:
    with gateway(__doc__) as chosen, tempfile.TemporaryDirectory() as folder:
        kept = {"store": Path(folder) / "jobs.sqlite", **chosen.reading}  # transcribed once, for both
        print("LangChain:")
        show(answer_langchain(chosen, AudioLoader(TALK, **kept).load()))
        print("\nLlamaIndex:")
        show(answer_llamaindex(chosen, AudioReader(**kept).load_data(TALK)))


def show(lines: list[str]) -> None:
    for line in lines:
        print("-", line)


def answer_langchain(chosen: Gateway, documents: list[Document]) -> list[str]:
    chunks = TranscriptSplitter(20, unit="seconds").split_documents(documents)
    store = InMemoryVectorStore.from_documents(chunks, HashedNgramEmbeddings())
    model = ChatAudio(**chosen.chat, access=TALK.parent)

    def heard(document: Document) -> str:
        question = HumanMessage([clip_block(document, padding=0.5), {"type": "text", "text": QUESTION}])
        return f"{model.invoke([question]).text} {cite(document, link=True)}"

    chain = store.as_retriever(search_kwargs={"k": FOUND}) | RunnableLambda(heard).map()
    return chain.invoke(QUESTION)


def answer_llamaindex(chosen: Gateway, documents: list[Node]) -> list[str]:
    nodes = TranscriptNodeParser(chunk_size=20, unit="seconds").get_nodes_from_documents(documents)
    retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=FOUND)
    found = ClipPostprocessor(padding=0.5).postprocess_nodes(retriever.retrieve(QUESTION))
    llm = AudioLLM(**chosen.chat, access=TALK.parent)
    hear = get_response_synthesizer(llm=llm, response_mode=ResponseMode.COMPACT, multimodal=True)
    return [f"{hear.synthesize(QUESTION, nodes=[node])} {cite_node(node, link=True)}" for node in found]


if __name__ == "__main__":
    main()
