"""Ask a question about long recordings: retrieve text, let the model listen to the clips, cite them to the second.

    python examples/podcast_rag.py                                      # no key: PocketSphinx and the offline server
    python examples/podcast_rag.py --provider openrouter --model NAME   # with OPENROUTER_API_KEY in the environment

The model listens to the two best clips one by one, so each line of the answer cites its clip.
It also needs: pip install numpy llama-index-retrievers-bm25
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from common import TALK, Settings, select_gateway
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
TOP_K = 2


def main() -> None:
    with select_gateway(__doc__) as settings, tempfile.TemporaryDirectory() as folder:
        # With a store, the recording is transcribed only once for both frameworks.
        options = {"store": Path(folder) / "jobs.sqlite", **settings.transcription}
        print("LangChain:")
        print_lines(answer_langchain(settings, AudioLoader(TALK, **options).load()))
        print("\nLlamaIndex:")
        print_lines(answer_llamaindex(settings, AudioReader(**options).load_data(TALK)))


def print_lines(lines: list[str]) -> None:
    for line in lines:
        print("-", line)


def answer_langchain(settings: Settings, documents: list[Document]) -> list[str]:
    chunks = TranscriptSplitter(chunk_size=20, unit="seconds").split_documents(documents)
    store = InMemoryVectorStore.from_documents(chunks, HashedNgramEmbeddings())
    model = ChatAudio(**settings.chat, access=TALK.parent)

    def answer_document(document: Document) -> str:
        question = HumanMessage([clip_block(document, padding=0.5), {"type": "text", "text": QUESTION}])
        return f"{model.invoke([question]).text} {cite(document, link=True)}"

    chain = store.as_retriever(search_kwargs={"k": TOP_K}) | RunnableLambda(answer_document).map()
    return chain.invoke(QUESTION)


def answer_llamaindex(settings: Settings, documents: list[Node]) -> list[str]:
    nodes = TranscriptNodeParser(chunk_size=20, unit="seconds").get_nodes_from_documents(documents)
    retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=TOP_K)
    clips = ClipPostprocessor(padding=0.5).postprocess_nodes(retriever.retrieve(QUESTION))
    llm = AudioLLM(**settings.chat, access=TALK.parent)
    synthesizer = get_response_synthesizer(llm=llm, response_mode=ResponseMode.COMPACT, multimodal=True)
    return [f"{synthesizer.synthesize(QUESTION, nodes=[node])} {cite_node(node, link=True)}" for node in clips]


if __name__ == "__main__":
    main()
